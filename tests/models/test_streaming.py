"""Each new frame is encoded once and the head is run once, whatever episodes begin in the middle of a batch."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from a2r_gym.models.adapt2reward import Adapt2RewardNetwork
from a2r_gym.models.scoring import Adapt2Reward
from tests.models.conftest import CALIBRATION, MakeVideo

SENTENCES = ["close the drawer", "push the mug to the left", "close the drawer"]


class CountingModel(Adapt2Reward):
    """Counts frames that are encoded and videos that are embedded."""

    def __init__(self, network: Adapt2RewardNetwork) -> None:
        super().__init__(network, CALIBRATION, name="counting", runtime="torch")
        self.encoded: list[int] = []
        self.embedded: list[int] = []
        encode, embed = self._encode, self._embed

        def count_frames(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
            self.encoded.append(len(frames))
            return encode(frames)

        def count_videos(features: NDArray[np.float32]) -> NDArray[np.float32]:
            self.embedded.append(len(features))
            return embed(features)

        self._encode, self._embed = count_frames, count_videos  # type: ignore[assignment]


@pytest.fixture
def model(network: Adapt2RewardNetwork) -> CountingModel:
    return CountingModel(network)


def test_a_step_of_a_long_episode_encodes_its_frame_alone(model: CountingModel, make_video: MakeVideo) -> None:
    video, stream = make_video(150), model.stream(SENTENCES[:1])
    for step in range(len(video)):
        stream.push(video[step : step + 1], np.array([step == 0]))
    assert model.encoded == model.embedded == [1] * len(video)


def test_all_episodes_are_one_batch(model: CountingModel, make_video: MakeVideo) -> None:
    stream = model.stream(SENTENCES)
    for step in range(4):
        stream.push(make_video(3, step), np.full(3, step == 0))
    assert model.encoded == model.embedded == [3] * 4


def test_episodes_that_begin_in_the_middle_of_a_batch_are_scored_as_if_alone(
    model: CountingModel, make_video: MakeVideo
) -> None:
    begins = {0: (0, 70), 1: (0, 3, 4), 2: (0,)}
    frames = np.stack([make_video(80, seed) for seed in range(3)], axis=1)
    together, alone = model.stream(SENTENCES), [model.stream([sentence]) for sentence in SENTENCES]
    for step in range(len(frames)):
        first = np.array([step in begins[row] for row in range(3)])
        scores = together.push(frames[step], first)
        for row, stream in enumerate(alone):
            single = stream.push(frames[step, row : row + 1], first[row : row + 1])
            assert scores.similarity[row] == pytest.approx(single.similarity[0], abs=1e-5)
            assert together.margin[row] == pytest.approx(stream.margin[0], abs=1e-5)


def test_a_stored_video_has_only_the_frames_encoded_that_the_head_sees(
    model: CountingModel, make_video: MakeVideo
) -> None:
    model.score([make_video(60)], SENTENCES[:1])
    assert model.encoded == [model.num_frames]


def test_a_sentence_is_embedded_once(model: CountingModel, make_video: MakeVideo) -> None:
    calls: list[list[str]] = []
    encode_text = model.network.encode_text

    def count(instructions: list[str]) -> object:
        calls.append(list(instructions))
        return encode_text(instructions)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model.network, "encode_text", count)
        for _ in range(3):
            model.score([make_video(2)], ["never heard of"])
    assert calls.count(["never heard of"]) == 1
