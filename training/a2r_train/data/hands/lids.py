"""Small things that open: matchboxes, chests, laptops, books, jars and pots with lids."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from a2r_train.data.hands.mechanism import Mechanism, hinge, slide, tray
from a2r_train.data.hands.paints import Paints
from a2r_train.data.hands.rotations import Array, Pose, vector
from a2r_train.data.hands.shapes import ball, box, revolved, rod

__all__ = ["book", "chest", "laptop", "lidded", "matchbox"]


def matchbox(rng: np.random.Generator, paints: Paints) -> Mechanism:
    """A sleeve with a tray that slides out."""
    wide, deep, high = (float(value) for value in rng.uniform((0.06, 0.09, 0.022), (0.12, 0.18, 0.045)))
    sleeve, inside, wall = paints.mix(textured=0.5), paints.mix(textured=0.1), 0.003
    static = [
        box((wide, deep, wall), (0, deep / 2, wall / 2), sleeve),
        box((wide, deep, wall), (0, deep / 2, high - wall / 2), sleeve),
        box((wall, deep, high), (-wide / 2, deep / 2, high / 2), sleeve),
        box((wall, deep, high), (wide / 2, deep / 2, high / 2), sleeve),
    ]
    moving = tray(0.0, high / 2, wide - 3 * wall, deep, high, inside)
    moving.append(box((wide - 3 * wall, wall, high * 0.7), (0, 0, high / 2), inside))
    return Mechanism(
        kind="matchbox",
        name=str(rng.choice(["matchbox", "box", "pencil case"])),
        part="tray",
        static=static,
        moving=moving,
        joint=slide(vector(0, -1, 0), deep * float(rng.uniform(0.55, 0.8))),
        handle=vector(0, -0.002, high * 0.5),
        outward=vector(0, -1, 0),
        face=vector(0, -0.002, high * 0.5),
        face_outward=vector(0, -1, 0),
        push=0.8,
        lowest=20.0,
    )


def chest(rng: np.random.Generator, paints: Paints) -> Mechanism:
    """A box whose lid is hinged at the back."""
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
        joint=hinge(vector(-1, 0, 0), vector(0, deep, high), float(rng.uniform(1.3, 1.9))),
        handle=front,
        outward=vector(0, -1, 0),
        face=front + vector(0, 0.02, thick * 0.4),
        face_outward=vector(0, -0.3, 1.0),
        push=0.35,
        follow=0.5,
        turn=1.3,
        lowest=18.0,
    )


def laptop(rng: np.random.Generator, paints: Paints) -> Mechanism:
    """A laptop, closed at opening 0."""
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
        joint=hinge(vector(-1, 0, 0), vector(0, deep, thick), float(rng.uniform(1.6, 2.1))),
        handle=front,
        outward=vector(0, -1, 0),
        face=front + vector(0, 0.012, 0.003),
        face_outward=vector(0, -0.4, 1.0),
        push=0.3,
        follow=0.5,
        turn=0.9,
        lowest=16.0,
    )


def book(rng: np.random.Generator, paints: Paints) -> Mechanism:
    """A book, notebook or folder that lies on the table."""
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
        joint=hinge(vector(0, side, 0), vector(side * wide / 2, 0, high * 0.5), float(rng.uniform(2.5, 3.1))),
        handle=edge,
        outward=vector(-side, 0, 0.4),
        face=edge,
        face_outward=vector(-side, 0, 0.4),
        push=0.0,
        follow=0.35,
        least=0.85,
        turn=np.pi,
        lowest=36.0,
    )


def lidded(rng: np.random.Generator, paints: Paints) -> Mechanism:
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
    top = vector(0, 0, high + rise + knob)
    kind = "pot" if radius > 0.06 else "jar"
    return Mechanism(
        kind="lidded " + kind,
        name=str(rng.choice([kind, "container", "sugar bowl"])),
        part="lid",
        static=static,
        moving=shapes,
        joint=_lift_off(aside, float(rng.uniform(0.06, 0.12)), high),
        handle=top,
        outward=vector(0, 0, 1),
        face=top,
        face_outward=vector(0, 0, 1),
        push=0.0,
        least=1.0,
        turn=np.pi,
        lowest=14.0,
    )


def _lift_off(aside: Array, lift: float, high: float) -> Callable[[float], Pose]:
    """Return the joint of a lid that is lifted, carried to a place beside and laid on the table."""

    def joint(q: float) -> Pose:
        across = min(max((q - 0.2) / 0.6, 0.0), 1.0)
        height = lift * min(q / 0.3, 1.0) if q < 0.7 else lift - (lift + high) * (q - 0.7) / 0.3
        return Pose(np.eye(3), aside * across + vector(0, 0, height))

    return joint
