"""Backbones by name: one file and one line of this table each.

A backbone is a pair of towers: an image trunk (a frame becomes a map of local features) and a text tower
(token embeddings, prompts among them, become one vector). Modules are loaded lazily.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

from a2r_gym.errors import unknown_name

if TYPE_CHECKING:
    from a2r_gym.models.backbones.interface import Backbone

__all__ = ["BACKBONES", "DEFAULT_BACKBONE", "load_backbone"]

DEFAULT_BACKBONE = "efficientnet-lite0+minilm"

BACKBONES: dict[str, str] = {
    DEFAULT_BACKBONE: "a2r_gym.models.backbones.lite0_minilm:load",
}
"""Backbone name -> "module:function"; the function takes no argument and returns a `Backbone`."""


def load_backbone(name: str, *, image_weights: bool = True) -> Backbone:
    """Load both towers of a backbone with their pretrained weights.

    Args:
        name: A key of `BACKBONES`.
        image_weights: False leaves the image trunk's weights as built; a checkpoint that holds its own
            image weights loads them right after.

    Returns:
        The towers and the picture format they expect.

    Raises:
        UnknownNameError: No such backbone.
        WeightsError: The weights are missing or their hash differs.
    """
    if name not in BACKBONES:
        raise unknown_name("backbone", name, BACKBONES)
    module, function = BACKBONES[name].split(":")
    return cast("Backbone", getattr(importlib.import_module(module), function)(image_weights=image_weights))
