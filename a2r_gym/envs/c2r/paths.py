"""What plans are built from: a style, waypoints one after another, and the hand's yaw for a direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.c2r.follower import Waypoint

__all__ = ["CLOSED", "OPEN", "TRAVEL_Z", "Path", "Style", "across", "aside", "fold", "grip_for", "yaw_of"]

Vector = NDArray[np.float64]

TRAVEL_Z: Final = 0.21
"""Height of the fingertips, metres, at which the hand passes over what stands on the table."""
OPEN: Final = -1.0
CLOSED: Final = 1.0
"""Grips."""


@dataclass(frozen=True, kw_only=True)
class Style:
    """What the sources share: drawn before it is known which of them it is for.

    Attributes:
        amount: How far a success goes, 0..1 of its range.
        remainder: How far short a near-success stops, 0..1 of its range.
        beside: Whether a miss passes beside the thing, else above it.
        side: Which side it passes on, or a hand turns to, 1 or -1.
    """

    amount: float = 0.5
    remainder: float = 0.5
    beside: bool = True
    side: float = 1.0


class Path:
    """Waypoints under construction: what is not said stays as it was."""

    def __init__(self, yaw: float, grip: float, tilt: float = 0.0) -> None:
        """Begin with a hand that is turned, gripping and tilted so."""
        self.waypoints: list[Waypoint] = []
        self._yaw, self._grip, self._tilt = yaw, grip, tilt

    def to(
        self,
        ground: Vector,
        z: float,
        *,
        yaw: float | None = None,
        grip: float | None = None,
        tilt: float | None = None,
        speed: float = 1.0,
    ) -> Path:
        """Go to a place on the table (2,) at a height."""
        self._yaw = self._yaw if yaw is None else yaw
        self._grip = self._grip if grip is None else grip
        self._tilt = self._tilt if tilt is None else tilt
        place = np.array([ground[0], ground[1], z])
        self.waypoints.append(Waypoint(place=place, yaw=self._yaw, grip=self._grip, tilt=self._tilt, speed=speed))
        return self


def fold(angle: float) -> float:
    """Bring an angle into [-pi/2, pi/2]: the hand looks the same turned by half a turn."""
    return (angle + np.pi / 2) % np.pi - np.pi / 2


def across(way: Vector) -> float:
    """Return the yaw at which the fingers open across a direction."""
    return fold(float(np.arctan2(way[1], way[0])))


def grip_for(width: float) -> float:
    """Return the grip at which the fingers are so far apart, metres."""
    return float(np.clip(1.0 - width / 0.04, -1.0, 1.0))


def aside(way: Vector) -> Vector:
    """Return a direction (2,) turned left by a quarter."""
    return np.array([-way[1], way[0]])


def yaw_of(turn: Vector) -> float:
    """Return a quaternion's (x, y, z, w) turn about the vertical, radians."""
    x, y, z, w = turn.tolist()
    return float(np.arctan2(2.0 * (x * y + w * z), 1.0 - 2.0 * (y * y + z * z)))
