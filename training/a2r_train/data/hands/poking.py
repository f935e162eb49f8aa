"""Actions that set a thing off: poking, spinning, rolling, tipping over, pushing off the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from a2r_train.data.hands.grips import Hold, poke, push_thing
from a2r_train.data.hands.moving import LEVEL, PUSHED, angle_of, draw_place, level, line, single, tilt
from a2r_train.data.hands.paints import Paints
from a2r_train.data.hands.plan import Plan, still
from a2r_train.data.hands.rotations import Array, Pose, about, heading, turned, unit, vector
from a2r_train.data.hands.things import LIGHT, TALL, draw_thing
from a2r_train.data.hands.vessels import Thing

__all__ = [
    "falling_when_poked",
    "poking_lightly",
    "poking_slightly",
    "pretending_to_poke",
    "pushing_off",
    "rolling",
    "spinning",
    "tipping_over",
]

_UP = vector(0.0, 0.0, 1.0)


_ASIDE = ("left", "right")


def _poked(rng: np.random.Generator, paints: Paints, names: Sequence[str]) -> tuple[Thing, Pose, str, Array, Hold]:
    thing, start = draw_thing(rng, paints, PUSHED), draw_place(rng)
    name = str(rng.choice(list(names)))
    direction = level(rng, name)
    side = thing.reach(-direction, angle_of(start))
    height = max(thing.height * float(rng.uniform(0.4, 0.75)), 0.01)
    point = start.position - direction * side * 0.97 + _UP * height
    return thing, start, name, direction, poke(rng, point, direction)


def poking_slightly(rng: np.random.Generator, paints: Paints) -> Plan:
    """Poke something so it slightly moves: 55."""
    thing, start, name, direction, hold = _poked(rng, paints, ("left", "right", "away"))
    motion = line(start, direction * float(rng.uniform(0.25, 0.45)) * min(thing.radius * 2, 0.09))
    return replace(single(thing, motion, hold, 55), direction=name, ends=("back", "leave"), quick=True)


def poking_lightly(rng: np.random.Generator, paints: Paints) -> Plan:
    """Poke something so lightly that it doesn't move: 56."""
    thing, start, _, _, hold = _poked(rng, paints, _ASIDE)
    return replace(single(thing, still(start), hold, 56), ends=("back", "leave"), quick=True)


def pretending_to_poke(rng: np.random.Generator, paints: Paints) -> Plan:
    """Point at something and stop short of it: 69."""
    thing, start, _, direction, hold = _poked(rng, paints, _ASIDE)  # else the gap would not be seen
    gap = -direction * float(rng.uniform(0.02, 0.05))
    hold = replace(hold, grip=replace(hold.grip, point=hold.grip.point + gap))
    return replace(single(thing, still(start), hold, 69), ends=("back", "leave"), quick=True)


def spinning(rng: np.random.Generator, paints: Paints) -> Plan:
    """Poke something so that it spins around: 58, or push it so it spins: 97."""
    thing = draw_thing(rng, paints, ("book", "gadget", "toy car", "mug", "open box"))
    start = draw_place(rng)
    sense = float(rng.choice([-1.0, 1.0]))
    touch = sense * float(rng.uniform(0.25, 0.5))
    total = sense * float(rng.uniform(1.2, 4.5))
    end = (
        vector(0.0, thing.half[1] * 0.85, 0) if thing.half[1] > thing.half[0] else vector(thing.half[0] * 0.85, 0.0, 0)
    )
    arm = end if rng.uniform() < 0.5 else -end
    spot = start.point(arm) + _UP * min(thing.height * 0.6, 0.06)
    direction = sense * unit(np.cross(_UP, start.rotation @ arm))
    reach = min(thing.half) * 0.9
    template = int(rng.choice([58, 97]))
    hold = poke(rng, spot - direction * reach, direction)
    if template == 97:  # with the hand
        hold = replace(hold, grip=replace(hold.grip, grasp="fist"))

    def motion(state: float) -> Pose:
        return Pose(turned(_turning(state, 0.35, touch, total)) @ start.rotation, start.position)

    return replace(
        single(thing, motion, hold, template),
        release=0.35,
        free="glide",
        ends=("back", "leave"),
        quick=True,
        direction="",
    )


def _turning(state: float, release: float, touched: float, total: float) -> float:
    """Return the angle at a state: up to ``touched`` while the hand is there, then on to ``total``."""
    if state <= release:
        return touched * state / release
    return touched + (total - touched) * (state - release) / (1 - release)


def rolling(rng: np.random.Generator, paints: Paints) -> Plan:
    """Roll something on a flat surface: 122."""
    thing, start = draw_thing(rng, paints, ("ball", "ball", "can", "roll", "bottle")), draw_place(rng)
    name = str(rng.choice(["left", "right"]))
    direction = level(rng, name, 0.4)
    axis = np.cross(_UP, direction)
    radius = thing.half[0]
    lying = np.eye(3) if thing.kind == "ball" else _lying(axis)
    middle = vector(0, 0, thing.height / 2)
    touch, total = float(rng.uniform(0.02, 0.06)), float(rng.uniform(0.2, 0.35))

    def motion(state: float) -> Pose:
        way = _turning(state, 0.3, touch, total)
        rotation = about(axis, way / radius) @ lying
        centre = start.position + direction * way + vector(0, 0, radius)
        return Pose(rotation, centre - rotation @ middle)

    carrier = line(start, direction * touch / 0.3)
    hold = push_thing(rng, replace(thing, height=2 * radius, round=True), start.position, 0.0, direction)
    return replace(
        single(thing, motion, hold, 122, carrier=carrier), release=0.3, free="glide", direction=name, quick=True
    )


def _lying(axis: Array) -> Array:
    """Return the rotation that lays a thing's z axis along a level axis."""
    return np.stack([_UP, np.cross(axis, _UP), axis], axis=1)


def _tipping(rng: np.random.Generator, paints: Paints, template: int) -> Plan:
    thing, start = draw_thing(rng, paints, TALL), draw_place(rng)
    while thing.height < 1.5 * max(thing.half) * 2:
        thing = draw_thing(rng, paints, TALL)
    direction = heading(float(rng.choice([0.0, np.pi]) + rng.uniform(-0.9, 0.9)))
    name = "right" if direction[0] > 0 else "left"
    if thing.kind == "box":  # it falls over an edge
        start = Pose(turned(float(np.arctan2(direction[1], direction[0]))), start.position)
    side = thing.reach(direction, angle_of(start))
    pivot, axis = start.position + direction * side, np.cross(_UP, direction)
    point = start.position - direction * side * 0.95 + _UP * thing.height * float(rng.uniform(0.7, 0.92))
    if template == 57:
        hold = poke(rng, point, direction)
    else:
        hold = push_thing(rng, thing, start.position, angle_of(start), direction, fingers=False)
        hold = replace(hold, grip=replace(hold.grip, point=point))

    def motion(state: float) -> Pose:
        return tilt(start, pivot, axis, np.pi / 2 * state)

    plan = single(thing, motion, hold, template)
    return replace(plan, release=0.3, direction=name, ends=("stay", "back", "leave"), quick=True)


def tipping_over(rng: np.random.Generator, paints: Paints) -> Plan:
    """Tip something over: 158."""
    return _tipping(rng, paints, 158)


def falling_when_poked(rng: np.random.Generator, paints: Paints) -> Plan:
    """Poke something so that it falls over: 57."""
    return _tipping(rng, paints, 57)


def pushing_off(rng: np.random.Generator, paints: Paints) -> Plan:
    """Push something so that it falls off the table: 99."""
    thing, start = draw_thing(rng, paints, LIGHT), draw_place(rng)
    name = str(rng.choice(["left", "right", "towards"]))
    direction = heading(LEVEL[name])
    hold = push_thing(rng, thing, start.position, angle_of(start), direction)
    slide = float(rng.uniform(0.06, 0.18)) + thing.half[0]
    axis = np.cross(_UP, direction)

    def motion(state: float) -> Pose:
        if state <= 0.5:
            return Pose(start.rotation, start.position + direction * slide * state / 0.5)
        fall = (state - 0.5) / 0.5
        shift = direction * (slide + 0.1 * np.sqrt(fall)) - _UP * 0.65 * fall
        return Pose(about(axis, 1.8 * np.sqrt(fall)) @ start.rotation, start.position + shift)

    plan = single(thing, motion, hold, 99, carrier=line(start, direction * slide / 0.5), seen=(0.0, 0.5, 0.62))
    edge = start.position + direction * (slide + 0.25 * thing.half[0])
    return replace(plan, release=0.5, direction=name, edge=(direction, edge), ends=("stay", "back", "leave"))
