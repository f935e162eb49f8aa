"""Draws where things stand when an episode begins."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.c2r.cameras import Viewpoint
from a2r_gym.envs.c2r.objects import OBJECTS
from a2r_gym.envs.c2r.task import C2RTask

__all__ = ["Pose", "Start", "draw_distractors", "draw_start"]

Vector = NDArray[np.float64]

MIDDLE: Final = np.array([0.5, 0.0])
"""Of the part of the table that the hand reaches well, metres."""
FURTHER: Final = np.array([0.025, 0.0])
"""Metres from there: a hand that leans back has no room near the arm's base."""
SPREAD: Final = 0.035
"""Metres to each side that things are moved at random."""
ROOM: Final = 0.045
"""Metres that a thing stands back from the middle, against the way it is going to move."""
PAIR_FAN: Final = 0.8
"""Radians that the line from first to second may turn from the world's y axis."""
CABINET: Final = np.array([0.44, 0.0])
CABINET_SPREAD: Final = 0.02
CABINET_TURN: Final = 0.45
"""Metres, and radians to each side of the world's x axis that a front may look."""
HANDLE_ROOM: Final = (0.21, 0.11)
"""Metres: middle and radius of the circle before a cabinet that handle and hand need."""
TABLE_X: Final = (0.31, 0.68)
TABLE_SIDE: Final = 0.26
"""Metres: where other things may stand."""
MARGIN: Final = 0.04
"""Metres left between things, fewer where the table is full."""
IN_FRONT: Final = 0.09
SIGHT: Final = 0.04
"""Metres: middle and radius of the circle before a thing, seen from the camera, where nothing is to hide it."""
ENDS_ASIDE: Final = {"take_out": (-0.16, 0.16), "tip": (-0.14, -0.08, 0.08, 0.14)}
"""Metres to each side of a thing where it may come to lie, by plan."""
TRIES: Final = 400


class Pose(NamedTuple):
    """Where a thing stands: x and y in metres, its turn about the vertical in radians."""

    x: float
    y: float
    yaw: float

    @property
    def ground(self) -> Vector:
        """Place on the table (2,), metres."""
        return np.array([self.x, self.y])


class Start(NamedTuple):
    """How an episode begins.

    Attributes:
        first: Where the thing stands that the task acts on.
        second: Where the other one does, if any.
        joint: Position of the first's joint.
    """

    first: Pose
    second: Pose | None
    joint: float


def draw_start(task: C2RTask, view: Viewpoint, rng: np.random.Generator) -> Start:
    """Draw where a task's own things stand.

    Args:
        task: The task.
        view: Its directions right and away.
        rng: Source of randomness; always asked for the same number of draws.
    """
    draw = rng.uniform(-1.0, 1.0, size=8)
    layout = task.layout
    if layout.kind == "cabinet":
        place = CABINET + CABINET_SPREAD * draw[:2]
        low, high = layout.joint
        return Start(_pose(place, CABINET_TURN * draw[2]), None, float(low + (high - low) * (0.5 + 0.5 * draw[3])))
    ways = layout.heading[0] * view.right + layout.heading[1] * view.away
    middle = MIDDLE + SPREAD * draw[:2] - ROOM * ways
    if ways.any():
        middle = middle + FURTHER
    if layout.kind == "alone":
        return Start(_pose(middle, np.pi * draw[2]), None, 0.0)
    if layout.kind == "nested":
        inside = 0.006 * draw[4:6]
        return Start(_pose(middle, np.pi * draw[2]), _pose(middle + inside, np.pi * draw[3]), 0.0)
    low, high = layout.gap
    half = 0.5 * (low + (high - low) * (0.5 + 0.5 * draw[4]))
    angle = PAIR_FAN * draw[5]
    way = np.sign(draw[6]) * np.array([np.sin(angle), np.cos(angle)])
    return Start(_pose(middle - half * way, np.pi * draw[2]), _pose(middle + half * way, np.pi * draw[3]), 0.0)


def _pose(ground: Vector, yaw: float) -> Pose:
    return Pose(float(ground[0]), float(ground[1]), float(yaw))


def draw_distractors(
    kinds: tuple[str, ...], task: C2RTask, start: Start, view: Viewpoint, rng: np.random.Generator
) -> list[Pose]:
    """Draw where other things stand: beside all that the task needs, and in the picture.

    Args:
        kinds: What they are, keys of `OBJECTS`.
        task: The task.
        start: Where its own things stand.
        view: The viewpoint.
        rng: Source of randomness.

    Returns:
        A pose each.
    """
    taken = _needed(task, start, view)
    poses: list[Pose] = []
    for kind in kinds:
        radius = OBJECTS[kind].radius
        ground = _free_place(radius, taken, rng)
        taken.append((ground, radius))
        poses.append(_pose(ground, float(rng.uniform(-np.pi, np.pi))))
    return poses


def _needed(task: C2RTask, start: Start, view: Viewpoint) -> list[tuple[Vector, float]]:
    """Return circles (middle, radius) on the table that a task's things and their way need."""
    first = OBJECTS[task.first]
    needed = [(start.first.ground, first.radius), (start.first.ground - IN_FRONT * view.away, SIGHT)]
    if start.second is not None:
        needed += [(start.second.ground - IN_FRONT * view.away, SIGHT)]
    if task.layout.kind == "cabinet":
        ahead, radius = HANDLE_ROOM
        front = np.array([np.cos(start.first.yaw), np.sin(start.first.yaw)])
        return [*needed, (start.first.ground + ahead * front, radius)]
    ways = task.layout.heading[0] * view.right + task.layout.heading[1] * view.away
    if start.second is not None and task.second is not None:
        other = start.second.ground
        needed += [(other, OBJECTS[task.second].radius)]
        needed += [(start.first.ground + part * (other - start.first.ground), first.radius) for part in (0.33, 0.67)]
        if task.plan == "carry_off":
            away = start.first.ground - other
            ways = away / max(float(np.linalg.norm(away)), 1e-6)
    if task.plan in ENDS_ASIDE:
        to_side = np.array([0.0, 1.0]) if task.layout.kind == "nested" else view.right
        needed += [(start.first.ground + side * to_side, 0.045) for side in ENDS_ASIDE[task.plan]]
    if ways.any():
        needed += [(start.first.ground + step * ways, first.radius + 0.02) for step in (-0.07, 0.06, 0.12, 0.17)]
    else:
        needed += [(start.first.ground, first.radius + 0.045)]
    return needed


def _free_place(radius: float, taken: list[tuple[Vector, float]], rng: np.random.Generator) -> Vector:
    """Return the first place drawn that is free, else the freest."""
    best, most = MIDDLE, -np.inf
    for _ in range(TRIES):
        place = np.array([rng.uniform(*TABLE_X), rng.uniform(-TABLE_SIDE, TABLE_SIDE)])
        room = min(float(np.linalg.norm(place - other)) - radius - theirs for other, theirs in taken)
        if room > MARGIN:
            return place
        if room > most:
            best, most = place, room
    return best
