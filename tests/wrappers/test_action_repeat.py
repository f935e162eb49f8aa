"""Each action is taken several times, and nothing is lost between two decisions."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from a2r_gym.errors import WrappingError
from a2r_gym.testing import FrameReadingModel, StepCounterEnv
from a2r_gym.wrappers import ActionRepeat, VideoTextReward
from tests.wrappers.conftest import ACTION


class _SucceedsAt(gym.Wrapper[Any, Any, Any, Any]):
    """Says that the third step, and only that, is a success."""

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = super().step(action)
        return observation, reward, terminated, truncated, {**info, "is_success": observation[2] == 3}


def test_rewards_are_summed_and_the_last_observation_is_given() -> None:
    env = ActionRepeat(StepCounterEnv(episode_length=9), 3)
    env.reset(seed=0)
    observation, reward, terminated, truncated, info = env.step(ACTION)
    np.testing.assert_array_equal(observation, [0, 0, 3])
    assert (reward, terminated, truncated) == (6.0, False, False)
    assert "is_success" not in info


@pytest.mark.parametrize("end", ["terminated", "truncated"])
def test_an_episode_ends_between_two_decisions(end: str) -> None:
    env = ActionRepeat(StepCounterEnv(episode_length=5, end=end), 3)
    env.reset(seed=0)
    env.step(ACTION)
    observation, reward, terminated, truncated, _ = env.step(ACTION)
    assert observation[2] == 5
    assert reward == 9.0
    assert (terminated, truncated) == (end == "terminated", end == "truncated")


def test_a_success_at_any_of_the_steps_counts() -> None:
    env = ActionRepeat(_SucceedsAt(StepCounterEnv(episode_length=9)), 2)
    env.reset(seed=0)
    assert [env.step(ACTION)[4]["is_success"] for _ in range(3)] == [False, True, False]


def test_a_learned_reward_around_it_looks_once_at_each_decision() -> None:
    bare = StepCounterEnv(episode_length=12)
    env = VideoTextReward(ActionRepeat(bare, 4), "count", FrameReadingModel())
    env.reset(seed=0)
    for _ in range(3):
        env.step(ACTION)
    assert bare.renders == 4


def test_its_argument_is_recorded_for_the_spec() -> None:
    assert ActionRepeat(StepCounterEnv(), 3)._saved_kwargs == {"num_repeats": 3}


@pytest.mark.parametrize("num_repeats", [0, -1, 1.5, True])
def test_a_number_out_of_range_is_refused(num_repeats: Any) -> None:
    with pytest.raises(WrappingError, match="num_repeats must be a whole number >= 1"):
        ActionRepeat(StepCounterEnv(), num_repeats)
