"""Maps of any size are cached and trained from; other weights under the same name have a cache of their own."""

from __future__ import annotations

from multiprocessing.pool import ThreadPool
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from a2r_gym.models import runtime, windowed
from a2r_gym.models.backbones import load_backbone
from a2r_gym.models.checkpoint import load_network, load_reward
from a2r_gym.models.frames import resize_frames
from a2r_train import features
from a2r_train.features import FeatureStore, cache_features
from a2r_train.fit import fit
from a2r_train.recipes import Recipe
from a2r_train.sampler import SamplerConfig
from a2r_train.trainer import TrainerConfig
from a2r_train.training_parts import TrainingPart
from tests.models.backbones.tiny_singularity import GRID, WIDTH, singularity_state
from tests.training.synthetic import KEPT, make_clips

BACKBONE = "singularity:tiny.pth"


@pytest.fixture(autouse=True)
def _in_threads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the pool's workers be threads that encode in torch's fp32, and write the weights."""
    monkeypatch.setattr(features.multiprocessing, "get_context", lambda _: SimpleNamespace(Pool=ThreadPool))
    for module in (runtime, windowed):
        monkeypatch.setattr(module, "make_runtime", lambda made, size, name=None: runtime.TorchRuntime(made))
    monkeypatch.setenv("A2R_WEIGHTS", str(tmp_path))
    torch.save(singularity_state(), tmp_path / "tiny.pth")


def _cache(folder: Path) -> FeatureStore:
    clips = make_clips(per_source=1, size=24)
    return cache_features(clips, BACKBONE, folder, num_augmentations=2, seed=0, workers=1)


def test_maps_of_any_size_are_the_trunks(tmp_path: Path) -> None:
    store, clips, tower = _cache(tmp_path), make_clips(per_source=1, size=24), load_backbone(BACKBONE)
    assert store.maps.shape == (2, len(clips), KEPT, WIDTH, GRID, GRID)
    frames = torch.from_numpy(resize_frames(clips.frames[3], tower.image_size))
    with torch.inference_mode():
        expected = tower.image(tower.normalise(frames)).numpy()
    np.testing.assert_allclose(np.asarray(store.maps[0, 3], np.float32), expected, atol=5e-3)


def test_other_weights_under_the_same_name_are_encoded_anew(tmp_path: Path) -> None:
    first = np.array(_cache(tmp_path).maps)
    np.testing.assert_array_equal(first, _cache(tmp_path).maps)
    assert len(list(tmp_path.glob("features-*"))) == 1
    torch.save(singularity_state(seed=5), tmp_path / "tiny.pth")
    assert np.abs(first - _cache(tmp_path).maps).max() > 0.1
    assert len(list(tmp_path.glob("features-*"))) == 2


def test_a_miniature_run_ends_in_a_checkpoint_that_scores(tmp_path: Path) -> None:
    trainer = TrainerConfig(num_steps=4, epoch_steps=2, save_every=4, warmup_steps=1, num_threads=1)
    recipe = Recipe(name="mini", backbone=BACKBONE, sampler=SamplerConfig(tasks_per_step=4), trainer=trainer)
    parts = [TrainingPart(make_clips(per_source=3, size=24), tmp_path / "cache")]
    fit(recipe, parts, make_clips(per_source=2, size=24), out=tmp_path / "run", workers=1, name="mine")
    network, _ = load_network(tmp_path / "run/checkpoint")
    assert (network.config.backbone, network.backbone.channels) == (BACKBONE, WIDTH)
    model = load_reward(tmp_path / "run/checkpoint", runtime="torch")
    assert np.isfinite(model.score(np.zeros((1, 3, 24, 24, 3), np.uint8), ["close the drawer"]).similarity).all()
    card = (tmp_path / "run/checkpoint/README.md").read_text()
    assert f"image trunk of `{BACKBONE}`" in card
    assert "EfficientNet" not in card
    assert "MiniLM" not in card
