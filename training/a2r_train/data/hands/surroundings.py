"""What is around the action: table or floor, wall, clutter in the back, lights, colours and textures, all drawn.

Textures are computed here as arrays; none is read from a file.
"""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from a2r_train.data.hands.plan import Plan
from a2r_train.data.hands.rotations import Array, Pose, turned, vector
from a2r_train.data.hands.shapes import Shape, box, cylinder, ellipsoid, moved

__all__ = ["Light", "Material", "Surroundings", "draw_colour", "draw_surroundings", "draw_texture"]

TEXTURE_SIZE: Final = 96
"""Side of a texture in pixels."""
SKINS: Final = (
    (0.96, 0.80, 0.69),
    (0.91, 0.72, 0.58),
    (0.85, 0.64, 0.48),
    (0.76, 0.55, 0.40),
    (0.65, 0.45, 0.31),
    (0.53, 0.35, 0.24),
    (0.42, 0.27, 0.18),
    (0.31, 0.20, 0.14),
)

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


@dataclass(frozen=True, kw_only=True)
class Light:
    """A light that shines along one direction.

    Attributes:
        direction: float64 (3,).
        colour: RGB.
        shadow: Whether it casts shadows.
    """

    direction: Array
    colour: RGB
    shadow: bool


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Everything but the action.

    Attributes:
        shapes: Static, in world coordinates.
        materials: By name: of the shapes and of the hand.
        lights: One or two.
        ambient: Grey level of the light from everywhere.
        headlight: Grey level of the light at the camera.
        sky: RGB behind everything.
    """

    shapes: list[Shape]
    materials: dict[str, Material]
    lights: list[Light]
    ambient: float
    headlight: float
    sky: RGB


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


def draw_surroundings(rng: np.random.Generator, plan: Plan, *, shadow: bool) -> Surroundings:
    """Draw a place for an action.

    Args:
        rng: Source of chance.
        plan: The action.
        shadow: Whether a light casts shadows.
    """
    low, high = plan.focus.min(axis=0), plan.focus.max(axis=0)
    materials = _hand_materials(rng)
    margin = float(np.exp(rng.uniform(np.log(0.08), np.log(1.5))))
    shapes = _table(rng, plan, margin, materials)
    shapes += _wall(rng, high, materials)
    if plan.edge is None:
        shapes += _clutter(rng, low, high, min(margin, 0.5), materials)
    lights = []
    for number in range(2):
        angle, rise = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.45, 1.4))
        tint = np.clip(rng.normal(1.0, 0.1, size=3), 0.7, 1.2) * float(rng.uniform(0.35, 0.85))
        direction = vector(np.cos(angle) * np.cos(rise), np.sin(angle) * np.cos(rise), -np.sin(rise))
        colour = (float(tint[0]), float(tint[1]), float(tint[2]))
        lights.append(Light(direction=direction, colour=colour, shadow=shadow and number == 0))
        if rng.uniform() < 0.4:
            break
    ambient, headlight = float(rng.uniform(0.25, 0.5)), float(rng.uniform(0.12, 0.4))
    strength = min(1.0, 0.8 / max(sum(max(light.colour) for light in lights), 1e-6) * float(rng.uniform(0.75, 1.1)))
    lights = [replace(light, colour=_rgb(np.array(light.colour) * strength)) for light in lights]
    return Surroundings(
        shapes=shapes,
        materials=materials,
        lights=lights,
        ambient=ambient,
        headlight=headlight,
        sky=draw_colour(rng, saturation=(0.0, 0.4), value=(0.2, 0.95)),
    )


def _hand_materials(rng: np.random.Generator) -> dict[str, Material]:
    skin = np.array(SKINS[int(rng.integers(len(SKINS)))]) * rng.uniform(0.92, 1.06, size=3)
    nail = np.clip(skin * rng.uniform(1.02, 1.15) + vector(0.03, 0.0, 0.02), 0, 1)
    if rng.uniform() < 0.12:
        nail = np.array(draw_colour(rng, saturation=(0.6, 1.0), value=(0.4, 0.9)))
    sleeve, cuff = draw_colour(rng, value=(0.05, 0.95)), draw_colour(rng)
    cloth = draw_texture(rng, ("stripes", "plaid", "dots", "speckle")) if rng.uniform() < 0.45 else None
    return {
        "skin": Material(colour=_rgb(np.clip(skin, 0, 1)), shine=0.12),
        "nail": Material(colour=_rgb(nail), shine=0.5),
        "sleeve": Material(colour=sleeve, texture=cloth, repeat=8.0, uniform=True, shine=0.02),
        "cuff": Material(colour=sleeve if rng.uniform() < 0.6 else cuff, shine=0.02),
        "watch": Material(colour=draw_colour(rng, value=(0.05, 0.8)), shine=0.8),
    }


def _rgb(values: Array) -> RGB:
    return float(values[0]), float(values[1]), float(values[2])


def _table(rng: np.random.Generator, plan: Plan, margin: float, materials: dict[str, Material]) -> list[Shape]:
    """Draw what things stand on: a table with a floor far below, or a floor that fills the picture."""
    texture = draw_texture(rng) if rng.uniform() < 0.75 else None
    repeat = float(np.exp(rng.uniform(np.log(1.0), np.log(9.0))))
    materials["table"] = Material(
        colour=_table_colour(rng),
        texture=texture,
        repeat=repeat,
        uniform=True,
        shine=float(rng.uniform(0.0, 0.4)),
    )
    materials["floor"] = Material(
        colour=draw_colour(rng, saturation=(0.0, 0.6)),
        texture=draw_texture(rng),
        repeat=float(rng.uniform(0.5, 4.0)),
        uniform=True,
        shine=0.05,
    )
    low, high = plan.focus.min(axis=0), plan.focus.max(axis=0)
    side = float(np.linalg.norm((high - low)[:2])) + 2 * margin
    wide, deep = side * float(rng.uniform(1.0, 1.6)), side * float(rng.uniform(1.0, 1.2))
    thick = float(rng.uniform(0.015, 0.06))
    middle, angle = (low + high) / 2, plan.yaw + (0.0 if rng.uniform() < 0.7 else float(rng.uniform(-0.6, 0.6)))
    if plan.edge is not None:
        out, edge = plan.edge
        middle, angle = edge - out * wide / 2, float(np.arctan2(out[1], out[0]))
    place = Pose(turned(angle), vector(float(middle[0]), float(middle[1]), 0.0))
    floor = box((12, 12, 0.1), (0, 0, -0.8), "floor")
    if rng.uniform() < 0.25 and plan.edge is None:
        return [box((14, 14, 0.05), (0, 0, -0.025), "table")]
    return [*moved([box((wide, deep, thick), (0, 0, -thick / 2), "table")], place), floor]


def _table_colour(rng: np.random.Generator) -> RGB:
    """Draw a wooden tone, a grey or any colour."""
    kind = rng.uniform()
    if kind < 0.35:
        return colorsys.hsv_to_rgb(
            float(rng.uniform(0.04, 0.12)), float(rng.uniform(0.2, 0.7)), float(rng.uniform(0.3, 0.95))
        )
    if kind < 0.55:
        level = float(rng.uniform(0.2, 0.92))
        return (level, level, level)
    return draw_colour(rng, saturation=(0.0, 0.6), value=(0.25, 0.95))


def _wall(rng: np.random.Generator, high: Array, materials: dict[str, Material]) -> list[Shape]:
    if rng.uniform() < 0.2:
        return []
    texture = draw_texture(rng) if rng.uniform() < 0.5 else None
    materials["wall"] = Material(
        colour=draw_colour(rng, saturation=(0.0, 0.5), value=(0.3, 1.0)),
        texture=texture,
        repeat=float(rng.uniform(0.5, 3.0)),
        uniform=True,
        shine=0.02,
    )
    distance = float(high[1]) + float(np.exp(rng.uniform(np.log(0.35), np.log(2.5))))
    turn = turned(float(rng.uniform(-0.5, 0.5)))
    pose = Pose(turn, vector(float(high[0]) / 2, distance + 0.6, 0.6))
    walls = [box((9, 0.1, 4.0), (0, 0, 0), "wall")]
    if rng.uniform() < 0.3:
        walls.append(box((0.1, 9, 4.0), (float(rng.choice([-1.0, 1.0])) * float(rng.uniform(0.8, 2.0)), 0, 0), "wall"))
    return moved(walls, pose)


def _clutter(
    rng: np.random.Generator, low: Array, high: Array, room: float, materials: dict[str, Material]
) -> list[Shape]:
    """Draw things that stand behind and beside the action, at most ``room`` metres off."""
    shapes: list[Shape] = []
    for number in range(int(rng.choice([0, 1, 2, 3, 5, 7]))):
        name = f"clutter{number}"
        texture = draw_texture(rng) if rng.uniform() < 0.3 else None
        materials[name] = Material(
            colour=draw_colour(rng), texture=texture, repeat=2.0, shine=float(rng.uniform(0, 0.6))
        )
        size = rng.uniform(0.03, 0.16, size=3)
        wide = float(np.hypot(size[0], size[1])) / 2 + 0.02
        if rng.uniform() < 0.7:
            x = float(rng.uniform(low[0] - 0.5 * room, high[0] + 0.5 * room))
            y = float(high[1]) + wide + float(rng.uniform(0.02, room))
        else:
            x = float(high[0]) + wide + float(rng.uniform(0.02, 0.6 * room))
            x = x if rng.uniform() < 0.5 else float(low[0] + high[0]) - x
            y = float(rng.uniform((low[1] + high[1]) / 2, high[1]))
        pose = Pose(turned(float(rng.uniform(0, 6.3))), vector(x, y, 0.0))
        shapes += moved([_clutter_shape(rng, size, name)], pose)
    return shapes


def _clutter_shape(rng: np.random.Generator, size: Array, material: str) -> Shape:
    kind = int(rng.integers(4))
    if kind == 0:
        return cylinder(float(size[0]) / 2, float(size[2]) * 1.4, (0, 0, 0), material)
    if kind == 1:
        half = size / 2
        return ellipsoid(half, (0, 0, float(half[2])), material)
    return box(size, (0, 0, float(size[2]) / 2), material)
