"""What a training step sees: clips of a few tasks, their sentences, and which sentence is true of which clip.

Per task a step draws a success to its end, two prefixes of successes, a near-success that failed, a random failure, and
one that looks done but is not: a success played backwards, wound back, frozen, or with its frames in disorder. Step
``n`` depends on the seed and ``n`` alone, so a resumed run draws what an unbroken one would have.

Shape suffixes: B clips, T frames, M sentences, P pairs, L labels.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2r_gym.errors import DataError
from a2r_gym.models.window import spread
from a2r_train.data.clips import ClipSet
from a2r_train.features import FeatureStore
from a2r_train.labels import LabelledTask, mirror_table

__all__ = ["Batch", "BatchSampler", "SamplerConfig", "generic_sentence"]

_THING: Final = re.compile(r"\bthe (?!left|right|back|camera)(?:open )?\w+(?: handle| lock)?")


@dataclass(frozen=True, kw_only=True)
class SamplerConfig:
    """Composition of a step.

    Attributes:
        tasks_per_step: Draws of tasks; none comes again before all have come.
        family_weights: Share of each family among them; the others share what is left over.
        extra_sentences: Sentences of further tasks, those of the same object first.
        prefixes: Whether prefixes, reversals, rewinds and frozen pictures are drawn; without them a task gives one
            success and one failure, as in the paper.
        canonical: Chance that a sentence is the task's own and not a paraphrase.
        generic: Chance that a sentence says "something" for its thing, as those of human clips do.
        failures: Whether clips that fail are drawn.
        opposites: Whether clips also teach the opposites of what the robot does, which they show when they are mirrored
            or, with ``prefixes``, played backwards: "to the left" where it goes to the right, "open" where it closes.
    """

    tasks_per_step: int = 8
    family_weights: tuple[tuple[str, float], ...] = (("tabletop", 0.4),)
    extra_sentences: int = 6
    prefixes: bool = True
    canonical: float = 0.4
    generic: float = 0.0
    failures: bool = True
    opposites: bool = False

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.tasks_per_step < 1 or self.extra_sentences < 0:
            raise ValueError("expected tasks_per_step >= 1 and extra_sentences >= 0")
        for name in ("canonical", "generic"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"expected {name} in [0, 1], got {getattr(self, name)}")


class Batch(NamedTuple):
    """One step's input.

    Attributes:
        clips: int64 (B,), index of each clip.
        augmentations: int64 (B,), which of its feature maps.
        frames: int64 (B, T), kept frames in the order they are shown.
        sentences: M sentences.
        paraphrases: M sentences, another of each task where it has one.
        meanings: int64 (M,), equal for tasks of both families that share a sentence.
        tasks: int64 (M,), label index of each sentence.
        labels: int8 (B, M), 1 does, 0 does not, -1 unknown.
        own: bool (B, M), True where the clip's scene decides the sentence's task.
        task_column: int64 (B,), column of the clip's own task.
        failure_clip: bool (B,), True for clips that end in failure of their own task and are shown to the end.
        later: int64 (P,), rows whose similarity to their own sentence must be higher than ``earlier``'s.
        earlier: int64 (P,).
        order_column: int64 (P,), column of that sentence.
    """

    clips: NDArray[np.int64]
    augmentations: NDArray[np.int64]
    frames: NDArray[np.int64]
    sentences: tuple[str, ...]
    paraphrases: tuple[str, ...]
    meanings: NDArray[np.int64]
    tasks: NDArray[np.int64]
    labels: NDArray[np.int8]
    own: NDArray[np.bool_]
    task_column: NDArray[np.int64]
    failure_clip: NDArray[np.bool_]
    later: NDArray[np.int64]
    earlier: NDArray[np.int64]
    order_column: NDArray[np.int64]


class _Row(NamedTuple):
    """A clip as it is shown: ``path`` are the kept frames in the order of time."""

    clip: int
    augmentation: int
    path: NDArray[np.int64]
    kind: str
    task: int


class BatchSampler:
    """Draws the batches of a run.

    Args:
        clips: The clips.
        labels: int8 (E, kept, L), as `resolve_labels` gives them.
        tasks: One per label.
        store: Their feature maps; tells which are mirrored.
        config: Composition.
        num_frames: T.
        seed: Of the run.
    """

    def __init__(
        self,
        clips: ClipSet,
        labels: NDArray[np.int8],
        tasks: tuple[LabelledTask, ...],
        store: FeatureStore,
        config: SamplerConfig,
        *,
        num_frames: int,
        seed: int,
    ) -> None:
        self._labels, self._tasks, self._store, self._config = labels, tasks, store, config
        self._num_frames, self._seed = num_frames, seed
        self._last = labels.shape[1] - 1
        self._decided = np.asarray(clips.success[:, 0] >= 0)
        self._mirror = mirror_table(tasks)
        self._opposite = np.array([_opposite(task, tasks) for task in tasks], dtype=np.int64)
        names = np.char.add(np.char.add(clips.family.astype(str), "/"), clips.task.astype(str))
        index_of = {task.name: index for index, task in enumerate(tasks)}
        self.own_task: NDArray[np.int64] = np.array([index_of[str(name)] for name in names], dtype=np.int64)
        own_end = labels[np.arange(len(labels)), -1, self.own_task]
        random = clips.source.astype(str) == "random"
        self._pools: dict[str, dict[int, NDArray[np.int64]]] = {"success": {}, "near": {}, "random": {}}
        for index in range(len(tasks)):
            mine = self.own_task == index
            self._pools["success"][index] = np.flatnonzero(
                (labels[:, -1, index] == 1) & self._same_family(clips, index)
            )
            self._pools["near"][index] = np.flatnonzero(mine & (own_end == 0) & ~random)
            self._pools["random"][index] = np.flatnonzero(mine & (own_end == 0) & random)
        self.failures: NDArray[np.int64] = np.flatnonzero(own_end == 0)
        self._usable = [index for index in range(len(tasks)) if len(self._pools["success"][index])]
        if not self._usable:
            raise DataError("no task has a clip that ends in success: collect more data")
        self._chance = self._task_chances()
        said = [task.info.instruction for task in tasks]
        self._meanings = np.array([said.index(sentence) for sentence in said], dtype=np.int64)

    def _same_family(self, clips: ClipSet, index: int) -> NDArray[np.bool_]:
        return np.asarray(clips.family.astype(str) == self._tasks[index].family)

    def _task_chances(self) -> NDArray[np.float64]:
        families = [self._tasks[index].family for index in self._usable]
        present = sorted(set(families))
        given = {name: weight for name, weight in self._config.family_weights if name in present}
        others = [name for name in present if name not in given]
        if others:
            given |= dict.fromkeys(others, (1.0 - sum(given.values())) / len(others))
        weights = np.array([given[family] / families.count(family) for family in families])
        return np.asarray(weights / weights.sum())

    def batch(self, step: int) -> Batch:
        """Draw a step's batch.

        Args:
            step: Number of the step.
        """
        rng = np.random.default_rng([self._seed, step])
        count = min(self._config.tasks_per_step, len(self._usable))
        chosen = rng.choice(self._usable, size=count, replace=False, p=self._chance).tolist()
        rows: list[_Row] = []
        pairs: list[tuple[int, int]] = []
        for draw in range(self._config.tasks_per_step):
            self._draw(chosen[draw % count], rng, rows, pairs)
        columns = self._columns(chosen, rng)
        sentences = tuple(self._sentence(task, rng) for task in columns)
        return self._assemble(rows, pairs, columns, sentences, rng)

    def _draw(self, task: int, rng: np.random.Generator, rows: list[_Row], pairs: list[tuple[int, int]]) -> None:
        """Append the rows and the order pairs (rows of later, earlier) of one task."""
        whole, shown = np.arange(self._last + 1), len(rows)
        success = self._pick("success", task, rng)
        rows.append(self._row(success, whole, "whole", task, rng))
        kinds = ("near", "random") if self._config.failures else ()
        failures = [kind for kind in kinds if len(self._pools[kind][task])]
        if failures and not self._config.prefixes:  # the paper's step: one failure for each success
            failures = [str(rng.choice(failures))]
        for kind in failures:
            rows.append(self._row(self._pick(kind, task, rng), whole, "whole", task, rng))
        if not self._config.prefixes:
            return
        first = len(rows)
        ends = np.sort(rng.choice(np.arange(1, self._last + 1), size=2, replace=False))
        augmentation = int(rng.integers(len(self._store.maps)))
        clip = self._pick("success", task, rng)
        rows += [_Row(clip, augmentation, whole[: end + 1], "prefix", task) for end in ends.tolist()]
        done = self._labels[clip, :, task]
        if done[ends[0]] != 1:  # once done, later is not better
            pairs.append((first + 1, first))
        self._draw_undone(task, rng, rows, pairs, shown)

    def _draw_undone(
        self, task: int, rng: np.random.Generator, rows: list[_Row], pairs: list[tuple[int, int]], shown: int
    ) -> None:
        """Append a success that is played backwards (twice, for its order), wound back, or frozen.

        Or append row ``shown``, a success, with its frames in disorder: less than in order.
        """
        clip, whole = self._pick("success", task, rng), np.arange(self._last + 1)
        augmentation = int(rng.integers(len(self._store.maps)))
        kind = rng.choice(["reversed", "rewound", "frozen", "disorder"], p=[0.45, 0.3, 0.1, 0.15])
        if kind == "disorder":
            pairs.append((shown, len(rows)))
            rows.append(rows[shown]._replace(path=rng.permutation(whole), kind="disorder"))
            return
        if kind == "frozen":
            frame = int(rng.integers(self._last + 1))
            rows.append(_Row(clip, augmentation, np.full(self._last + 1, frame), "frozen", task))
            return
        if kind == "reversed":
            ends = np.sort(rng.choice(np.arange(1, self._last + 1), size=2, replace=False)).tolist()
            if self._config.opposites and rng.uniform() < 0.5:
                ends[1] = self._last  # back to its start: the opposite, done
            rows += [_Row(clip, augmentation, whole[::-1][: end + 1], "reversed", task) for end in ends]
            pairs.append((len(rows) - 2, len(rows) - 1))
            return
        turn = int(rng.integers(self._last // 2, self._last + 1))
        back = int(rng.integers(0, max(1, turn // 2)))
        rows.append(
            _Row(clip, augmentation, np.concatenate([whole[: turn + 1], whole[back:turn][::-1]]), "rewound", task)
        )

    def _pick(self, kind: str, task: int, rng: np.random.Generator) -> int:
        return int(rng.choice(self._pools[kind][task]))

    def _row(self, clip: int, path: NDArray[np.int64], kind: str, task: int, rng: np.random.Generator) -> _Row:
        return _Row(clip, int(rng.integers(len(self._store.maps))), path, kind, task)

    def _columns(self, chosen: list[int], rng: np.random.Generator) -> list[int]:
        """Add sentences of further tasks: opposites first, then those of the same object, then any."""
        order = rng.permutation(len(self._tasks)).tolist()

        def closeness(index: int) -> int:
            info, family = self._tasks[index].info, self._tasks[index].family
            near = [self._tasks[task].info for task in chosen if self._tasks[task].family == family]
            if any(info.name == other.opposite or info.opposite == other.name for other in near):
                return 0
            return 1 if any(info.object == other.object for other in near) else 2

        extra = sorted((index for index in order if index not in chosen), key=closeness)
        return [*chosen, *extra[: self._config.extra_sentences]]

    def _sentence(self, task: int, rng: np.random.Generator) -> str:
        info = self._tasks[task].info
        said = info.instruction
        if info.paraphrases and rng.uniform() >= self._config.canonical:
            said = info.paraphrases[int(rng.integers(len(info.paraphrases)))]
        return generic_sentence(said) if rng.uniform() < self._config.generic else said

    def _another(self, task: int, said: str, rng: np.random.Generator) -> str:
        """Draw another sentence of a task than the one that was said."""
        info = self._tasks[task].info
        others = [sentence for sentence in (info.instruction, *info.paraphrases) if sentence != said]
        return others[int(rng.integers(len(others)))] if others else said

    def _assemble(
        self,
        rows: list[_Row],
        pairs: list[tuple[int, int]],
        columns: list[int],
        sentences: tuple[str, ...],
        rng: np.random.Generator,
    ) -> Batch:
        column_of = {task: column for column, task in enumerate(columns)}
        labels = np.stack([self._row_labels(row, columns) for row in rows])
        flips = [bool(self._store.flips[row.augmentation, row.clip]) for row in rows]
        shown = [self._shown_task(row.task, flip) for row, flip in zip(rows, flips, strict=True)]
        own_task = [self._shown_task(int(self.own_task[row.clip]), flip) for row, flip in zip(rows, flips, strict=True)]
        failure = [
            row.kind == "whole" and not flip and own == row.task and labels[number, column_of[row.task]] == 0
            for number, (row, flip, own) in enumerate(zip(rows, flips, own_task, strict=True))
        ]
        ordered = [(a, b) for a, b in pairs if shown[a] in column_of]
        return Batch(
            clips=np.array([row.clip for row in rows]),
            augmentations=np.array([row.augmentation for row in rows]),
            frames=np.stack([_sampled(row.path, self._num_frames, rng) for row in rows]),
            sentences=sentences,
            paraphrases=tuple(self._another(task, said, rng) for task, said in zip(columns, sentences, strict=True)),
            meanings=self._meanings[columns],
            tasks=np.array(columns),
            labels=np.where(self._vague(rows, columns, sentences) & (labels == 0), -1, labels).astype(np.int8),
            own=np.stack([self._decides(row, columns) for row in rows]),
            task_column=np.array([column_of[row.task] for row in rows]),
            failure_clip=np.array(failure),
            later=np.array([a for a, _ in ordered], dtype=np.int64),
            earlier=np.array([b for _, b in ordered], dtype=np.int64),
            order_column=np.array([column_of[shown[a]] for a, _ in ordered], dtype=np.int64),
        )

    def _shown_task(self, task: int, flip: bool) -> int:
        """Return the task that a clip of ``task`` shows, -1 where a mirrored one shows none that has a name."""
        return int(self._mirror[task]) if flip else task

    def _vague(self, rows: list[_Row], columns: list[int], sentences: tuple[str, ...]) -> NDArray[np.bool_]:
        """Tell which sentences name no thing, so that a clip of another thing may satisfy them: bool (B, M)."""
        things = [self._tasks[task].info.object for task in columns]
        unnamed = ["something" in sentence for sentence in sentences]
        other = [[thing != self._tasks[row.task].info.object for thing in things] for row in rows]
        return np.asarray(np.array(other) & np.array(unnamed))

    def _decides(self, row: _Row, columns: list[int]) -> NDArray[np.bool_]:
        """Tell which columns' tasks a row's scene decides: bool (M,)."""
        sources = self._sources(row, columns)
        return np.asarray((sources >= 0) & (self._decided[row.clip, sources] | self._turned_round(row, sources)))

    def _sources(self, row: _Row, columns: list[int]) -> NDArray[np.int64]:
        """Return whose labels count for each column: those of the mirrored task where the picture is mirrored."""
        sources = np.array(columns)
        return np.asarray(self._mirror[sources]) if self._store.flips[row.augmentation, row.clip] else sources

    def _row_labels(self, row: _Row, columns: list[int]) -> NDArray[np.int8]:
        """Label a row for each column's sentence."""
        sources = self._sources(row, columns)
        at_end = np.where(sources < 0, -1, self._labels[row.clip, row.path[-1], sources]).astype(np.int8)
        if row.kind in ("whole", "prefix"):
            return at_end
        # Time ran otherwise than the simulator's: what the clip did is undone, what was never done stays so.
        done = np.where(sources < 0, -1, self._labels[row.clip, :, sources].max(axis=1))
        if row.kind == "frozen":
            return np.where(sources < 0, -1, 0).astype(np.int8)
        undone = (done == 1) & (at_end == 0)
        never = (done == 0) & ~self._undoes(row, sources)
        labels = np.where(undone | never, 0, -1).astype(np.int8)
        if row.path[-1] == 0:
            labels[self._turned_round(row, sources)] = 1
        elif self._labels[row.clip, row.path[-1], row.task] == 1:
            labels[self._turned_round(row, sources)] = 0
        return labels

    def _turned_round(self, row: _Row, sources: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which sentences are the opposite of what a clip shows that is played backwards."""
        if row.kind != "reversed" or not self._config.opposites:
            return np.zeros(len(sources), dtype=bool)
        return np.asarray((sources >= 0) & (self._opposite[sources] == row.task))

    def _undoes(self, row: _Row, sources: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which sentences a backwards clip may satisfy: those of its object, and those that its scene decides."""
        own = self._tasks[row.task]
        return np.array(
            [
                source >= 0
                and (self._tasks[source].info.object == own.info.object or bool(self._decided[row.clip, source]))
                for source in sources.tolist()
            ]
        )  # fmt: skip


def _opposite(task: LabelledTask, tasks: tuple[LabelledTask, ...]) -> int:
    """Return the place of a task's opposite, -1 where it has none among them."""
    names = [other.name for other in tasks]
    opposite = f"{task.family}/{task.info.opposite}"
    return names.index(opposite) if opposite in names else -1


def generic_sentence(sentence: str) -> str:
    """Say "something" for the first thing that a sentence names.

    Example:
        >>> generic_sentence("push the mug to the left")
        'push something to the left'
    """
    return _THING.sub("something", sentence, count=1)


def _sampled(path: NDArray[np.int64], num_frames: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Pick frames of a path, first and last included, the others moved a little off their even spread."""
    places = np.linspace(0.0, len(path) - 1.0, num_frames)
    step = (len(path) - 1.0) / (num_frames - 1)
    places[1:-1] += rng.uniform(-0.4, 0.4, size=num_frames - 2) * step
    even = spread(len(path), num_frames)
    return path[np.where(rng.uniform() < 0.5, even, np.rint(places).astype(np.int64))]
