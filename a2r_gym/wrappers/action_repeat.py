"""Each action for several steps: fewer decisions, and one picture for each of them."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
from gymnasium.core import ActType, ObsType
from gymnasium.utils import RecordConstructorArgs

from a2r_gym.errors import WrappingError

__all__ = ["ActionRepeat"]


class ActionRepeat(gym.Wrapper[ObsType, ActType, ObsType, ActType], RecordConstructorArgs):
    """Repeats each action; put it inside a learned reward, which then looks once at each decision.

    The step's reward is the sum over the repeats, ``info`` is the last one's with ``is_success`` true if it was at any
    of them. An episode that ends between two decisions ends there.

    Args:
        env: Any Gymnasium environment.
        num_repeats: Environment steps of a decision, >= 1.

    Raises:
        WrappingError: ``num_repeats`` is out of range.

    Example:
        >>> from a2r_gym.testing import StepCounterEnv
        >>> env = ActionRepeat(StepCounterEnv(), 2)
        >>> _ = env.reset(seed=0)
        >>> env.step(env.action_space.sample())[1]  # rewards 1 and 2
        3.0
    """

    def __init__(self, env: gym.Env[ObsType, ActType], num_repeats: int) -> None:
        RecordConstructorArgs.__init__(self, num_repeats=num_repeats)
        if isinstance(num_repeats, bool) or not isinstance(num_repeats, int) or num_repeats < 1:
            raise WrappingError(f"num_repeats must be a whole number >= 1, got {num_repeats!r}")
        super().__init__(env)
        self._num_repeats = num_repeats

    def step(self, action: ActType) -> tuple[ObsType, float, bool, bool, dict[str, Any]]:
        """Take an action several times.

        Args:
            action: Of the wrapped environment.

        Returns:
            Observation, summed reward, terminated, truncated, info.
        """
        total, succeeded = 0.0, False
        for _ in range(self._num_repeats):
            observation, reward, terminated, truncated, info = self.env.step(action)
            total += float(reward)
            succeeded |= bool(info.get("is_success", False))
            if terminated or truncated:
                break
        if "is_success" in info:
            info = {**info, "is_success": succeeded}
        return observation, total, terminated, truncated, info
