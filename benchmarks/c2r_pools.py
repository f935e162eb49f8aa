"""Stored pools of candidates in Concept2Robot's environments: the same starts in the default view and in others.

A pool is one task, one start and one setting; its candidates are what `benchmarks.candidates.TAKES` set out to do. A
start has the same things in the same sizes and colours in every setting, and other things beside them where there are
distractors. Left, right, away and towards are those of each picture: what is moved that way stands where there is room.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from a2r_gym.envs.c2r.tasks import task_info
from a2r_gym.errors import unknown_name
from a2r_gym.protocols import RewardModel
from a2r_train.data.clips import ClipSet
from benchmarks.candidates import chosen, collect_takes, similarities, take_folders

__all__ = ["C2R_SETTINGS", "c2r_choices", "c2r_pool_folders", "collect_c2r_pools", "scene_of", "variant_of"]

C2R_SETTINGS: Final = ("default view", "viewpoint 1", "viewpoint 2", "viewpoint 3", "distractors 2", "distractors 4")
"""The view that training shows, the other viewpoints, and other things on the table in the default view."""


def scene_of(setting: str) -> str:
    """Return the variant of the environment that a setting means.

    Raises:
        UnknownNameError: There is no such setting.

    Example:
        >>> scene_of("default view"), scene_of("distractors 4")
        ('viewpoint=0,distractors=0', 'viewpoint=0,distractors=4')
    """
    return ",".join(f"{name}={value}" for name, value in variant_of(setting).items())


def variant_of(setting: str) -> dict[str, int]:
    """Return the arguments of the environment that a setting means: ``viewpoint`` and ``distractors``.

    Raises:
        UnknownNameError: There is no such setting.
    """
    if setting not in C2R_SETTINGS:
        raise unknown_name("C2R setting", setting, C2R_SETTINGS)
    changed, _, number = setting.partition(" ")
    return {"viewpoint": 0, "distractors": 0} | ({changed: int(number)} if number.isdigit() else {})


def c2r_pool_folders(data: Path, settings: Sequence[str], starts: int, takes: int) -> list[Path]:
    """Return where pools lie, see `take_folders`."""
    return take_folders(data, [setting.replace(" ", "-") for setting in settings], starts, takes)


def collect_c2r_pools(
    data: Path, settings: Sequence[str], tasks: Sequence[str], starts: int, takes: int, *, workers: int
) -> None:
    """Collect what is missing.

    Args:
        data: Of all pools of this family.
        settings: Of `C2R_SETTINGS`.
        tasks: Keys of `a2r_gym.envs.c2r.tasks.TASKS`.
        starts: Of each task.
        takes: Candidates from each start.
        workers: Processes.
    """
    folders = c2r_pool_folders(data, settings, starts, takes)
    collect_takes(folders, "c2r", [scene_of(setting) for setting in settings], tasks, starts, workers=workers)


def c2r_choices(model: RewardModel, clips: ClipSet, setting: str, tasks: Sequence[str]) -> list[dict[str, Any]]:
    """Let a model choose from every pool of a setting.

    Args:
        model: Its similarity counts.
        clips: Candidates of any settings.
        setting: One of `C2R_SETTINGS`.
        tasks: Which tasks count.

    Returns:
        A row a pool, see `benchmarks.candidates.chosen`. A candidate succeeds by its task's rule at its last frame.
    """
    rows = []
    for number, task in enumerate(tasks):
        mine = clips.select((clips.scene == scene_of(setting)) & (clips.task == task))
        similarity = similarities(model, mine, [task_info(task).instruction], progress=False)[:, 0]
        solved = mine.success[:, -1, mine.label_names.index(f"c2r/{task}")] == 1
        for seed in map(int, np.unique(mine.seed)):
            pool = mine.seed == seed
            found = chosen(similarity[pool], solved[pool], [seed, number])
            rows.append({"scene": setting, "seed": seed, "task": task, **found})
    return rows
