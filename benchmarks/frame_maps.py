"""Stored frames go through the frozen image trunk once for all models: what differs between them comes behind it.

A model's frame runtime is exchanged for one that looks up the trunk's feature maps of the frames that it is given, by
their content, and does the rest. Maps are kept in float16, as for training.

Shape suffixes: N frames, S side of the picture, C channels, H W feature map, F frame feature.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from a2r_gym.models.backbones import load_backbone
from a2r_gym.models.frames import resize_frames
from a2r_gym.models.reward_network import RewardNetwork
from a2r_gym.protocols import RewardModel
from a2r_train.data.clips import ClipSet
from a2r_train.features import cache_features

__all__ = ["StoredMaps", "read_stored"]

_BATCH = 256


class StoredMaps:
    """A `FrameRuntime` for frames of some clips.

    Args:
        network: Whose compressor follows the trunk.
        clips: Clip sets.
        folder: Where their feature maps are kept, and made where they are missing.
    """

    name = "stored maps"

    def __init__(self, network: RewardNetwork, clips: Sequence[ClipSet], folder: Path) -> None:
        self._compressor, size = network.compressor, network.backbone.image_size
        self._maps: list[Any] = []
        self._places: dict[bytes, tuple[int, int, int]] = {}
        for part, each in enumerate(clips):
            store = cache_features(each, network.config.backbone, folder, num_augmentations=1, seed=0, workers=1)
            self._maps.append(store.maps)
            for clip, video in enumerate(each.frames):
                for frame, picture in enumerate(resize_frames(np.asarray(video), size)):
                    self._places[_digest(picture)] = (part, clip, frame)

    def __call__(self, frames_NHWC: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Look frames up: uint8 (N, S, S, 3) to float32 (N, F).

        Raises:
            KeyError: A frame is of none of the clips.
        """
        places = [self._places[_digest(frame)] for frame in frames_NHWC]
        maps_NCHW = np.stack([self._maps[part][0, clip, frame] for part, clip, frame in places])
        return np.concatenate(
            [self._compress(part) for part in np.split(maps_NCHW, range(_BATCH, len(maps_NCHW), _BATCH))]
        )

    @torch.inference_mode()
    def _compress(self, maps_NCHW: NDArray[np.float16]) -> NDArray[np.float32]:
        features: NDArray[np.float32] = self._compressor(torch.from_numpy(maps_NCHW).float()).numpy()
        return features


def read_stored(model: RewardModel, clips: Sequence[ClipSet], folder: Path) -> None:
    """Let a model look the frames of some clips up, where it reads them through the untouched trunk of its backbone.

    Args:
        model: Changed in place; one without a network, or with a trunk of its own, stays as it is.
        clips: All that it will be asked to score.
        folder: See `StoredMaps`.
    """
    network = getattr(model, "network", None)
    exchange = getattr(model, "exchange_runtime", None)
    if isinstance(network, RewardNetwork) and exchange is not None and _is_untouched(network):
        exchange(StoredMaps(network, clips, folder))


def _is_untouched(network: RewardNetwork) -> bool:
    original = load_backbone(network.config.backbone).image
    return _same(network.image, original)


def _same(one: nn.Module, other: nn.Module) -> bool:
    mine, theirs = one.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)


def _digest(picture: NDArray[np.uint8]) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(picture), digest_size=16).digest()
