"""A sparse reward is the last one, whichever way an episode ends."""

from __future__ import annotations

import gymnasium as gym
import pytest

import a2r_gym
from a2r_gym.testing import FrameReadingModel, StepCounterEnv
from a2r_gym.wrappers import EndReward


@pytest.mark.parametrize("limit", [3, 100])
def test_only_the_end_is_rewarded_and_info_keeps_every_score(limit: int) -> None:
    inner = gym.wrappers.TimeLimit(StepCounterEnv(), limit)
    env = EndReward(a2r_gym.VideoTextReward(inner, "count", FrameReadingModel()))
    env.reset(seed=0)
    rewards, scores, done = [], [], False
    while not done:
        _, reward, terminated, truncated, info = env.step(env.action_space.sample())
        rewards.append(reward)
        scores.append(info["a2r/similarity"])
        done = terminated or truncated
    assert rewards[:-1] == [0.0] * (len(rewards) - 1)
    assert rewards[-1] == scores[-1] != 0.0
    assert min(scores) > 0.0


def test_its_spec_is_recorded() -> None:
    gym.register("EndRewardTest-v0", entry_point="a2r_gym.testing:StepCounterEnv")
    env = EndReward(gym.make("EndRewardTest-v0"))
    assert env.spec is not None
    assert gym.envs.registration.EnvSpec.from_json(env.spec.to_json()) == env.spec
