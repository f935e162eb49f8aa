"""`FrameCapture` and the checks on frames."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from a2r_gym.errors import FrameError, RenderError, RenderModeError, WrappingError
from a2r_gym.testing import FrameReadingModel, StepCounterEnv, read_code
from a2r_gym.wrappers import FrameCapture, VideoTextReward
from a2r_gym.wrappers.frame_buffer import ERROR_KEY, check_frame, with_success
from tests.wrappers.conftest import ACTION

GOOD = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("frame", "error", "message"),
    [
        (None, FrameError, "NoneType"),
        ([GOOD], FrameError, "not a list mode"),
        (GOOD / 255.0, FrameError, "multiply values"),
        (GOOD.astype(np.int64), FrameError, "dtype int64"),
        (GOOD.transpose(2, 0, 1), FrameError, "channels come first"),
        (np.concatenate([GOOD, GOOD[..., :1]], axis=2), FrameError, "alpha"),
        (GOOD[..., 0], FrameError, "grey"),
        (GOOD[:0], FrameError, "shape"),
        (np.zeros_like(GOOD), RenderError, "all black"),
        (np.full_like(GOOD, 7), RenderError, r"RGB \(7, 7, 7\)"),
        (np.zeros_like(GOOD) + np.asarray([1, 2, 3], np.uint8), RenderError, r"RGB \(1, 2, 3\)"),
    ],
)
def test_bad_pictures_get_an_error_that_says_where_and_what(frame: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        check_frame(frame, "step 3")
    assert str(caught.value).startswith("step 3: ")


def test_picture_with_one_other_pixel_passes() -> None:
    frame = np.zeros_like(GOOD)
    frame[5, 6, 1] = 1
    assert check_frame(frame, "step 3") is frame


@pytest.mark.parametrize("wrapped", [FrameCapture, lambda env: VideoTextReward(env, "count", FrameReadingModel())])
def test_black_picture_stops_the_step(wrapped: Any) -> None:
    class GoesBlack(StepCounterEnv):
        def render(self) -> Any:
            return super().render() * np.uint8(self.code.step < 2)

    env = wrapped(GoesBlack())
    env.reset()
    env.step(ACTION)
    with pytest.raises(RenderError, match="step 2: the picture is all black"):
        env.step(ACTION)


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"success": 1.0}, True),
        ({"success": np.float64(0)}, False),
        ({"is_success": np.True_, "success": 0.0}, True),
        ({"other": 1}, None),
    ],
)
def test_success_keeps_its_name_or_gets_ours(info: dict[str, Any], expected: bool | None) -> None:
    named = with_success(info)
    assert named.get("is_success") is expected
    assert {**named, **info}.keys() == named.keys()


def steps_and_frames(env: FrameCapture[Any, Any]) -> list[tuple[int, bool, int | None]]:
    return [
        (moment.step, moment.done, None if moment.frame is None else read_code(moment.frame).step)
        for moment in env.a2r_take_moments()
    ]


def test_moments_are_taken_once_and_in_order() -> None:
    env = FrameCapture(StepCounterEnv(episode_length=2))
    env.reset()
    assert steps_and_frames(env) == [(0, False, 0)]
    assert steps_and_frames(env) == []
    env.step(ACTION)
    assert steps_and_frames(env) == [(1, False, 1)]
    env.step(ACTION)
    env.reset()
    assert steps_and_frames(env) == [(2, True, 2), (0, False, 0)]


def test_moments_that_nobody_fetches_do_not_pile_up() -> None:
    env = FrameCapture(StepCounterEnv(episode_length=3))
    for _ in range(4):
        env.reset()
        for _ in range(3):
            env.step(ACTION)
    env.reset()
    env.reset()
    assert len(env.a2r_take_moments()) == 1


def test_episode_left_midway_leaves_only_the_reset() -> None:
    env = FrameCapture(StepCounterEnv())
    env.reset()
    env.step(ACTION)
    env.reset()
    assert steps_and_frames(env) == [(0, False, 0)]


def test_frames_are_copies_of_a_shared_render_buffer() -> None:
    class SharedBuffer(StepCounterEnv):
        buffer = np.zeros((16, 16, 3), np.uint8)

        def render(self) -> Any:
            self.buffer[:] = super().render()
            return self.buffer

    env = FrameCapture(SharedBuffer(episode_length=1))
    env.reset()
    env.step(ACTION)
    env.reset()
    assert steps_and_frames(env) == [(1, True, 1), (0, False, 0)]


def test_own_reward_and_success_are_in_info_and_the_reward_stays() -> None:
    env = FrameCapture(StepCounterEnv(episode_length=1))
    assert env.reset()[1]["is_success"] is False
    _, reward, terminated, truncated, info = env.step(ACTION)
    assert (reward, terminated, truncated) == (1.0, True, False)
    assert (info["original_env_rew"], info["is_success"]) == (1.0, True)


@pytest.mark.parametrize("carry", [False, True])
def test_errors_are_raised_unless_they_are_to_be_carried(carry: bool) -> None:
    env = FrameCapture(StepCounterEnv(fail_at=1))
    env.a2r_configure(reward_every=1, carry_errors=carry)
    env.reset()
    if not carry:
        with pytest.raises(RuntimeError, match="fail at step 1"):
            env.step(ACTION)
        return
    observation, _, terminated, truncated, info = env.step(ACTION)
    assert "RuntimeError: this environment was told to fail at step 1" in info[ERROR_KEY]
    assert observation in env.observation_space
    assert not terminated
    assert not truncated


def test_capture_refuses_environments_without_pictures_and_with_a_learned_reward() -> None:
    with pytest.raises(RenderModeError):
        FrameCapture(StepCounterEnv(render_mode=None))
    with pytest.raises(WrappingError, match="reward_model='none'"):
        FrameCapture(VideoTextReward(StepCounterEnv(), "count", FrameReadingModel()))


def test_capture_is_recorded_in_the_spec() -> None:
    env = FrameCapture(gym.make("CartPole-v1", render_mode="rgb_array"))
    assert env.spec is not None
    assert isinstance(gym.make(env.spec), FrameCapture)
