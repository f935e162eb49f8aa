"""What the network needs from a backbone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["Backbone", "FrozenTrunk", "TextTower"]


class TextTower(nn.Module):
    """Turns sentences, with learned vectors among their word embeddings, into one vector each.

    Attributes:
        width: Size of a word embedding.
    """

    width: int

    @property
    def features(self) -> int:
        """Size of the vector that comes out; `width`, unless a tower says otherwise."""
        return self.width

    def train(self, mode: bool = True) -> TextTower:
        """Keep dropout off: what is trained are few changes to a frozen tower, and sentences are short."""
        return super().train(False)

    def forward(self, instructions: Sequence[str], prompts_BLD: Tensor | None = None) -> Tensor:
        """Encode B sentences.

        Args:
            instructions: B sentences.
            prompts_BLD: float (B, L, width), learned vectors put in front of each sentence's words, or None.

        Returns:
            float (B, features), not normalised.
        """
        raise NotImplementedError


class FrozenTrunk(nn.Module):
    """An image trunk that stays as it is loaded: in evaluation mode, running statistics and all."""

    def train(self, mode: bool = True) -> FrozenTrunk:
        """Stay in evaluation mode."""
        return super().train(False)

    def parts(self) -> tuple[nn.Module, nn.Module] | None:
        """Return the layers that cannot bear to be computed in bf16, and those behind them; None: all can.

        They share the trunk's weights, and one after the other they are the trunk.
        """
        return None


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
        weights_sha256: Hash of the files that the user's name points to; None where the weights come from a
            package. With a hash, a checkpoint stores it in place of the image trunk's weights, and loading
            reads the user's files again.
    """

    image: nn.Module
    text: TextTower
    channels: int
    grid: int
    image_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    weights_sha256: str | None = None

    def normalise(self, frames_NHWC: Tensor) -> Tensor:
        """Turn uint8 pictures (N, S, S, 3) into the trunk's input (N, 3, S, S)."""
        mean = torch.tensor(self.mean, device=frames_NHWC.device)
        std = torch.tensor(self.std, device=frames_NHWC.device)
        return ((frames_NHWC.float() / 255.0 - mean) / std).permute(0, 3, 1, 2)
