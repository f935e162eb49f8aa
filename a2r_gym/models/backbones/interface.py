"""What the network needs from a backbone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["Backbone", "TextTower"]


class TextTower(nn.Module):
    """Turns sentences, with learned vectors among their word embeddings, into one vector each.

    Attributes:
        width: Size of a word embedding, and of the vector that comes out.
    """

    width: int

    def forward(self, instructions: Sequence[str], prompts_BLD: Tensor | None = None) -> Tensor:
        """Encode B sentences.

        Args:
            instructions: B sentences.
            prompts_BLD: float (B, L, width), learned vectors put in front of each sentence's words, or None.

        Returns:
            float (B, width), not normalised.
        """
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """Two towers and the picture format of the first.

    Attributes:
        image: Module from normalised pictures (N, 3, S, S) to a feature map (N, C, h, w); frozen.
        text: The text tower.
        channels: C.
        grid: h = w.
        image_size: S, in pixels.
        mean: Mean of each colour channel, of pixel values in [0, 1].
        std: Standard deviation of each colour channel.
    """

    image: nn.Module
    text: TextTower
    channels: int
    grid: int
    image_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def normalise(self, frames_NHWC: Tensor) -> Tensor:
        """Turn uint8 pictures (N, S, S, 3) into the trunk's input (N, 3, S, S)."""
        mean = torch.tensor(self.mean, device=frames_NHWC.device)
        std = torch.tensor(self.std, device=frames_NHWC.device)
        return ((frames_NHWC.float() / 255.0 - mean) / std).permute(0, 3, 1, 2)
