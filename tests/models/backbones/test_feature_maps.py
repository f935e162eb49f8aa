"""Tokens lie where their patches are, and maps are made coarse enough to be cached."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from a2r_gym.errors import BackboneError
from a2r_gym.models.backbones.feature_maps import MAX_GRID, coarsen, map_of_tokens, measure


def test_tokens_lie_row_by_row() -> None:
    tokens = torch.arange(2 * 9 * 4.0).view(2, 9, 4)
    maps = map_of_tokens(tokens)
    assert maps.shape == (2, 4, 3, 3)
    assert torch.equal(maps[1, :, 2, 1], tokens[1, 7])


@pytest.mark.parametrize(("fine", "coarse"), [(7, 7), (8, 8), (14, 7), (16, 8), (24, 8), (27, 7), (37, 8)])
def test_fine_maps_become_coarse(fine: int, coarse: int) -> None:
    maps = torch.randn(2, 3, fine, fine, generator=torch.Generator().manual_seed(0))
    found = coarsen(maps)
    assert found.shape == (2, 3, coarse, coarse)
    assert coarse <= MAX_GRID
    if fine % coarse == 0:
        step = fine // coarse
        torch.testing.assert_close(found[..., 1, 2], maps[..., step : 2 * step, 2 * step : 3 * step].mean((2, 3)))


def test_a_trunk_is_measured_or_refused() -> None:
    assert measure(nn.Conv2d(3, 5, 4, stride=4), 16) == (5, 4)

    class Flat(nn.Module):
        def forward(self, pictures: Tensor) -> Tensor:
            return pictures.flatten(1)

    with pytest.raises(BackboneError, match=r"square feature maps .* this one gives \(1, 768\)"):
        measure(Flat(), 16)
