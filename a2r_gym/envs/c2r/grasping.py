"""Paths of the hand for tasks in which it takes hold of a thing: put, take out, carry, turn, lift, drop.

See `a2r_gym.envs.c2r.plans` for what a plan is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.c2r.follower import Waypoint
from a2r_gym.envs.c2r.objects import OBJECTS
from a2r_gym.envs.c2r.observation import OBSERVATION
from a2r_gym.envs.c2r.paths import CLOSED, OPEN, Path, Style, across, fold, grip_for, yaw_of
from a2r_gym.envs.c2r.tasks import task_info

__all__ = ["GRASPING_PLANS"]

Vector = NDArray[np.float64]

REACH_ABOVE: Final = 0.11
"""Metres above a thing at which the hand comes, and above the place where it is put."""
ROOM_FOR_FINGERS: Final = 0.026
"""Metres that the fingers are opened further than a thing is wide."""
BESIDE: Final = 0.112
TOO_FAR: Final = 0.172
"""Metres between the middles of things put next to each other, and of such that are not."""
OUT: Final = 0.16
"""Metres from the middle of a bowl to where a thing from it is put."""
MISS: Final = 0.07
"""Metres beside a thing where the hand closes on nothing."""
ROUND: Final = ("can", "bottle", "dome")
SUPPORT: Final = {"bowl": 0.007, "box": 0.05}
"""Metres above the table at which a thing comes to rest in or on the second one."""
TURN: Final = 1.25
"""Radians."""
LIFTED: Final = 0.12
"""Metres."""
DROPPED_FROM: Final = 0.15


class _Grasp(NamedTuple):
    """How a thing is taken: the hand's place on the table (2,), height, yaw, and grip before and after."""

    ground: Vector
    z: float
    yaw: float
    open: float
    kind: str
    scale: float


def _grasp(task: str, obs: Vector, style: Style, source: str, yaw: float | None = None) -> _Grasp:
    """Work out how to take the first thing, or, where it is to be missed, the air beside or above it."""
    kind, scale = task_info(task).first, float(obs[OBSERVATION["first_scale"]])
    thing, place = OBJECTS[kind], obs[OBSERVATION["first"]]
    if yaw is None:
        own = yaw_of(obs[OBSERVATION["first_turn"]])
        quarter = (own + np.pi / 4) % (np.pi / 2) - np.pi / 4
        yaw = 0.0 if kind in ROUND else quarter if kind == "block" else fold(own)
    ground, z = place[:2], float(place[2] + thing.grasp * scale)
    if source == "missed" and style.beside:
        along = np.array([np.cos(yaw), np.sin(yaw)]) if kind != "brick" else np.array([-np.sin(yaw), np.cos(yaw)])
        ground = ground + style.side * MISS * along
    elif source == "missed":
        z += (thing.top - thing.grasp) * scale + 0.025
    return _Grasp(ground, z, float(yaw), grip_for(thing.width * scale + ROOM_FOR_FINGERS), kind, scale)


def _take(grasp: _Grasp) -> Path:
    path = Path(grasp.yaw, grasp.open)
    path.to(grasp.ground, grasp.z + REACH_ABOVE).to(grasp.ground, grasp.z, speed=0.8)
    return path.to(grasp.ground, grasp.z, grip=CLOSED)


def _set_down(path: Path, grasp: _Grasp, ground: Vector, rise: float, lift: float = REACH_ABOVE) -> Path:
    """Carry what is held to a place on the table (2,), so far above where it stood, and let go of it."""
    now = path.waypoints[-1].place[:2]
    path.to(now, grasp.z + lift, speed=0.8).to(ground, grasp.z + lift, speed=0.7)
    path.to(ground, grasp.z + rise + 0.004, speed=0.5)
    return path.to(ground, grasp.z + rise + 0.004, grip=grasp.open)


def _let_go_and_take_again(path: Path, grasp: _Grasp, ground: Vector, rise: float) -> None:
    """Leave what was put down for a moment: the task is done, before it is undone."""
    path.to(ground, grasp.z + rise + 0.075).to(ground, grasp.z + rise).to(ground, grasp.z + rise, grip=CLOSED)


def _away(path: Path, grasp: _Grasp, ground: Vector) -> list[Waypoint]:
    return path.to(ground, grasp.z + REACH_ABOVE).waypoints


def _carry(
    task: str, source: str, obs: Vector, style: Style, target: Vector, rise: float, yaw: float | None = None
) -> list[Waypoint]:
    """Take the first thing and put it down elsewhere; or part of the way there; or there and back again."""
    grasp = _grasp(task, obs, style, source, yaw)
    begin = obs[OBSERVATION["first"]][:2]
    if source == "stopped_short":
        target, rise = begin + (0.25 + 0.2 * style.remainder) * (target - begin), 0.0
    shift = grasp.ground - begin
    path = _set_down(_take(grasp), grasp, target + shift, rise)
    if source != "undone":
        return _away(path, grasp, target + shift)
    _let_go_and_take_again(path, grasp, target, rise)
    return _away(_set_down(path, grasp, begin, 0.0), grasp, begin)


def _put(task: str, source: str, obs: Vector, style: Style) -> list[Waypoint]:
    """Put the first into, onto or over the second."""
    target = obs[OBSERVATION["second"]][:2]
    second = task_info(task).second
    rise = SUPPORT.get(second or "", 0.0) * float(obs[OBSERVATION["second_scale"]])
    if source == "missed" and style.beside:  # it is put down beside the place
        way = target - obs[OBSERVATION["first"]][:2]
        short = 0.105 if second != "block" else 0.08
        target = target - short * way / max(float(np.linalg.norm(way)), 1e-6)
        return _carry(task, "success", obs, style, target, 0.0)
    return _carry(task, source, obs, style, target, rise)


def _put_beside(task: str, source: str, obs: Vector, style: Style) -> list[Waypoint]:
    first, second = obs[OBSERVATION["first"]][:2], obs[OBSERVATION["second"]][:2]
    way = (first - second) / max(float(np.linalg.norm(first - second)), 1e-6)
    if source == "missed" and style.beside:  # it is put down too far off
        return _carry(task, "success", obs, style, second + TOO_FAR * way, 0.0, across(way))
    return _carry(task, source, obs, style, second + BESIDE * way, 0.0, across(way))


def _carry_off(task: str, source: str, obs: Vector, style: Style) -> list[Waypoint]:
    first, second = obs[OBSERVATION["first"]][:2], obs[OBSERVATION["second"]][:2]
    way = (first - second) / max(float(np.linalg.norm(first - second)), 1e-6)
    if source == "missed" and style.beside:  # it is carried round the other, and ends no further from it
        angle = 1.1 * style.side
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return _carry(task, "success", obs, style, second + turn @ (first - second), 0.0, across(way))
    far = 0.06 if source == "stopped_short" else 0.115 + 0.03 * style.amount
    return _carry(task, source, obs, style, first + far * way, 0.0, across(way))


def _take_out(task: str, source: str, obs: Vector, style: Style) -> list[Waypoint]:
    """Take the first out of, or off, the second, and put it down on one side."""
    style = Style(amount=style.amount, remainder=style.remainder, beside=False, side=style.side)
    grasp = _grasp(task, obs, style, source)
    place = grasp.ground
    angle = 0.6 * (style.amount - 0.5)
    target = place + style.side * OUT * np.array([np.sin(angle), np.cos(angle)])
    down = -SUPPORT.get(task_info(task).second or "", 0.0)
    if source == "stopped_short":  # it is lifted a little, and let down again
        path = _take(grasp).to(place, grasp.z + 0.03 + 0.03 * style.remainder, speed=0.6)
        path.to(place, grasp.z + 0.003, speed=0.5).to(place, grasp.z + 0.003, grip=grasp.open)
        return _away(path, grasp, place)
    path = _set_down(_take(grasp), grasp, target, down)
    if source != "undone":
        return _away(path, grasp, target)
    _let_go_and_take_again(path, grasp, target, down)
    return _away(_set_down(path, grasp, place, 0.0), grasp, place)


# ---------------------------------------------------------------------- on the spot


def _rotate(task: str, source: str, obs: Vector, style: Style) -> list[Waypoint]:
    grasp = _grasp(task, obs, style, source)
    sign = -1.0 if grasp.yaw > 0 else 1.0
    turn = 0.12 + 0.2 * style.remainder if source == "stopped_short" else TURN + 0.25 * style.amount
    path = _take(grasp).to(grasp.ground, grasp.z, yaw=grasp.yaw + sign * turn)
    if source == "undone":
        path.to(grasp.ground, grasp.z, yaw=grasp.yaw + sign * 0.08 * style.remainder)
    path.to(grasp.ground, grasp.z, grip=grasp.open)
    return _away(path, grasp, grasp.ground)


def _lift(task: str, source: str, obs: Vector, style: Style) -> list[Waypoint]:
    grasp = _grasp(task, obs, style, source)
    height = 0.012 + 0.022 * style.remainder if source == "stopped_short" else LIFTED + 0.06 * style.amount
    path = _take(grasp).to(grasp.ground, grasp.z + height, speed=0.6)
    if source == "undone":
        path.to(grasp.ground, grasp.z + 0.003, speed=0.6).to(grasp.ground, grasp.z + 0.003, grip=grasp.open)
    return path.waypoints


def _drop(task: str, source: str, obs: Vector, style: Style) -> list[Waypoint]:
    grasp = _grasp(task, obs, style, source)
    height = DROPPED_FROM + 0.04 * style.amount
    path = _take(grasp).to(grasp.ground, grasp.z + height, speed=0.6)
    if source == "stopped_short":  # it is held on to
        return path.waypoints
    if source == "undone":  # it is set down instead
        path.to(grasp.ground, grasp.z + 0.003, speed=0.6)
        return path.to(grasp.ground, grasp.z + 0.003, grip=grasp.open).to(grasp.ground, grasp.z + height).waypoints
    return path.to(grasp.ground, grasp.z + height, grip=OPEN).waypoints


GRASPING_PLANS: Final[dict[str, Callable[[str, str, Vector, Style], list[Waypoint]]]] = {
    "put": _put,
    "put_beside": _put_beside,
    "carry_off": _carry_off,
    "take_out": _take_out,
    "rotate": _rotate,
    "lift": _lift,
    "drop": _drop,
}
"""By the name of the plan."""
