"""Adapt2Reward's training: its losses stand in `a2r_train.step_losses`."""

from __future__ import annotations

from typing import Final

import numpy as np

from a2r_gym.models.adapt2reward import Adapt2RewardNetwork, ModelConfig
from a2r_train.methods.interface import RunSetting, TrainingMethod, no_finish
from a2r_train.step_losses import LossConfig, StepLosses

__all__ = ["METHOD"]


def _config(setting: RunSetting) -> ModelConfig:
    recipe = setting.recipe
    return ModelConfig(
        tasks=setting.entries, backbone=recipe.backbone, num_failure_modes=recipe.num_failure_modes
    )  # fmt: skip


def _losses(network: Adapt2RewardNetwork, setting: RunSetting) -> StepLosses:
    weights = setting.recipe.losses
    assert isinstance(weights, LossConfig)
    return StepLosses(network, setting.store, np.arange(len(setting.tasks)), weights, setting.human)


METHOD: Final = TrainingMethod(_config, _losses, no_finish)
"""See `a2r_train.methods`."""
