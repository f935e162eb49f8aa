"""A sparse reward: nothing until the episode ends."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
from gymnasium.core import ActType, ObsType
from gymnasium.utils import RecordConstructorArgs

__all__ = ["EndReward"]


class EndReward(gym.Wrapper[ObsType, ActType, ObsType, ActType], RecordConstructorArgs):
    """Keeps an episode's last reward and makes all others 0; put it around a learned reward.

    ``info`` stays as it is: the scores of each step can be read there.

    Args:
        env: Any Gymnasium environment that tells its end, a ``TimeLimit`` included.

    Source:
        RoboCLIP (arXiv 2310.07899), section 3: the similarity of the episode is given at its end.

    Example:
        >>> from a2r_gym.testing import StepCounterEnv
        >>> env = EndReward(StepCounterEnv())
        >>> _ = env.reset(seed=0)
        >>> env.step(env.action_space.sample())[1]  # 1 without the wrapper
        0.0
    """

    def __init__(self, env: gym.Env[ObsType, ActType]) -> None:
        RecordConstructorArgs.__init__(self)
        super().__init__(env)

    def step(self, action: ActType) -> tuple[ObsType, float, bool, bool, dict[str, Any]]:
        """Step the environment.

        Args:
            action: Of the wrapped environment.

        Returns:
            Observation, reward, terminated, truncated, info.
        """
        observation, reward, terminated, truncated, info = self.env.step(action)
        return observation, float(reward) if terminated or truncated else 0.0, terminated, truncated, info
