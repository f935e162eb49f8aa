"""Paths of the hand for each task of the table-top, for success and for each way to fail.

A plan is a list of `Waypoint`, computed from one observation at the start of an episode (`OBSERVATION` says what is in
it). Near-successes share the successes' approach, gripper and speed; only where the path leads then differs, and that
the hand tries again where else little would move.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.tabletop.env import OBSERVATION

__all__ = ["Plan", "Style", "Waypoint", "make_plan"]

Vector = NDArray[np.float64]

ARRIVED: Final = 0.012
"""Metres within which the command has reached a waypoint."""
CORNER: Final = 0.035
"""Metres from a waypoint at which the hand may already turn to the next, where nothing stands in the way."""
TRAVEL_Z: Final = 0.2
"""Height of the fingertips, metres, at which the hand passes over drawer, faucet and mug."""
CLOSED_GRIP: Final = 1.0
FORK_GRIP: Final = 0.2
"""Fingers 6 cm apart: a 7 cm mug rests against both and cannot slip off sideways."""
DRAWER_Z: Final = 0.085
FAUCET_Z: Final = 0.102
MUG_Z: Final = 0.035
"""Fingertip heights at which the objects are pushed."""
FAUCET_RADIUS: Final = 0.14
"""Metres from the knob's axis at which its handle is pushed."""
BAR_CONTACT: Final = 0.026
"""Metres between fingertip and handle bar when they touch."""
GAP: Final = 0.026
"""Metres behind the bar at which the fingers go down into the handle."""
FAUCET_CONTACT: Final = 0.036
MUG_CONTACT: Final = 0.038
UNDO_MUG_AT: Final = 0.018
"""Metres the mug has been pushed when the hand turns to undo it; it slides on by about as much."""
LET_GO_MUG_AT: Final = 0.025
"""Metres left to push back when the hand lets go of it; it slides the rest."""
STEERING: Final = 1.0
"""Metres to the other side that the hand goes for each metre that a pushed mug strays."""
PUSH_SPEED: Final = 0.4
BACK_SPEED: Final = 0.6
"""Fractions of the hand's speed at which the mug is pushed, and pushed back."""
MUG_CLEAR: Final = 0.115
"""Metres from the mug's middle at which the hand goes down beside it, whichever way the mug's handle points."""
TRIES_AGAIN: Final = {
    ("drawer-close", "missed"),
    ("drawer-open", "missed"),
    ("faucet-left", "stopped_short"),
    ("faucet-right", "stopped_short"),
    ("mug-right", "missed"),
    ("mug-away", "missed"),
}
"""Where little moves but the hand, it tries again and again: else such clips could be told by that alone."""
MORE_TRIES: Final = 3
"""At most; enough to fill an episode, while others end as the sources do that try once."""


@dataclass(frozen=True)
class Waypoint:
    """A place for the fingertips.

    Attributes:
        place: World point (3,), metres, or how to find it from the observation when its turn comes.
        speed: Fraction of the controller's speed.
        arrive: Wait until the fingertips themselves are there, not only the command.
        within: Metres from the place at which the command may turn to the next one.
        follow: Find the place anew at every step, else only once.
        until: Go on to the next place as soon as this holds of the observation, wherever the hand is.
    """

    place: Vector | Callable[[Vector], Vector]
    speed: float = 1.0
    arrive: bool = False
    within: float = ARRIVED
    follow: bool = False
    until: Callable[[Vector], bool] | None = None

    def resolve(self, obs: Vector) -> Vector:
        """Return the world point (3,)."""
        return self.place(obs) if callable(self.place) else self.place


class Plan(NamedTuple):
    """Waypoints, with the hand's yaw (radians) and grip (-1 open, 1 closed) throughout."""

    waypoints: list[Waypoint]
    yaw: float
    grip: float


@dataclass(frozen=True)
class Style:
    """What the sources share: drawn before it is known which of them it is for.

    Attributes:
        amount: How far a success goes, 0..1 of its range.
        remainder: How far short a near-success stops, 0..1 of its range.
        beside: Whether a miss passes beside the object, else above it.
        inside: Whether a drawer is pushed from within its handle, else from in front of it.
    """

    amount: float = 0.6
    remainder: float = 0.5
    beside: bool = True
    inside: bool = False


def _level(ground: Vector, z: float) -> Vector:
    return np.array([ground[0], ground[1], z])


def _yaw_along(direction: Vector) -> float:
    """Return the yaw that puts one finger behind the other, seen along ``direction``."""
    return _fold(float(np.arctan2(-direction[0], direction[1])))


def _yaw_across(direction: Vector) -> float:
    """Return the yaw that puts the fingers side by side, seen along ``direction``."""
    return _fold(float(np.arctan2(direction[1], direction[0])))


def _fold(angle: float) -> float:
    """Bring an angle into [-pi/2, pi/2]: the hand looks the same turned by half a turn."""
    return (angle + np.pi / 2) % np.pi - np.pi / 2


def make_plan(task: str, source: str, obs: Vector, style: Style) -> Plan:
    """Plan an episode.

    Args:
        task: A key of `TASKS`.
        source: ``"success"``, ``"missed"``, ``"stopped_short"`` or ``"undone"``.
        obs: The first observation.
        style: See `Style`.
    """
    plan = _plan_once(task, source, obs, style)
    if (task, source) not in TRIES_AGAIN:
        return plan
    *way, last = plan.waypoints
    again = [*(replace(waypoint, speed=1.0) for waypoint in way), last]
    return plan._replace(waypoints=plan.waypoints + again * (1 + int(MORE_TRIES * style.remainder)))


def _plan_once(task: str, source: str, obs: Vector, style: Style) -> Plan:
    if task.startswith("drawer"):
        return _plan_drawer(task, source, obs, style)
    if task.startswith("faucet"):
        return _plan_faucet(1.0 if task == "faucet-right" else -1.0, source, obs, style)
    right = obs[OBSERVATION["picture_right"]]
    away = np.array([-right[1], right[0]])
    return _plan_mug({"mug-right": right, "mug-left": -right, "mug-away": away}[task], source, obs, style)


# ---------------------------------------------------------------------- drawer


def _plan_drawer(task: str, source: str, obs: Vector, style: Style) -> Plan:
    front = obs[OBSERVATION["drawer_front"]]
    opening = float(obs[OBSERVATION["drawer"]])
    closed = obs[OBSERVATION["drawer_handle"]][:2] - front * opening
    in_front = source == "missed" and style.beside and task == "drawer-open"
    z = DRAWER_Z + 0.12 if source == "missed" and not in_front else DRAWER_Z
    ahead = front * 0.08 if in_front else np.zeros(2)  # of the bar, where it grasps nothing

    def at(distance: float, height: float = z) -> Vector:
        return _level(closed + front * distance + ahead, height)

    pull = _pull_drawer if task == "drawer-open" else _push_drawer
    return Plan(pull(source, opening, style, at), _yaw_along(front), CLOSED_GRIP)


def _pull_drawer(source: str, opening: float, style: Style, at: Callable[..., Vector]) -> list[Waypoint]:
    reach = opening - GAP
    end = 0.115 + 0.035 * style.amount - BAR_CONTACT
    if source == "stopped_short":
        end = 0.02 * style.remainder - BAR_CONTACT
    path = [Waypoint(at(reach, TRAVEL_Z)), Waypoint(at(reach), arrive=True), Waypoint(at(end), speed=0.5)]
    if source == "undone":
        path.append(Waypoint(at(-0.05), speed=0.7))
    return path


def _push_drawer(source: str, opening: float, style: Style, at: Callable[..., Vector]) -> list[Waypoint]:
    left = 0.085 + 0.02 * style.remainder if source == "stopped_short" else -0.008
    offset = -0.034 if style.inside else BAR_CONTACT
    start = opening + (-GAP if style.inside else 0.07)
    path = [
        Waypoint(at(start, TRAVEL_Z)),
        Waypoint(at(start), arrive=True),
        Waypoint(at(min(left, opening) + offset), speed=0.5, arrive=source == "undone"),
    ]
    if source != "undone":
        return path
    if not style.inside:  # over the bar and down behind it
        path += [Waypoint(at(0.05, 0.14)), Waypoint(at(-GAP, 0.14)), Waypoint(at(-GAP), arrive=True)]
    path.append(Waypoint(at(0.11 + 0.03 * style.amount - BAR_CONTACT), speed=0.7))
    return path


# ---------------------------------------------------------------------- faucet


def _plan_faucet(sign: float, source: str, obs: Vector, style: Style) -> Plan:
    base, front = obs[OBSERVATION["faucet_base"]], obs[OBSERVATION["faucet_front"]]
    start = float(obs[OBSERVATION["faucet_start"]])
    radius, z = FAUCET_RADIUS, FAUCET_Z
    if source == "missed":
        radius, z = (0.255, z) if style.beside else (radius, z + 0.085)

    def at(angle: float, behind: float, height: float = z) -> Vector:
        """Return a point ``behind`` metres off the handle at an angle, on the side it is pushed from."""
        cosine, sine = np.cos(angle), np.sin(angle)
        handle = np.array([cosine * front[0] - sine * front[1], sine * front[0] + cosine * front[1]])
        tangent = sign * np.array([-handle[1], handle[0]])
        return _level(base + radius * handle - behind * tangent, height)

    path = [Waypoint(at(start, 0.085, TRAVEL_Z)), Waypoint(at(start, 0.085), arrive=True)]
    if source == "stopped_short":
        path.append(Waypoint(at(start, FAUCET_CONTACT + 0.016 + 0.02 * style.remainder), speed=0.4))
        return Plan(path, _yaw_across(front), CLOSED_GRIP)
    turn = 0.5 + 0.35 * style.amount if source != "undone" else 0.3 + 0.2 * style.amount
    path += [Waypoint(at(start + sign * turn * part, FAUCET_CONTACT), speed=0.5) for part in (0.0, 0.33, 0.67, 1.0)]
    if source == "undone":
        end, back = start + sign * turn, start - sign * (0.12 + 0.2 * style.remainder)
        over = FAUCET_Z + 0.075
        path += [Waypoint(at(end, 0.05, over), within=CORNER), Waypoint(at(end, -0.085, over), within=0.02)]
        path.append(Waypoint(at(end, -0.085), arrive=True))
        path += [Waypoint(at(end + (back - end) * part, -FAUCET_CONTACT), speed=0.7) for part in (0.0, 0.33, 0.67, 1.0)]
    return Plan(path, _yaw_across(front), CLOSED_GRIP)


# ---------------------------------------------------------------------- mug


def _plan_mug(direction: Vector, source: str, obs: Vector, style: Style) -> Plan:
    mug = obs[OBSERVATION["mug_start"]]
    z, aside = MUG_Z, np.zeros(2)
    if source == "missed":
        z, aside = (MUG_Z, _free_side(direction, obs) * 0.12) if style.beside else (MUG_Z + 0.1, aside)

    def at(distance: float, height: float = z) -> Vector:
        return _level(mug + direction * distance + aside, height)

    end = 0.055 + 0.03 * style.amount - MUG_CONTACT
    if source == "stopped_short":
        end = -MUG_CONTACT - 0.035 + 0.03 * style.remainder
    path = [
        Waypoint(at(-MUG_CLEAR, TRAVEL_Z), within=CORNER),
        Waypoint(at(-MUG_CLEAR), arrive=True),
        Waypoint(at(-0.075), speed=0.8, within=0.02),
        Waypoint(lambda now: at(end) + _steer(now, direction), speed=PUSH_SPEED, follow=True),
    ]
    if source == "undone":
        path[-1] = replace(path[-1], until=lambda now: _moved(now, direction) > UNDO_MUG_AT)
        path += _push_mug_back(direction, mug)
    return Plan(path, _yaw_across(direction), FORK_GRIP)


def _push_mug_back(direction: Vector, start: Vector) -> list[Waypoint]:
    """Go over the mug, down on its other side, and push it back to where it stood."""

    def beyond(distance: float, height: float) -> Callable[[Vector], Vector]:
        return lambda now: _level(now[OBSERVATION["mug"]][:2] + direction * distance, height)

    over = MUG_Z + 0.09
    return [
        Waypoint(lambda now: _level(now[OBSERVATION["command"]][:2] - direction * 0.02, over), within=CORNER),
        Waypoint(beyond(MUG_CLEAR - 0.005, over), within=CORNER),
        Waypoint(beyond(MUG_CLEAR - 0.005, MUG_Z), within=0.03),
        Waypoint(beyond(MUG_CONTACT + 0.02, MUG_Z), speed=0.8, within=0.02),
        Waypoint(
            lambda now: _level(start + direction * (MUG_CONTACT - 0.03), MUG_Z) + _steer(now, direction),
            speed=BACK_SPEED,
            follow=True,
            until=lambda now: _moved(now, direction) < LET_GO_MUG_AT,
        ),
    ]


def _moved(now: Vector, direction: Vector) -> float:
    """Return how far the mug has come along a direction, metres."""
    return float((now[OBSERVATION["mug"]][:2] - now[OBSERVATION["mug_start"]]) @ direction)


def _steer(now: Vector, direction: Vector) -> Vector:
    """Shift the hand (3,) against the way the mug strays: it lies between two fingers and goes where they go."""
    side = np.array([-direction[1], direction[0]])
    return _level(-side * np.clip(STEERING * _moved(now, side), -0.05, 0.05), 0.0)


def _free_side(direction: Vector, obs: Vector) -> Vector:
    """Return the direction to pass the mug on: towards the viewer, or away from the drawer."""
    right = obs[OBSERVATION["picture_right"]]
    near = np.array([right[1], -right[0]])
    if abs(direction @ near) < 0.5:
        return near
    side = np.array([-direction[1], direction[0]])
    return -side if (obs[OBSERVATION["drawer_handle"]][:2] - obs[OBSERVATION["mug"]][:2]) @ side > 0 else side
