"""Actions that move one thing: pushing, pulling, moving in depth, lifting, tipping over, turning over, poking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from a2r_train.data.hands.grips import Hold, draw_arm, from_above, grasp_thing, poke, push_thing
from a2r_train.data.hands.plan import Motion, Plan, still
from a2r_train.data.hands.rotations import Array, Pose, about, heading, turned, unit, vector
from a2r_train.data.hands.shapes import stretched
from a2r_train.data.hands.things import LIGHT, TALL, Paints, Thing, draw_thing

__all__ = [
    "away",
    "down",
    "draw_place",
    "falling_when_poked",
    "lifting",
    "lifting_and_dropping",
    "lifting_one_end",
    "line",
    "picking_up",
    "poking_lightly",
    "poking_slightly",
    "pretending_to_pick_up",
    "pretending_to_poke",
    "pulling_left",
    "pulling_right",
    "pushing_left",
    "pushing_off",
    "pushing_right",
    "pushing_slightly",
    "rolling",
    "single",
    "spinning",
    "tipping_over",
    "towards",
    "up",
    "upside_down",
]

_UP = vector(0.0, 0.0, 1.0)
_PUSHED = (
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
_LEVEL = {"right": 0.0, "away": np.pi / 2, "left": np.pi, "towards": -np.pi / 2}


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


def _level(rng: np.random.Generator, name: str, spread: float = 0.22) -> Array:
    return heading(_LEVEL[name] + float(rng.uniform(-spread, spread)))


def _distance(rng: np.random.Generator, thing: Thing) -> float:
    return float(rng.uniform(0.1, 0.28)) + thing.radius * float(rng.uniform(0.3, 1.0))


def _pushing(rng: np.random.Generator, paints: Paints, name: str, template: int) -> Plan:
    thing, start, direction = draw_thing(rng, paints, _PUSHED), draw_place(rng), _level(rng, name)
    hold = push_thing(rng, thing, start.position, angle_of(start), direction)
    turn = float(rng.normal(0.0, 0.3)) if rng.uniform() < 0.4 else 0.0
    way = direction * _distance(rng, thing)

    def motion(state: float) -> Pose:
        return Pose(turned(turn * state) @ start.rotation, start.position + way * state)

    return replace(single(thing, motion, hold, template, carrier=line(start, way)), direction=name)


def pushing_right(rng: np.random.Generator, paints: Paints) -> Plan:
    """Push something from left to right: 93."""
    return _pushing(rng, paints, "right", 93)


def pushing_left(rng: np.random.Generator, paints: Paints) -> Plan:
    """Push something from right to left: 94."""
    return _pushing(rng, paints, "left", 94)


def _dragging(rng: np.random.Generator, paints: Paints, name: str, template: int) -> Plan:
    thing = draw_thing(rng, paints, _PUSHED, widest=0.06)
    start, direction = draw_place(rng), _level(rng, name)
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
    thing = draw_thing(rng, paints, _PUSHED, widest=0.06)
    start, direction = draw_place(rng), _level(rng, name)
    hold = grasp_thing(rng, thing, start.position)
    motion = line(start, direction * _distance(rng, thing) * 1.2)
    return replace(single(thing, motion, hold, template), direction=name)


def pushing_slightly(rng: np.random.Generator, paints: Paints) -> Plan:
    """Push something so that it slightly moves: 100."""
    thing, start = draw_thing(rng, paints, _PUSHED), draw_place(rng)
    name = str(rng.choice(list(_LEVEL)))
    direction = _level(rng, name)
    hold = push_thing(rng, thing, start.position, angle_of(start), direction)
    motion = line(start, direction * float(rng.uniform(0.015, 0.035)))
    return replace(single(thing, motion, hold, 100), direction=name, ends=("back", "leave"))


def _poked(rng: np.random.Generator, paints: Paints, kinds: tuple[str, ...]) -> tuple[Thing, Pose, str, Array, Hold]:
    thing, start = draw_thing(rng, paints, kinds), draw_place(rng)
    name = str(rng.choice(list(_LEVEL)))
    direction = _level(rng, name)
    side = thing.reach(-direction, angle_of(start))
    height = max(thing.height * float(rng.uniform(0.4, 0.75)), 0.01)
    point = start.position - direction * side * 0.97 + _UP * height
    return thing, start, name, direction, poke(rng, point, direction)


def poking_slightly(rng: np.random.Generator, paints: Paints) -> Plan:
    """Poke something so it slightly moves: 55."""
    thing, start, name, direction, hold = _poked(rng, paints, _PUSHED)
    motion = line(start, direction * float(rng.uniform(0.02, 0.04)))
    return replace(single(thing, motion, hold, 55), direction=name, ends=("back", "leave"), quick=True)


def poking_lightly(rng: np.random.Generator, paints: Paints) -> Plan:
    """Poke something so lightly that it doesn't move: 56."""
    thing, start, _, _, hold = _poked(rng, paints, _PUSHED)
    return replace(single(thing, still(start), hold, 56), ends=("back", "leave"), quick=True)


def pretending_to_poke(rng: np.random.Generator, paints: Paints) -> Plan:
    """Point at something and stop short of it: 69."""
    thing, start, _, direction, hold = _poked(rng, paints, _PUSHED)
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
    hold = poke(rng, spot - direction * reach, direction)

    def motion(state: float) -> Pose:
        return Pose(turned(_turning(state, 0.35, touch, total)) @ start.rotation, start.position)

    template = int(rng.choice([58, 97]))
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
    direction = _level(rng, name, 0.4)
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


def _tilt(start: Pose, pivot: Array, axis: Array, angle: float) -> Pose:
    turn = about(axis, angle)
    return Pose(turn @ start.rotation, pivot + turn @ (start.position - pivot))


def _tipping(rng: np.random.Generator, paints: Paints, template: int) -> Plan:
    thing, start = draw_thing(rng, paints, TALL), draw_place(rng)
    while thing.height < 1.5 * thing.radius * 2:
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
        hold = push_thing(rng, thing, start.position, angle_of(start), direction)
        hold = replace(hold, grip=replace(hold.grip, point=point))

    def motion(state: float) -> Pose:
        return _tilt(start, pivot, axis, np.pi / 2 * state)

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
    direction = heading(_LEVEL[name])
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
        return _tilt(start, pivot, axis, angle * rise)

    def carrier(state: float) -> Pose:
        return _tilt(start, pivot, axis, angle * (state / 0.7 if drops else state))

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
