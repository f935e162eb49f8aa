"""A sparse reward is the task's rule, step by step."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from a2r_gym.errors import WrappingError
from a2r_gym.testing import StepCounterEnv
from a2r_gym.wrappers import ActionRepeat, SuccessReward


class Telling(gym.Wrapper[Any, Any, Any, Any]):
    """Tells success at every third step."""

    def __init__(self) -> None:
        super().__init__(StepCounterEnv())
        self.count = 0

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.env.step(action)
        self.count += 1
        return observation, float(reward), terminated, truncated, {**info, "is_success": np.bool_(self.count % 3 == 0)}


def rewards(env: gym.Env[Any, Any], steps: int) -> list[float]:
    env.reset(seed=0)
    return [env.step(env.action_space.sample())[1] for _ in range(steps)]  # type: ignore[misc]


def test_only_success_is_rewarded_with_a_python_float() -> None:
    found = rewards(SuccessReward(Telling()), 4)
    assert found == [0.0, 0.0, 1.0, 0.0]
    assert {type(reward) for reward in found} == {float}


def test_around_repeated_actions_a_decision_is_worth_one_at_most() -> None:
    assert rewards(SuccessReward(ActionRepeat(Telling(), 2)), 2) == [0.0, 1.0]


def test_an_environment_that_does_not_tell_its_success_is_refused() -> None:
    with pytest.raises(WrappingError, match="does not tell its success"):
        rewards(SuccessReward(StepCounterEnv()), 1)


def test_its_spec_is_recorded() -> None:
    gym.register("SuccessRewardTest-v0", entry_point="a2r_gym.testing:StepCounterEnv")
    env = SuccessReward(gym.make("SuccessRewardTest-v0"))
    assert env.spec is not None
    assert gym.envs.registration.EnvSpec.from_json(env.spec.to_json()) == env.spec
