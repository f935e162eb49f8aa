"""The point environment by its id with a model that reads its pictures, and a checkpoint of the tiny network."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import gymnasium as gym
import pytest

pytest.importorskip("stable_baselines3", reason="needs the sb3 extra")

import torch

from a2r_gym import registration
from a2r_gym.models.adapt2reward import Adapt2RewardNetwork, ModelConfig
from a2r_gym.models.calibration import Calibration
from a2r_gym.models.checkpoint import CheckpointMeta, save_checkpoint
from a2r_gym.models.reward_network import TaskEntry
from a2r_gym.wrappers import episode_rewards
from tests.rl.point_env import FAMILY, POINT, BrightnessModel, PointEnv


@pytest.fixture(autouse=True)
def ctrl_c() -> Iterator[None]:
    """Let Ctrl-C interrupt; a shell that starts pytest in the background has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def point(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Register the point environment, and let its model be loaded by the name ``brightness``; gives the id."""
    monkeypatch.setitem(registration.FAMILIES, FAMILY.name, FAMILY)
    monkeypatch.setattr(registration, "ENV_IDS", (*registration.ENV_IDS, POINT))
    load = episode_rewards._load_bundled
    monkeypatch.setattr(
        episode_rewards, "_load_bundled", lambda name: BrightnessModel() if name == "brightness" else load(name)
    )
    registration.register_family(FAMILY)
    PointEnv.seeds.clear()
    PointEnv.renders = 0
    yield POINT
    gym.registry.pop(POINT)


@pytest.fixture(scope="session")
def tiny_checkpoint(tiny_backbone: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a checkpoint of random weights; gives its folder."""
    torch.manual_seed(0)
    config = ModelConfig(
        tasks=(TaskEntry(name="metaworld/drawer-close", instructions=("close the drawer",)),),
        backbone=tiny_backbone, place_features=12, mix_width=32, num_slots=8, slot_features=4, width=64,
        depth=1, embedding=32, prompt_length=2,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("tiny") / "checkpoint"
    meta = CheckpointMeta(calibration=Calibration(slope=4.0, intercept=0.0))
    save_checkpoint(folder, Adapt2RewardNetwork(config), meta, "# tiny\n")
    return folder
