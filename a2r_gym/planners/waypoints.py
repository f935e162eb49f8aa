"""Trajectories of a few waypoints: what a learner of some hundred episodes can search, and random ones to begin with.

A waypoint is a row as in `a2r_gym.envs.c2r.trajectory`: where the hand goes relative to the waypoint before (x, y, z),
its turn, its tilt and the gripper, each in [-1, 1].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.c2r.command import HAND_HIGH, HAND_LOW
from a2r_gym.envs.c2r.trajectory import NUM_WAYPOINTS, TRAJECTORY_SIZE, WAYPOINT_REACH, WAYPOINT_SIZE
from a2r_gym.errors import A2RError

__all__ = ["Draw", "FewWaypoints", "TrajectoryControlError", "arcsine_draw", "sweep_draw"]

Draw = Callable[[np.random.Generator], NDArray[np.float32]]
"""Draws a trajectory, float32 (A,) in [-1, 1]."""

_HAND: Final = np.array([0.38, 0.0, 0.28])
"""Metres: middle of the places where an episode's hand begins."""
_OVER: Final = (0.16, 0.28)
_ALONG: Final = (0.02, 0.06)
"""Metres above the table: where a sweep comes from and goes to, and where it goes along."""
_TURN: Final = 0.9
"""Largest turn of the hand in a sweep, as a share of the largest there is."""


class TrajectoryControlError(A2RError, ValueError):
    """An environment is not driven by one trajectory an episode, or a number of waypoints does not fit."""


class FewWaypoints(gym.ActionWrapper[NDArray[np.float64], NDArray[np.float32], NDArray[np.float32]]):
    """Drives a whole episode by fewer waypoints; the last one is held to the end.

    Args:
        env: An environment with ``control="trajectory"``.
        num_waypoints: W, 1 to 8.

    Raises:
        TrajectoryControlError: The environment takes no trajectory, or W is out of range.
    """

    def __init__(self, env: gym.Env[Any, Any], num_waypoints: int) -> None:
        super().__init__(env)
        if not 1 <= num_waypoints <= NUM_WAYPOINTS:
            raise TrajectoryControlError(f"expected 1 to {NUM_WAYPOINTS} waypoints, got {num_waypoints}")
        if env.action_space.shape != (TRAJECTORY_SIZE,):
            raise TrajectoryControlError(
                f"expected an environment whose action is a trajectory of {TRAJECTORY_SIZE} numbers, got actions of "
                f"shape {env.action_space.shape}: build an A2R-C2R id with control='trajectory'"
            )
        self._missing = NUM_WAYPOINTS - num_waypoints
        self.action_space = gym.spaces.Box(-1.0, 1.0, (num_waypoints * WAYPOINT_SIZE,), np.float32)

    def action(self, action: NDArray[np.float32]) -> NDArray[np.float32]:
        """Repeat the last waypoint: float (6 W,) to float32 (48,)."""
        stay = np.array(action[-WAYPOINT_SIZE:], dtype=np.float32)
        stay[:4] = 0.0  # relative to the one before: no way, no turn
        return np.concatenate([np.asarray(action, dtype=np.float32), *[stay] * self._missing])


def sweep_draw(num_waypoints: int) -> Draw:
    """Return the law of random trajectories that cover the table.

    The hand goes over one place, down, along the table to another and up, its turn, tilt and grip drawn too. No task
    and no thing is known to it. With fewer than four waypoints the first or the last of these are left out.

    Args:
        num_waypoints: W, 1 to 8; beyond four the hand goes on along the table before it goes up.
    """

    def draw(rng: np.random.Generator) -> NDArray[np.float32]:
        ground = rng.uniform(HAND_LOW[:2], HAND_HIGH[:2], size=(max(2, num_waypoints - 2), 2))
        over, after, along = rng.uniform(*_OVER), rng.uniform(*_OVER), rng.uniform(*_ALONG)
        places = [[*ground[0], over], *([*spot, along] for spot in ground), [*ground[-1], after]]
        if num_waypoints < 4:
            places = places[1:] if num_waypoints == 3 else places[1:3]
        turn, tilt, grip = _TURN * rng.uniform(-1.0, 1.0), *rng.uniform(-1.0, 1.0, size=2)
        rows: list[list[float]] = []
        place = _HAND
        for goal in places[:num_waypoints]:
            move = np.clip((np.array(goal) - place) / WAYPOINT_REACH, -1.0, 1.0)
            rows.append([*move, 0.0 if rows else turn, tilt, grip])
            place = place + WAYPOINT_REACH * move
        return np.array(rows, dtype=np.float32).ravel()

    return draw


def arcsine_draw(size: int) -> Draw:
    """Return the law that favours both ends of each number, for trajectories of which nothing is known.

    Args:
        size: A, numbers of a trajectory.
    """
    return lambda rng: np.cos(np.pi * rng.uniform(size=size)).astype(np.float32)
