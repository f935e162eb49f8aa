"""Things that hold something, and what a thing is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from a2r_train.data.hands.paints import Paints
from a2r_train.data.hands.rotations import Array
from a2r_train.data.hands.shapes import Shape, box, cylinder, revolved, rod

__all__ = ["Thing", "basket", "bottle", "bowl", "can", "cup", "mug", "vase"]


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


def _hollow(radius_low: float, radius_high: float, height: float, wall: float = 0.003) -> list[tuple[float, float]]:
    return [
        (0.0, 0.0),
        (radius_low, 0.0),
        (radius_high, height),
        (radius_high - wall, height),
        (max(radius_low - wall, 0.002), wall * 1.5),
        (0.0, wall * 1.5),
    ]


def mug(rng: np.random.Generator, paints: Paints) -> Thing:
    """A mug with a handle."""
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


def cup(rng: np.random.Generator, paints: Paints) -> Thing:
    """A cup without one, or a glass."""
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


def bottle(rng: np.random.Generator, paints: Paints) -> Thing:
    """A bottle with a cap, often with a label."""
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


def can(rng: np.random.Generator, paints: Paints) -> Thing:
    """A can, tin or candle."""
    radius, height = float(rng.uniform(0.026, 0.045)), float(rng.uniform(0.06, 0.15))
    rim = paints.grey(0.5, 0.9)
    shapes = [
        cylinder(radius, height, (0, 0, 0), paints.mix(textured=0.5)),
        cylinder(radius * 0.93, 0.004, (0, 0, height), rim),
    ]
    name = str(rng.choice(["can", "tin", "candle", "jar"]))
    return Thing(kind="can", name=name, shapes=shapes, half=(radius, radius), height=height, round=True)


def bowl(rng: np.random.Generator, paints: Paints) -> Thing:
    """A bowl."""
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


def vase(rng: np.random.Generator, paints: Paints) -> Thing:
    """A vase or something else that has a waist."""
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


def basket(rng: np.random.Generator, paints: Paints) -> Thing:
    """A box, basket or tray without a lid."""
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
