"""Actions in the air: lifting, dropping, picking up, moving up and down, lifting one end, turning upside down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from a2r_train.data.hands.grips import Hold, draw_arm, from_above, grasp_thing
from a2r_train.data.hands.moving import draw_place, line, single, tilt
from a2r_train.data.hands.paints import Paints
from a2r_train.data.hands.plan import Plan, still
from a2r_train.data.hands.rotations import Array, Pose, about, turned, unit, vector
from a2r_train.data.hands.things import LIGHT, draw_thing
from a2r_train.data.hands.vessels import Thing

__all__ = [
    "down",
    "lifting",
    "lifting_and_dropping",
    "lifting_one_end",
    "picking_up",
    "pretending_to_pick_up",
    "up",
    "upside_down",
]

_UP = vector(0.0, 0.0, 1.0)


def _sway(rng: np.random.Generator) -> Array:
    return vector(float(rng.normal(0, 0.011)), float(rng.normal(0, 0.011)), 0.0)


def _lift(rng: np.random.Generator, paints: Paints, *, above: bool | None = None) -> tuple[Thing, Pose, Hold]:
    thing = draw_thing(rng, paints, LIGHT, widest=0.045)
    start = draw_place(rng)
    return thing, start, grasp_thing(rng, thing, start.position, above=above)


def lifting(rng: np.random.Generator, paints: Paints) -> Plan:
    """Lift something up completely without letting it drop down: 27."""
    thing, start, hold = _lift(rng, paints)
    motion = line(start, _UP * float(rng.uniform(0.1, 0.2)) + _sway(rng))
    return replace(single(thing, motion, hold, 27), direction="up", ends=("stay",))


def lifting_and_dropping(rng: np.random.Generator, paints: Paints) -> Plan:
    """Lift something up completely, then let it drop down: 28."""
    thing, start, hold = _lift(rng, paints)
    height = float(rng.uniform(0.1, 0.18))

    def motion(state: float) -> Pose:
        rise = min(state / 0.7, 1.0) - max((state - 0.7) / 0.3, 0.0)
        return Pose(start.rotation, start.position + _UP * height * rise)

    carrier = line(start, _UP * height / 0.7)
    plan = single(thing, motion, hold, 28, carrier=carrier, seen=(0.0, 0.7))
    return replace(plan, release=0.7, ends=("stay", "back"))


def picking_up(rng: np.random.Generator, paints: Paints) -> Plan:
    """Pick something up and carry it out of the picture: 47."""
    thing, start, hold = _lift(rng, paints)
    rise, out = float(rng.uniform(0.08, 0.14)), hold.arm * 0.75 + _UP * 0.15

    def motion(state: float) -> Pose:
        gone = max((state - 0.35) / 0.65, 0.0)
        return Pose(start.rotation, start.position + _UP * rise * min(state / 0.35, 1.0) + out * gone * gone)

    return replace(single(thing, motion, hold, 47, seen=(0.0, 0.35)), ends=("stay",))


def pretending_to_pick_up(rng: np.random.Generator, paints: Paints) -> Plan:
    """Move the hand as if to pick something up that stays where it is: 68."""
    thing, start, hold = _lift(rng, paints, above=True)
    hold = replace(hold, grip=replace(hold.grip, point=hold.grip.point + _UP * float(rng.uniform(0.0, 0.03))))
    ghost = line(start, _UP * float(rng.uniform(0.1, 0.18)))
    plan = single(thing, still(start), hold, 68, carrier=ghost)
    top = hold.grip.point + _UP * 0.16
    return replace(plan, ends=("stay", "leave"), focus=np.concatenate([plan.focus, top[None]]))


def _in_the_air(rng: np.random.Generator, paints: Paints, name: str, template: int) -> Plan:
    thing = draw_thing(rng, paints, LIGHT, widest=0.045)
    sense = 1.0 if name == "up" else -1.0
    height, way = float(rng.uniform(0.05, 0.12)), float(rng.uniform(0.13, 0.26))
    place = draw_place(rng)
    start = Pose(place.rotation, place.position + _UP * (height if sense > 0 else height + way))
    hold = grasp_thing(rng, thing, start.position)
    motion = line(start, _UP * sense * way + _sway(rng))
    return replace(single(thing, motion, hold, template), held=True, ends=("stay",), direction=name)


def up(rng: np.random.Generator, paints: Paints) -> Plan:
    """Move something that is held in the air up: 45."""
    return _in_the_air(rng, paints, "up", 45)


def down(rng: np.random.Generator, paints: Paints) -> Plan:
    """Move something that is held in the air down: 43."""
    return _in_the_air(rng, paints, "down", 43)


def lifting_one_end(rng: np.random.Generator, paints: Paints) -> Plan:
    """Lift up one end of something without letting it drop down: 30, or then letting it drop down: 31."""
    thing = draw_thing(rng, paints, ("book", "book", "gadget", "open box", "box"))
    facing = float(rng.choice([0.0, np.pi]) + rng.uniform(-0.6, 0.6))
    start = Pose(turned(facing), np.zeros(3))
    end = start.point(vector(thing.half[0], 0, thing.height * 0.6))
    pivot, axis = start.point(vector(-thing.half[0], 0, 0)), start.rotation @ vector(0, -1, 0)
    outward = start.rotation @ vector(1, 0, 0)
    arm = unit(outward + vector(0, -0.5, 0))
    hold = from_above(rng, end - outward * 0.008, thing.height, arm)
    angle, drops = float(rng.uniform(0.45, 0.95)), bool(rng.uniform() < 0.5)

    def motion(state: float) -> Pose:
        rise = min(state / 0.7, 1.0) - max((state - 0.7) / 0.3, 0.0) if drops else state
        return tilt(start, pivot, axis, angle * rise)

    def carrier(state: float) -> Pose:
        return tilt(start, pivot, axis, angle * (state / 0.7 if drops else state))

    plan = single(thing, motion, hold, 31 if drops else 30, carrier=carrier, seen=(0.0, 0.7))
    return replace(plan, release=0.7, ends=("back", "leave")) if drops else replace(plan, ends=("stay",))


def upside_down(rng: np.random.Generator, paints: Paints) -> Plan:
    """Turn something upside down: 164."""
    thing = draw_thing(rng, paints, ("mug", "cup", "bottle", "vase"), widest=0.05)
    start = draw_place(rng)
    arm = draw_arm(rng)
    hold = grasp_thing(rng, thing, start.position, arm, above=False)
    rise = thing.height * 0.7 + float(rng.uniform(0.03, 0.07))
    middle, axis = vector(0, 0, thing.height / 2), hold.arm
    sense = float(rng.choice([-1.0, 1.0]))

    def motion(state: float) -> Pose:
        turn = about(axis, sense * np.pi * min(max((state - 0.2) / 0.6, 0.0), 1.0))
        height = rise * (min(state / 0.25, 1.0) - max((state - 0.75) / 0.25, 0.0))
        centre = start.position + vector(0, 0, thing.height / 2 + height)
        rotation = turn @ start.rotation
        return Pose(rotation, centre - rotation @ middle)

    return replace(single(thing, motion, hold, 164), ends=("back", "leave", "stay"))
