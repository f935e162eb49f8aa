"""A whole episode as one flat action: eight waypoints of the hand, each relative to the one before but for its tilt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.c2r.command import HAND_HIGH, HAND_LOW, TILT_RANGE, YAW_RANGE
from a2r_gym.envs.c2r.follower import Waypoint
from a2r_gym.envs.c2r.observation import OBSERVATION

__all__ = ["NUM_WAYPOINTS", "TRAJECTORY_SIZE", "WAYPOINT_REACH", "WAYPOINT_YAW", "decode", "encode"]

Vector = NDArray[np.float64]

NUM_WAYPOINTS: Final = 8
WAYPOINT_SIZE: Final = 6
"""dx, dy, dz, dyaw, tilt, grip: in the order of a step's action."""
TRAJECTORY_SIZE: Final = NUM_WAYPOINTS * WAYPOINT_SIZE
WAYPOINT_REACH: Final = 0.4
"""Metres along each axis from one waypoint to the next, at 1."""
LOW: Final = 0.12
"""Metres above the table; between two waypoints below, where things stand, the hand is slow."""
CAREFUL: Final = 0.4
"""Fraction of the top speed there."""
WAYPOINT_YAW: Final = 1.75
"""Radians, at 1."""


def decode(action: Vector, obs: Vector) -> list[Waypoint]:
    """Return the waypoints that an action means.

    Args:
        action: float64 (48,) in [-1, 1]: for each waypoint dx, dy, dz, dyaw, tilt and grip (-1 open, 1 closed).
        obs: The episode's first observation; the first waypoint is relative to the hand there.
    """
    place, yaw = np.array(obs[OBSERVATION["command"]]), float(obs[OBSERVATION["yaw"]])
    waypoints = []
    for row in np.clip(action, -1.0, 1.0).reshape(NUM_WAYPOINTS, WAYPOINT_SIZE):
        low = place[2] < LOW
        place = np.clip(place + WAYPOINT_REACH * row[:3], HAND_LOW, HAND_HIGH)
        speed = CAREFUL if low and place[2] < LOW else 1.0
        yaw = float(np.clip(yaw + WAYPOINT_YAW * row[3], *YAW_RANGE))
        waypoints.append(
            Waypoint(place=place, yaw=yaw, tilt=TILT_RANGE[1] * float(row[4]), grip=float(row[5]), speed=speed)
        )
    return waypoints


def encode(waypoints: Sequence[Waypoint], obs: Vector) -> NDArray[np.float32]:
    """Return the action that means some waypoints; undoes `decode` within its bounds.

    Args:
        waypoints: At most eight; the last one is repeated.
        obs: The episode's first observation.

    Returns:
        float32 (48,) in [-1, 1]; what is further off than one waypoint may be is cut.

    Raises:
        ValueError: There are none, or more than eight.
    """
    if not 1 <= len(waypoints) <= NUM_WAYPOINTS:
        raise ValueError(f"expected 1 to {NUM_WAYPOINTS} waypoints, got {len(waypoints)}")
    place, yaw = np.array(obs[OBSERVATION["command"]]), float(obs[OBSERVATION["yaw"]])
    rows = []
    for waypoint in [*waypoints, *[waypoints[-1]] * (NUM_WAYPOINTS - len(waypoints))]:
        move = np.clip((waypoint.place - place) / WAYPOINT_REACH, -1.0, 1.0)
        turn = float(np.clip((waypoint.yaw - yaw) / WAYPOINT_YAW, -1.0, 1.0))
        rows.append([*move, turn, waypoint.tilt / TILT_RANGE[1], waypoint.grip])
        place, yaw = place + WAYPOINT_REACH * move, yaw + WAYPOINT_YAW * turn
    return np.clip(np.array(rows), -1.0, 1.0).ravel().astype(np.float32)
