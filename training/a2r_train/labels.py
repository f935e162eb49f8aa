"""Which sentence is true of which clip: the label of every (frame, task) pair, across scenes and families.

A rollout decides the tasks of its own scene. Sentences of other scenes are "does not" where the object is
another one, and unknown where it could be read as true.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.base import TaskInfo
from a2r_gym.errors import unknown_name
from a2r_train.data.clips import ClipSet, join_labels

__all__ = ["LabelledTask", "family_tasks", "labelled_tasks", "mirror_table", "resolve_labels", "with_opposites"]

_SIDED_WORDS = frozenset({"left", "right", "clockwise", "counterclockwise", "anticlockwise", "leftwards", "rightwards"})
_HANDED_OBJECTS = frozenset({"dial", "door lock", "faucet", "window"})
"""Things that tell open from closed, or on from off, by the side to which they go."""
_PICTURED: Final = ("tabletop", "c2r")
"""Families whose left and right are the picture's own."""
_ONE_WAY: Final = frozenset({"c2r/drop"})
"""Opposites that no clip shows when it is played backwards: what is dropped here was lifted before."""


@dataclass(frozen=True, kw_only=True)
class LabelledTask:
    """A task that clips are labelled with.

    Attributes:
        name: ``family/task``.
        info: Its sentences, object and opposite.
    """

    name: str
    info: TaskInfo

    @property
    def family(self) -> str:
        """The part of the name before the slash."""
        return self.name.split("/")[0]

    @property
    def sided(self) -> bool:
        """Whether a mirrored picture would make its sentence wrong, or a wrong one right."""
        if self.info.object in _HANDED_OBJECTS:
            return True
        words = f"{self.info.instruction} {' '.join(self.info.paraphrases)}".lower().replace(",", " ").split()
        return not _SIDED_WORDS.isdisjoint(words)

    @property
    def mirrors(self) -> bool:
        """Whether a mirrored picture shows the opposite: left and right are then the picture's own."""
        return self.sided and self.family in _PICTURED and self.info.opposite is not None


def labelled_tasks(label_names: tuple[str, ...]) -> tuple[LabelledTask, ...]:
    """Look up the tasks behind a clip set's label names.

    Args:
        label_names: ``family/task`` each.

    Returns:
        One entry per name, in order.
    """
    tables = _tables()
    return tuple(LabelledTask(name=name, info=tables[name.split("/")[0]][name.split("/")[1]]) for name in label_names)


def family_tasks(families: Sequence[str]) -> tuple[LabelledTask, ...]:
    """Return all tasks of some families, in the order of their tables.

    Args:
        families: Such as ``["tabletop"]``.

    Raises:
        UnknownNameError: There is no such family.
    """
    tables = _tables()
    for family in families:
        if family not in tables:
            raise unknown_name("family", family, tables)
    return tuple(
        LabelledTask(name=f"{family}/{name}", info=info) for family in families for name, info in tables[family].items()
    )


def _tables() -> Mapping[str, Mapping[str, TaskInfo]]:
    from a2r_gym.envs.c2r.tasks import TASKS as c2r
    from a2r_gym.envs.metaworld_tasks import TASKS as metaworld
    from a2r_gym.envs.tabletop.tasks import TASKS as tabletop

    return {"metaworld": metaworld, "tabletop": tabletop, "c2r": c2r}


def resolve_labels(clips: ClipSet, tasks: tuple[LabelledTask, ...]) -> NDArray[np.int8]:
    """Fill in what a rollout says about sentences of other scenes.

    Args:
        clips: The clips; their own labels are -1 where undecided or are kept out as ambiguous.
        tasks: One per label name.

    Returns:
        int8 (E, kept, L): 1 does, 0 does not, -1 unknown.
    """
    labels = np.where(clips.ambiguous, -1, clips.success).astype(np.int8)
    name_of = {task.name: index for index, task in enumerate(tasks)}
    for own in np.unique(np.char.add(np.char.add(clips.family, "/"), clips.task)):
        rows = np.flatnonzero((clips.family == own.split("/")[0]) & (clips.task == own.split("/")[1]))
        decided = np.asarray((clips.success[rows] >= 0).any(axis=(0, 1)))
        for index, task in enumerate(tasks):
            if not decided[index]:
                labels[rows, :, index] = _foreign(labels[rows], tasks, decided, tasks[name_of[own]], task)
    return labels


def _foreign(
    labels: NDArray[np.int8],
    tasks: tuple[LabelledTask, ...],
    decided: NDArray[np.bool_],
    own: LabelledTask,
    task: LabelledTask,
) -> NDArray[np.int8]:
    """Label of a task that the scene does not decide, (episodes, kept)."""
    for index in np.flatnonzero(decided):
        if tasks[index].info.instruction == task.info.instruction:
            return labels[:, :, index]
    present = {tasks[index].info.object for index in np.flatnonzero(decided)} | {own.info.object}
    if own.family != task.family:
        return np.full(labels.shape[:2], -1 if task.info.object in present else 0, dtype=np.int8)
    if own.info.marker and task.info.marker:
        return np.full(labels.shape[:2], -1, dtype=np.int8)
    if task.info.opposite == own.info.name or own.info.opposite == task.info.name:
        own_column = [index for index in np.flatnonzero(decided) if tasks[index].name == own.name]
        done = labels[:, :, own_column[0]] if own_column else np.full(labels.shape[:2], -1)
        return np.where(done == 1, 0, -1).astype(np.int8)
    return np.zeros(labels.shape[:2], dtype=np.int8)


def with_opposites(clips: ClipSet) -> ClipSet:
    """Add labels of the opposites, which clips show that are mirrored or played backwards.

    Args:
        clips: The clips.

    Returns:
        The same clips; they decide nothing about the labels that were added.
    """
    names = list(clips.label_names)
    for task in labelled_tasks(clips.label_names):
        opposite = f"{task.family}/{task.info.opposite}"
        if task.info.opposite is not None and opposite not in (*names, *_ONE_WAY):
            names.append(opposite)
    return join_labels([clips], names)


def mirror_table(tasks: tuple[LabelledTask, ...]) -> NDArray[np.int64]:
    """Which label a mirrored picture has.

    Returns:
        int64 (L,): the column whose label the mirrored clip takes for each task; -1 where a mirrored clip
        says nothing about it.
    """
    name_of = {task.name: index for index, task in enumerate(tasks)}
    table = np.arange(len(tasks))
    for index, task in enumerate(tasks):
        if task.sided:
            opposite = f"{task.family}/{task.info.opposite}"
            mirrored = task.mirrors and opposite in name_of
            table[index] = name_of[opposite] if mirrored else -1
    return table
