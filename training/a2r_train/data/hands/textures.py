"""Colours and textures: drawn or computed here as arrays; none is read from a file."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from a2r_train.data.hands.rotations import Array

__all__ = ["RGB", "TEXTURE_SIZE", "Material", "draw_colour", "draw_texture"]


TEXTURE_SIZE: Final = 96
"""Side of a texture in pixels."""


RGB = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Material:
    """How a surface looks.

    Attributes:
        colour: RGB in [0, 1]; multiplies the texture.
        alpha: 1 where nothing is seen through it.
        shine: In [0, 1].
        texture: uint8 (N, N, 3) or None.
        repeat: How often the texture repeats per metre or, on a box, per side.
        uniform: Whether ``repeat`` counts per metre.
    """

    colour: RGB
    alpha: float = 1.0
    shine: float = 0.1
    texture: NDArray[np.uint8] | None = None
    repeat: float = 1.0
    uniform: bool = False


def draw_colour(
    rng: np.random.Generator, *, saturation: tuple[float, float] = (0.0, 0.9), value: tuple[float, float] = (0.15, 0.95)
) -> RGB:
    """Draw a colour by hue, saturation and value."""
    hue, grey = float(rng.uniform()), rng.uniform() < 0.25
    strength = float(rng.uniform(0.0, 0.12)) if grey else float(rng.uniform(*saturation))
    return colorsys.hsv_to_rgb(hue, strength, float(rng.uniform(*value)))


def draw_texture(rng: np.random.Generator, kinds: Sequence[str] | None = None) -> NDArray[np.uint8]:
    """Draw a texture as grey levels around white with a tint, to be multiplied with a colour.

    Args:
        rng: Source of chance.
        kinds: Which are allowed; None: all.

    Returns:
        uint8 (TEXTURE_SIZE, TEXTURE_SIZE, 3).
    """
    kind = str(rng.choice(list(kinds or _PATTERNS)))
    grid = np.arange(TEXTURE_SIZE) / TEXTURE_SIZE
    level = _PATTERNS[kind](rng, *np.meshgrid(grid, grid))
    low, high = (
        np.array(draw_colour(rng, value=(0.35, 1.0))),
        np.array(draw_colour(rng, saturation=(0.0, 0.3), value=(0.8, 1.0))),
    )
    depth = float(rng.uniform(0.15, 1.0))
    low = high + (low - high) * depth
    picture = low + (high - low) * np.clip(level, 0.0, 1.0)[..., None]
    return np.asarray(np.clip(picture * 255.0, 0, 255), dtype=np.uint8)


def _smooth_noise(rng: np.random.Generator, cells: int, stretch: int = 1) -> Array:
    """Return noise in [0, 1] that varies over 1 / cells of the side, and repeats."""
    coarse = rng.uniform(size=(max(cells // stretch, 1), cells))
    for axis in (0, 1):
        place = np.arange(TEXTURE_SIZE) * coarse.shape[axis] / TEXTURE_SIZE
        first = place.astype(int)
        share = place - first
        share = share * share * (3 - 2 * share)
        after = np.take(coarse, (first + 1) % coarse.shape[axis], axis=axis)
        before = np.take(coarse, first, axis=axis)
        weight = share[:, None] if axis == 0 else share[None, :]
        coarse = before * (1 - weight) + after * weight
    return coarse


def _wood(rng: np.random.Generator, u: Array, v: Array) -> Array:
    noise = _smooth_noise(rng, 12, 6) + 0.3 * _smooth_noise(rng, 48, 8)
    planks = int(rng.integers(0, 5))
    seams = (np.abs((u * planks) % 1.0) < 0.03 * planks) if planks else np.zeros_like(u, dtype=bool)
    return np.asarray(0.5 + 0.5 * np.sin(noise * float(rng.uniform(4, 14))) - 0.8 * seams)


def _clouds(rng: np.random.Generator, u: Array, v: Array) -> Array:
    return np.asarray(sum(_smooth_noise(rng, 3 * 2**level) / 2**level for level in range(4)) / 1.9)


def _marble(rng: np.random.Generator, u: Array, v: Array) -> Array:
    return np.asarray(np.abs(np.sin(2 * np.pi * u + 5 * _clouds(rng, u, v))) ** 0.4)


def _speckle(rng: np.random.Generator, u: Array, v: Array) -> Array:
    return rng.uniform(size=u.shape) ** float(rng.uniform(0.3, 2.0))


def _checks(rng: np.random.Generator, u: Array, v: Array) -> Array:
    count = int(rng.integers(1, 5)) * 2
    return np.asarray((np.floor(u * count) + np.floor(v * count)) % 2)


def _stripes(rng: np.random.Generator, u: Array, v: Array) -> Array:
    count, place = int(rng.integers(2, 10)), (u if rng.uniform() < 0.5 else v)
    return np.asarray(np.sin(2 * np.pi * count * place) > float(rng.uniform(-0.7, 0.7)), dtype=np.float64)


def _dots(rng: np.random.Generator, u: Array, v: Array) -> Array:
    count, radius = int(rng.integers(2, 8)), float(rng.uniform(0.2, 0.42))
    return np.asarray(np.hypot((u * count) % 1 - 0.5, (v * count) % 1 - 0.5) > radius, dtype=np.float64)


def _tiles(rng: np.random.Generator, u: Array, v: Array) -> Array:
    count, gap = int(rng.integers(2, 6)), float(rng.uniform(0.04, 0.12))
    shift = 0.5 * (np.floor(v * count) % 2) if rng.uniform() < 0.4 else 0.0
    return np.asarray((((u * count + shift) % 1) > gap) & (((v * count) % 1) > gap), dtype=np.float64)


def _plaid(rng: np.random.Generator, u: Array, v: Array) -> Array:
    count = int(rng.integers(2, 6))
    wave = np.sin(2 * np.pi * count * u) * 0.5 + np.sin(2 * np.pi * count * v) * 0.5
    return np.asarray(0.5 + 0.5 * np.sign(wave) * np.abs(wave) ** 0.3)


_PATTERNS: Final = {
    "wood": _wood,
    "clouds": _clouds,
    "marble": _marble,
    "speckle": _speckle,
    "checks": _checks,
    "stripes": _stripes,
    "dots": _dots,
    "tiles": _tiles,
    "plaid": _plaid,
}
