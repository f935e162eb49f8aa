"""Tiny networks of every trained baseline, with random weights, and their reward models in the torch runtime."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from a2r_gym.baselines.concept2robot import Concept2Robot, Concept2RobotConfig, Concept2RobotNetwork
from a2r_gym.baselines.dvd import DVD, DVDConfig, DVDNetwork
from a2r_gym.baselines.liv import LIV, LIVConfig, LIVNetwork
from a2r_gym.baselines.roboclip import RoboCLIPConfig, RoboCLIPNetwork, trained_roboclip
from a2r_gym.models.calibration import Calibration
from a2r_gym.models.reward_network import RewardNetwork, TaskEntry
from a2r_gym.models.windowed import WindowedReward

DRAWER, MUG, FAUCET = "close the drawer", "push the mug to the left", "turn the faucet"
CALIBRATION = Calibration(slope=8.0, intercept=-2.0)
SIZES = {
    "tasks": (TaskEntry(name="tabletop/drawer-close", instructions=(DRAWER,)),), "backbone": "tiny",
    "place_features": 12, "mix_width": 32, "num_slots": 8, "slot_features": 4, "width": 64, "depth": 1, "embedding": 32,
}  # fmt: skip
SENTENCES = ((DRAWER, "push the drawer shut"), (MUG,), (FAUCET,))

MakeVideo = Callable[..., NDArray[np.uint8]]


def make_baseline(method: str, seed: int = 0) -> RewardNetwork:
    """Make a tiny network of a method."""
    torch.manual_seed(seed)
    network: RewardNetwork
    if method == "dvd":
        network = DVDNetwork(DVDConfig(**SIZES, sentences=SENTENCES, demonstrations=(4, 3, 0), compare_width=16))  # type: ignore[arg-type]
        random = torch.randn(network.demonstrations_GND.shape)
        network.demonstrations_GND.copy_(torch.nn.functional.normalize(random, dim=-1))
    elif method == "liv":
        network = LIVNetwork(LIVConfig(**SIZES))  # type: ignore[arg-type]
    elif method == "concept2robot":
        templates = ("Closing something", "Opening something", "Pushing something from right to left")
        network = Concept2RobotNetwork(
            Concept2RobotConfig(**SIZES, templates=templates, sentences=SENTENCES, classes=(0, 2, -1))  # type: ignore[arg-type]
        )
    else:
        network = RoboCLIPNetwork(RoboCLIPConfig(**SIZES))  # type: ignore[arg-type]
    return network.eval()


def make_model(network: RewardNetwork) -> WindowedReward:
    """Make the reward model of a network."""
    reward = {"dvd": DVD, "liv": LIV, "concept2robot": Concept2Robot, "roboclip": trained_roboclip}[network.method]
    model: WindowedReward = reward(network, CALIBRATION, name=network.method, runtime="torch")  # type: ignore[operator]
    return model


def video(frames: int, seed: int = 0, size: int = 32) -> NDArray[np.uint8]:
    """Make a video of random pixels."""
    return np.random.default_rng(seed).integers(0, 256, (frames, size, size, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _tiny(tiny_backbone: str) -> None:
    """Register the tiny backbone."""


@pytest.fixture(params=["dvd", "liv", "concept2robot", "roboclip"])
def network(request: pytest.FixtureRequest) -> RewardNetwork:
    """Give a network of every trained baseline."""
    return make_baseline(request.param)
