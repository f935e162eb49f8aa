"""Tiny networks on synthetic clips: each method as the trainer sees it, without a checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from a2r_gym.baselines.concept2robot import Concept2RobotNetwork
from a2r_gym.baselines.dvd import DVDConfig, DVDNetwork
from a2r_gym.baselines.liv import LIVConfig, LIVNetwork
from a2r_gym.baselines.roboclip import RoboCLIPConfig, RoboCLIPNetwork
from a2r_gym.models.reward_network import RewardNetwork, TaskEntry
from a2r_train.features import FeatureStore
from a2r_train.labels import labelled_tasks
from a2r_train.methods import find_training
from a2r_train.methods.interface import Losses, RunSetting
from a2r_train.recipes import MethodLosses, Recipe
from a2r_train.sampler import BatchSampler, SamplerConfig
from a2r_train.step_losses import HumanPart
from a2r_train.trainer import Trainer, TrainerConfig
from tests.tiny_backbone import TINY
from tests.training.synthetic import TABLETOP, make_clips, make_sampler, make_store

SIZES: dict[str, Any] = {
    "tasks": tuple(TaskEntry(name=name, instructions=(name,)) for name in TABLETOP), "backbone": TINY,
    "place_features": 24, "mix_width": 64, "num_slots": 16, "slot_features": 8, "width": 64, "depth": 1,
    "embedding": 32,
}  # fmt: skip
WHOLE = SamplerConfig(tasks_per_step=8, prefixes=False, canonical=1.0)


class Made(NamedTuple):
    """A method on synthetic clips."""

    network: Any
    losses: Losses
    sampler: BatchSampler
    setting: RunSetting

    def train(self, folder: Path, steps: int, rate: float = 3e-3) -> list[dict[str, float]]:
        """Train some steps; gives the losses of each."""
        found: list[dict[str, float]] = []
        config = TrainerConfig(
            num_steps=steps, learning_rate=rate, warmup_steps=2, save_every=1000, num_threads=1
        )  # fmt: skip
        people = None if self.setting.human is None else self.setting.human.sampler
        trainer = Trainer(
            self.network,
            self.sampler,
            self.setting.store,
            np.arange(len(TABLETOP)),
            self.losses,
            config,
            folder,
            people,
        )
        trainer.run(lambda _, losses: found.append(losses))
        self.network.eval()
        return found


def _network(method: str, setting: RunSetting) -> RewardNetwork:
    if method == "dvd":
        return DVDNetwork(DVDConfig(**SIZES, compare_width=32))
    if method == "liv":
        return LIVNetwork(LIVConfig(**SIZES))
    if method == "roboclip":
        return RoboCLIPNetwork(RoboCLIPConfig(**SIZES))
    config: Any = find_training(method).config(setting)
    return Concept2RobotNetwork(replace(config, **SIZES))


MakeMethod = Callable[..., Made]


@pytest.fixture(scope="session")
def make_method(tiny_backbone: str) -> MakeMethod:
    """Make a method of some losses; equal arguments give equal networks."""

    def make(
        losses: MethodLosses, *, store: FeatureStore | None = None, human: HumanPart | None = None, seed: int = 0
    ) -> Made:
        import torch

        clips = make_clips()
        store = store or make_store(clips)
        templates = () if human is None else (5, 6, 46, 93)
        recipe = Recipe(name="mini", backbone=TINY, losses=losses)
        setting = RunSetting(
            recipe, SIZES["tasks"], labelled_tasks(clips.label_names), store, human, templates, TABLETOP, None
        )
        torch.manual_seed(seed)
        network = _network(losses.method, setting)
        made = find_training(losses.method).losses(network, setting)
        return Made(network, made, make_sampler(clips, store, WHOLE), setting)

    return make
