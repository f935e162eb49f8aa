"""RoboCLIP compares whole episodes with a sentence or with demonstrations."""

from __future__ import annotations

import numpy as np
import pytest

from a2r_gym.baselines.roboclip import EpisodeEncoder, RoboCLIP
from a2r_gym.errors import InstructionError
from tests.baselines.conftest import DRAWER, MUG, make_baseline, make_model, video


def test_every_frame_of_the_window_counts() -> None:
    model = make_model(make_baseline("roboclip"))
    one, other = video(8), video(8)
    other[3] = 0
    assert model.score([one], [DRAWER]).similarity[0] != model.score([other], [DRAWER]).similarity[0]


def test_an_episode_that_is_the_demonstration_scores_highest() -> None:
    model = make_model(make_baseline("roboclip"))
    assert isinstance(model, RoboCLIP)
    films = [video(8, seed) for seed in range(4)]
    model.demonstrate(DRAWER, films[2:3])
    scores = model.score(films, [DRAWER] * 4).similarity
    assert scores[2] == pytest.approx(1.0, abs=1e-5)
    assert scores.argmax() == 2
    text = model.score(films, [MUG] * 4).similarity  # another instruction is still compared by its words
    assert abs(text[2]) < 0.999
    with pytest.raises(InstructionError, match="at least one demonstration"):
        model.demonstrate(MUG, [])


def test_demonstrations_are_averaged() -> None:
    def embed(seen: np.ndarray) -> np.ndarray:
        return np.asarray(seen[:, -1] / np.linalg.norm(seen[:, -1], axis=1, keepdims=True))

    def encode(frames: np.ndarray) -> np.ndarray:
        return frames.reshape(len(frames), -1, 3).mean(1).astype(np.float32)

    model = RoboCLIP(EpisodeEncoder(encode, embed, lambda _: np.zeros(3, np.float32), 4, 2), name="fake")
    red, green = np.zeros((2, 2, 4, 4, 3), np.uint8)
    red[..., 0], green[..., 1] = 200, 100
    model.demonstrate(DRAWER, np.stack([red, green]))
    np.testing.assert_allclose(model.score([red, green], [DRAWER] * 2).similarity, [0.5**0.5] * 2, atol=1e-6)
