"""RoboCLIP's objective on our backbone: the contrast of whole videos with their sentences.

Source: the video-language model that RoboCLIP (arXiv 2310.07899) takes as it comes, S3D, is learned by MIL-NCE, a
contrast of clips and narrations over HowTo100M; RoboCLIP itself trains nothing. Ours is the plain contrast, for each
video has one sentence. Failures take no part: they have none.

Shape suffixes: B videos, M sentences, K failure modes, D embedding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from a2r_gym.baselines.roboclip import RoboCLIPConfig, RoboCLIPNetwork
from a2r_train.features import FeatureStore
from a2r_train.human_sampler import HumanBatch
from a2r_train.losses import video_language_loss
from a2r_train.methods.interface import RunSetting, TrainingMethod, no_finish, success_rows
from a2r_train.sampler import Batch
from a2r_train.step_losses import embed_clips, precision

__all__ = ["METHOD", "RoboCLIPLossConfig", "RoboCLIPLosses"]


@dataclass(frozen=True, kw_only=True)
class RoboCLIPLossConfig:
    """There is nothing to choose."""

    method: ClassVar[str] = "roboclip"


class RoboCLIPLosses:
    """Computes the contrast of a step, in each domain.

    Args:
        network: The network.
        setting: The run.
    """

    clusters_failures = False

    def __init__(self, network: RoboCLIPNetwork, setting: RunSetting) -> None:
        self._network, self._store = network, setting.store
        self._human_store = None if setting.human is None else setting.human.store

    def __call__(self, batch: Batch, human: HumanBatch | None, mode_B: NDArray[np.int64]) -> dict[str, Tensor]:
        """See `a2r_train.methods.interface.Losses`."""
        del mode_B
        named = {"language": self._contrast(self._store, batch, success_rows(batch))}
        if human is not None and self._human_store is not None:
            named["human_language"] = self._contrast(self._human_store, human, np.arange(len(human.clips)))
        return named

    def _contrast(self, store: FeatureStore, batch: Batch | HumanBatch, rows: NDArray[np.int64]) -> Tensor:
        video_BD = embed_clips(self._network, store, batch, rows)
        with precision():
            text_MD = self._network.encode_text(batch.sentences).float()
        sim_BM = video_BD @ text_MD.T
        none_BMK = sim_BM.new_zeros((*sim_BM.shape, 0))
        return video_language_loss(
            sim_BM, none_BMK, torch.from_numpy(batch.labels[rows]), self._network.logit_scale
        )  # fmt: skip


def _config(setting: RunSetting) -> RoboCLIPConfig:
    return RoboCLIPConfig(tasks=setting.entries, backbone=setting.recipe.backbone)


def _losses(network: RoboCLIPNetwork, setting: RunSetting) -> RoboCLIPLosses:
    return RoboCLIPLosses(network, setting)


METHOD: Final = TrainingMethod(_config, _losses, no_finish)
"""See `a2r_train.methods`."""
