"""Things that a hand can push, lift, tip, cover and fill: shapes, sizes and colours are drawn anew for each clip.

A thing stands on its origin, z up. Sizes are those of the real things.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from a2r_train.data.hands import vessels
from a2r_train.data.hands.paints import Paints, colour_name
from a2r_train.data.hands.rotations import about, vector
from a2r_train.data.hands.shapes import ball, box, cylinder, ellipsoid, revolved, rod
from a2r_train.data.hands.vessels import Thing

__all__ = ["CONTAINERS", "LIGHT", "TALL", "THINGS", "draw_thing"]


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


THINGS: Final[dict[str, Callable[[np.random.Generator, Paints], Thing]]] = {
    "mug": vessels.mug,
    "cup": vessels.cup,
    "bottle": vessels.bottle,
    "can": vessels.can,
    "bowl": vessels.bowl,
    "box": _carton,
    "cube": _cube,
    "book": _book,
    "gadget": _gadget,
    "ball": _ball,
    "toy car": _car,
    "toy animal": _animal,
    "vase": vessels.vase,
    "tube": _tube,
    "roll": _roll,
    "open box": vessels.basket,
}
"""Makers by kind."""
TALL: Final = ("mug", "cup", "bottle", "can", "vase", "box", "tube")
"""Kinds that can be tipped over."""
LIGHT: Final = ("mug", "cup", "bottle", "can", "cube", "box", "ball", "toy car", "toy animal", "vase", "roll")
"""Kinds that one hand lifts."""
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
