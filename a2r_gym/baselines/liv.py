"""LIV: the value of a single frame for a goal that is said in words.

Source: Ma et al. 2023, "LIV: Language-Image Representations and Rewards for Robotic Control" (arXiv 2306.00958). One
space of frames and sentences; the value of a frame for a goal is their cosine. Learned by VIP's temporal objective
with the last frame as the goal, and by InfoNCE of the last frame with the sentence. Ours differs in the towers: a
frozen trunk whose compressed map is read by two layers, our adapted text tower; CLIP's ResNet-50 in the paper.

Shape suffixes: N frames, B videos, T frames of a video, F frame feature, M sentences, D embedding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from a2r_gym.models.calibration import Calibration
from a2r_gym.models.methods import Method
from a2r_gym.models.reward_network import NetworkConfig, RewardNetwork
from a2r_gym.models.windowed import SimilarityReward, network_runtime

__all__ = ["LIV", "METHOD", "LIVConfig", "LIVNetwork"]


@dataclass(frozen=True, kw_only=True)
class LIVConfig(NetworkConfig):
    """Everything that fixes the network's tensors, see `NetworkConfig`; sizes of a temporal head do nothing here."""


class LIVNetwork(RewardNetwork):
    """Frames and sentences in one space.

    Args:
        config: Sizes and tasks.
        image_weights: See `load_backbone`.
    """

    method: ClassVar[str] = "liv"

    def __init__(self, config: LIVConfig, *, image_weights: bool = True) -> None:
        super().__init__(config, image_weights=image_weights)
        self.frame_projection = nn.Sequential(
            nn.Linear(self.frame_features, config.width), nn.GELU(), nn.Linear(config.width, config.embedding)
        )
        self.text_projection = nn.Sequential(
            nn.Linear(self.text.features, self.text.width), nn.GELU(), nn.Linear(self.text.width, config.embedding)
        )
        self.note_trained()

    def encode_frames(self, frames_NF: Tensor) -> Tensor:
        """Embed frames from their features, float (..., F): float (..., D), unit length."""
        return nn.functional.normalize(self.frame_projection(frames_NF), dim=-1)

    def encode_text(self, instructions: Sequence[str]) -> Tensor:
        """Embed M sentences: float (M, D), unit length."""
        return nn.functional.normalize(self.text_projection(self.text(instructions)), dim=-1)


class LIV(SimilarityReward):
    """Value of the newest frame for the instruction: their cosine. What came before does not matter.

    It reads text. Of failures only the course is used, not that they fail: the temporal objective takes any video as
    one that reaches its own last frame, and InfoNCE has no sentence for where a failure ends.

    Args:
        network: The trained network.
        calibration: See `SimilarityReward`.
        name: How the model is called.
        runtime: See `a2r_gym.models.runtime.make_runtime`.

    Source:
        Ma et al. 2023, equations 4 to 6.
    """

    def __init__(self, network: LIVNetwork, calibration: Calibration, *, name: str, runtime: str | None = None) -> None:
        self.network = network
        super().__init__(
            network_runtime(network, runtime),
            image_size=network.backbone.image_size,
            num_frames=1,
            calibration=calibration,
            name=name,
        )
        self._texts: dict[str, Tensor] = {}

    @torch.inference_mode()
    def rate(self, seen_BTF: NDArray[np.float32], instructions: Sequence[str]) -> NDArray[np.float32]:
        """See `SimilarityReward.rate`."""
        for sentence in instructions:
            if sentence not in self._texts:
                self._texts[sentence] = self.network.encode_text([sentence])[0]
        texts_MD = torch.stack([self._texts[sentence] for sentence in instructions])
        frames_BD = self.network.encode_frames(torch.from_numpy(seen_BTF[:, -1]))
        return np.asarray((frames_BD @ texts_MD.T).numpy(), dtype=np.float32)


METHOD = Method(LIVConfig, LIVNetwork, LIV)
"""See `a2r_gym.models.methods`."""
