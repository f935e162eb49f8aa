"""A model with nothing but ``score``: prefixes, streams, and what it may not give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from a2r_gym.bench.score_only import ScoreOnly, as_reward_model, as_scores
from a2r_gym.errors import FrameError, NonFiniteRewardError, RewardModelError
from a2r_gym.protocols import RewardModel, Scores
from a2r_gym.testing import FrameReadingModel
from tests.bench.videos import CLOSE, StepReader, video


@pytest.mark.parametrize("batch_size", [1, 2, 3, 32])
def test_row_t_of_the_steps_scores_the_first_t_frames(batch_size: int) -> None:
    inner = StepReader()
    steps = ScoreOnly(inner, batch_size).score_steps(video(10, 40, 20, 90, 50), CLOSE)
    assert steps.success.tolist() == pytest.approx([0.1, 0.4, 0.2, 0.9, 0.5])
    assert max(map(len, inner.calls)) == min(batch_size, 5)


def test_a_stream_scores_the_episode_so_far() -> None:
    class Length:
        def score(self, videos: list[Any], instructions: list[str]) -> list[float]:
            return [len(frames) / 10 for frames in videos]

    stream = as_reward_model(Length()).stream(["a", "b"])
    frames = np.stack([video(1)[0], video(2)[0]])
    stream.push(frames, np.array([True, True]))
    stream.push(frames, np.array([False, False]))
    assert stream.push(frames, np.array([True, False])).success.tolist() == pytest.approx([0.1, 0.3])


def test_a_whole_reward_model_is_left_as_it_is() -> None:
    model = FrameReadingModel()
    assert as_reward_model(model) is model
    assert isinstance(as_reward_model(StepReader()), RewardModel)


def test_score_steps_of_its_own_is_asked_and_failure_modes_stay() -> None:
    class Stepping:
        def score(self, videos: Any, instructions: Any) -> Scores:
            return FrameReadingModel().score(videos, instructions)

        def score_steps(self, frames: Any, instruction: str) -> list[float]:
            return [0.25] * len(frames)

    model = as_reward_model(Stepping())
    assert model.score_steps(video(1, 2), CLOSE).success.tolist() == [0.25, 0.25]
    assert model.score([video(1)], [CLOSE]).failure_mode.tolist() == [0]


def test_failure_modes_of_several_calls_are_padded() -> None:
    class Growing:
        def score(self, videos: Any, instructions: Any) -> Scores:
            count = len(videos[0])
            return Scores(np.zeros(1), np.zeros(1), np.zeros(1, dtype=int), np.full((1, count), 1 / count))

    steps = ScoreOnly(Growing(), batch_size=1).score_steps(video(1, 2), CLOSE)
    assert steps.failure_posterior.tolist() == [[1.0, 0.0], [0.5, 0.5]]


@pytest.mark.parametrize("model", [object(), StepReader, "a2r-small"])
def test_what_has_no_score_is_refused(model: object) -> None:
    with pytest.raises(RewardModelError, match=r"score\(videos, instructions\)"):
        as_reward_model(model)


@pytest.mark.parametrize(
    ("found", "error", "message"),
    [
        ([0.1], RewardModelError, "each of 2 videos, got list of shapes"),
        ([0.1, 1.5], RewardModelError, r"\[0, 1\].*sigmoid"),
        ([-0.1, 0.5], RewardModelError, r"\[0, 1\]"),
        ([0.1, np.nan], NonFiniteRewardError, "finite"),
        ([0.1, np.inf], NonFiniteRewardError, "finite"),
        (None, RewardModelError, "Scores.*got NoneType"),
        ([object(), 1], RewardModelError, "got list"),
    ],
)
def test_what_is_no_score_is_told(found: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        as_scores(found, 2)


def test_any_finite_similarity_goes_with_a_success() -> None:
    scores = Scores(np.array([-7.0, 30.0]), np.array([0.0, 1.0]), np.array([-1, -1]), np.zeros((2, 0)))
    assert as_scores(scores, 2) is scores


def test_a_video_without_frames_is_an_error() -> None:
    with pytest.raises(FrameError, match="at least one frame"):
        as_reward_model(StepReader()).score_steps(video(1)[:0], CLOSE)
