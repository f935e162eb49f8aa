"""The tasks by name, a file for each kind; none of them needs pybullet."""

from __future__ import annotations

from typing import Final

from a2r_gym.envs.c2r.task import C2RTask
from a2r_gym.envs.c2r.tasks.handling import HANDLING
from a2r_gym.envs.c2r.tasks.opening import OPENING
from a2r_gym.envs.c2r.tasks.placing import PLACING
from a2r_gym.envs.c2r.tasks.pushing import PUSHING
from a2r_gym.errors import unknown_name

__all__ = ["TASKS", "judged_with", "task_info"]

TASKS: Final[dict[str, C2RTask]] = {task.name: task for task in (*PUSHING, *OPENING, *PLACING, *HANDLING)}
"""All tasks by name."""


def task_info(task: str) -> C2RTask:
    """Look up a task.

    Raises:
        UnknownNameError: There is no such task.
    """
    if task not in TASKS:
        raise unknown_name("C2R task", task, TASKS)
    return TASKS[task]


def judged_with(task: str) -> tuple[str, ...]:
    """Name the tasks that the scene of one task decides: those about the same things."""
    mine = task_info(task)
    return tuple(name for name, other in TASKS.items() if (other.first, other.second) == (mine.first, mine.second))
