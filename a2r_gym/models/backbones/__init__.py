"""Backbones by name: one file and one line of this table each.

A backbone is a pair of towers: an image trunk (a frame becomes a map of local features) and a text tower
(token embeddings, prompts among them, become one vector). Modules are loaded lazily. README.md beside this
file says how to add one.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

from a2r_gym.errors import BackboneError, unknown_name

if TYPE_CHECKING:
    from a2r_gym.models.backbones.interface import Backbone

__all__ = ["BACKBONES", "DEFAULT_BACKBONE", "load_backbone"]

DEFAULT_BACKBONE = "efficientnet-lite0+minilm"

BACKBONES: dict[str, str] = {
    DEFAULT_BACKBONE: "a2r_gym.models.backbones.lite0_minilm:load",
    "open_clip:<arch>/<tag or path>": "a2r_gym.models.backbones.open_clip:load",
    "hf-video:<path>": "a2r_gym.models.backbones.hf_video:load",
    "singularity:<path>": "a2r_gym.models.backbones.singularity:load",
}
"""Backbone name -> "module:function".

A name with a colon is a scheme: what the user writes behind it is the function's argument, and the text here
only says what that is. A function takes the argument, if it has one, and ``image_weights``; it returns a
`Backbone`.
"""


def load_backbone(name: str, *, image_weights: bool = True) -> Backbone:
    """Load both towers of a backbone with their pretrained weights.

    Args:
        name: A key of `BACKBONES`, with an argument of its own behind a colon.
        image_weights: False leaves the image trunk's weights as built; a checkpoint that holds its own
            image weights loads them right after. Backbones whose weights no checkpoint holds
            (`Backbone.weights_sha256`) load them all the same.

    Returns:
        The towers and the picture format they expect.

    Raises:
        UnknownNameError: No such backbone.
        BackboneError: The argument names no model that can be a backbone.
        WeightsError: The weights are missing, cannot be read, or their hash differs.
        MissingDependencyError: The package that the backbone comes from is not installed.
    """
    scheme, colon, argument = name.partition(":")
    if not colon:
        entry = BACKBONES.get(name)
    else:
        entry = {key.partition(":")[0]: value for key, value in BACKBONES.items() if ":" in key}.get(scheme)
    if entry is None:
        raise unknown_name("backbone", name, BACKBONES)
    if colon and not argument:
        usage = next(key for key in BACKBONES if key.startswith(f"{scheme}:"))
        raise BackboneError(f"backbone {name!r} says nothing behind its colon; expected {usage}")
    module, function = entry.split(":")
    load = getattr(importlib.import_module(module), function)
    return cast("Backbone", load(*([argument] if colon else []), image_weights=image_weights))
