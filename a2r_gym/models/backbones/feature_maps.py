"""From the tokens of a vision transformer to a feature map of a size that can be cached.

Shape suffixes: N frames, P patches, C channels, H W places of a map.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from a2r_gym.errors import BackboneError

__all__ = ["MAX_GRID", "coarsen", "map_of_tokens", "measure"]

MAX_GRID = 8
"""Finer maps are averaged down: 14 x 14 places of 768 channels would be 300 kB a frame in the feature cache."""


def coarsen(maps_NCHW: Tensor) -> Tensor:
    """Average neighbouring places until a map has at most `MAX_GRID` a side: 14 become 7, 16 and 24 become 8."""
    grid = maps_NCHW.shape[-1]
    if grid <= MAX_GRID:
        return maps_NCHW
    return nn.functional.adaptive_avg_pool2d(maps_NCHW, math.ceil(grid / math.ceil(grid / MAX_GRID)))


def map_of_tokens(tokens_NPC: Tensor) -> Tensor:
    """Lay the tokens of a square picture's patches, row by row, out as a map (N, C, H, W)."""
    frames, patches, channels = tokens_NPC.shape
    grid = math.isqrt(patches)
    return tokens_NPC.transpose(1, 2).reshape(frames, channels, grid, grid)


@torch.inference_mode()
def measure(image: nn.Module, image_size: int) -> tuple[int, int]:
    """Find channels and grid of a trunk's map by encoding a grey picture.

    Raises:
        BackboneError: What comes out is no square map.
    """
    shape = tuple(image(torch.zeros(1, 3, image_size, image_size)).shape)
    if len(shape) != 4 or shape[2] != shape[3]:
        raise BackboneError(f"an image trunk must give square feature maps (1, C, h, h), this one gives {shape}")
    return shape[1], shape[2]
