"""A checkpoint of the tiny network, for agents that need a learned reward."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from a2r_gym.models.adapt2reward import Adapt2RewardNetwork, ModelConfig, TaskEntry
from a2r_gym.models.checkpoint import CheckpointMeta, save_checkpoint
from a2r_gym.models.scoring import Calibration


@pytest.fixture(scope="session")
def tiny_checkpoint(tiny_backbone: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a checkpoint of random weights; gives its folder."""
    torch.manual_seed(0)
    config = ModelConfig(
        tasks=(TaskEntry(name="metaworld/drawer-close", instructions=("close the drawer",)),),
        backbone=tiny_backbone, pool_width=32, num_queries=2, frame_features=24, width=64, depth=1, embedding=32,
        prompt_length=2,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("tiny") / "checkpoint"
    meta = CheckpointMeta(calibration=Calibration(slope=4.0, intercept=0.0))
    save_checkpoint(folder, Adapt2RewardNetwork(config), meta, "# tiny\n")
    return folder
