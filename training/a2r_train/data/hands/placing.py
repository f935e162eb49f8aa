"""Actions with a place: putting and taking, into, out of, onto and next to something, covering and uncovering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from a2r_train.data.hands.grips import Hold, draw_arm, from_above, grasp_thing
from a2r_train.data.hands.moving import draw_place, line, single
from a2r_train.data.hands.paints import Paints
from a2r_train.data.hands.plan import Motion, Plan, still
from a2r_train.data.hands.rotations import Array, Pose, about, heading, turned, vector
from a2r_train.data.hands.shapes import stretched
from a2r_train.data.hands.things import CONTAINERS, LIGHT, draw_thing
from a2r_train.data.hands.vessels import Thing

__all__ = [
    "closer_to",
    "covering",
    "dropping_into",
    "moving_away_from",
    "pretending_to_put_into",
    "pretending_to_take_out",
    "putting_down",
    "putting_into",
    "putting_next_to",
    "putting_onto",
    "taking_out",
    "uncovering",
]

_UP = vector(0.0, 0.0, 1.0)
_SMALL = ("cube", "ball", "toy animal", "toy car", "tube", "can")


def _through(points: Sequence[Array], rotation: Array) -> Motion:
    """Return the motion through points (3,), one after the other in equal shares of the way."""
    path = np.array(points)
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])

    def motion(state: float) -> Pose:
        way = min(max(state, 0.0), 1.0) * lengths[-1]
        return Pose(rotation, np.array([np.interp(way, lengths, path[:, axis]) for axis in range(3)]))

    return motion


def _rounded(points: Sequence[Array], rotation: Array) -> Motion:
    """Return a motion as in `_through`, its corners rounded."""
    plain, offsets = _through(points, rotation), (-0.06, 0.0, 0.06)

    def motion(state: float) -> Pose:
        near = min(state, 1.0 - state) / 0.06
        spread = min(max(near, 0.0), 1.0)
        return Pose(rotation, np.mean([plain(state + offset * spread).position for offset in offsets], axis=0))

    return motion


def _carrying(plan: Plan, other: Thing, place: Pose, *, things: tuple[str, ...], others: str = "other") -> Plan:
    """Add a second thing that does not move."""
    low, high = stretched(other.shapes)
    own = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    return replace(
        plan,
        things=things,
        bodies={**plan.bodies, others: other.shapes},
        motions={**plan.motions, others: still(place)},
        focus=np.concatenate([plan.focus, place.point(own)]),
    )


def _container(rng: np.random.Generator, paints: Paints) -> tuple[Thing, Thing, Pose]:
    """Draw something small, something that it fits into, and where that stands."""
    while True:
        box, thing = draw_thing(rng, paints, CONTAINERS), draw_thing(rng, paints, _SMALL)
        if max(thing.half) < 0.85 * box.inner:
            return thing, box, draw_place(rng)


def _beside(rng: np.random.Generator, box: Thing, thing: Thing, gap: tuple[float, float] = (0.03, 0.1)) -> Array:
    angle = float(rng.choice([0.0, np.pi]) + rng.uniform(-0.9, 0.9))
    return heading(angle) * (max(box.half) * 1.2 + max(thing.half) + float(rng.uniform(*gap)))


def _over(box: Thing, thing: Thing, rng: np.random.Generator) -> Array:
    return _UP * (box.height + 0.03 + 0.3 * thing.height + float(rng.uniform(0.0, 0.04)))


def putting_into(rng: np.random.Generator, paints: Paints) -> Plan:
    """Put something into something: 106."""
    thing, box, place = _container(rng, paints)
    start = Pose(turned(float(rng.uniform(0, 6.3))), place.position + _beside(rng, box, thing))
    over = place.position + _over(box, thing, rng)
    inside = place.position + _UP * (box.floor + 0.002)
    motion = _rounded([start.position, start.position + _over(box, thing, rng), over, inside], start.rotation)
    hold = grasp_thing(rng, thing, start.position, above=True)
    plan = single(thing, motion, hold, 106, seen=(0.0, 0.4, 1.0))
    return replace(_carrying(plan, box, place, things=(thing.name, box.name)), ends=("back", "leave"), lowest=24.0)


def taking_out(rng: np.random.Generator, paints: Paints) -> Plan:
    """Take something out of something: 148."""
    thing, box, place = _container(rng, paints)
    turn = turned(float(rng.uniform(0, 6.3)))
    inside = place.position + _UP * (box.floor + 0.002)
    goal = place.position + _beside(rng, box, thing)
    rise = _over(box, thing, rng)
    motion = _rounded([inside, place.position + rise, goal + rise, goal], turn)
    hold = grasp_thing(rng, thing, inside, above=True)
    plan = single(thing, motion, hold, 148, seen=(0.0, 0.4, 1.0))
    return replace(_carrying(plan, box, place, things=(thing.name, box.name)), lowest=24.0)


def dropping_into(rng: np.random.Generator, paints: Paints) -> Plan:
    """Drop something into something: 10."""
    thing, box, place = _container(rng, paints)
    over = place.position + _UP * (box.height + float(rng.uniform(0.06, 0.12)))
    inside = place.position + _UP * (box.floor + 0.002)
    turn = turned(float(rng.uniform(0, 6.3)))
    start = over + heading(float(rng.uniform(-np.pi, 0))) * float(rng.uniform(0.08, 0.2))
    hold = from_above(rng, start + _UP * thing.height * 0.7, 2 * thing.radius)

    def motion(state: float) -> Pose:
        if state <= 0.5:
            return Pose(turn, start + (over - start) * state / 0.5)
        return Pose(turn, over + (inside - over) * (state - 0.5) / 0.5)

    carrier = line(Pose(turn, start), (over - start) / 0.5)
    plan = single(thing, motion, hold, 10, carrier=carrier, seen=(0.0, 0.5, 1.0))
    plan = _carrying(plan, box, place, things=(thing.name, box.name))
    return replace(plan, release=0.5, held=True, ends=("stay", "back", "leave"), lowest=24.0)


def pretending_to_put_into(rng: np.random.Generator, paints: Paints) -> Plan:
    """Bring something over a container and take it back: 72."""
    thing, box, place = _container(rng, paints)
    start = Pose(turned(float(rng.uniform(0, 6.3))), place.position + _beside(rng, box, thing))
    rise, over = _over(box, thing, rng), place.position + _over(box, thing, rng)
    dip = over - _UP * 0.03
    motion = _rounded(
        [start.position, start.position + rise, over, dip, over, start.position + rise, start.position], start.rotation
    )
    hold = grasp_thing(rng, thing, start.position, above=True)
    plan = single(thing, motion, hold, 72, seen=(0.0, 0.5))
    return replace(_carrying(plan, box, place, things=(thing.name, box.name)), ends=("stay", "back"), lowest=24.0)


def pretending_to_take_out(rng: np.random.Generator, paints: Paints) -> Plan:
    """Reach into a container and come back with nothing: 82."""
    thing, box, place = _container(rng, paints)
    inside = place.position + _UP * (box.floor + 0.002)
    goal = place.position + _beside(rng, box, thing)
    rise = _over(box, thing, rng)
    ghost = _rounded([inside, place.position + rise, goal + rise, goal + _UP * 0.03], np.eye(3))
    hold = grasp_thing(rng, thing, inside + _UP * 0.012, above=True)
    plan = single(thing, still(Pose(np.eye(3), inside)), hold, 82, carrier=ghost)
    plan = _carrying(plan, box, place, things=(thing.name, box.name))
    return replace(plan, focus=np.concatenate([plan.focus, (goal + rise)[None]]), lowest=24.0)


def putting_onto(rng: np.random.Generator, paints: Paints) -> Plan:
    """Put something onto something: 112."""
    thing, under = (
        draw_thing(rng, paints, LIGHT, widest=0.045),
        draw_thing(rng, paints, ("book", "box", "gadget", "can")),
    )
    place = draw_place(rng)
    start = Pose(turned(float(rng.uniform(0, 6.3))), place.position + _beside(rng, under, thing))
    goal = place.position + _UP * under.height
    rise = _UP * (under.height + float(rng.uniform(0.05, 0.1)))
    motion = _rounded([start.position, start.position + rise, goal + _UP * 0.05, goal], start.rotation)
    hold = grasp_thing(rng, thing, start.position)
    plan = single(thing, motion, hold, 112, seen=(0.0, 0.4, 1.0))
    return replace(_carrying(plan, under, place, things=(thing.name, under.name)), ends=("back", "leave"))


def putting_next_to(rng: np.random.Generator, paints: Paints) -> Plan:
    """Bring something into the picture and put it next to something: 107."""
    thing, other = draw_thing(rng, paints, LIGHT, widest=0.045), draw_thing(rng, paints, LIGHT)
    place = draw_place(rng)
    goal = place.position + _beside(rng, other, thing, (0.004, 0.03))
    return replace(
        _carrying(_bringing(rng, thing, goal, 107), other, place, things=(thing.name, other.name)),
        ends=("back", "leave"),
    )


def putting_down(rng: np.random.Generator, paints: Paints) -> Plan:
    """Bring something into the picture and put it on the surface: 109."""
    thing = draw_thing(rng, paints, LIGHT, widest=0.045)
    return replace(
        _bringing(rng, thing, draw_place(rng).position, 109), things=(thing.name,), ends=("back", "leave", "leave")
    )


def _bringing(rng: np.random.Generator, thing: Thing, goal: Array, template: int) -> Plan:
    """Bring a thing from outside of the picture to a place on the table."""
    arm, turn = draw_arm(rng), turned(float(rng.uniform(0, 6.3)))
    over = goal + _UP * float(rng.uniform(0.06, 0.14)) + arm * 0.02
    outside = over + arm * float(rng.uniform(0.5, 0.65)) + _UP * 0.1
    motion = _rounded([outside, over, goal], turn)
    hold = grasp_thing(rng, thing, outside, arm)
    plan = single(thing, motion, hold, template, seen=(0.85, 1.0))
    return replace(plan, held=True, focus=plan.focus[:-3])


def covering(rng: np.random.Generator, paints: Paints) -> Plan:
    """Cover something with something hollow: 6."""
    thing, cover, place, turn, rise = _cover(rng, paints)
    goal = place.position + turn @ vector(0, 0, -cover.height)
    beside = _beside(rng, cover, thing)
    motion = _rounded([goal + beside, goal + beside + rise, goal + rise, goal], turn)
    plan = single(cover, motion, _hold_cover(rng, cover, goal + beside), 6, seen=(0.0, 0.4, 1.0))
    plan = _carrying(plan, thing, place, things=(thing.name, cover.name))
    return replace(plan, ends=("back", "leave"), lowest=22.0)


def uncovering(rng: np.random.Generator, paints: Paints) -> Plan:
    """Take off what covers something: 171."""
    thing, cover, place, turn, rise = _cover(rng, paints)
    goal = place.position + turn @ vector(0, 0, -cover.height)
    beside = _beside(rng, cover, thing)
    motion = _rounded([goal, goal + rise, goal + rise + beside, goal + beside], turn)
    plan = single(cover, motion, _hold_cover(rng, cover, goal), 171, seen=(0.0, 0.4, 1.0))
    return replace(_carrying(plan, thing, place, things=(thing.name,)), ends=("stay", "back", "leave"))


def _cover(rng: np.random.Generator, paints: Paints) -> tuple[Thing, Thing, Pose, Array, Array]:
    """Draw a thing, a hollow one that goes over it upside down, a place, that rotation, and how high it is lifted."""
    while True:
        thing, cover = draw_thing(rng, paints, _SMALL), draw_thing(rng, paints, ("cup", "mug", "bowl", "open box"))
        if max(thing.half) < 0.85 * cover.inner and thing.height < cover.height - 0.008:
            turn = turned(float(rng.uniform(0, 6.3))) @ about(vector(1, 0, 0), np.pi)
            return thing, cover, draw_place(rng), turn, _UP * (thing.height + float(rng.uniform(0.04, 0.08)))


def _hold_cover(rng: np.random.Generator, cover: Thing, bottom: Array) -> Hold:
    """Hold an upside-down thing whose origin, its bottom, is on top."""
    standing = Thing(
        kind=cover.kind, name=cover.name, shapes=cover.shapes, half=cover.half, height=cover.height, round=cover.round
    )
    return grasp_thing(rng, standing, bottom - _UP * cover.height)


def _relative(rng: np.random.Generator, paints: Paints, template: int) -> Plan:
    thing, other = draw_thing(rng, paints, LIGHT, widest=0.045), draw_thing(rng, paints, LIGHT)
    place = draw_place(rng)
    out = heading(float(rng.choice([0.0, np.pi]) + rng.uniform(-0.7, 0.7)))
    near = max(thing.half) + max(other.half) + float(rng.uniform(0.01, 0.03))
    far = near + float(rng.uniform(0.12, 0.22))
    begin, end = (near, far) if template == 40 else (far, near)
    start = Pose(turned(float(rng.uniform(0, 6.3))), place.position + out * begin)
    hold = grasp_thing(rng, thing, start.position)
    plan = single(thing, line(start, out * (end - begin)), hold, template)
    return _carrying(plan, other, place, things=(thing.name, other.name))


def moving_away_from(rng: np.random.Generator, paints: Paints) -> Plan:
    """Move something away from something: 40."""
    return _relative(rng, paints, 40)


def closer_to(rng: np.random.Generator, paints: Paints) -> Plan:
    """Move something closer to something: 42."""
    return _relative(rng, paints, 42)
