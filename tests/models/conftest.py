"""A tiny network with random weights, its model, and the real backbone once for all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from a2r_gym.models.adapt2reward import Adapt2RewardNetwork, ModelConfig
from a2r_gym.models.backbones import DEFAULT_BACKBONE, load_backbone
from a2r_gym.models.backbones.interface import Backbone
from a2r_gym.models.calibration import Calibration
from a2r_gym.models.reward_network import TaskEntry
from a2r_gym.models.scoring import Adapt2Reward

TASKS = (
    TaskEntry(name="tabletop/drawer-close", instructions=("close the drawer", "push the drawer shut")),
    TaskEntry(
        name="tabletop/mug-left",
        instructions=("push the mug to the left",),
        failure_modes=("untouched", "to the right", "too short"),
    ),
)
CALIBRATION = Calibration(slope=8.0, intercept=-2.0)

MakeNetwork = Callable[..., Adapt2RewardNetwork]
MakeVideo = Callable[..., NDArray[np.uint8]]


def _network(seed: int = 0, **changes: object) -> Adapt2RewardNetwork:
    sizes: dict[str, object] = {
        "tasks": TASKS, "backbone": "tiny", "place_features": 12, "mix_width": 32, "num_slots": 8, "slot_features": 4,
        "width": 64, "depth": 1, "embedding": 32, "prompt_length": 2,
    }  # fmt: skip
    torch.manual_seed(seed)
    network = Adapt2RewardNetwork(ModelConfig(**{**sizes, **changes}))  # type: ignore[arg-type]
    with torch.no_grad():  # random everywhere: what starts at zero would hide mistakes
        for parameter in network.parameters():
            if parameter.requires_grad and not parameter.any():
                parameter.normal_(std=0.1)
    return network.eval()


def _video(frames: int, seed: int = 0, size: int = 32) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (frames, size, size, 3), dtype=np.uint8)


@pytest.fixture(scope="session")
def make_network(tiny_backbone: str) -> MakeNetwork:
    """Make a tiny network of a seed; keywords change its config."""
    return _network


@pytest.fixture(scope="session")
def make_video() -> MakeVideo:
    """Make a video of random pixels."""
    return _video


@pytest.fixture(scope="session")
def network(make_network: MakeNetwork) -> Adapt2RewardNetwork:
    """Share one tiny network; do not change it."""
    return make_network()


@pytest.fixture(scope="session")
def model(network: Adapt2RewardNetwork) -> Adapt2Reward:
    """Share the tiny network's model in the torch runtime; do not change it."""
    return Adapt2Reward(network, CALIBRATION, name="tiny", runtime="torch")


@pytest.fixture(scope="session")
def real_backbone() -> Backbone:
    """Share the real backbone; do not change it."""
    return load_backbone(DEFAULT_BACKBONE)


@pytest.fixture(scope="session")
def real_network() -> Adapt2RewardNetwork:
    """Share a network of random weights on a real backbone of its own, which scoring freezes; do not change it."""
    return _network(backbone=DEFAULT_BACKBONE)
