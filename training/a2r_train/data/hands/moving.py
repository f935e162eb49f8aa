"""Actions that move one thing along the table: pushing, pulling, moving it away and towards the camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from a2r_train.data.hands.grips import Hold, draw_arm, grasp_thing, push_thing
from a2r_train.data.hands.paints import Paints
from a2r_train.data.hands.plan import Motion, Plan
from a2r_train.data.hands.rotations import Array, Pose, about, heading, turned, unit, vector
from a2r_train.data.hands.shapes import stretched
from a2r_train.data.hands.things import draw_thing
from a2r_train.data.hands.twisting import pushing_aside
from a2r_train.data.hands.vessels import Thing

__all__ = [
    "LEVEL",
    "PUSHED",
    "angle_of",
    "away",
    "draw_place",
    "level",
    "line",
    "pulling_left",
    "pulling_right",
    "pushing_left",
    "pushing_right",
    "pushing_slightly",
    "single",
    "tilt",
    "towards",
]

_UP = vector(0.0, 0.0, 1.0)
PUSHED = (
    "mug",
    "mug",
    "cup",
    "bottle",
    "can",
    "bowl",
    "box",
    "cube",
    "book",
    "gadget",
    "toy car",
    "toy animal",
    "vase",
    "roll",
    "open box",
)
"""Kinds of things that are pushed."""
FILL = (0.22, 0.9)
"""Share of the picture that a sideways push takes: from far off, a handle moves by a few pixels."""
ASIDE = 0.3
"""Share of sideways pushes that turn the handle of a tap or a lever about its pivot."""
LEVEL = {"right": 0.0, "away": np.pi / 2, "left": np.pi, "towards": -np.pi / 2}
"""Angle in radians of each direction, as the picture shows it."""


def draw_place(rng: np.random.Generator) -> Pose:
    """Draw a pose near the middle of the table, turned at random."""
    return Pose(
        turned(float(rng.uniform(0, 2 * np.pi))),
        vector(float(rng.uniform(-0.03, 0.03)), float(rng.uniform(-0.03, 0.03)), 0.0),
    )


def angle_of(pose: Pose) -> float:
    """Return the angle in radians by which something upright is turned."""
    return float(np.arctan2(pose.rotation[1, 0], pose.rotation[0, 0]))


def line(start: Pose, way: Array) -> Motion:
    """Return the motion along a straight way (3,)."""
    return lambda state: Pose(start.rotation, start.position + way * state)


def single(
    thing: Thing,
    motion: Motion,
    hold: Hold,
    template: int,
    *,
    carrier: Motion | None = None,
    seen: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0),
) -> Plan:
    """Return the plan of an action on one thing.

    Args:
        thing: What is moved.
        motion: How.
        hold: How the hand holds it.
        template: SS-V2's id.
        carrier: What the hand follows; None: the thing.
        seen: States at which the thing must be in the picture.
    """
    low, high = stretched(thing.shapes)
    own = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    hand = hold.grip.point + np.array([[-0.05, 0, 0], [0.05, 0, 0], [0, 0, 0.05]])
    focus = np.concatenate([*(motion(state).point(own) for state in seen), hand])
    return Plan(
        template=template,
        things=(thing.name,),
        kind=thing.kind,
        bodies={"thing": thing.shapes},
        motions={"thing": motion},
        carrier=carrier or motion,
        grip=hold.grip,
        focus=focus,
        left=hold.left,
        arm=hold.arm,
        mover="thing",
        yaw=0.0,
    )


def level(rng: np.random.Generator, name: str, spread: float = 0.22) -> Array:
    """Draw a level unit vector (3,) near one of the directions of `LEVEL`."""
    return heading(LEVEL[name] + float(rng.uniform(-spread, spread)))


def _distance(rng: np.random.Generator, thing: Thing) -> float:
    return max(float(rng.uniform(0.13, 0.28)), 2 * max(thing.half) * float(rng.uniform(0.75, 1.2)))


def _pushing(rng: np.random.Generator, paints: Paints, name: str, template: int) -> Plan:
    thing, start, direction = draw_thing(rng, paints, PUSHED), draw_place(rng), level(rng, name)
    hold = push_thing(rng, thing, start.position, angle_of(start), direction)
    turn = float(rng.normal(0.0, 0.3)) if rng.uniform() < 0.4 else 0.0
    way = direction * _distance(rng, thing)

    def motion(state: float) -> Pose:
        return Pose(turned(turn * state) @ start.rotation, start.position + way * state)

    return replace(single(thing, motion, hold, template, carrier=line(start, way)), direction=name)


def _pushing_sideways(rng: np.random.Generator, paints: Paints, name: str, template: int) -> Plan:
    aside = rng.uniform() < ASIDE
    plan = pushing_aside(rng, paints, name, template) if aside else _pushing(rng, paints, name, template)
    return replace(plan, fill=FILL)


def pushing_right(rng: np.random.Generator, paints: Paints) -> Plan:
    """Push something from left to right: 93."""
    return _pushing_sideways(rng, paints, "right", 93)


def pushing_left(rng: np.random.Generator, paints: Paints) -> Plan:
    """Push something from right to left: 94."""
    return _pushing_sideways(rng, paints, "left", 94)


def _dragging(rng: np.random.Generator, paints: Paints, name: str, template: int) -> Plan:
    thing = draw_thing(rng, paints, PUSHED, widest=0.06)
    start, direction = draw_place(rng), level(rng, name)
    arm = unit(direction + draw_arm(rng) * float(rng.uniform(0.0, 0.7)))
    hold = grasp_thing(rng, thing, start.position, arm)
    motion = line(start, direction * _distance(rng, thing))
    return replace(single(thing, motion, hold, template), direction=name)


def pulling_right(rng: np.random.Generator, paints: Paints) -> Plan:
    """Pull something from left to right: 86."""
    return _dragging(rng, paints, "right", 86)


def pulling_left(rng: np.random.Generator, paints: Paints) -> Plan:
    """Pull something from right to left: 87."""
    return _dragging(rng, paints, "left", 87)


def away(rng: np.random.Generator, paints: Paints) -> Plan:
    """Move something away from the camera: 41, pushed or carried along the table."""
    if rng.uniform() < 0.65:
        return _pushing(rng, paints, "away", 41)
    return _sliding(rng, paints, "away", 41)


def towards(rng: np.random.Generator, paints: Paints) -> Plan:
    """Move something towards the camera: 44, pulled or pushed along the table."""
    if rng.uniform() < 0.25:
        return _pushing(rng, paints, "towards", 44)
    return _sliding(rng, paints, "towards", 44)


def _sliding(rng: np.random.Generator, paints: Paints, name: str, template: int) -> Plan:
    thing = draw_thing(rng, paints, PUSHED, widest=0.06)
    start, direction = draw_place(rng), level(rng, name)
    hold = grasp_thing(rng, thing, start.position)
    motion = line(start, direction * _distance(rng, thing) * 1.2)
    return replace(single(thing, motion, hold, template), direction=name)


def pushing_slightly(rng: np.random.Generator, paints: Paints) -> Plan:
    """Push something so that it slightly moves: 100."""
    thing, start = draw_thing(rng, paints, PUSHED), draw_place(rng)
    name = str(rng.choice(list(LEVEL), p=[0.35, 0.2, 0.35, 0.1]))
    direction = level(rng, name)
    hold = push_thing(rng, thing, start.position, angle_of(start), direction, fingers=False)
    motion = line(start, direction * float(rng.uniform(0.2, 0.4)) * min(thing.radius * 2, 0.09))
    return replace(single(thing, motion, hold, 100), direction=name, ends=("back", "leave"))


def tilt(start: Pose, pivot: Array, axis: Array, angle: float) -> Pose:
    """Return a pose turned by an angle in radians about an axis through a pivot (3,)."""
    turn = about(axis, angle)
    return Pose(turn @ start.rotation, pivot + turn @ (start.position - pivot))
