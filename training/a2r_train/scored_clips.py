"""Clips with their scores: every clip against every sentence of its family, read and encoded once.

Letters: E clips, T kept frames, S sentences, L labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from a2r_gym.errors import DataError, NonFiniteRewardError
from a2r_gym.metrics import TaskScores
from a2r_gym.protocols import MatrixModel, RewardModel
from a2r_train.floors import motion_profile

if TYPE_CHECKING:
    from a2r_gym.envs.base import TaskInfo
    from a2r_train.data.clips import ClipSet

__all__ = ["KINDS", "MIN_CLIPS", "NEAR_SOURCES", "ScoredClips", "TaskTables", "score_clips"]

TaskTables = Mapping[str, "Mapping[str, TaskInfo]"]
"""Family -> task -> its sentences, object and opposite."""

KINDS = ("success", "random", "near", "ambiguous", "other")
"""What a clip is for its own task; see `ScoredClips.kind`."""

NEAR_SOURCES = ("missed", "stopped_short", "undone", "success")
"""Sources whose failures are near-successes; a plan for success that fails is a missed attempt."""

MIN_CLIPS = 2
"""A task with fewer successes, random failures or near-successes has no AUROC."""


@dataclass(frozen=True, kw_only=True)
class ScoredClips:
    """Clips, what they are for their own task, and their scores.

    Attributes:
        clips: The clips.
        tables: Task tables of the families.
        name: str (E,), ``family/task`` that the rollout was collected for.
        kind: str (E,), one of `KINDS`: the own task's rule at the last frame. ``success``; ``random`` and
            ``near`` for failures by source; ``ambiguous`` where the state is close to the threshold;
            ``other`` for failures of another source.
        sentences: S sentences.
        similarity: float32 (E, S), NaN where a pair was not scored.
        success: float32 (E, S), likewise.
        motion: float32 (E, T - 1), mean absolute difference of neighbouring frames, in [0, 255].
        num_pairs: Pairs of clip and sentence that were scored.
        num_calls: Calls of the model.
    """

    clips: ClipSet
    tables: TaskTables
    name: NDArray[np.str_]
    kind: NDArray[np.str_]
    sentences: tuple[str, ...]
    similarity: NDArray[np.float32]
    success: NDArray[np.float32]
    motion: NDArray[np.float32]
    num_pairs: int
    num_calls: int

    def info(self, name: str) -> TaskInfo:
        """Look a task up by ``family/task``."""
        return _info(self.tables, name)

    def column(self, sentence: str) -> int:
        """Column of a sentence."""
        return self.sentences.index(sentence)

    def own(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pick each clip's score for its own task's instruction: (E, S) to (E,)."""
        columns = {name: self.column(self.info(name).instruction) for name in np.unique(self.name)}
        return scores[np.arange(len(scores)), [columns[name] for name in self.name]]

    def tasks(self, mask: NDArray[np.bool_]) -> list[str]:
        """Names of the tasks among some clips, sorted."""
        return [str(name) for name in np.unique(self.name[mask])]

    def task_scores(
        self,
        name: str,
        mask: NDArray[np.bool_],
        *,
        sentence: str | None = None,
        kinds: Sequence[str] = ("random", "near"),
    ) -> TaskScores | None:
        """Collect one task's scores for AUROC.

        Args:
            name: ``family/task``.
            mask: bool (E,), clips that may be used.
            sentence: What the clips are scored with; None: the task's instruction.
            kinds: Failure groups, equally weighted.

        Returns:
            The scores, or None where a group has fewer than `MIN_CLIPS`.
        """
        rows = mask & (self.name == name)
        scores = self.success[:, self.column(sentence or self.info(name).instruction)].astype(np.float64)
        groups = [scores[rows & (self.kind == kind)] for kind in ("success", *kinds)]
        return None if min(map(len, groups)) < MIN_CLIPS else TaskScores(groups[0], tuple(groups[1:]))

    def satisfied(self) -> NDArray[np.int64]:
        """Which one task of the family each clip satisfies at its end.

        Returns:
            int64 (E,), a label index; -1 where none or several are satisfied, one is ambiguous, or the
            state satisfied it from the start, so that the clip shows nobody doing it.
        """
        clips = self.clips
        family = np.array([label.split("/")[0] for label in clips.label_names])
        mine = clips.family[:, None] == family[None, :]
        done = mine & (clips.success[:, -1] == 1)
        unclear = (mine & (clips.success[:, -1] >= 0) & clips.ambiguous[:, -1]).any(axis=1)
        only = done.argmax(axis=1)
        from_start = clips.success[np.arange(len(only)), 0, only] == 1
        return np.where((done.sum(axis=1) == 1) & ~unclear & ~from_start, only, -1)


def score_clips(
    model: RewardModel,
    clips: ClipSet,
    tables: TaskTables,
    *,
    held_out: Mapping[str, Sequence[str]] | None = None,
    batch_size: int = 64,
    progress: bool = True,
) -> ScoredClips:
    """Score every clip against the sentences of its family.

    A `MatrixModel` scores all pairs. Others score the pairs that the report needs: the own task's sentences
    for all clips, all instructions of the family for clips that satisfy one task.

    Args:
        model: The reward model.
        clips: The clips.
        tables: Task tables of the clips' families.
        held_out: Further paraphrases by ``family/task``, for example ones that no model was trained with.
        batch_size: Clips per call.
        progress: Whether to draw a bar.

    Returns:
        The scored clips.

    Raises:
        DataError: No clips, or the labels lack a clip's own task.
        NonFiniteRewardError: The model gave NaN or Inf.
    """
    if len(clips.family) == 0:
        raise DataError("no clips to evaluate: the folders are empty or the filter left none")
    name = np.char.add(np.char.add(clips.family.astype(str), "/"), clips.task.astype(str))
    held_out = held_out or {}
    sentences = _sentences(tables, [str(family) for family in np.unique(clips.family)], held_out)
    shape = (len(name), len(sentences))
    scored = ScoredClips(
        clips=clips,
        tables=tables,
        name=name,
        kind=_kinds(clips, name),
        sentences=sentences,
        similarity=np.full(shape, np.nan, dtype=np.float32),
        success=np.full(shape, np.nan, dtype=np.float32),
        motion=np.empty((len(name), clips.frames.shape[1] - 1), dtype=np.float32),
        num_pairs=0,
        num_calls=0,
    )
    needed = _needed(scored, held_out, everything=isinstance(model, MatrixModel))
    num_calls = 0
    with tqdm(total=len(name), desc="scoring clips", unit="clip", disable=not progress) as bar:
        for family in np.unique(clips.family):
            rows = np.flatnonzero(clips.family == family)
            for batch in np.split(rows, range(batch_size, len(rows), batch_size)):
                num_calls += _score_batch(model, scored, batch, needed[batch])
                bar.update(len(batch))
    fields = {key: getattr(scored, key) for key in scored.__dataclass_fields__}
    return ScoredClips(**fields | {"num_pairs": int(needed.sum()), "num_calls": num_calls})


def _score_batch(model: RewardModel, scored: ScoredClips, batch: NDArray[np.int64], needed: NDArray[np.bool_]) -> int:
    """Score one batch of one family in place; returns the number of calls."""
    videos = np.asarray(scored.clips.frames[batch])
    scored.motion[batch] = motion_profile(videos)
    columns = np.flatnonzero(needed.any(axis=0))
    sentences = [scored.sentences[column] for column in columns]
    if isinstance(model, MatrixModel):
        matrix = model.score_matrix(videos, sentences)
        scored.similarity[np.ix_(batch, columns)] = matrix.similarity
        scored.success[np.ix_(batch, columns)] = matrix.success
        calls = 1
    else:
        calls = 0
        for column, sentence in zip(columns, sentences, strict=True):
            use = needed[:, column]
            scores = model.score(videos[use], [sentence] * int(use.sum()))
            scored.similarity[batch[use], column] = scores.similarity
            scored.success[batch[use], column] = scores.success
            calls += 1
    for values in (scored.similarity[batch][needed], scored.success[batch][needed]):
        if not np.isfinite(values).all():
            raise NonFiniteRewardError(f"scores must be finite, got {values[~np.isfinite(values)][:4]}")
    return calls


def _needed(scored: ScoredClips, held_out: Mapping[str, Sequence[str]], *, everything: bool) -> NDArray[np.bool_]:
    """Which pairs to score: bool (E, S)."""
    needed = np.zeros(scored.similarity.shape, dtype=bool)
    one_task = scored.satisfied() >= 0
    for family in np.unique(scored.clips.family):
        mine = scored.clips.family == family
        for task, info in scored.tables[family].items():
            name = f"{family}/{task}"
            spoken = [scored.column(s) for s in (info.instruction, *info.paraphrases, *held_out.get(name, ()))]
            needed[np.ix_(mine if everything else mine & (scored.name == name), spoken)] = True
            needed[mine & one_task, spoken[0]] = True
    return needed


def _sentences(tables: TaskTables, families: list[str], held_out: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for family in families:
        if family not in tables:
            raise DataError(f"no task table for family {family!r}; known families: {', '.join(sorted(tables))}")
        for task, info in tables[family].items():
            found.update(dict.fromkeys((info.instruction, *info.paraphrases, *held_out.get(f"{family}/{task}", ()))))
    return tuple(found)


def _info(tables: TaskTables, name: str) -> TaskInfo:
    family, task = name.split("/")
    return tables[family][task]


def _kinds(clips: ClipSet, name: NDArray[np.str_]) -> NDArray[np.str_]:
    """Tell what each clip is for its own task, see `ScoredClips.kind`."""
    column = {label: index for index, label in enumerate(clips.label_names)}
    missing = sorted(set(map(str, np.unique(name))) - set(column))
    if missing:
        raise DataError(f"clips lack labels of their own tasks {missing}; labels are {', '.join(clips.label_names)}")
    own = np.array([column[str(task)] for task in name])
    rows = np.arange(len(name))
    success, ambiguous = clips.success[rows, -1, own], clips.ambiguous[rows, -1, own]
    if (success < 0).any():
        where = int(np.flatnonzero(success < 0)[0])
        raise DataError(f"the own task of clip {where} ({name[where]}, scene {clips.scene[where]}) is not decided")
    failure = np.where(
        clips.source == "random", "random", np.where(np.isin(clips.source, NEAR_SOURCES), "near", "other")
    )
    return np.where(ambiguous, "ambiguous", np.where(success == 1, "success", failure))
