"""Taps, valves, knobs, switches, levers and buttons: what turns or gives way under a finger.

SS-V2 has no template for turning left or right; the placeholder says it ("tap handle to the left"). Left and right are
where the handle's tip goes in the picture.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from a2r_train.data.hands.grips import Hold, from_above, poke, pull_handle
from a2r_train.data.hands.paints import Paints
from a2r_train.data.hands.plan import Motion, Plan
from a2r_train.data.hands.rotations import Pose, about, at, unit, vector
from a2r_train.data.hands.rotors import Rotor, draw_rotor
from a2r_train.data.hands.shapes import Shape, ball, box, moved, rod, stretched

__all__ = ["lever_down", "lever_up", "pressing", "pretending_to_twist", "pushing_aside", "twisting"]

_UP = vector(0.0, 0.0, 1.0)


def _turning(rng: np.random.Generator, rotor: Rotor, side: str) -> tuple[Motion, Hold, tuple[float, float]]:
    """Draw the motion of the handle to one side; its tip stays in front, so the picture shows which."""
    sense = 1.0 if side == "right" else -1.0  # counter-clockwise from above moves a tip in front to the right
    if rotor.pushed:
        start = -sense * float(rng.uniform(-0.3, 0.7))
        end = start + sense * float(rng.uniform(0.7, 1.4))
    else:
        start = -sense * float(rng.uniform(0.4, 0.8))
        end = start + sense * float(rng.uniform(1.0, 1.6))

    def motion(state: float) -> Pose:
        return at(0, 0, 0, start + (end - start) * state)

    begin = motion(0.0)
    tip = begin.point(rotor.tip)
    if not rotor.pushed:
        top = tip * vector(0, 0, 1)
        return motion, from_above(rng, top, 2 * float(np.hypot(rotor.tip[0], rotor.tip[1])), follow=0.8), (start, end)
    along = sense * unit(np.cross(_UP, begin.rotation @ vector(0, -1, 0)))
    if rng.uniform() < 0.7:
        hold = poke(rng, tip - along * 0.008 - (begin.rotation @ vector(0, -1, 0)) * 0.01, along)
        hold = replace(
            hold, arm=unit(hold.arm + vector(0, -float(rng.uniform(0.3, 1.5)), 0)), grip=replace(hold.grip, follow=0.5)
        )
    else:
        hold = pull_handle(rng, tip, unit(begin.rotation @ vector(0, -1, 0)), knob=True, follow=0.7)
    return motion, hold, (start, end)


def twisting(rng: np.random.Generator, paints: Paints) -> Plan:
    """Twist something to the left or to the right: 170."""
    rotor, side = draw_rotor(rng, paints), str(rng.choice(["left", "right"]))
    motion, hold, amount = _turning(rng, rotor, side)
    return replace(
        _plan(rng, rotor.static, rotor.moving, rotor.kind, motion, hold, 170),
        things=(f"{rotor.part} to the {side}",),
        direction=side,
        amount=amount,
        tip=rotor.tip,
        ends=("stay", "back", "leave", "leave")
        if rotor.pushed
        else ("back", "leave", "leave"),  # the hand hides a knob
    )


def pushing_aside(rng: np.random.Generator, paints: Paints, side: str, template: int) -> Plan:
    """Push the handle of a tap or a lever to one side.

    Args:
        rng: Source of chance.
        paints: Its materials are kept there.
        side: ``left`` or ``right``, where the handle's tip goes in the picture.
        template: SS-V2's id.
    """
    rotor = draw_rotor(rng, paints)
    while not rotor.pushed:
        rotor = draw_rotor(rng, paints)
    motion, hold, amount = _turning(rng, rotor, side)
    return replace(
        _plan(rng, rotor.static, rotor.moving, rotor.kind, motion, hold, template),
        things=(rotor.part,),
        direction=side,
        amount=amount,
        tip=rotor.tip,
        ends=("stay", "back", "leave", "leave"),
    )


def pretending_to_twist(rng: np.random.Generator, paints: Paints) -> Plan:
    """Turn the hand at something that does not turn: 64."""
    rotor, side = draw_rotor(rng, paints), str(rng.choice(["left", "right"]))
    motion, hold, amount = _turning(rng, rotor, side)
    shown = motion(0.0)
    plan = _plan(rng, rotor.static, rotor.moving, rotor.kind, lambda state: shown, hold, 64)
    return replace(plan, carrier=motion, things=(rotor.part,), ends=("back", "leave"), amount=(amount[0], amount[0]))


def _plan(
    rng: np.random.Generator,
    static: list[Shape],
    moving: list[Shape],
    kind: str,
    motion: Motion,
    hold: Hold,
    template: int,
    base: Pose | None = None,
) -> Plan:
    place = base or at(0, 0)
    low, high = stretched([*static, *moving])
    own = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    hand = hold.grip.point + np.array([[-0.06, 0, 0], [0.06, 0, 0], [0, 0, 0.05]])
    return Plan(
        template=template,
        things=(kind,),
        kind=kind,
        bodies={"fixture": moved(static, place), "part": moving},
        motions={"part": motion},
        carrier=motion,
        grip=hold.grip,
        focus=np.concatenate([place.point(own), hand]),
        left=hold.left,
        arm=hold.arm,
        mover="part",
    )


def pressing(rng: np.random.Generator, paints: Paints) -> Plan:
    """Press a button with the hand, so that it slightly moves: 100."""
    wide, high = float(rng.uniform(0.06, 0.16)), float(rng.uniform(0.03, 0.18))
    base = at(0, 0, 0, float(rng.uniform(-0.7, 0.7)))
    case, knob = paints.surface(), paints.mix(textured=0.0)
    static = [box((wide, wide * 0.8, high), (0, 0, high / 2), case)]
    radius, out = float(rng.uniform(0.012, 0.028)), float(rng.uniform(0.012, 0.025))
    on_top = bool(rng.uniform() < 0.6 or high < 0.07)
    normal = _UP if on_top else vector(0, -1, 0)
    spot = vector(0, 0, high) if on_top else vector(0, -wide * 0.4, high * 0.6)
    moving = [rod(spot - normal * 0.03, spot + normal * out, radius, knob, flat=True)]
    static.append(rod(spot, spot + normal * 0.004, radius * 1.4, paints.grey(), flat=True))
    inward = -(base.rotation @ normal)
    way = inward * (out - 0.003)

    def motion(state: float) -> Pose:
        return Pose(base.rotation, base.position + way * state)

    arm_like = inward if not on_top else unit(inward + vector(float(rng.uniform(-0.6, 0.6)), 1.0, 0) * 0.8)
    hold = poke(rng, base.point(spot + normal * out), arm_like)
    grasp = str(rng.choice(["fist", "two", "flat", "relaxed"] if on_top else ["fist", "two"]))
    hold = replace(hold, grip=replace(hold.grip, clear=-inward * 0.07, grasp=grasp))
    plan = _plan(rng, static, moving, "button", motion, hold, 100, base)
    return replace(plan, things=("button",), ends=("back", "leave", "stay"), quick=True)


def _switch(rng: np.random.Generator, paints: Paints, name: str, template: int) -> Plan:
    """Move a lever that hangs on a post up or down."""
    base = at(0, 0, 0, float(rng.uniform(-0.9, 0.9)))
    high, wide = float(rng.uniform(0.14, 0.28)), float(rng.uniform(0.04, 0.1))
    post, arm = paints.surface(), paints.mix(textured=0.0)
    static = [
        box((wide, wide * 0.7, high), (0, 0, high / 2), post),
        box((wide * 2, wide * 1.6, 0.015), (0, 0, 0.007), post),
    ]
    long, thick = float(rng.uniform(0.07, 0.13)), float(rng.uniform(0.006, 0.011))
    pivot = vector(0, -wide * 0.35, high * float(rng.uniform(0.55, 0.75)))
    tip = pivot + vector(0, -long, 0)
    moving = [rod(pivot, tip, thick, arm), ball(thick * 1.7, tip, paints.mix(textured=0.0))]
    sense = 1.0 if name == "up" else -1.0
    begin, end = -sense * float(rng.uniform(0.35, 0.7)), sense * float(rng.uniform(0.35, 0.8))

    def motion(state: float) -> Pose:
        turn = about(vector(-1, 0, 0), begin + (end - begin) * state)
        return base @ Pose(turn, pivot - turn @ pivot)

    start = motion(0.0)
    outward = base.rotation @ vector(0, -1, 0)
    hold = pull_handle(rng, start.point(tip), unit(outward + _UP * 0.2), knob=True, follow=0.3)
    plan = _plan(rng, static, moving, "lever", motion, hold, template, base)
    focus = np.concatenate([plan.focus, motion(1.0).point(tip)[None]])
    return replace(
        plan,
        things=(str(rng.choice(["lever", "switch", "handle"])),),
        direction=name,
        focus=focus,
        amount=(begin, end),
        tip=tip,
    )


def lever_up(rng: np.random.Generator, paints: Paints) -> Plan:
    """Move a lever up: 45."""
    return _switch(rng, paints, "up", 45)


def lever_down(rng: np.random.Generator, paints: Paints) -> Plan:
    """Move a lever down: 43."""
    return _switch(rng, paints, "down", 43)
