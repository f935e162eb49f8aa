"""The public fakes do what they say: a test that leans on them leans on these."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given
from hypothesis import strategies as st

from a2r_gym.errors import FrameError, RenderModeError
from a2r_gym.protocols import MarginStream, RewardModel
from a2r_gym.testing import FrameCode, FrameReadingModel, StepCounterEnv, draw_code, read_code
from a2r_gym.wrappers.episode_rewards import RowStream
from a2r_gym.wrappers.frame_buffer import check_frame

NUMBERS = st.integers(0, 65535)


@given(NUMBERS, NUMBERS, NUMBERS, st.integers(4, 40))
def test_pictures_tell_any_number_at_any_size_and_are_never_blank(env: int, episode: int, step: int, size: int) -> None:
    code = FrameCode(env, episode, step)
    assert read_code(check_frame(draw_code(code, size), "fake")) == code


def test_another_picture_is_refused() -> None:
    with pytest.raises(FrameError, match="draw_code"):
        read_code(np.zeros((16, 16, 3), np.uint8))


@pytest.mark.filterwarnings("ignore:.*Not able to test alternative render modes")
def test_environment_passes_gymnasiums_checker() -> None:
    check_env(StepCounterEnv())


def test_environment_counts_steps_and_episodes_in_picture_observation_and_reward() -> None:
    env = StepCounterEnv(number=7, episode_length=2)
    for episode in range(2):
        env.reset()
        for step in (1, 2):
            observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
            assert read_code(env.render()) == tuple(observation) == (7, episode, step)
            assert (reward, terminated, truncated, info["success"]) == (step, step == 2, False, step == 2)
    assert env.renders == 4


def test_environment_without_pictures_does_not_render() -> None:
    with pytest.raises(RenderModeError):
        StepCounterEnv(render_mode=None).render()


def test_model_implements_the_protocols_and_streams_what_it_scores() -> None:
    model = FrameReadingModel()
    stream = model.stream(["count"])
    assert isinstance(model, RewardModel)
    assert isinstance(stream, RowStream)
    assert isinstance(stream, MarginStream)
    video = np.stack([draw_code(FrameCode(0, 3, step)) for step in range(4)])
    steps = model.score_steps(video, "count")
    pushed = [stream.push(frame[None], np.asarray([number == 0])) for number, frame in enumerate(video)]
    np.testing.assert_array_equal(steps.similarity, np.concatenate([scores.similarity for scores in pushed]))
    np.testing.assert_array_equal(model.score(video[None], ["count"]).similarity, steps.similarity[-1:])
    assert model.pushed == model.calls == 4


def test_model_notices_a_lost_a_doubled_and_a_foreign_frame() -> None:
    model = FrameReadingModel()
    codes = [FrameCode(0, 1, step) for step in range(4)]
    broken = [codes[1:], [*codes, codes[-1]], [*codes[:-1], FrameCode(0, 2, 3)]]
    whole = model.score_episodes([codes]).similarity[0]
    assert whole not in model.score_episodes(broken).similarity
