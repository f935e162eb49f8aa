"""Data-parallel training: processes that share each step's clips and agree on its gradient.

Every process, a rank, draws the same batch from the same seed. It embeds its own part of the clips; the embeddings are
gathered with their gradient, for contrastive losses need all of them, and gradients are averaged. So the losses are
those of one process with the same batch, but for dropout, which falls on other clips.

Without ``torchrun`` there is one rank, and nothing here does anything.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch import distributed as dist

__all__ = ["average_gradients", "is_first", "joined", "share"]


@contextmanager
def joined() -> Iterator[None]:
    """Be one of the ranks that ``torchrun`` has started, if it has.

    Example:
        >>> with joined():
        ...     is_first()
        True
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    dist.init_process_group("gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()


def is_first() -> bool:
    """Tell whether this rank writes files and reports."""
    return not dist.is_initialized() or dist.get_rank() == 0


def share(count: int, embed: Callable[[NDArray[np.int64]], Tensor]) -> Tensor:
    """Embed clips, each in one of the ranks.

    Args:
        count: Number of clips, B.
        embed: From positions int64 (N,) among the clips to their embeddings (N, D).

    Returns:
        All embeddings (B, D), equal in all ranks; their gradient finds its way back to the rank that made them.
    """
    if not dist.is_initialized() or count < dist.get_world_size():
        return embed(np.arange(count))
    rows = np.arange(dist.get_rank(), count, dist.get_world_size())
    gathered: Tensor = _Gather.apply(embed(rows), torch.from_numpy(rows), count)
    return gathered


class _Gather(torch.autograd.Function):
    """Puts the rows of all ranks together."""

    @staticmethod
    def forward(ctx: Any, own_ND: Tensor, rows_N: Tensor, count: int) -> Tensor:
        ctx.rows_N = rows_N
        all_BD = own_ND.new_zeros((count, *own_ND.shape[1:]))
        all_BD[rows_N] = own_ND
        dist.all_reduce(all_BD)
        return all_BD

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        grad_BD = grads[0].clone(memory_format=torch.contiguous_format)
        dist.all_reduce(grad_BD)  # each rank has a loss of its own; `average_gradients` divides by their number
        return grad_BD[ctx.rows_N], None, None


def average_gradients(parameters: Iterable[Tensor]) -> None:
    """Give every rank the mean of all ranks' gradients."""
    if not dist.is_initialized():
        return
    grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
    together = torch.cat([grad.flatten() for grad in grads])
    dist.all_reduce(together)
    together /= dist.get_world_size()
    begin = 0
    for grad in grads:
        grad.copy_(together[begin : begin + grad.numel()].view_as(grad))
        begin += grad.numel()
