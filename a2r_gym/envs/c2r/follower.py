"""Turns waypoints into actions: the same motion for scripted policies and for trajectories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.c2r.command import ACTION_SIZE, STEP_LENGTH, STEP_TILT, STEP_YAW
from a2r_gym.envs.c2r.observation import OBSERVATION

__all__ = ["Follower", "Waypoint"]

Vector = NDArray[np.float64]

ARRIVED: Final = 0.008
"""Metres within which the command has reached a waypoint."""
TURNED: Final = 0.06
"""Radians."""
TIP_ARRIVED: Final = 0.02
"""Metres within which the fingertips have."""
PATIENCE: Final = 5
"""Steps at a waypoint after which it counts as reached, whatever noise or things in the way do."""
NEARBY: Final = 0.04
NEARLY_TURNED: Final = 0.2
"""Metres and radians within which these steps count."""
GRIP_STEPS: Final = 5
"""Steps the hand waits where the gripper has moved by `GRIP_CHANGE` or more."""
GRIP_CHANGE: Final = 0.4


@dataclass(frozen=True, kw_only=True)
class Waypoint:
    """A place for the hand.

    Attributes:
        place: Of the fingertips (3,), metres.
        yaw: Of the hand, radians.
        grip: -1 open, 1 closed; on the way there and at it.
        tilt: Of the hand, radians.
        speed: Fraction of the top speed.
    """

    place: Vector
    yaw: float
    grip: float
    tilt: float = 0.0
    speed: float = 1.0


class Follower:
    """Follows waypoints: observation in, action out; it stays at the last one."""

    def __init__(self, waypoints: Sequence[Waypoint], speed: float = 1.0) -> None:
        """Keep the waypoints.

        Args:
            waypoints: At least one.
            speed: Fraction of the top speed, of all of them.
        """
        self._queue = list(waypoints)
        self._speed = speed
        self._waited = self._held = 0
        self._grip: float | None = None

    @property
    def pace(self) -> float:
        """Speed of the waypoint whose turn it is, a fraction of the top speed."""
        return self._queue[0].speed

    def __call__(self, obs: Vector) -> Vector:
        """Return the action float64 (6,) for an observation."""
        if self._grip is None:
            self._grip = 1.0 - 2.0 * float(obs[OBSERVATION["opening"]])
        while len(self._queue) > 1 and self._reached(obs):
            self._grip = self._queue.pop(0).grip
            self._waited = self._held = 0
        goal = self._queue[0]
        way = goal.place - obs[OBSERVATION["command"]]
        length = float(np.linalg.norm(way))
        fastest = STEP_LENGTH * self._speed * goal.speed
        action = np.zeros(ACTION_SIZE)
        action[:3] = way / STEP_LENGTH * min(1.0, fastest / max(length, 1e-9))
        action[3] = (goal.yaw - obs[OBSERVATION["yaw"]]) / STEP_YAW
        action[4] = (goal.tilt - obs[OBSERVATION["tilt"]]) / STEP_TILT
        action[5] = goal.grip
        return np.clip(action, -1.0, 1.0)

    def _reached(self, obs: Vector) -> bool:
        """Tell whether the waypoint whose turn it is has been reached, and the gripper has moved."""
        goal = self._queue[0]
        distance = float(np.linalg.norm(goal.place - obs[OBSERVATION["command"]]))
        behind = float(np.linalg.norm(goal.place - obs[OBSERVATION["tip"]]))
        turn = max(abs(goal.yaw - obs[OBSERVATION["yaw"]]), abs(goal.tilt - obs[OBSERVATION["tilt"]]))
        there = distance < ARRIVED and behind < TIP_ARRIVED and turn < TURNED
        self._waited += int(distance < NEARBY and turn < NEARLY_TURNED)
        if not there and self._waited <= PATIENCE:
            return False
        assert self._grip is not None
        self._held += 1
        return abs(goal.grip - self._grip) < GRIP_CHANGE or self._held > GRIP_STEPS
