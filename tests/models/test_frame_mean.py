"""The mean over frames is one number, streamed, by steps or at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from a2r_gym.errors import FrameError, NonFiniteRewardError
from a2r_gym.models.calibration import Calibration
from a2r_gym.models.frame_mean import FrameMean
from a2r_gym.models.window import window_indices
from a2r_gym.protocols import RewardModel

MakeVideo = Callable[..., NDArray[np.uint8]]
LEFT, RIGHT = "left", "right"


def _encode(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    mean = frames.reshape(len(frames), -1, 3).mean(1).astype(np.float32) - 127.5
    return np.asarray(mean / np.linalg.norm(mean, axis=1, keepdims=True), dtype=np.float32)


def _encode_text(sentence: str) -> NDArray[np.float32]:
    return np.array([1, 0, 0] if sentence == LEFT else [0, -0.6, 0.8], dtype=np.float32)


@pytest.fixture
def model() -> FrameMean:
    return FrameMean(_encode, _encode_text, image_size=32, num_frames=4)


def test_it_is_the_mean_of_the_dot_products(model: FrameMean, make_video: MakeVideo) -> None:
    assert isinstance(model, RewardModel)
    videos = [make_video(9), make_video(2, 1)]
    scores = model.score(videos, [LEFT, RIGHT])
    for number, (video, sentence) in enumerate(zip(videos, [LEFT, RIGHT], strict=True)):
        dots = [
            float(_encode(video[[frame]])[0] @ _encode_text(sentence)) for frame in window_indices(len(video), 4)[-1]
        ]
        assert scores.similarity[number] == pytest.approx(np.mean(dots), abs=1e-6)
    assert scores.failure_mode.tolist() == [-1, -1]
    assert scores.failure_posterior.shape == (2, 0)


def test_the_probability_is_the_calibrations(make_video: MakeVideo) -> None:
    model = FrameMean(
        _encode, _encode_text, image_size=32, num_frames=4, calibration=Calibration(slope=3.0, intercept=-1.0)
    )
    scores = model.score([make_video(5)], [LEFT])
    assert scores.success[0] == pytest.approx(1 / (1 + np.exp(1 - 3 * scores.similarity[0])), abs=1e-6)


def test_steps_stream_and_whole_videos_agree(model: FrameMean, make_video: MakeVideo) -> None:
    videos = [make_video(150), make_video(150, 1)]
    steps = [
        model.score_steps(video, sentence).similarity for video, sentence in zip(videos, [LEFT, RIGHT], strict=True)
    ]
    stream = model.stream([LEFT, RIGHT])
    for step in range(150):
        pushed = stream.push(np.stack([video[step] for video in videos]), np.full(2, step == 0))
        np.testing.assert_allclose(pushed.similarity, [row[step] for row in steps], atol=1e-6)
    whole = model.score([video[:71] for video in videos], [LEFT, RIGHT])
    np.testing.assert_allclose(whole.similarity, [row[70] for row in steps], atol=1e-6)


def test_an_episode_starts_anew_at_its_mark(model: FrameMean, make_video: MakeVideo) -> None:
    stream = model.stream([LEFT, LEFT])
    first, second = make_video(3), make_video(3, 1)
    for step in range(3):
        stream.push(np.stack([first[step]] * 2), np.full(2, step == 0))
    scores = stream.push(np.stack([second[0]] * 2), np.array([True, False]))
    assert scores.similarity[0] == pytest.approx(model.score([second[:1]], [LEFT]).similarity[0], abs=1e-6)
    assert scores.similarity[1] != pytest.approx(scores.similarity[0], abs=1e-3)


def test_mistakes_are_errors(model: FrameMean, make_video: MakeVideo) -> None:
    with pytest.raises(FrameError, match="at least one video"):
        model.score([], [])
    with pytest.raises(FrameError, match=r"reset_mask\[0\] = True"):
        model.stream([LEFT]).push(make_video(1), np.array([False]))
    with pytest.raises(FrameError, match="this stream has 1 episodes"):
        model.stream([LEFT]).push(make_video(2), np.array([True, True]))
    broken = FrameMean(lambda frames: _encode(frames) * np.nan, _encode_text, image_size=32, num_frames=4)
    with pytest.raises(NonFiniteRewardError):
        broken.score([make_video(2)], [LEFT])
