"""The failure modes of a model's tasks as a table: names, clips, and how well they fit what the clips set out to do.

Letters: F failure clips.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from a2r_train.data.clips import ClipSet
from a2r_train.failure_names import ModeFacts, mode_facts, name_modes

__all__ = ["FailureMode", "FailureRows", "describe_modes", "source_information"]


@dataclass(frozen=True, kw_only=True)
class FailureRows:
    """Failure clips with their modes.

    Attributes:
        clips: int64 (F,), the clips.
        label: int64 (F,), label index of each clip's own task.
        mode: int64 (F,), in [0, number of its task's modes).
        closeness: float32 (F,), how near the clip is to its mode's centre: a cosine.
    """

    clips: NDArray[np.int64]
    label: NDArray[np.int64]
    mode: NDArray[np.int64]
    closeness: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class FailureMode:
    """One failure mode of one task.

    Attributes:
        task: ``family/task``.
        mode: Its number.
        name: Its readable name.
        facts: What is known about its clips.
        exemplars: Pairs of clip and closeness, the nearest first.
    """

    task: str
    mode: int
    name: str
    facts: ModeFacts
    exemplars: tuple[tuple[int, float], ...]


def describe_modes(
    clips: ClipSet,
    rows: FailureRows,
    counts: Mapping[str, int],
    *,
    names: Mapping[str, tuple[str, ...]] | None = None,
    num_exemplars: int = 6,
) -> tuple[FailureMode, ...]:
    """Describe every failure mode of some tasks.

    Args:
        clips: The clips; their pictures are not looked at.
        rows: Their failures.
        counts: Task -> number of its modes.
        names: Task -> names that its modes have already; the others are named by these clips.
        num_exemplars: Most exemplars of a mode.

    Returns:
        The modes, task by task in the order of ``counts``.
    """
    described = []
    for task, count in counts.items():
        label = clips.label_names.index(task)
        members = [np.flatnonzero((rows.label == label) & (rows.mode == mode)) for mode in range(count)]
        facts = [_facts(clips, rows.clips[mine], label) for mine in members]
        given = (names or {}).get(task, ())
        named = given if len(given) == count else name_modes(facts)
        for mode, mine in enumerate(members):
            nearest = mine[np.argsort(-rows.closeness[mine], kind="stable")][:num_exemplars]
            described.append(
                FailureMode(
                    task=task,
                    mode=mode,
                    name=named[mode],
                    facts=facts[mode],
                    exemplars=tuple((int(rows.clips[row]), float(rows.closeness[row])) for row in nearest),
                )
            )
    return tuple(described)


def _facts(clips: ClipSet, mine: NDArray[np.int64], label: int) -> ModeFacts:
    """Sum up some clips of one task; what they did instead is what is done at their end and was not at their start."""
    done = (clips.success[mine, -1] == 1) & (clips.success[mine, 0] != 1) & ~clips.ambiguous[mine, -1]
    family = clips.label_names[label].split("/")[0]
    others = {
        name.split("/")[1]: done[:, column]
        for column, name in enumerate(clips.label_names)
        if column != label and name.startswith(f"{family}/")
    }
    return mode_facts(clips.source[mine], clips.progress[mine, :, label], others if len(mine) else None)


def source_information(clips: ClipSet, rows: FailureRows) -> float | None:
    """Normalised mutual information between modes and what the clips set out to do, the mean over tasks.

    Args:
        clips: The clips.
        rows: Their failures with their modes.

    Returns:
        In [0, 1]; None where no task has failures of two sources.
    """
    from sklearn.metrics import normalized_mutual_info_score

    found = []
    for label in np.unique(rows.label):
        mine = rows.label == label
        sources = clips.source[rows.clips[mine]]
        if len(np.unique(sources)) > 1:
            found.append(normalized_mutual_info_score(sources, rows.mode[mine]))
    return float(np.mean(found)) if found else None
