"""LIV's value is of the newest frame."""

from __future__ import annotations

import numpy as np
import torch

from a2r_gym.baselines.liv import LIV
from tests.baselines.conftest import DRAWER, make_baseline, make_model, video


def test_only_the_newest_frame_counts() -> None:
    model = make_model(make_baseline("liv"))
    one, other = video(5), video(5, 1)
    other[-1] = one[-1]
    scores = model.score([one, other], [DRAWER] * 2).similarity
    assert scores[0] == scores[1]
    other[-1] = 0
    assert model.score([other], [DRAWER]).similarity[0] != scores[0]


def test_the_value_is_the_cosine_of_frame_and_sentence() -> None:
    model = make_model(make_baseline("liv"))
    assert isinstance(model, LIV)
    frame = video(1)
    with torch.inference_mode():
        encoded = model.network.encode_frames(torch.from_numpy(model.encode_frames(frame)))[0]
        expected = encoded @ model.network.encode_text([DRAWER])[0]
        assert float(encoded.norm()) - 1 < 1e-6
    np.testing.assert_allclose(model.score([frame], [DRAWER]).similarity, [float(expected)], atol=1e-6)
