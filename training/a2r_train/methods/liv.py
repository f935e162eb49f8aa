"""LIV's training: values that rise to the last frame, and last frames near to their sentences.

Source: Ma et al. 2023 (arXiv 2306.00958), equations 2 to 6, and the released code: gamma 0.98, both terms of weight 1,
no further negatives. The code draws one pair of neighbouring frames of each video, ours takes all that a step has of
it; its InfoNCE takes other videos' sentences as negatives, ours those that the video surely does not do.

Shape suffixes: B robot clips, N human clips, T frames, M sentences, D embedding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from a2r_gym.baselines.liv import LIVConfig, LIVNetwork
from a2r_train.features import FeatureStore
from a2r_train.human_sampler import HumanBatch
from a2r_train.losses import video_language_loss
from a2r_train.methods.interface import RunSetting, TrainingMethod, no_finish, success_rows
from a2r_train.sampler import Batch
from a2r_train.step_losses import compress_maps, maps_of, precision

__all__ = ["METHOD", "LIVLossConfig", "LIVLosses", "temporal_loss"]


@dataclass(frozen=True, kw_only=True)
class LIVLossConfig:
    """Weights of LIV's two terms.

    Attributes:
        temporal: VIP's objective; at 0 what is left is CLIP's, trained on our backbone.
        language: InfoNCE of last frame and sentence.
        gamma: Discount; values are cosines times 1 / (1 - gamma).
    """

    temporal: float = 1.0
    language: float = 1.0
    gamma: float = 0.98

    method: ClassVar[str] = "liv"

    def __post_init__(self) -> None:
        """Check ranges."""
        if min(self.temporal, self.language) < 0.0 or not self.temporal + self.language:
            raise ValueError(f"expected weights >= 0, not both 0, got {self.temporal} and {self.language}")
        if not 0.0 < self.gamma < 1.0:
            raise ValueError(f"gamma must be in (0, 1), got {self.gamma}")


class LIVLosses:
    """Computes both terms of a step.

    Args:
        network: The network.
        setting: The run.
        config: Weights.
    """

    clusters_failures = False

    def __init__(self, network: LIVNetwork, setting: RunSetting, config: LIVLossConfig) -> None:
        self._network, self._store, self._config = network, setting.store, config
        self._human_store = None if setting.human is None else setting.human.store

    def __call__(self, batch: Batch, human: HumanBatch | None, mode_B: NDArray[np.int64]) -> dict[str, Tensor]:
        """See `a2r_train.methods.interface.Losses`."""
        del mode_B
        config = self._config
        frames = [self._frames(self._store, batch)]
        named: dict[str, Tensor] = {}
        if config.language:
            done = success_rows(batch)
            named["language"] = config.language * self._language(frames[0][done, -1], batch, done)
        if human is not None and self._human_store is not None:
            frames.append(self._frames(self._human_store, human))
            if config.language:
                everyone = np.arange(len(human.clips))
                named["human_language"] = config.language * self._language(frames[1][:, -1], human, everyone)
        if config.temporal:
            named["temporal"] = config.temporal * temporal_loss(torch.cat(frames), config.gamma)
        return named

    def _frames(self, store: FeatureStore, batch: Batch | HumanBatch) -> Tensor:
        """Embed the frames of a step's clips: float (B, T, D), unit length."""
        features_BTF = compress_maps(self._network, maps_of(store, batch))
        with precision():
            return self._network.encode_frames(features_BTF).float()

    def _language(self, last_BD: Tensor, batch: Batch | HumanBatch, rows: NDArray[np.int64]) -> Tensor:
        with precision():
            text_MD = self._network.encode_text(batch.sentences).float()
        sim_BM = last_BD @ text_MD.T
        scale = torch.tensor(1.0 / (1.0 - self._config.gamma))
        none_BMK = sim_BM.new_zeros((*sim_BM.shape, 0))
        return video_language_loss(sim_BM, none_BMK, torch.from_numpy(batch.labels[rows]), scale)


def temporal_loss(frames_BTD: Tensor, gamma: float) -> Tensor:
    """VIP's objective with each video's last frame as its goal.

    First frames are drawn to the goal; from frame to frame the value rises by what a step costs.

    Args:
        frames_BTD: float (B, T, D), unit length, in order of time.
        gamma: Discount.

    Returns:
        Scalar: (1 - gamma) * mean(-V(first)) + log mean exp(1 + V(now) - gamma * V(next)), where V is the cosine to the
        last frame times 1 / (1 - gamma).
    """
    value_BT = (frames_BTD * frames_BTD[:, -1:]).sum(dim=-1) / (1.0 - gamma)
    short = (1.0 + value_BT[:, :-1] - gamma * value_BT[:, 1:]).flatten()
    return -(1.0 - gamma) * value_BT[:, 0].mean() + torch.logsumexp(short, dim=0) - math.log(len(short))


def _config(setting: RunSetting) -> LIVConfig:
    return LIVConfig(tasks=setting.entries, backbone=setting.recipe.backbone)


def _losses(network: LIVNetwork, setting: RunSetting) -> LIVLosses:
    config = setting.recipe.losses
    assert isinstance(config, LIVLossConfig)
    return LIVLosses(network, setting, config)


METHOD: Final = TrainingMethod(_config, _losses, no_finish)
"""See `a2r_train.methods`."""
