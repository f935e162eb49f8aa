"""A narrow Singularity checkpoint of random numbers, with the names of the released one."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import Tensor

__all__ = ["GRID", "HEADS", "JOINT", "PATCH", "WIDTH", "released_shapes", "singularity_state"]

GRID, PATCH, WIDTH, HEADS, JOINT = 2, 8, 32, 2, 12


def released_shapes() -> dict[str, tuple[int, ...]]:
    """Read names and shapes of the released checkpoint."""
    shapes = {}
    for line in (Path(__file__).parent / "singularity_tensors.txt").read_text().splitlines()[1:]:
        name, size, *layers = line.split()
        first, last = (int(number) for number in layers[0].split("-")) if layers else (0, 0)
        for layer in range(first, last + 1):
            shapes[name.replace("*", str(layer))] = () if size == "-" else tuple(map(int, size.split(",")))
    return shapes


def _tiny_name(name: str) -> str | None:
    """Keep a layer of the released checkpoint under the number that it has in the tiny one; None: left out."""
    if (match := re.fullmatch(r"(\w+)\.(.*)layer\.(\d+)\.(.*)", name)) is None:
        return name
    module, between, layer, rest = match[1], match[2], int(match[3]), match[4]
    if module == "text_encoder" and layer >= 9:  # the cross-modal ones
        return f"{module}.{between}layer.2.{rest}" if layer == 9 else None
    return name if layer <= 1 else None


def singularity_state(seed: int = 3) -> dict[str, Tensor]:
    """Make a checkpoint with the released names, narrow and with few layers; the vocabulary is BERT's own."""
    smaller = {768: WIDTH, 3072: 2 * WIDTH, 256: JOINT, 16: PATCH, 12: HEADS}
    smaller |= {732: (2 * GRID - 1) ** 2 + 3, 197: GRID**2 + 1}
    draw = torch.Generator().manual_seed(seed)
    state = {}
    for name, shape in released_shapes().items():
        if (kept := _tiny_name(name)) is not None:
            shape = tuple(smaller.get(size, size) for size in shape)
            state[kept] = 0.3 * torch.randn(shape, generator=draw)
    for name, value in state.items():
        if name.endswith(("relative_position_index", "position_ids")):
            state[name] = torch.zeros(value.shape, dtype=torch.long)
    return state
