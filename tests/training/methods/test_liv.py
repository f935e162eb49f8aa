"""LIV's temporal loss against numpy, and a value that rises along a success."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from a2r_gym.metrics import voc
from a2r_train.methods.liv import LIVLossConfig, temporal_loss
from a2r_train.step_losses import compress_maps
from tests.training.methods.conftest import MakeMethod
from tests.training.synthetic import TABLETOP, make_clips, make_human_part

MODES = np.full(99, -1)


def test_the_temporal_loss_is_vips() -> None:
    frames = torch.nn.functional.normalize(torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0)), dim=-1)
    gamma, array = 0.9, frames.double().numpy()
    value = np.einsum("btd,bd->bt", array, array[:, -1]) / (1 - gamma)
    short = -(-1.0 + gamma * value[:, 1:] - value[:, :-1])
    expected = (1 - gamma) * -value[:, 0].mean() + np.log(np.exp(short).mean())
    assert float(temporal_loss(frames, gamma)) == pytest.approx(expected, rel=1e-4)


def test_values_of_the_paper_do_not_overflow() -> None:
    frames = torch.tensor([[[-1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [1.0, 0.0]]])  # up and down by a hundred
    assert torch.isfinite(temporal_loss(frames, 0.98))


def test_the_value_rises_along_a_success_and_most_for_its_own_sentence(make_method: MakeMethod, tmp_path: Path) -> None:
    made = make_method(LIVLossConfig())
    made.train(tmp_path, 60)
    clips = make_clips()
    done = np.flatnonzero(clips.source == "success")
    sentences = [task.info.instruction for task in made.setting.tasks]
    with torch.no_grad():
        maps = made.setting.store.maps[np.zeros_like(done)[:, None], done[:, None], np.arange(16)[None]]
        frames = made.network.encode_frames(compress_maps(made.network, maps).float())
        value = (frames @ made.network.encode_text(sentences).T).numpy()
    own = np.array([TABLETOP.index(f"tabletop/{task}") for task in clips.task[done]])
    rising = value[np.arange(len(done)), :, own]
    assert np.mean([voc(course) for course in rising]) > 0.9
    assert (value[:, -1].argmax(axis=1) == own).mean() > 0.9


def test_each_term_can_be_switched_off_but_not_both(make_method: MakeMethod) -> None:
    human = make_human_part()
    for config, names in (
        (LIVLossConfig(), {"temporal", "language", "human_language"}),
        (LIVLossConfig(temporal=0.0), {"language", "human_language"}),
        (LIVLossConfig(language=0.0), {"temporal"}),
    ):
        made = make_method(config, human=human)
        assert set(made.losses(made.sampler.batch(0), human.sampler.batch(0), MODES)) == names
    with pytest.raises(ValueError, match="not both 0"):
        LIVLossConfig(temporal=0.0, language=0.0)
    with pytest.raises(ValueError, match=r"gamma must be in \(0, 1\), got 1.0"):
        LIVLossConfig(gamma=1.0)
