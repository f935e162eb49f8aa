"""What is around the action: table or floor, wall, clutter in the back, lights, colours and textures, all drawn.

Textures are computed here as arrays; none is read from a file.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from a2r_train.data.hands.plan import Plan
from a2r_train.data.hands.rotations import Array, Pose, turned, vector
from a2r_train.data.hands.shapes import Shape, box, cylinder, ellipsoid, moved
from a2r_train.data.hands.textures import RGB, Material, draw_colour, draw_texture

__all__ = ["Light", "Surroundings", "draw_surroundings"]

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
            y = float(high[1]) + wide + float(rng.uniform(0.05, 0.05 + room))
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
