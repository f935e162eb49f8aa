"""What a training step sees of the human domain: clips, a sentence for each and for what each surely does not do.

A step draws clips of different templates and, where the recipe wants more than the paper, the beginnings of some, some
played backwards and some frozen. Step ``n`` depends on the seed and ``n`` alone.

Shape suffixes: N clips, T frames, M sentences, P pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2r_gym.errors import DataError
from a2r_gym.models.reward_network import DOMAINS
from a2r_gym.models.window import spread
from a2r_train.data.human_clips import HumanClipSet
from a2r_train.data.ssv2_templates import MIRRORS, TEMPLATES, mirrored_sentence
from a2r_train.features import FeatureStore
from a2r_train.human_relations import counter_template, imperative, paraphrases, placeholders, relation, said

__all__ = ["HumanBatch", "HumanSampler", "HumanSamplerConfig"]


@dataclass(frozen=True, kw_only=True)
class HumanSamplerConfig:
    """Composition of the human part of a step.

    Attributes:
        clips: Whole clips; 8 in the paper.
        undone: Clips that are shown in part, backwards or frozen; 0 in the paper.
        generic: Chance that a sentence says "something" instead of the thing.
        robot_prompt: Share of the clips that carry the robot's domain prompt, so that what the robot never does is
            learned under its prompt too; 0 in the paper.
    """

    clips: int = 8
    undone: int = 0
    generic: float = 0.3
    robot_prompt: float = 0.0

    def __post_init__(self) -> None:
        """Check ranges."""
        shares = (self.generic, self.robot_prompt)
        if self.clips < 2 or self.undone < 0 or min(shares) < 0.0 or max(shares) > 1.0:
            raise ValueError(f"expected clips >= 2, undone >= 0, generic and robot_prompt in [0, 1], got {self}")


class HumanBatch(NamedTuple):
    """The human part of a step.

    Attributes:
        clips: int64 (N,), index of each clip.
        augmentations: int64 (N,), which of its feature maps.
        frames: int64 (N, T), kept frames in the order they are shown.
        sentences: M sentences.
        paraphrases: M sentences that say the same in another way.
        meanings: int64 (M,), equal for sentences that say the same.
        labels: int8 (N, M), 1 does, 0 does not, -1 unknown.
        own: bool (N, M), True for a clip's own sentence and its counter-example.
        templates: int64 (N,), what each clip shows; -1 for clips that are not shown as they are.
        domains: int64 (N,), index in `DOMAINS` of the prompt that each clip carries.
        later: int64 (P,), rows whose similarity to the sentence in ``order_column`` must be higher than ``earlier``'s.
        earlier: int64 (P,).
        order_column: int64 (P,).
    """

    clips: NDArray[np.int64]
    augmentations: NDArray[np.int64]
    frames: NDArray[np.int64]
    sentences: tuple[str, ...]
    paraphrases: tuple[str, ...]
    meanings: NDArray[np.int64]
    labels: NDArray[np.int8]
    own: NDArray[np.bool_]
    templates: NDArray[np.int64]
    domains: NDArray[np.int64]
    later: NDArray[np.int64]
    earlier: NDArray[np.int64]
    order_column: NDArray[np.int64]


class _Said(NamedTuple):
    """A sentence with what it means."""

    template: int
    things: tuple[str, ...]
    generic: bool


class HumanSampler:
    """Draws the human part of each step.

    Args:
        clips: The clips.
        store: Their feature maps; tells which are mirrored.
        config: Composition.
        num_frames: T.
        seed: Of the run.

    Raises:
        DataError: Fewer than two templates, with which nothing can be contrasted.
    """

    def __init__(
        self, clips: HumanClipSet, store: FeatureStore, config: HumanSamplerConfig, *, num_frames: int, seed: int
    ) -> None:
        self._clips, self._store, self._config = clips, store, config
        self._num_frames, self._seed = num_frames, seed
        self._last = clips.frames.shape[1] - 1
        self._pools = {
            int(template): np.flatnonzero(clips.template == template) for template in np.unique(clips.template)
        }
        if len(self._pools) < 2:
            raise DataError(f"human clips of at least two templates are needed, got {sorted(self._pools)}")

    def batch(self, step: int) -> HumanBatch:
        """Draw a step's human part.

        Args:
            step: Number of the step.
        """
        rng = np.random.default_rng([self._seed, step, 1])
        names = list(self._pools)
        order = [
            names[place] for _ in range(-(-self._config.clips // len(names))) for place in rng.permutation(len(names))
        ]
        rows = np.array([rng.choice(self._pools[template]) for template in order[: self._config.clips]])
        augmentations = rng.integers(len(self._store.maps), size=len(rows))
        shown = [self._shown(int(row), int(which)) for row, which in zip(rows, augmentations, strict=True)]
        asked = self._asked(shown, rng)
        labels = np.array([[_label(clip, sentence) for sentence in asked] for clip in shown], dtype=np.int8)
        own = np.array([[_meant(clip, sentence) for sentence in asked] for clip in shown])
        again, pairs = self._again(rows, rng)
        sources = np.array([row for row, _, _ in again], dtype=np.int64)
        paths = [np.arange(self._last + 1)] * len(rows) + [path for _, path, _ in again]
        undone = np.where(
            labels[sources] == 1, np.array([label for _, _, label in again], dtype=np.int8).reshape(-1, 1), -1
        )
        return HumanBatch(
            clips=np.concatenate([rows, rows[sources]]),
            augmentations=np.concatenate([augmentations, augmentations[sources]]),
            frames=np.stack([path[spread(len(path), self._num_frames)] for path in paths]),
            sentences=tuple(_spoken(sentence, rng) for sentence in asked),
            paraphrases=tuple(_spoken(sentence, rng) for sentence in asked),
            meanings=np.array([asked.index(sentence) for sentence in asked]),
            labels=np.concatenate([labels, undone.astype(np.int8)]),
            own=np.concatenate([own, own[sources]]),
            templates=np.array([clip.template for clip in shown] + [-1] * len(again), dtype=np.int64),
            domains=_domains(len(paths), self._config.robot_prompt),
            later=np.array([later for later, _ in pairs], dtype=np.int64),
            earlier=np.array([earlier for _, earlier in pairs], dtype=np.int64),
            order_column=np.array([later for later, _ in pairs], dtype=np.int64),  # sentence n is clip n's own
        )

    def _shown(self, row: int, augmentation: int) -> _Said:
        template, sentence = int(self._clips.template[row]), str(self._clips.instruction[row])
        if self._store.flips[augmentation, row]:
            template, sentence = MIRRORS.get(template, template), mirrored_sentence(sentence)
        return _Said(template, placeholders(template, sentence), False)

    def _asked(self, shown: list[_Said], rng: np.random.Generator) -> list[_Said]:
        """Return each clip's own sentence, then a counter-example of each that has one."""
        own = [clip._replace(generic=bool(rng.uniform() < self._config.generic)) for clip in shown]
        counters = [(counter_template(clip.template), clip) for clip in own]
        return own + [clip._replace(template=template) for template, clip in counters if template is not None]

    def _again(
        self, rows: NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[list[tuple[int, NDArray[np.int64], int]], list[tuple[int, int]]]:
        """Draw clips to show otherwise.

        Returns:
            (place among the rows, path, label of the own sentence), and pairs (later, earlier) of the batch's rows.
        """
        again: list[tuple[int, NDArray[np.int64], int]] = []
        pairs = []
        for place in rng.permutation(len(rows))[: self._config.undone].tolist():
            kind = str(rng.choice(["begun", "reversed", "frozen"], p=[0.5, 0.35, 0.15]))
            path, label = np.arange(self._last + 1), 0
            if kind == "begun":
                end = int(rng.integers(1, self._last // 2 + 1))
                path, label = path[: end + 1], self._begun(int(rows[place]), end)
                if label != 1:
                    pairs.append((place, len(rows) + len(again)))
            elif kind == "reversed":
                path = path[::-1]
            else:
                path = np.full(2, int(rng.integers(self._last + 1)))
            again.append((place, path, label))
        return again, pairs

    def _begun(self, clip: int, end: int) -> int:
        """Judge a clip that is shown to one of its frames: only some data know."""
        return int(self._clips.done[clip, end]) if np.isfinite(self._clips.progress[clip, end]) else -1


def _domains(count: int, robot: float) -> NDArray[np.int64]:
    """Deal the robot's prompt out to a share of the clips, evenly spread: int64 (N,)."""
    dealt = np.floor(np.arange(count + 1) * robot)
    return np.where(np.diff(dealt) > 0, DOMAINS.index("robot"), DOMAINS.index("human")).astype(np.int64)


def _spoken(asked: _Said, rng: np.random.Generator) -> str:
    """Say it as the template does, as an instruction, or in other words, a third each."""
    sentence = said(asked.template, asked.things, generic=asked.generic)
    count = len(asked.things) or TEMPLATES[asked.template].num_placeholders
    other = paraphrases(asked.template, ("something",) * count if asked.generic else asked.things)
    way = rng.uniform()
    if way < 1 / 3 and other:
        return other[int(rng.integers(len(other)))]
    return sentence if way < 2 / 3 else imperative(sentence)


def _label(clip: _Said, sentence: _Said) -> int:
    """Judge a clip against a sentence; of another thing nothing is sure but what it does not do."""
    label = relation(clip.template, sentence.template)
    if label == 1 and not sentence.generic and sentence.things != clip.things:
        return -1
    return label


def _meant(clip: _Said, sentence: _Said) -> bool:
    return sentence.template in (clip.template, counter_template(clip.template)) and (
        sentence.generic or sentence.things == clip.things
    )
