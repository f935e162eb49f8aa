"""Paths of the hand for each kind of task, for success and for each way to fail.

A plan is a list of `Waypoint`, computed from an episode's first observation and followed without looking again, so that
it can also be given as one trajectory. Near-successes share the successes' approach, gripper and speed; only where the
path leads then differs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.c2r.follower import Waypoint
from a2r_gym.envs.c2r.grasping import GRASPING_PLANS
from a2r_gym.envs.c2r.objects import OBJECTS, handle_place
from a2r_gym.envs.c2r.observation import OBSERVATION
from a2r_gym.envs.c2r.paths import CLOSED, OPEN, TRAVEL_Z, Path, Style, across, aside, grip_for
from a2r_gym.envs.c2r.tasks import task_info

__all__ = ["PLANS", "make_plan"]

Vector = NDArray[np.float64]

TURN_WITH_DOOR: Final = 0.7
"""Radians that the hand turns for each radian of the door."""
RETREAT_Z: Final = 0.32
"""Height to which the hand leaves a cabinet, so as not to hide it."""
OPENED_SHORT: Final = (0.08, 0.14)
CLOSED_SHORT: Final = (0.15, 0.3)
"""Least part of the way of a cabinet's joint that is gone by what stops short, and the range above it."""
PUSH_Z: Final = 0.042
"""Height of the fingertips, metres, at which a thing slides and does not fall over."""
PUSH_TILT: Final = 0.44
"""Radians that the hand leans back, so that fingers, and not the palm above them, touch first."""
ABOVE: Final = 0.035
"""Metres between a thing and the fingertips that pass over it."""
PALM: Final = 0.105
"""Metres from the fingertips to each side that the palm reaches, and a little."""
CLEAR: Final = 0.05
"""Metres between a thing's edge and the fingertips that go down beside it."""


Planner = Callable[[str, str, Vector, Style], list[Waypoint]]


def make_plan(task: str, source: str, obs: Vector, style: Style) -> list[Waypoint]:
    """Plan an episode.

    Args:
        task: A key of `TASKS`.
        source: ``"success"``, ``"missed"``, ``"stopped_short"`` or ``"undone"``.
        obs: The first observation.
        style: See `Style`.
    """
    return PLANS[task_info(task).plan](task, source, obs, style)


# ---------------------------------------------------------------------- pushing


def _push(task: str, source: str, obs: Vector, style: Style) -> list[Waypoint]:
    info = task_info(task)
    right = obs[OBSERVATION["picture_right"]]
    way = info.layout.heading[0] * right + info.layout.heading[1] * aside(right)
    thing, scale = OBJECTS[info.first], float(obs[OBSERVATION["first_scale"]])
    place, radius = obs[OBSERVATION["first"]][:2], thing.radius * scale
    contact = radius + 0.004
    z = PUSH_Z
    if source == "missed":
        place = place + aside(way) * style.side * (radius + PALM) if style.beside else place
        z = z if style.beside else (thing.bottom + thing.top) * scale + ABOVE
    travel = {"stopped_short": 0.012 + 0.012 * style.remainder}.get(source, 0.1 + 0.04 * style.amount)

    def at(distance: float) -> Vector:
        return np.asarray(place + way * distance)

    yaw = across(way)
    lean = _lean(way, yaw)
    path = Path(yaw, grip_for(0.036), tilt=lean)
    path.to(at(-radius - CLEAR), TRAVEL_Z).to(at(-radius - CLEAR), z)
    path.to(at(-contact - 0.01), z, speed=0.7).to(at(travel - contact), z, speed=0.4)
    if source == "undone":
        path.to(at(travel - contact - 0.03), z).to(at(travel - contact - 0.03), TRAVEL_Z)
        path.to(at(travel + radius + CLEAR), TRAVEL_Z, tilt=-lean).to(at(travel + radius + CLEAR), z)
        path.to(at(contact - 0.004), z, speed=0.4).to(at(contact + 0.03), z).to(at(contact + 0.03), TRAVEL_Z)
        return path.waypoints
    return path.to(at(travel - contact - 0.04), z).to(at(travel - contact - 0.04), TRAVEL_Z).waypoints


def _lean(way: Vector, yaw: float) -> float:
    """Return the tilt at which the fingers lead in a direction."""
    ahead = way @ np.array([np.cos(yaw), np.sin(yaw)]) > 0
    return -PUSH_TILT if ahead else PUSH_TILT


def _tip(task: str, source: str, obs: Vector, style: Style) -> list[Waypoint]:
    thing, scale = OBJECTS[task_info(task).first], float(obs[OBSERVATION["first_scale"]])
    right = obs[OBSERVATION["picture_right"]]
    way = right * style.side
    place, radius = obs[OBSERVATION["first"]][:2], thing.radius * scale
    z = 0.125 * scale
    if source == "missed":
        place = place + aside(way) * (radius + PALM) if style.beside else place
        z = z if style.beside else (thing.bottom + thing.top) * scale + ABOVE
    if source == "undone":  # it is pushed along at its foot, upright
        z = PUSH_Z
    travel = 0.1 + 0.03 * style.amount

    def at(distance: float) -> Vector:
        return np.asarray(place + way * distance)

    yaw = across(way)
    path = Path(yaw, CLOSED, tilt=_lean(way, yaw) if source == "undone" else 0.0)
    path.to(at(-radius - CLEAR), TRAVEL_Z).to(at(-radius - CLEAR), z)
    if source == "stopped_short":  # it rocks, and comes to stand again
        path.to(at(-0.004 + 0.012 * style.remainder), z, speed=0.5)
        return path.to(at(-radius - CLEAR), z).to(at(-radius - CLEAR), TRAVEL_Z).waypoints
    path.to(at(travel - radius), z, speed=0.6)
    return path.to(at(-radius - CLEAR), max(z, 0.1)).to(at(-radius - CLEAR), TRAVEL_Z).waypoints


# ---------------------------------------------------------------------- cabinets


def _slide(task: str, source: str, obs: Vector, style: Style) -> list[Waypoint]:
    """Open or close the drawer with its knob between the fingers."""
    knob, front = obs[OBSERVATION["handle"]], obs[OBSERVATION["front"]]
    opening = float(obs[OBSERVATION["joint"]])
    shut = knob[:2] - front * opening
    wanted = 0.085 + 0.035 * style.amount if task == "drawer-open" else -0.004

    def at(joint: float) -> Vector:
        return np.asarray(shut + front * joint)

    return _along(at, opening, wanted, knob[2], across(front), source, style)


def _swing(task: str, source: str, obs: Vector, style: Style) -> list[Waypoint]:
    """Open or close the door with its knob between the fingers."""
    knob, front = obs[OBSERVATION["handle"]], obs[OBSERVATION["front"]]
    opening = float(obs[OBSERVATION["joint"]])
    cabinet, heading = obs[OBSERVATION["first"]], float(np.arctan2(front[1], front[0]))
    wanted = 1.0 + 0.35 * style.amount if task == "door-open" else -0.03

    def at(joint: float) -> Vector:
        return handle_place("door", cabinet, heading, joint)[:2]

    yaw = across(front)
    return _along(at, opening, wanted, knob[2], yaw, source, style, swing=True)


def _along(
    at: Callable[[float], Vector], opening: float, wanted: float, z: float, yaw: float, source: str, style: Style,
    *, swing: bool = False,
) -> list[Waypoint]:  # fmt: skip
    """Take a knob that moves along a path, and bring it from one position of its joint to another."""
    if source == "stopped_short":
        least, range_ = OPENED_SHORT if wanted > opening else CLOSED_SHORT
        wanted = opening + (wanted - opening) * (least + range_ * style.remainder)
    shift = np.zeros(2)
    if source == "missed" and style.beside:
        ahead = at(0.1) - at(0.0)
        shift = 0.06 * ahead / np.linalg.norm(ahead)
    z += 0.075 if source == "missed" and not style.beside else 0.004
    path = Path(yaw, OPEN)

    def go(joint: float, height: float = z, **how: float) -> None:
        path.to(at(joint) + shift, height, yaw=yaw + (TURN_WITH_DOOR * joint if swing else 0.0), **how)

    def pull(begin: float, end: float) -> None:
        parts = (0.33, 0.67, 1.0) if swing else (1.0,)
        for part in parts:
            go(begin + (end - begin) * part, speed=0.5)

    go(opening, TRAVEL_Z)
    go(opening)
    go(opening, grip=CLOSED)
    pull(opening, wanted)
    end = wanted
    if source == "undone":
        pull(wanted, opening)
        end = opening
    go(end, grip=OPEN)
    go(end, RETREAT_Z)
    return path.waypoints


PLANS: Final[dict[str, Planner]] = {
    "push": _push,
    "tip": _tip,
    "open_drawer": _slide,
    "close_drawer": _slide,
    "open_door": _swing,
    "close_door": _swing,
    **GRASPING_PLANS,
}
"""From a task, a source, the first observation and a style to waypoints, by the name of the plan."""
