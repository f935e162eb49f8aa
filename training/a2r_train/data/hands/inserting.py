"""Actions with pegs and sticks: plugging into something, pulling out of it, and pushing one thing with another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from a2r_train.data.hands.grips import Hold, draw_arm, from_above, pull_handle
from a2r_train.data.hands.moving import draw_place, single
from a2r_train.data.hands.paints import Paints
from a2r_train.data.hands.plan import Grip, Plan, still
from a2r_train.data.hands.rotations import Array, Pose, heading, turned, unit, vector
from a2r_train.data.hands.shapes import Shape, box, rod, stretched
from a2r_train.data.hands.things import draw_thing
from a2r_train.data.hands.vessels import Thing

__all__ = ["plugging_in", "pulling_out", "pushing_with"]

_UP = vector(0.0, 0.0, 1.0)


def plugging_in(rng: np.random.Generator, paints: Paints) -> Plan:
    """Plug something into something: 49."""
    return _plug(rng, paints, 49)


def pulling_out(rng: np.random.Generator, paints: Paints) -> Plan:
    """Pull something out of something: 89."""
    return _plug(rng, paints, 89)


def _plug(rng: np.random.Generator, paints: Paints, template: int) -> Plan:
    peg, block, name = _peg(rng, paints), *_block(rng, paints)
    place = Pose(turned(float(rng.uniform(-1.1, 1.1))), draw_place(rng).position)
    low, high = stretched(block)
    upright = bool(rng.uniform() < 0.4)
    outward = _UP if upright else place.rotation @ vector(0, -1, 0)
    height = float(high[2]) if upright else float(high[2]) * float(rng.uniform(0.45, 0.7))
    hole = place.position + _UP * height + (np.zeros(3) if upright else outward * float(-low[1]))
    block.append(_rim(hole, outward, peg.half[0], place, paints))
    along = _frame(outward)
    depth = peg.height * float(rng.uniform(0.45, 0.65))
    way = depth + float(rng.uniform(0.04, 0.1))
    inside, outside = hole - outward * depth, hole - outward * depth + outward * way

    def motion(state: float) -> Pose:
        share = state if template == 49 else 1.0 - state
        return Pose(along, outside + (inside - outside) * share)

    start = motion(0.0)
    hold = _hold_peg(rng, start, peg, outward)
    plan = single(peg, motion, hold, template)
    corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    return replace(
        plan,
        things=(peg.name, name),
        bodies={**plan.bodies, "block": block},
        motions={**plan.motions, "block": still(place)},
        focus=np.concatenate([plan.focus, place.point(corners)]),
        held=template == 49,
        ends=("stay", "back", "leave") if template == 49 else ("stay",),
    )


def _peg(rng: np.random.Generator, paints: Paints) -> Thing:
    radius, long = float(rng.uniform(0.007, 0.015)), float(rng.uniform(0.07, 0.13))
    shapes = [rod((0, 0, 0), (0, 0, long), radius, paints.mix(textured=0.1), flat=True)]
    shapes.append(rod((0, 0, long * 0.7), (0, 0, long), radius * float(rng.uniform(1.1, 1.8)), paints.mix(), flat=True))
    name = str(rng.choice(["plug", "peg", "pen", "stick", "usb stick", "cork"]))
    return Thing(kind="peg", name=name, shapes=shapes, half=(radius, radius), height=long, round=True)


def _block(rng: np.random.Generator, paints: Paints) -> tuple[list[Shape], str]:
    wide, deep, high = (float(value) for value in rng.uniform((0.07, 0.07, 0.07), (0.16, 0.13, 0.18)))
    name = str(rng.choice(["socket", "box", "block", "holder", "adapter"]))
    return [box((wide, deep, high), (0, 0, high / 2), paints.surface())], name


def _rim(hole: Array, outward: Array, radius: float, place: Pose, paints: Paints) -> Shape:
    """Draw the hole's dark mouth, in the block's own frame."""
    local = place.rotation.T @ (hole - place.position)
    direction = place.rotation.T @ outward
    return rod(local - direction * 0.004, local + direction * 0.001, radius * 1.35, paints.grey(0.01, 0.08), flat=True)


def _frame(outward: Array) -> Array:
    """Return a rotation whose z axis is ``outward``."""
    side = unit(np.cross(outward, vector(0.3, 0.2, 0.9) if abs(outward[2]) < 0.9 else vector(1, 0, 0)))
    return np.stack([side, np.cross(outward, side), outward], axis=1)


def _hold_peg(rng: np.random.Generator, start: Pose, peg: Thing, outward: Array) -> Hold:
    end = start.point(vector(0, 0, peg.height * 0.88))
    if outward[2] > 0.5:
        return from_above(rng, end, 2 * peg.radius)
    return pull_handle(rng, end, outward, knob=True)


def pushing_with(rng: np.random.Generator, paints: Paints) -> Plan:
    """Push something with something: 101."""
    thing = draw_thing(rng, paints, ("mug", "cup", "can", "box", "cube", "toy car", "toy animal", "bottle"))
    start = draw_place(rng)
    direction = heading(float(rng.uniform(0, 2 * np.pi)))
    long, thick = float(rng.uniform(0.16, 0.28)), float(rng.uniform(0.004, 0.009))
    stick = [rod((0, 0, 0), (0, 0, long), thick, paints.mix(textured=0.2), flat=True)]
    name = str(rng.choice(["stick", "pen", "ruler", "spoon", "pencil", "screwdriver"]))
    touch = start.position - direction * thing.reach(-direction, float(np.arctan2(*start.rotation[1::-1, 0])))
    touch = touch + _UP * float(np.clip(thing.height * 0.4, 0.02, 0.05))
    slope = unit(-direction + _UP * float(rng.uniform(0.15, 0.5)))
    gap, way = float(rng.uniform(0.03, 0.06)), float(rng.uniform(0.1, 0.22))
    along = _frame(slope)

    def carrier(state: float) -> Pose:
        return Pose(along, touch + direction * (-gap + (gap + way) * state))

    def motion(state: float) -> Pose:
        return Pose(start.rotation, start.position + direction * max((gap + way) * state - gap, 0.0))

    hold = _hold_stick(rng, carrier(0.0), long, direction, thick)
    plan = single(thing, motion, hold, 101, carrier=carrier)
    return replace(
        plan,
        things=(thing.name, name),
        bodies={**plan.bodies, "stick": stick},
        motions={**plan.motions, "stick": carrier},
        held=True,
        ends=("stay",),
    )


def _hold_stick(rng: np.random.Generator, stick: Pose, long: float, direction: Array, thick: float) -> Hold:
    """Hold a stick's upper end in the fist."""
    point = stick.point(vector(0, 0, long * 0.85))
    side = turned(float(rng.choice([-1.0, 1.0])) * np.pi / 2) @ direction
    if side[1] < 0 and rng.uniform() < 0.7:  # the arm comes from the camera's side more often
        side = -side
    arm = unit(-side - direction * float(rng.uniform(0.2, 1.2)) + draw_arm(rng) * 0.3)
    grip = Grip(point=point, forward=side, palm=-_UP, grasp="wrap_tight", radius=thick)
    return Hold(grip=grip, arm=arm)
