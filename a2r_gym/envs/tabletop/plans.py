"""Paths of the hand for each task of the table-top, for success and for each way to fail.

A plan is a list of `Waypoint`, computed from one observation at the start of an episode (`OBSERVATION` says what is in
it). Near-successes share the successes' approach, gripper and speed; only where the path leads then differs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.tabletop.env import OBSERVATION

__all__ = ["Plan", "Style", "Waypoint", "make_plan"]

Vector = NDArray[np.float64]

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


@dataclass(frozen=True)
class Waypoint:
    """A place for the fingertips.

    Attributes:
        place: World point (3,), metres, or how to find it from the observation when its turn comes.
        speed: Fraction of the controller's speed.
        arrive: Wait until the fingertips themselves are there, not only the command.
    """

    place: Vector | Callable[[Vector], Vector]
    speed: float = 1.0
    arrive: bool = False

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
    side = np.array([-front[1], front[0]])
    if (obs[OBSERVATION["mug"]][:2] - closed) @ side > 0:
        side = -side  # a miss passes on the side that is free
    z, aside = DRAWER_Z, np.zeros(2)
    if source == "missed":
        z, aside = (DRAWER_Z, side * 0.17) if style.beside else (DRAWER_Z + 0.12, aside)

    def at(distance: float, height: float = z) -> Vector:
        return _level(closed + front * distance + aside, height)

    pull = _pull_drawer if task == "drawer-open" else _push_drawer
    return Plan(pull(source, opening, style, at), _yaw_along(front), CLOSED_GRIP)


def _pull_drawer(source: str, opening: float, style: Style, at: Callable[..., Vector]) -> list[Waypoint]:
    reach = opening - GAP
    end = 0.1 + 0.045 * style.amount - BAR_CONTACT
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
    turn = 0.5 + 0.35 * style.amount
    path += [Waypoint(at(start + sign * turn * part, FAUCET_CONTACT), speed=0.5) for part in (0.0, 0.33, 0.67, 1.0)]
    if source == "undone":
        end, back = start + sign * turn, start - sign * (0.12 + 0.2 * style.remainder)
        over = FAUCET_Z + 0.075
        path += [Waypoint(at(end, 0.06, over)), Waypoint(at(end, -0.085, over))]
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
        Waypoint(at(-0.1, TRAVEL_Z)),
        Waypoint(at(-0.1), arrive=True),
        Waypoint(at(end), speed=0.42, arrive=source == "undone"),
    ]
    if source == "undone":
        over = MUG_Z + 0.1

        def beyond(height: float) -> Callable[[Vector], Vector]:
            return lambda now: _level(now[OBSERVATION["mug"]][:2] + direction * 0.1, height)

        path += [Waypoint(at(end - 0.03, over)), Waypoint(beyond(over)), Waypoint(beyond(z), arrive=True)]
        path.append(Waypoint(at(MUG_CONTACT + 0.025 - 0.03 * style.remainder), speed=0.5))
    return Plan(path, _yaw_across(direction), FORK_GRIP)


def _free_side(direction: Vector, obs: Vector) -> Vector:
    """Return the direction to pass the mug on: towards the viewer, or away from the drawer."""
    right = obs[OBSERVATION["picture_right"]]
    near = np.array([right[1], -right[0]])
    if abs(direction @ near) < 0.5:
        return near
    side = np.array([-direction[1], direction[0]])
    return -side if (obs[OBSERVATION["drawer_handle"]][:2] - obs[OBSERVATION["mug"]][:2]) @ side > 0 else side
