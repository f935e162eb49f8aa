"""Something with one part that slides or turns, and the pieces that furniture is made of.

A mechanism stands with its front towards -y of its own frame. Its *opening* q is 0 closed, 1 open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from a2r_train.data.hands.paints import Paints
from a2r_train.data.hands.rotations import Array, Pose, about, vector
from a2r_train.data.hands.shapes import Shape, ball, box, rod

__all__ = ["Mechanism", "case", "handle", "hinge", "slide", "tray"]


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


def slide(direction: Array, length: float) -> Callable[[float], Pose]:
    """Return the joint of a part that moves ``length`` metres along a direction."""
    return lambda q: Pose(np.eye(3), direction * (length * q))


def hinge(axis: Array, point: Array, angle: float) -> Callable[[float], Pose]:
    """Return the joint of a part that turns by ``angle`` radians about an axis through a point (3,)."""

    def joint(q: float) -> Pose:
        turn = about(axis, angle * q)
        return Pose(turn, point - turn @ point)

    return joint


def handle(
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


def case(wide: float, deep: float, high: float, wall: float, paint: str, inside: str) -> list[Shape]:
    """Return a box that is open at the front, which is at y = 0; it stands on z = 0."""
    return [
        box((wide, deep, wall), (0, deep / 2, wall / 2), paint),
        box((wide, deep, wall), (0, deep / 2, high - wall / 2), paint),
        box((wall, deep, high - 2 * wall), (-wide / 2 + wall / 2, deep / 2, high / 2), paint),
        box((wall, deep, high - 2 * wall), (wide / 2 - wall / 2, deep / 2, high / 2), paint),
        box((wide - 2 * wall, wall, high - 2 * wall), (0, deep - wall / 2, high / 2), inside),
    ]


def tray(x: float, z: float, wide: float, deep: float, high: float, paint: str) -> list[Shape]:
    """Return a drawer's box behind its front."""
    low, wall, tall = z - high * 0.38, 0.006, high * 0.62
    shapes = [
        box((wide, deep, wall), (x, deep / 2, low), paint),
        box((wide, wall, tall), (x, deep, low + tall / 2), paint),
    ]
    shapes += [box((wall, deep, tall), (x + side * wide / 2, deep / 2, low + tall / 2), paint) for side in (-1, 1)]
    return shapes
