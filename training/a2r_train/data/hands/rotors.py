"""What turns about the vertical: taps, levers, valves, knobs, bottle caps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from a2r_train.data.hands.paints import Paints
from a2r_train.data.hands.rotations import Array, vector
from a2r_train.data.hands.shapes import Shape, ball, box, cylinder, revolved, rod
from a2r_train.data.hands.things import draw_thing

__all__ = ["Rotor", "draw_rotor"]

_UP = vector(0.0, 0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Rotor:
    """Something with a handle that turns about the vertical through the origin of its own frame.

    Attributes:
        kind: For tables.
        part: What is turned, for the sentence.
        static: Shapes that do not turn.
        moving: Shapes of the handle, which points towards the camera (-y) at angle 0.
        tip: float64 (3,), the handle's end at angle 0.
        pushed: Whether it is pushed at its end; else grasped from above.
    """

    kind: str
    part: str
    static: list[Shape]
    moving: list[Shape]
    tip: Array
    pushed: bool


def _tap(rng: np.random.Generator, paints: Paints) -> Rotor:
    metal = paints.grey(0.35, 0.95) if rng.uniform() < 0.6 else paints.mix(textured=0.0)
    lever = metal if rng.uniform() < 0.3 else paints.mix(textured=0.0)
    high, thick = float(rng.uniform(0.07, 0.2)), float(rng.uniform(0.011, 0.024))
    static = [cylinder(thick * 1.8, 0.012, (0, 0, 0), metal), cylinder(thick, high, (0, 0, 0), metal)]
    angle, reach = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.07, 0.15))
    out = vector(np.cos(angle), np.sin(angle), 0) * reach + _UP * high * float(rng.uniform(0.55, 0.85))
    if out[1] > -0.6 * reach:
        bend = out * vector(0.6, 0.6, 0) + _UP * (out[2] + float(rng.uniform(0.0, 0.04)))
        static += [rod((0, 0, high * 0.55), bend, thick * 0.65, metal), rod(bend, out, thick * 0.65, metal)]
        static.append(rod(out, out - _UP * 0.025, thick * 0.7, metal))
    if rng.uniform() < 0.4:
        basin = paints.grey(0.6, 0.98)
        static.append(box((0.3, 0.2, 0.01), (0, 0, 0.003), basin))
    long, rise = float(rng.uniform(0.05, 0.13)), float(rng.uniform(-0.005, 0.03))
    tip = vector(0, -long, high + 0.012 + rise)
    moving = [cylinder(thick * 1.1, 0.02, (0, 0, high), lever)]
    if rng.uniform() < 0.5:
        moving.append(rod((0, 0, high + 0.012), tip, float(rng.uniform(0.005, 0.009)), lever))
        if rng.uniform() < 0.5:
            moving.append(ball(float(rng.uniform(0.009, 0.014)), tip, lever))
    else:
        moving.append(box((float(rng.uniform(0.012, 0.024)), long, 0.009), (0, -long / 2, high + 0.015), lever))
        tip = vector(0, -long + 0.008, high + 0.015)
    return Rotor(
        kind="tap",
        part=str(rng.choice(["tap", "faucet", "tap handle"])),
        static=static,
        moving=moving,
        tip=tip,
        pushed=True,
    )


def _lever(rng: np.random.Generator, paints: Paints) -> Rotor:
    """Return a lever on a block."""
    wide, high = float(rng.uniform(0.06, 0.14)), float(rng.uniform(0.02, 0.09))
    base, arm = paints.surface(), paints.mix(textured=0.0)
    static = [box((wide, wide * float(rng.uniform(0.6, 1.2)), high), (0, 0, high / 2), base)]
    long, thick = float(rng.uniform(0.07, 0.14)), float(rng.uniform(0.006, 0.012))
    tip = vector(0, -long, high + 0.018)
    moving = [cylinder(0.016, 0.022, (0, 0, high), arm), rod((0, 0, high + 0.018), tip, thick, arm)]
    if rng.uniform() < 0.7:
        moving.append(ball(thick * 1.7, tip, paints.mix(textured=0.0)))
    return Rotor(
        kind="lever", part=str(rng.choice(["lever", "handle"])), static=static, moving=moving, tip=tip, pushed=True
    )


def _valve(rng: np.random.Generator, paints: Paints) -> Rotor:
    metal, wheel = paints.grey(), paints.mix(textured=0.0)
    high, radius = float(rng.uniform(0.05, 0.14)), float(rng.uniform(0.03, 0.06))
    static = [cylinder(0.02, high * 0.7, (0, 0, 0), metal), cylinder(0.008, high, (0, 0, 0), metal)]
    static.append(rod((-0.12, 0, 0.03), (0.12, 0, 0.03), float(rng.uniform(0.014, 0.024)), metal, flat=True))
    moving: list[Shape] = []
    if rng.uniform() < 0.5:
        spots = [vector(np.cos(a) * radius, np.sin(a) * radius, high) for a in np.linspace(0, 2 * np.pi, 13)]
        moving += [rod(a, b, 0.006, wheel) for a, b in pairwise(spots)]
    count = int(rng.choice([2, 3, 4]))
    mark = paints.mix(textured=0.0)
    for spoke in range(count):
        angle = 2 * np.pi * spoke / count - np.pi / 2
        end = vector(np.cos(angle) * radius, np.sin(angle) * radius, high)
        moving += [rod((0, 0, high), end, 0.006, wheel), ball(0.009, end, wheel if spoke else mark)]
    return Rotor(
        kind="valve",
        part=str(rng.choice(["valve", "tap", "wheel"])),
        static=static,
        moving=moving,
        tip=vector(0, -radius, high),
        pushed=False,
    )


def _knob(rng: np.random.Generator, paints: Paints) -> Rotor:
    radius, high, base = (
        float(rng.uniform(0.018, 0.035)),
        float(rng.uniform(0.02, 0.04)),
        float(rng.uniform(0.01, 0.08)),
    )
    wide = float(rng.uniform(0.1, 0.2))
    static = [box((wide, wide * 0.7, base), (0, 0, base / 2), paints.surface())]
    knob, mark = paints.mix(textured=0.0), paints.mix(textured=0.0)
    moving = [
        cylinder(radius, high, (0, 0, base), knob),
        box((0.008, radius * 1.25, 0.012), (0, -radius * 0.62, base + high), mark),
    ]
    return Rotor(
        kind="knob",
        part=str(rng.choice(["knob", "dial"])),
        static=static,
        moving=moving,
        tip=vector(0, -radius, base + high * 0.7),
        pushed=False,
    )


def _cap(rng: np.random.Generator, paints: Paints) -> Rotor:
    bottle = draw_thing(rng, paints, ("bottle",))
    cap, mark = paints.mix(textured=0.0), paints.mix(textured=0.0)
    radius, high = bottle.half[0] * 0.6, bottle.height
    shape = revolved([(0, high - 0.012), (radius, high - 0.012), (radius, high + 0.012), (0, high + 0.012)], cap)
    moving = [shape, box((0.006, radius, 0.006), (0, -radius * 0.6, high + 0.011), mark)]
    return Rotor(
        kind="cap",
        part=str(rng.choice(["bottle cap", "cap", "lid of the bottle"])),
        static=bottle.shapes,
        moving=moving,
        tip=vector(0, -radius, high),
        pushed=False,
    )


_ROTORS: Final[dict[str, Callable[[np.random.Generator, Paints], Rotor]]] = {
    "tap": _tap,
    "lever": _lever,
    "valve": _valve,
    "knob": _knob,
    "cap": _cap,
}


def draw_rotor(rng: np.random.Generator, paints: Paints) -> Rotor:
    """Draw one; taps come most often."""
    return _ROTORS[str(rng.choice(list(_ROTORS), p=[0.5, 0.15, 0.12, 0.15, 0.08]))](rng, paints)
