"""How far a Meta-World task has come, and whether a moment is too close to its threshold to label a clip with.

Success itself is Meta-World's own rule. Its environments also hold, under different names, a gap to the target that
shrinks as the task gets done; here it is read off the environment for every task, in one form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.base import TaskInfo, TaskLabel

__all__ = ["Progress", "extend", "gap", "labels", "threshold"]

Vector = NDArray[np.float64]

BAND_OF_THRESHOLD: Final = 0.5
BAND_OF_WAY: Final = 0.2
"""A failure is ambiguous within the smaller of these fractions of the threshold and of the way to it."""
UNDONE: Final = 0.25
"""Fraction of the way; what moved back by more leaves the opposite task ambiguous."""

_THRESHOLDS: Final = {
    "assembly": 0.02,
    "basketball": 0.08,
    "bin-picking": 0.05,
    "box-close": 0.08,
    "button-press": 0.02,
    "button-press-topdown": 0.024,
    "button-press-topdown-wall": 0.024,
    "button-press-wall": 0.03,
    "coffee-button": 0.02,
    "disassemble": 0.0,
    "door-close": 0.08,
    "door-lock": 0.02,
    "door-open": 0.08,
    "door-unlock": 0.02,
    "drawer-close": 0.055,
    "drawer-open": 0.03,
    "hammer": 0.0,
    "hand-insert": 0.05,
    "handle-press": 0.02,
    "handle-press-side": 0.02,
    "handle-pull": 0.05,
    "handle-pull-side": 0.08,
    "lever-pull": float(np.pi / 24),
    "push": 0.05,
    "reach": 0.05,
    "reach-wall": 0.05,
    "stick-pull": 0.12,
    "stick-push": 0.12,
    "sweep": 0.05,
    "sweep-into": 0.05,
    "window-close": 0.05,
    "window-open": 0.05,
}
_USUAL_THRESHOLD: Final = 0.07


class Progress(NamedTuple):
    """The gap to the target over an episode, in the task's own unit (metres; radians for the lever).

    Attributes:
        start: At the episode's start.
        now: At this moment.
        least: Smallest so far.
        most: Largest so far.
    """

    start: float
    now: float
    least: float
    most: float


def threshold(task: str) -> float:
    """Return the gap at which a task succeeds."""
    return _THRESHOLDS.get(task, _USUAL_THRESHOLD)


def gap(task: str, sawyer: Any, obs: Vector, info: Mapping[str, Any]) -> float:
    """Measure the gap between a task's present state and its target.

    Args:
        task: Its name.
        sawyer: Meta-World's environment.
        obs: Its observation (39,).
        info: What its ``evaluate_state`` gave.

    Returns:
        Metres (radians for the lever), 0 or more.
    """
    own = _GAPS.get(task)
    return float(info["obj_to_target"]) if own is None else own(sawyer, obs)


def _distance(first: int) -> Callable[[Any, Vector], float]:
    """Measure from the object that lies at ``obs[first : first + 3]``."""
    return lambda sawyer, obs: float(np.linalg.norm(obs[first : first + 3] - sawyer._target_pos))


def _assembly_gap(sawyer: Any, obs: Vector) -> float:
    """Sideways distance of ring and peg, plus what the ring is too high."""
    del obs
    error = sawyer._target_pos - sawyer._get_site_pos("RoundNut")
    return float(np.linalg.norm(error[:2]) + max(-error[2], 0.0))


def _lever_gap(sawyer: Any, obs: Vector) -> float:
    """Angle left to the upright lever, as Meta-World's reward measures it."""
    del obs
    angle = -sawyer.data.joint("LeverAxis").qpos.item()
    return float(abs(angle - np.pi / 2.0))


_GAPS: Final[dict[str, Callable[[Any, Vector], float]]] = {
    "assembly": _assembly_gap,
    "box-close": _distance(4),
    "disassemble": lambda sawyer, obs: max(0.0, float(sawyer._target_pos[2] - obs[6])),
    "door-open": lambda sawyer, obs: abs(float(obs[4] - sawyer._target_pos[0])),
    "hammer": lambda sawyer, obs: max(0.0, 0.09 - sawyer.data.joint("NailSlideJoint").qpos.item()),
    "lever-pull": _lever_gap,
    "stick-pull": _distance(11),
    "stick-push": _distance(11),
}


def extend(progress: Progress, now: float) -> Progress:
    """Add a moment."""
    return Progress(progress.start, now, min(progress.least, now), max(progress.most, now))


def labels(task: TaskInfo, success: bool, progress: Progress) -> dict[str, TaskLabel]:
    """Judge a task and its opposite.

    The scene of a task begins where its opposite would end, so the opposite never succeeds in it; where the object
    was moved back a good part of the way, a clip of it would still look like the opposite, and is flagged. Successes
    are not flagged on their side of the threshold: Meta-World's own policies stop right behind it in a third of the
    tasks.

    Args:
        task: What it is.
        success: What Meta-World's rule says at this moment.
        progress: The gap so far.

    Returns:
        Labels by task.
    """
    limit = threshold(task.name)
    way = max(progress.start - limit, 1e-6)
    band = min(BAND_OF_THRESHOLD * limit, BAND_OF_WAY * way) if limit else BAND_OF_WAY * way
    done = float(np.clip((progress.start - progress.now) / way, 0.0, 1.0))
    nearly = not success and progress.now < limit + band
    judged = {task.name: TaskLabel(success, nearly, 1.0 if success else min(done, 0.99))}
    if task.opposite is not None:
        moved_back = max(progress.now - progress.least, progress.now - progress.start) > UNDONE * way
        judged[task.opposite] = TaskLabel(False, bool(moved_back), 0.0)
    return judged
