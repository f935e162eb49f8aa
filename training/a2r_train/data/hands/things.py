"""Things that a hand can push, lift, tip, cover and fill: shapes, sizes and colours are drawn anew for each clip.

A thing stands on its origin, z up. Sizes are those of the real things.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from a2r_train.data.hands.rotations import Array, about, vector
from a2r_train.data.hands.shapes import Shape, ball, box, cylinder, ellipsoid, revolved, rod
from a2r_train.data.hands.surroundings import Material, draw_colour, draw_texture

__all__ = ["BOXES", "CONTAINERS", "LIGHT", "TALL", "THINGS", "Paints", "Thing", "colour_name", "draw_thing"]


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


@dataclass(frozen=True, kw_only=True)
class Thing:
    """A thing.

    Attributes:
        kind: For tables.
        name: What people call it.
        shapes: In its own frame.
        half: Half its width along x and y at the height at which it is pushed, metres.
        height: Metres.
        round: Whether its outline is a circle.
        inner: Radius of its hollow; 0 where it has none.
        floor: Height of the hollow's bottom.
    """

    kind: str
    name: str
    shapes: list[Shape]
    half: tuple[float, float]
    height: float
    round: bool = False
    inner: float = 0.0
    floor: float = 0.0

    @property
    def radius(self) -> float:
        """Half its smaller width, metres."""
        return min(self.half)

    def reach(self, direction: Array, angle: float) -> float:
        """Return the distance from its middle to its outline.

        Args:
            direction: float64 (3,), level, in the world.
            angle: Radians by which the thing is turned.
        """
        if self.round:
            return self.half[0]
        cosine = abs(float(direction[0] * np.cos(angle) + direction[1] * np.sin(angle)))
        sine = abs(float(-direction[0] * np.sin(angle) + direction[1] * np.cos(angle)))
        return min(self.half[0] / max(cosine, 1e-6), self.half[1] / max(sine, 1e-6))


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


def _hollow(radius_low: float, radius_high: float, height: float, wall: float = 0.003) -> list[tuple[float, float]]:
    return [
        (0.0, 0.0),
        (radius_low, 0.0),
        (radius_high, height),
        (radius_high - wall, height),
        (max(radius_low - wall, 0.002), wall * 1.5),
        (0.0, wall * 1.5),
    ]


def _mug(rng: np.random.Generator, paints: Paints) -> Thing:
    radius, height = float(rng.uniform(0.034, 0.05)), float(rng.uniform(0.075, 0.115))
    paint = paints.mix(textured=0.2)
    shapes = [revolved(_hollow(radius * float(rng.uniform(0.8, 1.05)), radius, height), paint)]
    out, low, high = radius + float(rng.uniform(0.022, 0.034)), height * 0.22, height * 0.8
    thick = float(rng.uniform(0.004, 0.007))
    points = [(radius * 0.93, low), (out, low + height * 0.1), (out, high - height * 0.1), (radius * 0.95, high)]
    shapes += [rod((a, 0, b), (c, 0, d), thick, paint) for (a, b), (c, d) in pairwise(points)]
    return Thing(
        kind="mug",
        name="mug",
        shapes=shapes,
        half=(radius, radius),
        height=height,
        round=True,
        inner=radius - 0.004,
        floor=0.006,
    )


def _cup(rng: np.random.Generator, paints: Paints) -> Thing:
    radius, height = float(rng.uniform(0.032, 0.045)), float(rng.uniform(0.08, 0.14))
    clear = rng.uniform() < 0.2
    paint = paints.mix(textured=0.3, alpha=0.55 if clear else 1.0)
    shapes = [revolved(_hollow(radius * float(rng.uniform(0.65, 0.95)), radius, height), paint)]
    name = "glass" if clear else str(rng.choice(["cup", "plastic cup", "paper cup"]))
    return Thing(
        kind="cup",
        name=name,
        shapes=shapes,
        half=(radius * 0.9, radius * 0.9),
        height=height,
        round=True,
        inner=radius - 0.004,
        floor=0.006,
    )


def _bottle(rng: np.random.Generator, paints: Paints) -> Thing:
    radius, height = float(rng.uniform(0.026, 0.042)), float(rng.uniform(0.16, 0.25))
    neck, shoulder = radius * float(rng.uniform(0.3, 0.5)), height * float(rng.uniform(0.5, 0.75))
    profile = [
        (0.0, 0.0),
        (radius * 0.95, 0.0),
        (radius, 0.006),
        (radius, shoulder),
        (radius * 0.8, shoulder + 0.018),
        (neck, shoulder + 0.018 + radius * 0.8),
        (neck, height * 0.95),
        (0.0, height * 0.95),
    ]
    body, cap = paints.mix(textured=0.1, alpha=0.7 if rng.uniform() < 0.25 else 1.0), paints.mix(textured=0.0)
    shapes = [revolved(profile, body), cylinder(neck * 1.25, height * 0.09, (0, 0, height * 0.91), cap)]
    if rng.uniform() < 0.6:
        shapes.append(cylinder(radius * 1.02, shoulder * 0.5, (0, 0, shoulder * 0.25), paints.mix(textured=0.6)))
    return Thing(kind="bottle", name="bottle", shapes=shapes, half=(radius, radius), height=height, round=True)


def _can(rng: np.random.Generator, paints: Paints) -> Thing:
    radius, height = float(rng.uniform(0.026, 0.045)), float(rng.uniform(0.06, 0.15))
    rim = paints.grey(0.5, 0.9)
    shapes = [
        cylinder(radius, height, (0, 0, 0), paints.mix(textured=0.5)),
        cylinder(radius * 0.93, 0.004, (0, 0, height), rim),
    ]
    name = str(rng.choice(["can", "tin", "candle", "jar"]))
    return Thing(kind="can", name=name, shapes=shapes, half=(radius, radius), height=height, round=True)


def _bowl(rng: np.random.Generator, paints: Paints) -> Thing:
    radius, height = float(rng.uniform(0.055, 0.085)), float(rng.uniform(0.04, 0.065))
    outer = [(radius * share, height * (1 - np.sqrt(max(1 - share**2, 0.0)))) for share in (0.4, 0.7, 0.9, 1.0)]
    inner = [(r * 0.94, z + 0.004) for r, z in outer[::-1]]
    paint = paints.mix(textured=0.15)
    shapes = [revolved([(0.0, 0.0), (radius * 0.4, 0.0), *outer, *inner, (0.0, 0.008)], paint)]
    return Thing(
        kind="bowl",
        name="bowl",
        shapes=shapes,
        half=(radius * 0.85, radius * 0.85),
        height=height,
        round=True,
        inner=radius * 0.8,
        floor=0.01,
    )


def _carton(rng: np.random.Generator, paints: Paints) -> Thing:
    wide, deep = float(rng.uniform(0.04, 0.12)), float(rng.uniform(0.035, 0.08))
    height = float(rng.uniform(0.04, 0.16))
    shapes = [box((wide, deep, height), (0, 0, height / 2), paints.mix(textured=0.4))]
    if rng.uniform() < 0.5:
        face = (wide * 0.6, deep * 1.01, height * float(rng.uniform(0.2, 0.6)))
        shapes.append(box(face, (0, 0, height * 0.5), paints.mix(textured=0.4)))
    name = str(rng.choice(["box", "small box", "tea box", "carton", "milk carton"][: 5 if height > 0.1 else 3]))
    return Thing(kind="box", name=name, shapes=shapes, half=(wide / 2, deep / 2), height=height)


def _cube(rng: np.random.Generator, paints: Paints) -> Thing:
    side = float(rng.uniform(0.035, 0.07))
    shapes = [box((side, side, side), (0, 0, side / 2), paints.mix(textured=0.35))]
    name = str(rng.choice(["cube", "block", "toy block", "dice"]))
    return Thing(kind="cube", name=name, shapes=shapes, half=(side / 2, side / 2), height=side)


def _book(rng: np.random.Generator, paints: Paints) -> Thing:
    wide, deep, height = float(rng.uniform(0.1, 0.16)), float(rng.uniform(0.14, 0.22)), float(rng.uniform(0.015, 0.04))
    cover, pages = paints.mix(textured=0.3), paints.grey(0.8, 0.98)
    shapes = [
        box((wide, deep, 0.003), (0, 0, 0.0015), cover),
        box((wide, deep, 0.003), (0, 0, height - 0.0015), cover),
        box((wide * 0.96, deep * 0.96, height - 0.006), (0.002, 0, height / 2), pages),
        box((0.004, deep, height), (-wide / 2, 0, height / 2), cover),
    ]
    name = str(rng.choice(["book", "notebook"]))
    return Thing(kind="book", name=name, shapes=shapes, half=(wide / 2, deep / 2), height=height)


def _gadget(rng: np.random.Generator, paints: Paints) -> Thing:
    wide, deep, height = (
        float(rng.uniform(0.045, 0.075)),
        float(rng.uniform(0.12, 0.17)),
        float(rng.uniform(0.01, 0.025)),
    )
    shapes = [box((wide, deep, height), (0, 0, height / 2), paints.mix(textured=0.0))]
    if rng.uniform() < 0.5:
        shapes.append(box((wide * 0.88, deep * 0.86, 0.002), (0, 0, height), paints.grey(0.02, 0.5)))
        name = str(rng.choice(["phone", "mobile phone", "calculator"]))
    else:
        key = paints.mix(textured=0.0)
        spots = [(x, y) for x in (-0.25, 0.0, 0.25) for y in (-0.3, -0.15, 0.0, 0.15, 0.3)]
        shapes += [cylinder(wide * 0.09, 0.003, (x * wide, y * deep, height), key) for x, y in spots]
        name = "remote control"
    return Thing(kind="gadget", name=name, shapes=shapes, half=(wide / 2, deep / 2), height=height)


def _ball(rng: np.random.Generator, paints: Paints) -> Thing:
    radius = float(rng.uniform(0.025, 0.045))
    shapes = [ball(radius, (0, 0, radius), paints.mix(textured=0.5))]
    name = str(rng.choice(["ball", "orange", "tennis ball", "apple"]))
    if name == "apple":
        shapes.append(rod((0, 0, 2 * radius), (0.004, 0, 2 * radius + 0.012), 0.002, paints.grey(0.05, 0.3)))
    return Thing(kind="ball", name=name, shapes=shapes, half=(radius, radius), height=2 * radius, round=True)


def _car(rng: np.random.Generator, paints: Paints) -> Thing:
    long, wide, wheel = float(rng.uniform(0.09, 0.15)), float(rng.uniform(0.04, 0.06)), float(rng.uniform(0.011, 0.018))
    body, tyre, pane = paints.mix(textured=0.1), paints.grey(0.02, 0.2), paints.grey(0.1, 0.6)
    low = wheel + 0.022
    shapes = [
        box((long, wide, 0.024), (0, 0, wheel + 0.01), body),
        box((long * 0.5, wide * 0.86, 0.024), (-long * 0.06, 0, low + 0.01), pane),
        box((long * 0.46, wide * 0.8, 0.006), (-long * 0.06, 0, low + 0.024), body),
    ]
    for x in (-0.3, 0.3):
        for y in (-0.5, 0.5):
            middle = vector(x * long, y * wide, wheel)
            shapes.append(rod(middle - vector(0, 0.006, 0), middle + vector(0, 0.006, 0), wheel, tyre, flat=True))
    name = str(rng.choice(["toy car", "car", "toy"]))
    return Thing(kind="toy car", name=name, shapes=shapes, half=(long / 2, wide / 2), height=low + 0.027)


def _animal(rng: np.random.Generator, paints: Paints) -> Thing:
    size, body, other = float(rng.uniform(0.8, 1.3)), paints.mix(textured=0.15), paints.mix(textured=0.0)
    eye = paints.grey(0.0, 0.1)
    duck = rng.uniform() < 0.5
    shapes = [
        ellipsoid(vector(0.04, 0.03, 0.03) * size, vector(0, 0, 0.03) * size, body),
        ball(0.024 * size, vector(0.024, 0, 0.072) * size, body),
        ball(0.004 * size, vector(0.042, 0.011, 0.08) * size, eye),
        ball(0.004 * size, vector(0.042, -0.011, 0.08) * size, eye),
    ]
    if duck:
        shapes.append(ellipsoid(vector(0.014, 0.009, 0.005) * size, vector(0.052, 0, 0.069) * size, other))
        tail = about(vector(0, 1, 0), 0.7)
        shapes.append(ellipsoid(vector(0.016, 0.012, 0.006) * size, vector(-0.04, 0, 0.045) * size, body, tail))
    else:
        shapes += [ball(0.009 * size, vector(0.018, y, 0.095) * size, other) for y in (-0.018, 0.018)]
        shapes += [ball(0.013 * size, vector(0.03, y, 0.014) * size, other) for y in (-0.022, 0.022)]
        shapes.append(ellipsoid(vector(0.008, 0.01, 0.007) * size, vector(0.046, 0, 0.067) * size, other))
    name = str(rng.choice(["rubber duck", "duck"])) if duck else str(rng.choice(["teddy bear", "toy", "toy mouse"]))
    return Thing(kind="toy animal", name=name, shapes=shapes, half=(0.04 * size, 0.03 * size), height=0.095 * size)


def _vase(rng: np.random.Generator, paints: Paints) -> Thing:
    radius, height = float(rng.uniform(0.03, 0.045)), float(rng.uniform(0.1, 0.18))
    waist = radius * float(rng.uniform(0.4, 0.8))
    profile = [
        (0.0, 0.0),
        (radius * 0.7, 0.0),
        (radius, height * 0.3),
        (radius * 0.85, height * 0.55),
        (waist, height * 0.8),
        (waist * 1.3, height),
        (waist * 1.1, height),
        (waist * 0.8, height * 0.8),
        (0.0, height * 0.7),
    ]
    name = str(rng.choice(["vase", "pepper mill", "shampoo"]))
    return Thing(
        kind="vase",
        name=name,
        shapes=[revolved(profile, paints.mix(textured=0.3))],
        half=(radius, radius),
        height=height,
        round=True,
    )


def _tube(rng: np.random.Generator, paints: Paints) -> Thing:
    radius, height = float(rng.uniform(0.008, 0.016)), float(rng.uniform(0.08, 0.14))
    shapes = [
        cylinder(radius, height, (0, 0, 0), paints.mix(textured=0.2)),
        cylinder(radius * 1.1, height * 0.3, (0, 0, height * 0.7), paints.mix(textured=0.0)),
    ]
    name = str(rng.choice(["marker", "lipstick", "glue stick", "battery"]))
    return Thing(kind="tube", name=name, shapes=shapes, half=(radius, radius), height=height, round=True)


def _roll(rng: np.random.Generator, paints: Paints) -> Thing:
    radius, height = float(rng.uniform(0.03, 0.05)), float(rng.uniform(0.018, 0.1))
    inner = radius * float(rng.uniform(0.4, 0.7))
    profile = [(inner, 0.0), (radius, 0.0), (radius, height), (inner, height), (inner, 0.0)]
    name = "roll of tape" if height < 0.05 else str(rng.choice(["toilet paper", "paper roll"]))
    return Thing(
        kind="roll",
        name=name,
        shapes=[revolved(profile, paints.mix(textured=0.2))],
        half=(radius, radius),
        height=height,
        round=True,
    )


def _basket(rng: np.random.Generator, paints: Paints) -> Thing:
    wide, deep, height = (float(value) for value in rng.uniform((0.11, 0.1, 0.05), (0.2, 0.16, 0.1)))
    paint, wall = paints.mix(textured=0.3), 0.004
    shapes = [box((wide, deep, wall), (0, 0, wall / 2), paint)]
    for side in (-1, 1):
        shapes.append(box((wide, wall, height), (0, side * deep / 2, height / 2), paint))
        shapes.append(box((wall, deep, height), (side * wide / 2, 0, height / 2), paint))
    name = str(rng.choice(["box", "basket", "tray", "container"]))
    return Thing(
        kind="open box",
        name=name,
        shapes=shapes,
        half=(wide / 2, deep / 2),
        height=height,
        inner=min(wide, deep) / 2 - 0.01,
        floor=wall,
    )


THINGS: Final[dict[str, Callable[[np.random.Generator, Paints], Thing]]] = {
    "mug": _mug,
    "cup": _cup,
    "bottle": _bottle,
    "can": _can,
    "bowl": _bowl,
    "box": _carton,
    "cube": _cube,
    "book": _book,
    "gadget": _gadget,
    "ball": _ball,
    "toy car": _car,
    "toy animal": _animal,
    "vase": _vase,
    "tube": _tube,
    "roll": _roll,
    "open box": _basket,
}
"""Makers by kind."""
TALL: Final = ("mug", "cup", "bottle", "can", "vase", "box", "tube")
"""Kinds that can be tipped over."""
LIGHT: Final = ("mug", "cup", "bottle", "can", "cube", "box", "ball", "toy car", "toy animal", "vase", "roll")
"""Kinds that one hand lifts."""
BOXES: Final = ("box", "cube", "book", "gadget")
CONTAINERS: Final = ("open box", "bowl", "mug", "cup")
"""Kinds that hold something."""


def draw_thing(rng: np.random.Generator, paints: Paints, kinds: tuple[str, ...], *, widest: float = 1.0) -> Thing:
    """Draw a thing.

    Args:
        rng: Source of chance.
        paints: Its materials are kept there.
        kinds: Names in `THINGS`.
        widest: Largest radius, metres; wider ones are drawn again.

    Returns:
        The thing; its name has a colour now and then.
    """
    thing = THINGS[str(rng.choice(list(kinds)))](rng, paints)
    while thing.radius > widest:
        thing = THINGS[str(rng.choice(list(kinds)))](rng, paints)
    colour = colour_name(paints.materials[thing.shapes[0].material])
    if not colour or rng.uniform() < 0.6:
        return thing
    return Thing(
        **{**{key: getattr(thing, key) for key in thing.__dataclass_fields__}, "name": f"{colour} {thing.name}"}
    )
