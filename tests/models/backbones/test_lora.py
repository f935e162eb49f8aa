"""Low-rank changes are nothing until they are trained, and then all that is trained."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from a2r_gym.errors import BackboneError
from a2r_gym.models.backbones.lora import add_lora


def _tower() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(12, 16), nn.Dropout(0.5), nn.Linear(16, 4))


def test_it_changes_nothing_at_first_and_then_by_up_times_down() -> None:
    tower, changed = _tower(), _tower()
    add_lora(changed, ("2.weight",))
    x = torch.randn(3, 12)
    assert torch.equal(changed(x), tower.eval()(x))
    assert [name for name, value in changed.named_parameters() if value.requires_grad] == [
        "2.parametrizations.weight.0.down", "2.parametrizations.weight.0.up",
    ]  # fmt: skip
    parts = dict(changed.named_parameters())
    with torch.no_grad():
        parts["2.parametrizations.weight.0.up"].normal_()
        tower[2].weight += parts["2.parametrizations.weight.0.up"] @ parts["2.parametrizations.weight.0.down"]
        torch.testing.assert_close(changed(x), tower(x))


def test_a_tower_without_such_matrices_is_refused() -> None:
    with pytest.raises(BackboneError, match=r"Sequential has no matrix to adapt: .*query\.weight"):
        add_lora(_tower(), ("query.weight", "2.bias"))
