"""Actions on what opens and closes: opening, closing, stopping half-way, and only pretending."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from a2r_train.data.hands.furniture import draw_mechanism
from a2r_train.data.hands.grips import Hold, from_above, poke, pull_handle, push_face
from a2r_train.data.hands.mechanism import Mechanism
from a2r_train.data.hands.paints import Paints
from a2r_train.data.hands.plan import Motion, Plan
from a2r_train.data.hands.rotations import Array, Pose, unit, vector
from a2r_train.data.hands.shapes import moved, stretched

__all__ = ["closing", "moving_part", "opening", "pretending_to_close", "pretending_to_open", "touching"]


def opening(rng: np.random.Generator, paints: Paints) -> Plan:
    """Open something: 46."""
    mechanism, base = draw_mechanism(rng, paints)
    start = float(rng.uniform(0.0, 0.12)) if rng.uniform() < 0.25 and mechanism.kind in ("drawer", "door") else 0.0
    end = float(rng.uniform(max(mechanism.least, start + 0.5), 1.0)) if mechanism.least < 1.0 else 1.0
    return _plan(rng, mechanism, base, start, end, template=46)


def closing(rng: np.random.Generator, paints: Paints) -> Plan:
    """Close something: 5."""
    mechanism, base = draw_mechanism(rng, paints)
    start = float(rng.uniform(min(mechanism.least, 0.45), 1.0)) if mechanism.least < 1.0 else 1.0
    return _plan(rng, mechanism, base, start, 0.0, template=5)


def moving_part(rng: np.random.Generator, paints: Paints) -> Plan:
    """Move a drawer or a door without closing it or opening it all the way: 33, an unfinished opening or closing."""
    mechanism, base = _with_parts(rng, paints)
    start = float(rng.uniform(0.25, 1.0))
    shift = float(rng.uniform(0.3, 0.5)) * (-1.0 if start > 0.55 else 1.0)
    end = float(np.clip(start + shift, 0.16, 1.0))
    plan = _plan(rng, mechanism, base, start, end, template=33)
    return replace(plan, things=(mechanism.part, _owner(mechanism)))


def touching(rng: np.random.Generator, paints: Paints) -> Plan:
    """Touch a part without moving it: 160."""
    mechanism, base = _with_parts(rng, paints)
    q = float(rng.choice([0.0, rng.uniform(0.3, 1.0)]))
    pose = base @ mechanism.joint(q)
    outward = pose.rotation @ mechanism.face_outward
    hold = poke(rng, pose.point(mechanism.face), -outward)
    plan = _scene(mechanism, base, q, q, hold, template=160)
    return replace(plan, things=(mechanism.part, _owner(mechanism)), ends=("back", "leave"))


def pretending_to_open(rng: np.random.Generator, paints: Paints) -> Plan:
    """Move the hand as if to open something that stays shut: 67."""
    mechanism, base = draw_mechanism(rng, paints)
    return _pretence(rng, mechanism, base, 0.0, float(rng.uniform(0.5, 1.0)), template=67)


def pretending_to_close(rng: np.random.Generator, paints: Paints) -> Plan:
    """Move the hand as if to close something that stays open: 66."""
    mechanism, base = draw_mechanism(rng, paints)
    start = float(rng.uniform(mechanism.least, 1.0))
    return _pretence(rng, mechanism, base, start, max(start - float(rng.uniform(0.5, 0.9)), 0.05), template=66)


def _with_parts(rng: np.random.Generator, paints: Paints) -> tuple[Mechanism, Pose]:
    while True:
        mechanism, base = draw_mechanism(rng, paints)
        if mechanism.kind in ("drawer", "door", "oven", "laptop", "box with lid", "sliding door"):
            return mechanism, base


def _owner(mechanism: Mechanism) -> str:
    return {"drawer": "cabinet", "door": "cupboard"}.get(mechanism.name, mechanism.name)


def _motion(mechanism: Mechanism, base: Pose, start: float, end: float) -> Motion:
    return lambda state: base @ mechanism.joint(start + (end - start) * state)


def _plan(rng: np.random.Generator, mechanism: Mechanism, base: Pose, start: float, end: float, template: int) -> Plan:
    shuts = end < start
    hold = _hold(rng, mechanism, base, start, shuts and rng.uniform() < mechanism.push)
    return _scene(mechanism, base, start, end, hold, template=template)


def _hold(rng: np.random.Generator, mechanism: Mechanism, base: Pose, q: float, push: bool) -> Hold:
    pose = base @ mechanism.joint(q)
    if push:
        outward = unit(pose.rotation @ mechanism.face_outward)
        hold = push_face(rng, pose.point(mechanism.face), outward, follow=mechanism.follow)
    elif mechanism.part == "lid" and mechanism.kind.startswith("lidded"):
        hold = from_above(rng, pose.point(mechanism.handle), 0.02)
    else:
        outward = unit(pose.rotation @ mechanism.outward)
        if mechanism.follow and mechanism.kind in ("box with lid", "laptop", "book", "oven"):
            outward = unit(outward * vector(1, 1, 0.4) + (base.rotation @ mechanism.outward) * 0.6)
        hold = pull_handle(
            rng,
            pose.point(mechanism.handle),
            outward,
            knob=mechanism.knob,
            upright=mechanism.upright,
            follow=mechanism.follow,
        )
    return replace(hold, arm=_free_side(rng, hold.arm, base, mechanism))


def _free_side(rng: np.random.Generator, arm: Array, base: Pose, mechanism: Mechanism) -> Array:
    """Bring the arm from in front of the furniture, never through it."""
    if mechanism.turn >= np.pi:
        return arm
    front = base.rotation @ vector(float(rng.uniform(-0.8, 0.8)), -1.0, 0.0)
    return unit(unit(arm) * 0.5 + unit(front) + vector(0, float(rng.uniform(-0.5, 0.0)), 0))


def _scene(mechanism: Mechanism, base: Pose, start: float, end: float, hold: Hold, template: int) -> Plan:
    motion = _motion(mechanism, base, start, end)
    low, high = stretched([*mechanism.static, *mechanism.moving])
    corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    own_low, own_high = stretched(mechanism.moving)
    own = np.array(
        [
            [x, y, z]
            for x in (own_low[0], own_high[0])
            for y in (own_low[1], own_high[1])
            for z in (own_low[2], own_high[2])
        ]
    )
    path = np.concatenate([(motion(state)).point(own) for state in (0.0, 0.3, 0.5, 0.7, 1.0)])
    share = 0.75  # a corner of a large piece may leave the picture, the moving part may not
    middle = path.mean(axis=0)
    focus = np.concatenate([path, middle + (base.point(corners) - middle) * share, hold.grip.point[None]])
    return Plan(
        template=template,
        things=(mechanism.name,),
        kind=mechanism.kind,
        bodies={"fixture": moved(mechanism.static, base), "part": mechanism.moving},
        motions={"part": motion},
        carrier=motion,
        grip=hold.grip,
        focus=focus,
        left=hold.left,
        arm=hold.arm,
        mover="part",
        yaw=float(np.arctan2(base.rotation[1, 0], base.rotation[0, 0])),
        lowest=mechanism.lowest,
        amount=(start, end),
    )


def _pretence(
    rng: np.random.Generator, mechanism: Mechanism, base: Pose, start: float, end: float, template: int
) -> Plan:
    plan = _plan(rng, mechanism, base, start, end, template)
    shape = base @ mechanism.joint(start)
    gap = unit(plan.grip.clear) * float(rng.uniform(0.0, 0.03))
    return replace(
        plan,
        motions={"part": lambda state: shape},
        grip=replace(plan.grip, point=plan.grip.point + gap),
        ends=("back", "leave"),
        amount=(start, start),
    )
