"""Stored frames are looked up by what they show, and scored as if they had been encoded anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from a2r_gym.baselines import load_baseline
from a2r_gym.models.calibration import Calibration
from a2r_gym.models.scoring import Adapt2Reward
from benchmarks.frame_maps import StoredMaps, read_stored
from tests.tiny_backbone import IMAGE_SIZE
from tests.training.in_threads import in_threads
from tests.training.synthetic import make_clips, tiny_network

SENTENCES = ["close the drawer", "push the mug to the left"]


def _model() -> Adapt2Reward:
    return Adapt2Reward(tiny_network(), Calibration(slope=1.0, intercept=0.0), name="tiny", runtime="torch")


def test_a_model_scores_stored_clips_as_before_and_no_frame_that_is_not_among_them(
    tmp_path: Path, tiny_backbone: str
) -> None:
    clips, others = make_clips(per_source=1, size=IMAGE_SIZE), make_clips(per_source=2, size=IMAGE_SIZE)
    expected = _model().score_matrix(list(clips.frames), SENTENCES)
    model = _model()
    with in_threads():
        read_stored(model, [others, clips], tmp_path)
        assert model.runtime == StoredMaps.name
        again = model.score_matrix(list(clips.frames), SENTENCES)
    np.testing.assert_allclose(again.similarity, expected.similarity, atol=5e-3)
    with pytest.raises(KeyError):
        model.score([255 - clips.frames[0]], SENTENCES[:1])


def test_a_trunk_of_its_own_and_a_model_without_one_are_left_alone(tmp_path: Path, tiny_backbone: str) -> None:
    clips, model = make_clips(per_source=1, size=IMAGE_SIZE), _model()
    with torch.no_grad():
        for weight in model.network.image.parameters():
            weight += 1.0
    for other in (model, load_baseline("frame-counter")):
        read_stored(other, [clips], tmp_path)
    assert model.runtime == "torch"
    assert not list(tmp_path.iterdir())
