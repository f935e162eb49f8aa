"""What opens and closes: drawers, doors, chests, laptops, books, sliding doors, jars and pots with lids.

A mechanism stands with its front towards -y of its own frame. Its *opening* q is 0 closed, 1 open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from a2r_train.data.hands.rotations import Array, Pose, about, at, turned, vector
from a2r_train.data.hands.shapes import Shape, ball, box, moved, revolved, rod
from a2r_train.data.hands.things import Paints

__all__ = ["MECHANISMS", "Mechanism", "draw_mechanism"]

_ORIGIN: Final = Pose(np.eye(3), np.zeros(3))


@dataclass(frozen=True, kw_only=True)
class Mechanism:
    """Something with one part that moves. Points and vectors are in its own frame, the part at q = 0.

    Attributes:
        kind: For tables.
        name: What people call what is opened.
        part: What the part is called.
        static: Shapes that do not move.
        moving: Shapes of the part.
        joint: Pose of the part at an opening.
        handle: float64 (3,), where one pulls it open.
        outward: float64 (3,), out of the surface there.
        knob: Whether the handle is taken between thumb and fingers.
        upright: Whether it is a vertical bar.
        face: float64 (3,), where one pushes it shut.
        face_outward: float64 (3,), out of the surface there.
        push: Probability that it is shut by pushing at ``face``; else by the handle.
        follow: Share of the part's turning that the hand takes part in.
        least: Smallest opening that looks open.
        turn: Largest angle to the camera at which its front is seen, radians.
        lowest: Lowest elevation of the camera at which the action is seen, degrees.
    """

    kind: str
    name: str
    part: str
    static: list[Shape]
    moving: list[Shape]
    joint: Callable[[float], Pose]
    handle: Array
    outward: Array
    face: Array
    face_outward: Array
    knob: bool = True
    upright: bool = False
    push: float = 0.6
    follow: float = 0.0
    least: float = 0.5
    turn: float = 1.2
    lowest: float = 12.0


def _slide(direction: Array, length: float) -> Callable[[float], Pose]:
    return lambda q: Pose(np.eye(3), direction * (length * q))


def _hinge(axis: Array, point: Array, angle: float) -> Callable[[float], Pose]:
    def joint(q: float) -> Pose:
        turn = about(axis, angle * q)
        return Pose(turn, point - turn @ point)

    return joint


def _handle(
    rng: np.random.Generator, paints: Paints, middle: Array, width: float, *, upright: bool = False
) -> tuple[list[Shape], Array, bool]:
    """Draw a handle on a front at ``middle``; returns shapes, the point to hold, and whether it is a knob."""
    paint, out = paints.grey() if rng.uniform() < 0.6 else paints.mix(textured=0.0), float(rng.uniform(0.02, 0.035))
    tip = middle - vector(0, out, 0)
    kind = str(rng.choice(["knob", "bar", "bar", "tab"]))
    if kind == "knob":
        radius = float(rng.uniform(0.009, 0.017))
        return [rod(middle, tip, radius * 0.5, paint), ball(radius, tip, paint)], tip, True
    half = vector(0, 0, 1) if upright else vector(1, 0, 0)
    half = half * min(float(rng.uniform(0.025, 0.06)), width * 0.35)
    if kind == "tab":
        size = np.abs(half) * 2 + vector(0.006, out, 0.006)
        return [box(size, middle - vector(0, out / 2, 0), paint)], tip, True
    thick = float(rng.uniform(0.004, 0.008))
    shapes = [rod(tip - half, tip + half, thick, paint)]
    shapes += [rod(middle + sign * half, tip + sign * half, thick, paint) for sign in (-1.0, 1.0)]
    return shapes, tip, False


def _case(wide: float, deep: float, high: float, wall: float, paint: str, inside: str) -> list[Shape]:
    """Return a box that is open at the front, which is at y = 0; it stands on z = 0."""
    return [
        box((wide, deep, wall), (0, deep / 2, wall / 2), paint),
        box((wide, deep, wall), (0, deep / 2, high - wall / 2), paint),
        box((wall, deep, high - 2 * wall), (-wide / 2 + wall / 2, deep / 2, high / 2), paint),
        box((wall, deep, high - 2 * wall), (wide / 2 - wall / 2, deep / 2, high / 2), paint),
        box((wide - 2 * wall, wall, high - 2 * wall), (0, deep - wall / 2, high / 2), inside),
    ]


def _drawer(rng: np.random.Generator, paints: Paints) -> Mechanism:
    columns, rows = int(rng.choice([1, 1, 1, 2, 3])), int(rng.choice([1, 1, 2, 2, 3, 4]))
    cell, row = float(rng.uniform(0.12, 0.4)) / columns**0.4, float(rng.uniform(0.055, 0.15))
    deep, wall = float(rng.uniform(0.16, 0.4)), float(rng.uniform(0.008, 0.02))
    base = float(rng.choice([0.0, 0.0, float(rng.uniform(0.0, 0.25))]))
    wide, high = cell * columns + wall, row * rows + wall
    case, front, tray, gap = paints.surface(), paints.surface(), paints.wood(), 0.004
    front = case if rng.uniform() < 0.35 else front
    static = moved(_case(wide, deep, high, wall, case, tray), at(0, 0, base))
    own = int(rng.integers(rows)), int(rng.integers(columns))
    moving: list[Shape] = []
    handles = int(rng.integers(2**31))
    middle, knob = np.zeros(3), False
    for line in range(rows):
        for column in range(columns):
            x, z = (column - (columns - 1) / 2) * cell, base + wall / 2 + (line + 0.5) * row
            plate = box((cell - gap, 0.014, row - gap), (x, -0.007, z), front)
            shapes, tip, is_knob = _handle(np.random.default_rng(handles), paints, vector(x, -0.014, z), cell)
            if (line, column) == own:
                moving = [plate, *shapes, *_tray(x, z, cell - 2 * wall, deep - 2 * wall, row, tray)]
                middle, knob = tip, is_knob
            else:
                static += [plate, *shapes]
    if base > 0.05:
        for x in (-0.45, 0.45):
            static += [box((0.02, 0.02, base), (x * wide, y, base / 2), case) for y in (0.02, deep - 0.02)]
    if rng.uniform() < 0.3:
        static.append(
            box((wide * float(rng.uniform(1.05, 1.8)), deep * 1.1, 0.02), (0, deep / 2, base + high + 0.01), case)
        )
    travel = deep * float(rng.uniform(0.55, 0.85))
    spot = vector(float(rng.uniform(-0.3, 0.3)) * cell, -0.014, float(rng.uniform(-0.25, 0.25)) * row)
    return Mechanism(
        kind="drawer",
        name="drawer",
        part="drawer",
        static=static,
        moving=moving,
        joint=_slide(vector(0, -1, 0), travel),
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


def _tray(x: float, z: float, wide: float, deep: float, high: float, paint: str) -> list[Shape]:
    """Return a drawer's box behind its front."""
    low, wall, tall = z - high * 0.38, 0.006, high * 0.62
    shapes = [
        box((wide, deep, wall), (x, deep / 2, low), paint),
        box((wide, wall, tall), (x, deep, low + tall / 2), paint),
    ]
    shapes += [box((wall, deep, tall), (x + side * wide / 2, deep / 2, low + tall / 2), paint) for side in (-1, 1)]
    return shapes


def _matchbox(rng: np.random.Generator, paints: Paints) -> Mechanism:
    wide, deep, high = (float(value) for value in rng.uniform((0.06, 0.09, 0.022), (0.12, 0.18, 0.045)))
    sleeve, tray, wall = paints.mix(textured=0.5), paints.mix(textured=0.1), 0.003
    static = [
        box((wide, deep, wall), (0, deep / 2, wall / 2), sleeve),
        box((wide, deep, wall), (0, deep / 2, high - wall / 2), sleeve),
        box((wall, deep, high), (-wide / 2, deep / 2, high / 2), sleeve),
        box((wall, deep, high), (wide / 2, deep / 2, high / 2), sleeve),
    ]
    moving = _tray(0.0, high / 2, wide - 3 * wall, deep, high, tray)
    moving.append(box((wide - 3 * wall, wall, high * 0.7), (0, 0, high / 2), tray))
    return Mechanism(
        kind="matchbox",
        name=str(rng.choice(["matchbox", "box", "pencil case"])),
        part="tray",
        static=static,
        moving=moving,
        joint=_slide(vector(0, -1, 0), deep * float(rng.uniform(0.55, 0.8))),
        handle=vector(0, -0.002, high * 0.5),
        outward=vector(0, -1, 0),
        face=vector(0, -0.002, high * 0.5),
        face_outward=vector(0, -1, 0),
        push=0.8,
        lowest=20.0,
    )


def _door(rng: np.random.Generator, paints: Paints) -> Mechanism:
    wide, deep, high = (float(value) for value in rng.uniform((0.18, 0.14, 0.18), (0.36, 0.3, 0.42)))
    wall, side = float(rng.uniform(0.01, 0.02)), float(rng.choice([-1.0, 1.0]))
    case, front, inside = paints.surface(), paints.surface(), paints.surface()
    front = case if rng.uniform() < 0.35 else front
    static = _case(wide, deep, high, wall, case, inside)
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
    shapes, tip, knob = _handle(rng, paints, edge, high, upright=True)
    moving += shapes
    angle = side * float(rng.uniform(1.2, 2.0))
    # a hinge at the left (side -1) opens clockwise seen from above, the free edge towards the front
    return Mechanism(
        kind="door",
        name=kind,
        part="door",
        static=static,
        moving=moving,
        joint=_hinge(vector(0, 0, 1), vector(side * wide / 2, 0, 0), angle),
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
    case, front, inside = paints.surface(), paints.surface(), paints.grey(0.03, 0.3)
    static = moved(_case(wide, deep, high, wall, case, inside), at(0, 0, legs))
    if legs > 0.02:
        static.append(box((wide, deep, legs), (0, deep / 2, legs / 2), case))
    moving = [
        box((wide, 0.016, high), (0, -0.008, legs + high / 2), front),
        box((wide * 0.7, 0.018, high * 0.5), (0, -0.0085, legs + high * 0.45), paints.grey(0.03, 0.4)),
    ]
    edge = vector(0, -0.016, legs + high - 0.025)
    shapes, tip, knob = _handle(rng, paints, edge, wide)
    return Mechanism(
        kind="oven",
        name=str(rng.choice(["oven", "oven door", "dishwasher", "toaster oven"])),
        part="door",
        static=static,
        moving=[*moving, *shapes],
        joint=_hinge(vector(1, 0, 0), vector(0, 0, legs + 0.004), float(rng.uniform(1.2, 1.57))),
        handle=tip,
        outward=vector(0, -1, 0),
        knob=knob,
        face=edge,
        face_outward=vector(0, -1, 0),
        push=0.4,
        follow=0.45,
        turn=0.8,
    )


def _chest(rng: np.random.Generator, paints: Paints) -> Mechanism:
    wide, deep, high = (float(value) for value in rng.uniform((0.1, 0.08, 0.05), (0.26, 0.2, 0.14)))
    wall, body = 0.006, paints.surface()
    lid = body if rng.uniform() < 0.5 else paints.surface()
    static = [box((wide, deep, wall), (0, deep / 2, wall / 2), body)]
    static += [box((wide, wall, high), (0, y, high / 2), body) for y in (wall / 2, deep - wall / 2)]
    static += [box((wall, deep, high), (x * (wide - wall) / 2, deep / 2, high / 2), body) for x in (-1, 1)]
    thick = float(rng.uniform(0.008, 0.03))
    moving = [box((wide * 1.02, deep * 1.02, thick), (0, deep / 2, high + thick / 2), lid)]
    if rng.uniform() < 0.5:
        moving.append(box((0.025, 0.008, 0.025), (0, -0.004, high), paints.grey(0.3, 0.9)))
    front = vector(float(rng.uniform(-0.2, 0.2)) * wide, -0.004, high + thick * 0.6)
    return Mechanism(
        kind="box with lid",
        name=str(rng.choice(["box", "jewelry box", "chest", "lunch box", "case"])),
        part="lid",
        static=static,
        moving=moving,
        joint=_hinge(vector(-1, 0, 0), vector(0, deep, high), float(rng.uniform(1.3, 1.9))),
        handle=front,
        outward=vector(0, -1, 0),
        face=front + vector(0, 0.02, thick * 0.4),
        face_outward=vector(0, -0.3, 1.0),
        push=0.35,
        follow=0.5,
        turn=1.3,
        lowest=18.0,
    )


def _laptop(rng: np.random.Generator, paints: Paints) -> Mechanism:
    wide, deep = float(rng.uniform(0.22, 0.34)), float(rng.uniform(0.16, 0.24))
    shell, thick = (paints.grey(0.05, 0.85) if rng.uniform() < 0.7 else paints.mix(textured=0.0)), 0.012
    keys, screen = paints.grey(0.02, 0.3), paints.mix(textured=0.4, shine=0.3)
    static = [
        box((wide, deep, thick), (0, deep / 2, thick / 2), shell),
        box((wide * 0.86, deep * 0.45, 0.002), (0, deep * 0.62, thick), keys),
        box((wide * 0.3, deep * 0.22, 0.002), (0, deep * 0.2, thick), keys),
    ]
    moving = [
        box((wide, deep, 0.008), (0, deep / 2, thick + 0.005), shell),
        box((wide * 0.9, deep * 0.86, 0.002), (0, deep / 2, thick + 0.0005), screen),
    ]
    front = vector(float(rng.uniform(-0.3, 0.3)) * wide, -0.002, thick + 0.006)
    return Mechanism(
        kind="laptop",
        name=str(rng.choice(["laptop", "notebook computer"])),
        part="screen",
        static=static,
        moving=moving,
        joint=_hinge(vector(-1, 0, 0), vector(0, deep, thick), float(rng.uniform(1.6, 2.1))),
        handle=front,
        outward=vector(0, -1, 0),
        face=front + vector(0, 0.012, 0.003),
        face_outward=vector(0, -0.4, 1.0),
        push=0.3,
        follow=0.5,
        turn=0.9,
        lowest=16.0,
    )


def _book(rng: np.random.Generator, paints: Paints) -> Mechanism:
    wide, deep, high = (float(value) for value in rng.uniform((0.11, 0.15, 0.016), (0.18, 0.24, 0.04)))
    side = float(rng.choice([-1.0, 1.0]))
    cover, pages = paints.mix(textured=0.35), paints.grey(0.85, 0.98)
    static = [
        box((wide, deep, 0.003), (0, deep / 2, 0.0015), cover),
        box((wide * 0.97, deep * 0.95, high - 0.004), (0, deep / 2, high / 2), pages),
    ]
    moving = [
        box((wide, deep, 0.003), (0, deep / 2, high + 0.0015), cover),
        box((wide * 0.95, deep * 0.95, 0.003), (0, deep / 2, high - 0.0012), pages),
    ]
    edge = vector(-side * wide / 2, deep * float(rng.uniform(0.25, 0.6)), high + 0.003)
    return Mechanism(
        kind="book",
        name=str(rng.choice(["book", "notebook", "folder", "photo album"])),
        part="cover",
        static=static,
        moving=moving,
        joint=_hinge(vector(0, side, 0), vector(side * wide / 2, 0, high * 0.5), float(rng.uniform(2.5, 3.1))),
        handle=edge,
        outward=vector(-side, 0, 0.4),
        face=edge,
        face_outward=vector(-side, 0, 0.4),
        push=0.0,
        follow=0.35,
        least=0.85,
        turn=np.pi,
        lowest=28.0,
    )


def _sliding(rng: np.random.Generator, paints: Paints) -> Mechanism:
    wide, deep, high = (float(value) for value in rng.uniform((0.26, 0.08, 0.16), (0.44, 0.24, 0.32)))
    wall, side = float(rng.uniform(0.012, 0.025)), float(rng.choice([-1.0, 1.0]))
    case, front, pane = (
        paints.surface(),
        paints.surface(),
        paints.mix(textured=0.1, alpha=0.6 if rng.uniform() < 0.3 else 1.0),
    )
    static = _case(wide, deep, high, wall, case, paints.grey(0.03, 0.35))
    half, tall = wide / 2 - wall, high - 2 * wall
    static += _panel(-side * half / 2, 0.02, half, tall, high / 2, front, pane)
    moving = _panel(side * half / 2, 0.004, half * 1.03, tall, high / 2, front, pane)
    grip = vector(side * half * float(rng.uniform(0.25, 0.85)), -0.004, high * float(rng.uniform(0.4, 0.6)))
    shapes, tip, knob = _handle(rng, paints, grip, tall, upright=True)
    name = str(rng.choice(["window", "sliding door", "cupboard", "sliding window"]))
    return Mechanism(
        kind="sliding door",
        name=name,
        part="panel",
        static=static,
        moving=[*moving, *shapes],
        joint=_slide(vector(-side, 0, 0), half * float(rng.uniform(0.75, 0.95))),
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


def _lidded(rng: np.random.Generator, paints: Paints) -> Mechanism:
    """A jar, pot or tin whose lid is taken off and laid beside it."""
    radius, high = float(rng.uniform(0.035, 0.08)), float(rng.uniform(0.05, 0.14))
    body, lid = paints.mix(textured=0.2), paints.mix(textured=0.05)
    wall = 0.004
    static = [
        revolved(
            [(0, 0), (radius * 0.95, 0), (radius, high), (radius - wall, high), (radius - wall, 0.006), (0, 0.006)],
            body,
        )
    ]
    if radius > 0.06:
        static += [
            rod((side * radius, 0, high * 0.8), (side * (radius + 0.02), 0, high * 0.8), 0.006, lid) for side in (-1, 1)
        ]
    rise = float(rng.uniform(0.008, 0.022))
    shapes = [
        revolved(
            [
                (0, high),
                (radius * 1.04, high),
                (radius * 1.04, high + rise * 0.6),
                (radius * 0.6, high + rise),
                (0, high + rise),
            ],
            lid,
        )
    ]
    knob = float(rng.uniform(0.008, 0.016))
    shapes += [ball(knob, (0, 0, high + rise + knob * 0.8), lid)]
    angle = float(rng.uniform(0, 2 * np.pi))
    aside = vector(np.cos(angle), np.sin(angle), 0) * (2.1 * radius + float(rng.uniform(0.02, 0.06)))
    lift = float(rng.uniform(0.06, 0.12))

    def joint(q: float) -> Pose:
        across = min(max((q - 0.2) / 0.6, 0.0), 1.0)
        height = lift * min(q / 0.3, 1.0) if q < 0.7 else lift - (lift + high) * (q - 0.7) / 0.3
        return Pose(np.eye(3), aside * across + vector(0, 0, height))

    top = vector(0, 0, high + rise + knob)
    kind = "pot" if radius > 0.06 else "jar"
    return Mechanism(
        kind="lidded " + kind,
        name=str(rng.choice([kind, "container", "sugar bowl"])),
        part="lid",
        static=static,
        moving=shapes,
        joint=joint,
        handle=top,
        outward=vector(0, 0, 1),
        face=top,
        face_outward=vector(0, 0, 1),
        push=0.0,
        least=1.0,
        turn=np.pi,
        lowest=14.0,
    )


MECHANISMS: Final[dict[str, Callable[[np.random.Generator, Paints], Mechanism]]] = {
    "drawer": _drawer,
    "matchbox": _matchbox,
    "door": _door,
    "oven": _oven,
    "box with lid": _chest,
    "laptop": _laptop,
    "book": _book,
    "sliding door": _sliding,
    "lidded jar": _lidded,
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
