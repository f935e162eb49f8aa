"""What opens and closes: drawers, doors, ovens and sliding doors here, small things in `lids`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from a2r_train.data.hands import lids
from a2r_train.data.hands.mechanism import Mechanism, case, handle, hinge, slide, tray
from a2r_train.data.hands.paints import Paints
from a2r_train.data.hands.rotations import Pose, at, turned, vector
from a2r_train.data.hands.shapes import Shape, box, moved

__all__ = ["MECHANISMS", "draw_mechanism"]

_ORIGIN: Final = Pose(np.eye(3), np.zeros(3))


def _drawer(rng: np.random.Generator, paints: Paints) -> Mechanism:
    columns, rows = int(rng.choice([1, 1, 1, 2, 3])), int(rng.choice([1, 1, 2, 2, 3, 4]))
    cell, row = float(rng.uniform(0.12, 0.4)) / columns**0.4, float(rng.uniform(0.055, 0.15))
    deep, wall = float(rng.uniform(0.16, 0.4)), float(rng.uniform(0.008, 0.02))
    base = float(rng.choice([0.0, 0.0, float(rng.uniform(0.0, 0.25))]))
    wide, high = cell * columns + wall, row * rows + wall
    body, front, inside, gap = paints.surface(), paints.surface(), paints.wood(), 0.004
    front = body if rng.uniform() < 0.35 else front
    static = moved(case(wide, deep, high, wall, body, inside), at(0, 0, base))
    own = int(rng.integers(rows)), int(rng.integers(columns))
    moving: list[Shape] = []
    handles = int(rng.integers(2**31))
    middle, knob = np.zeros(3), False
    for line in range(rows):
        for column in range(columns):
            x, z = (column - (columns - 1) / 2) * cell, base + wall / 2 + (line + 0.5) * row
            plate = box((cell - gap, 0.014, row - gap), (x, -0.007, z), front)
            shapes, tip, is_knob = handle(np.random.default_rng(handles), paints, vector(x, -0.014, z), cell)
            if (line, column) == own:
                moving = [plate, *shapes, *tray(x, z, cell - 2 * wall, deep - 2 * wall, row, inside)]
                middle, knob = tip, is_knob
            else:
                static += [plate, *shapes]
    if base > 0.05:
        for x in (-0.45, 0.45):
            static += [box((0.02, 0.02, base), (x * wide, y, base / 2), body) for y in (0.02, deep - 0.02)]
    if rng.uniform() < 0.3:
        static.append(
            box((wide * float(rng.uniform(1.02, 1.4)), deep * 1.04, 0.02), (0, deep / 2, base + high + 0.01), body)
        )
    travel = deep * float(rng.uniform(0.55, 0.85))
    spot = vector(float(rng.uniform(-0.3, 0.3)) * cell, -0.014, float(rng.uniform(-0.25, 0.25)) * row)
    return Mechanism(
        kind="drawer",
        name="drawer",
        part="drawer",
        static=static,
        moving=moving,
        joint=slide(vector(0, -1, 0), travel),
        handle=middle,
        outward=vector(0, -1, 0),
        knob=knob,
        face=vector(middle[0], 0, middle[2]) + spot,
        face_outward=vector(0, -1, 0),
        push=0.75,
        least=0.5,
        turn=1.25,
        lowest=16.0,
    )


def _door(rng: np.random.Generator, paints: Paints) -> Mechanism:
    wide, deep, high = (float(value) for value in rng.uniform((0.18, 0.14, 0.18), (0.36, 0.3, 0.42)))
    wall, side = float(rng.uniform(0.01, 0.02)), float(rng.choice([-1.0, 1.0]))
    body, front, inside = paints.surface(), paints.surface(), paints.surface()
    front = body if rng.uniform() < 0.35 else front
    static = case(wide, deep, high, wall, body, inside)
    kind = str(rng.choice(["cupboard", "cabinet", "door", "microwave", "safe", "fridge"]))
    if rng.uniform() < 0.6:
        static.append(
            box((wide - 2 * wall, deep * 0.9, 0.006), (0, deep * 0.5, high * float(rng.uniform(0.35, 0.65))), inside)
        )
    moving = [box((wide, 0.016, high), (0, -0.008, high / 2), front)]
    if kind in ("microwave", "fridge") or rng.uniform() < 0.3:
        pane = paints.grey(0.03, 0.5) if rng.uniform() < 0.6 else paints.mix()
        moving.append(box((wide * 0.62, 0.018, high * 0.6), (0, -0.0085, high / 2), pane))
    edge = vector(-side * (wide / 2 - float(rng.uniform(0.02, 0.04))), -0.016, high * float(rng.uniform(0.35, 0.65)))
    shapes, tip, knob = handle(rng, paints, edge, high, upright=True)
    moving += shapes
    angle = side * float(rng.uniform(1.2, 2.0))
    # a hinge at the left (side -1) opens clockwise seen from above, the free edge towards the front
    return Mechanism(
        kind="door",
        name=kind,
        part="door",
        static=static,
        moving=moving,
        joint=hinge(vector(0, 0, 1), vector(side * wide / 2, 0, 0), angle),
        handle=tip,
        outward=vector(0, -1, 0),
        knob=knob,
        upright=not knob,
        face=edge + vector(side * 0.03, 0, float(rng.uniform(-0.06, 0.06))),
        face_outward=vector(0, -1, 0),
        push=0.7,
        follow=0.75,
        least=0.5,
        turn=0.9,
    )


def _oven(rng: np.random.Generator, paints: Paints) -> Mechanism:
    wide, deep, high = (float(value) for value in rng.uniform((0.2, 0.18, 0.14), (0.36, 0.3, 0.26)))
    wall, legs = 0.014, float(rng.uniform(0.0, 0.15))
    body, front, inside = paints.surface(), paints.surface(), paints.grey(0.03, 0.3)
    static = moved(case(wide, deep, high, wall, body, inside), at(0, 0, legs))
    if legs > 0.02:
        static.append(box((wide, deep, legs), (0, deep / 2, legs / 2), body))
    moving = [
        box((wide, 0.016, high), (0, -0.008, legs + high / 2), front),
        box((wide * 0.7, 0.018, high * 0.5), (0, -0.0085, legs + high * 0.45), paints.grey(0.03, 0.4)),
    ]
    edge = vector(0, -0.016, legs + high - 0.025)
    shapes, tip, knob = handle(rng, paints, edge, wide)
    return Mechanism(
        kind="oven",
        name=str(rng.choice(["oven", "oven door", "dishwasher", "toaster oven"])),
        part="door",
        static=static,
        moving=[*moving, *shapes],
        joint=hinge(vector(1, 0, 0), vector(0, 0, legs + 0.004), float(rng.uniform(1.2, 1.57))),
        handle=tip,
        outward=vector(0, -1, 0),
        knob=knob,
        face=edge,
        face_outward=vector(0, -1, 0),
        push=0.4,
        follow=0.45,
        turn=0.8,
    )


def _sliding(rng: np.random.Generator, paints: Paints) -> Mechanism:
    wide, deep, high = (float(value) for value in rng.uniform((0.26, 0.08, 0.16), (0.44, 0.24, 0.32)))
    wall, side = float(rng.uniform(0.012, 0.025)), float(rng.choice([-1.0, 1.0]))
    body, front, pane = (
        paints.surface(),
        paints.surface(),
        paints.mix(textured=0.1, alpha=0.6 if rng.uniform() < 0.3 else 1.0),
    )
    static = case(wide, deep, high, wall, body, paints.grey(0.03, 0.35))
    half, tall = wide / 2 - wall, high - 2 * wall
    static += _panel(-side * half / 2, 0.02, half, tall, high / 2, front, pane)
    moving = _panel(side * half / 2, 0.004, half * 1.03, tall, high / 2, front, pane)
    grip = vector(side * half * float(rng.uniform(0.25, 0.85)), -0.004, high * float(rng.uniform(0.4, 0.6)))
    shapes, tip, knob = handle(rng, paints, grip, tall, upright=True)
    name = str(rng.choice(["window", "sliding door", "cupboard", "sliding window"]))
    return Mechanism(
        kind="sliding door",
        name=name,
        part="panel",
        static=static,
        moving=[*moving, *shapes],
        joint=slide(vector(-side, 0, 0), half * float(rng.uniform(0.75, 0.95))),
        handle=tip,
        outward=vector(0, -1, 0),
        knob=knob,
        upright=not knob,
        face=tip,
        face_outward=vector(0, -1, 0),
        push=0.0,
        least=0.7,
        turn=0.8,
    )


def _panel(x: float, y: float, wide: float, tall: float, z: float, frame: str, pane: str) -> list[Shape]:
    rim = 0.018
    shapes = [box((wide - rim, 0.006, tall - rim), (x, y, z), pane)]
    shapes += [box((rim, 0.012, tall), (x + side * (wide - rim) / 2, y, z), frame) for side in (-1, 1)]
    shapes += [box((wide, 0.012, rim), (x, y, z + side * (tall - rim) / 2), frame) for side in (-1, 1)]
    return shapes


MECHANISMS: Final[dict[str, Callable[[np.random.Generator, Paints], Mechanism]]] = {
    "drawer": _drawer,
    "matchbox": lids.matchbox,
    "door": _door,
    "oven": _oven,
    "box with lid": lids.chest,
    "laptop": lids.laptop,
    "book": lids.book,
    "sliding door": _sliding,
    "lidded jar": lids.lidded,
}
"""Makers by kind."""
_SHARES: Final = {
    "drawer": 0.36,
    "matchbox": 0.06,
    "door": 0.2,
    "oven": 0.06,
    "box with lid": 0.09,
    "laptop": 0.06,
    "book": 0.05,
    "sliding door": 0.07,
    "lidded jar": 0.05,
}


def draw_mechanism(rng: np.random.Generator, paints: Paints) -> tuple[Mechanism, Pose]:
    """Draw a mechanism and how it stands before the camera; drawers and doors come most often."""
    kinds = list(_SHARES)
    shares = np.array(list(_SHARES.values()))
    mechanism = MECHANISMS[str(rng.choice(kinds, p=shares / shares.sum()))](rng, paints)
    angle = float(rng.uniform(-mechanism.turn, mechanism.turn))
    return mechanism, Pose(turned(angle), np.zeros(3))
