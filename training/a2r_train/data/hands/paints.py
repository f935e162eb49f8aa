"""Materials of an action's things, and what people call their colours."""

from __future__ import annotations

import colorsys
from typing import Final

import numpy as np

from a2r_train.data.hands.textures import Material, draw_colour, draw_texture

__all__ = ["Paints", "colour_name"]


class Paints:
    """Draws materials and keeps them by name."""

    def __init__(self, rng: np.random.Generator) -> None:
        """Begin without any."""
        self.rng = rng
        self.materials: dict[str, Material] = {}

    def mix(self, *, textured: float = 0.2, shine: float | None = None, alpha: float = 1.0) -> str:
        """Draw a material and return its name.

        Args:
            textured: Probability of a texture.
            shine: In [0, 1]; None: drawn.
            alpha: 1 where nothing is seen through it.
        """
        rng = self.rng
        texture = draw_texture(rng) if rng.uniform() < textured else None
        return self.keep(
            Material(
                colour=draw_colour(rng, value=(0.12, 0.98)),
                texture=texture,
                repeat=float(rng.uniform(1.0, 4.0)),
                shine=float(rng.uniform(0.0, 0.8)) if shine is None else shine,
                alpha=alpha,
            )
        )

    def keep(self, material: Material) -> str:
        """Keep a material and return its name."""
        name = f"paint{len(self.materials)}"
        self.materials[name] = material
        return name

    def grey(self, low: float = 0.03, high: float = 0.9) -> str:
        """Draw a grey and return its name."""
        level = float(self.rng.uniform(low, high))
        return self.keep(Material(colour=(level, level, level), shine=float(self.rng.uniform(0.1, 0.9))))

    def wood(self) -> str:
        """Draw a wooden material and return its name."""
        rng = self.rng
        tone = colorsys.hsv_to_rgb(
            float(rng.uniform(0.04, 0.12)), float(rng.uniform(0.25, 0.75)), float(rng.uniform(0.25, 0.95))
        )
        return self.keep(
            Material(
                colour=tone, texture=draw_texture(rng, ("wood",)), repeat=float(rng.uniform(1.0, 5.0)), uniform=True
            )
        )

    def surface(self) -> str:
        """Draw a piece of furniture's material and return its name."""
        kind = self.rng.uniform()
        if kind < 0.35:
            return self.wood()
        return self.mix(textured=0.25) if kind < 0.85 else self.grey(0.1, 0.95)


_HUES: Final = (
    (0.035, "red"),
    (0.1, "orange"),
    (0.18, "yellow"),
    (0.45, "green"),
    (0.7, "blue"),
    (0.82, "purple"),
    (0.95, "pink"),
    (1.1, "red"),
)


def colour_name(material: Material) -> str:
    """Return what people call a material's colour; empty where it has a pattern."""
    if material.texture is not None:
        return ""
    hue, saturation, value = colorsys.rgb_to_hsv(*material.colour)
    if value < 0.2:
        return "black"
    if saturation < 0.15:
        return "white" if value > 0.8 else "grey"
    return next(name for limit, name in _HUES if hue < limit)
