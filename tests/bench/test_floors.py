"""The floors: a clock is fooled by nothing but time, and chance is the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from a2r_gym.bench.floors import FrameCounter, RandomScore
from a2r_gym.metrics import voc
from a2r_gym.protocols import RewardModel, Scores
from tests.bench.videos import video


@pytest.mark.parametrize("model", [FrameCounter(), RandomScore(3)])
def test_floors_are_reward_models_whose_streams_agree_with_stored_videos(model: RewardModel) -> None:
    assert isinstance(model, RewardModel)
    first, second = video(1, 2, 3), video(7, 8)
    stream = model.stream(["close", "open"])
    stream.push(np.stack([video(50)[0], second[0]]), np.array([True, True]))
    stream.push(np.stack([first[0], second[1]]), np.array([True, False]))
    stream.push(np.stack([first[1], second[0]]), np.array([False, True]))
    last: Scores = stream.push(np.stack([first[2], second[1]]), np.array([False, False]))
    stored = model.score([first, second], ["close", "open"])
    np.testing.assert_array_equal(last.success, stored.success)
    np.testing.assert_array_equal(model.score_steps(first, "close").similarity[-1:], stored.similarity[:1])


def test_the_clock_rises_on_any_video_in_either_direction() -> None:
    frames = video(5, 5, 1, 9)
    assert voc(FrameCounter().score_steps(frames, "close").similarity) == pytest.approx(1.0)
    assert voc(FrameCounter().score_steps(frames[::-1], "close").similarity) == pytest.approx(1.0)


def test_random_scores_are_uniform_and_hang_on_video_instruction_and_seed() -> None:
    frames = [video(step) for step in range(400)]
    said = ["close"] * len(frames)
    success = RandomScore(0).score(frames, said).success
    assert np.quantile(success, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.08)
    np.testing.assert_array_equal(success, RandomScore(0).score(frames[::-1], said).success[::-1])
    for other in (RandomScore(1).score(frames, said), RandomScore(0).score(frames, ["open"] * len(frames))):
        assert abs(np.corrcoef(success, other.success)[0, 1]) < 0.2
