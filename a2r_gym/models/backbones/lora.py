"""Low-rank changes of frozen weights (Hu et al. 2021): what is trained of every text tower."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from a2r_gym.errors import BackboneError

__all__ = ["LoRA", "add_lora"]

_RANK = 8


class LoRA(nn.Module):
    """W + B A, as a parametrization; nothing changes until it is trained."""

    def __init__(self, rows: int, columns: int) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.randn(_RANK, columns) / columns**0.5)
        self.up = nn.Parameter(torch.zeros(rows, _RANK))

    def forward(self, weight: Tensor) -> Tensor:
        """Change the weight (rows, columns)."""
        return weight + self.up @ self.down


def add_lora(tower: nn.Module, endings: tuple[str, ...]) -> None:
    """Freeze a tower and let low-rank changes of some of its matrices be trained.

    Args:
        tower: The tower; put into evaluation mode.
        endings: Matrices whose names end so are changed.

    Raises:
        BackboneError: There are none.
    """
    tower.requires_grad_(False)
    tower.eval()
    names = [name for name, value in tower.named_parameters() if name.endswith(endings) and value.ndim == 2]
    if not names:
        raise BackboneError(
            f"{type(tower).__name__} has no matrix to adapt: expected names that end in {', '.join(endings)}"
        )
    for name in names:
        owner, _, leaf = name.rpartition(".")
        change = LoRA(*tower.get_parameter(name).shape)
        nn.utils.parametrize.register_parametrization(tower.get_submodule(owner), leaf, change)
