"""The sparse reward of a task that tells its success: 1 where it holds, else 0."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
from gymnasium.core import ActType, ObsType
from gymnasium.utils import RecordConstructorArgs

from a2r_gym.errors import WrappingError

__all__ = ["SuccessReward"]


class SuccessReward(gym.Wrapper[ObsType, ActType, ObsType, ActType], RecordConstructorArgs):
    """Replaces an environment's reward by ``float(info["is_success"])``: what a learned reward has to beat.

    ``info`` stays as it is. Put it around `ActionRepeat`, not inside: a decision is then worth 1 at most.

    Args:
        env: Any Gymnasium environment that tells its success.
    """

    def __init__(self, env: gym.Env[ObsType, ActType]) -> None:
        RecordConstructorArgs.__init__(self)
        super().__init__(env)

    def step(self, action: ActType) -> tuple[ObsType, float, bool, bool, dict[str, Any]]:
        """Step the environment.

        Args:
            action: Of the wrapped environment.

        Returns:
            Observation, 1.0 where the task's rule holds at this step and else 0.0, terminated, truncated, info.

        Raises:
            WrappingError: The environment does not tell its success.
        """
        observation, _, terminated, truncated, info = self.env.step(action)
        if "is_success" not in info:
            raise WrappingError(
                f"{self.env} does not tell its success: SuccessReward needs info['is_success'] at each step, "
                f"got {sorted(info)}"
            )
        return observation, float(info["is_success"]), terminated, truncated, info
