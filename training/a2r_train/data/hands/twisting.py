"""Taps, valves, knobs, switches, levers and buttons: what turns or gives way under a finger.

SS-V2 has no template for turning left or right; the placeholder says it ("tap handle to the left"). Left and right are
where the handle's tip goes in the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from a2r_train.data.hands.grips import Hold, from_above, poke, pull_handle
from a2r_train.data.hands.plan import Motion, Plan
from a2r_train.data.hands.rotations import Array, Pose, about, at, unit, vector
from a2r_train.data.hands.shapes import Shape, ball, box, cylinder, moved, revolved, rod, stretched
from a2r_train.data.hands.things import Paints, draw_thing

__all__ = ["lever_down", "lever_up", "pressing", "pretending_to_twist", "twisting"]

_UP = vector(0.0, 0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class _Rotor:
    """Something with a handle that turns about the vertical through the origin of its own frame.

    Attributes:
        kind: For tables.
        part: What is turned, for the sentence.
        static: Shapes that do not turn.
        moving: Shapes of the handle, which points towards the camera (-y) at angle 0.
        tip: float64 (3,), the handle's end at angle 0.
        pushed: Whether it is pushed at its end; else grasped from above.
    """

    kind: str
    part: str
    static: list[Shape]
    moving: list[Shape]
    tip: Array
    pushed: bool


def _tap(rng: np.random.Generator, paints: Paints) -> _Rotor:
    metal = paints.grey(0.35, 0.95) if rng.uniform() < 0.6 else paints.mix(textured=0.0)
    lever = metal if rng.uniform() < 0.3 else paints.mix(textured=0.0)
    high, thick = float(rng.uniform(0.07, 0.2)), float(rng.uniform(0.011, 0.024))
    static = [cylinder(thick * 1.8, 0.012, (0, 0, 0), metal), cylinder(thick, high, (0, 0, 0), metal)]
    angle, reach = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.07, 0.15))
    out = vector(np.cos(angle), np.sin(angle), 0) * reach + _UP * high * float(rng.uniform(0.55, 0.85))
    if out[1] > -0.6 * reach:
        bend = out * vector(0.6, 0.6, 0) + _UP * (out[2] + float(rng.uniform(0.0, 0.04)))
        static += [rod((0, 0, high * 0.55), bend, thick * 0.65, metal), rod(bend, out, thick * 0.65, metal)]
        static.append(rod(out, out - _UP * 0.025, thick * 0.7, metal))
    if rng.uniform() < 0.4:
        basin = paints.grey(0.6, 0.98)
        static.append(box((0.3, 0.2, 0.01), (0, 0, 0.003), basin))
    long, rise = float(rng.uniform(0.05, 0.13)), float(rng.uniform(-0.005, 0.03))
    tip = vector(0, -long, high + 0.012 + rise)
    moving = [cylinder(thick * 1.1, 0.02, (0, 0, high), lever)]
    if rng.uniform() < 0.5:
        moving.append(rod((0, 0, high + 0.012), tip, float(rng.uniform(0.005, 0.009)), lever))
        if rng.uniform() < 0.5:
            moving.append(ball(float(rng.uniform(0.009, 0.014)), tip, lever))
    else:
        moving.append(box((float(rng.uniform(0.012, 0.024)), long, 0.009), (0, -long / 2, high + 0.015), lever))
        tip = vector(0, -long + 0.008, high + 0.015)
    return _Rotor(
        kind="tap",
        part=str(rng.choice(["tap", "faucet", "tap handle"])),
        static=static,
        moving=moving,
        tip=tip,
        pushed=True,
    )


def _lever(rng: np.random.Generator, paints: Paints) -> _Rotor:
    """Return a lever on a block."""
    wide, high = float(rng.uniform(0.06, 0.14)), float(rng.uniform(0.02, 0.09))
    base, arm = paints.surface(), paints.mix(textured=0.0)
    static = [box((wide, wide * float(rng.uniform(0.6, 1.2)), high), (0, 0, high / 2), base)]
    long, thick = float(rng.uniform(0.07, 0.14)), float(rng.uniform(0.006, 0.012))
    tip = vector(0, -long, high + 0.018)
    moving = [cylinder(0.016, 0.022, (0, 0, high), arm), rod((0, 0, high + 0.018), tip, thick, arm)]
    if rng.uniform() < 0.7:
        moving.append(ball(thick * 1.7, tip, paints.mix(textured=0.0)))
    return _Rotor(
        kind="lever", part=str(rng.choice(["lever", "handle"])), static=static, moving=moving, tip=tip, pushed=True
    )


def _valve(rng: np.random.Generator, paints: Paints) -> _Rotor:
    metal, wheel = paints.grey(), paints.mix(textured=0.0)
    high, radius = float(rng.uniform(0.05, 0.14)), float(rng.uniform(0.03, 0.06))
    static = [cylinder(0.02, high * 0.7, (0, 0, 0), metal), cylinder(0.008, high, (0, 0, 0), metal)]
    static.append(rod((-0.12, 0, 0.03), (0.12, 0, 0.03), float(rng.uniform(0.014, 0.024)), metal, flat=True))
    moving: list[Shape] = []
    if rng.uniform() < 0.5:
        spots = [vector(np.cos(a) * radius, np.sin(a) * radius, high) for a in np.linspace(0, 2 * np.pi, 13)]
        moving += [rod(a, b, 0.006, wheel) for a, b in pairwise(spots)]
    count = int(rng.choice([2, 3, 4]))
    mark = paints.mix(textured=0.0)
    for spoke in range(count):
        angle = 2 * np.pi * spoke / count - np.pi / 2
        end = vector(np.cos(angle) * radius, np.sin(angle) * radius, high)
        moving += [rod((0, 0, high), end, 0.006, wheel), ball(0.009, end, wheel if spoke else mark)]
    return _Rotor(
        kind="valve",
        part=str(rng.choice(["valve", "tap", "wheel"])),
        static=static,
        moving=moving,
        tip=vector(0, -radius, high),
        pushed=False,
    )


def _knob(rng: np.random.Generator, paints: Paints) -> _Rotor:
    radius, high, base = (
        float(rng.uniform(0.018, 0.035)),
        float(rng.uniform(0.02, 0.04)),
        float(rng.uniform(0.01, 0.08)),
    )
    wide = float(rng.uniform(0.1, 0.2))
    static = [box((wide, wide * 0.7, base), (0, 0, base / 2), paints.surface())]
    knob, mark = paints.mix(textured=0.0), paints.mix(textured=0.0)
    moving = [
        cylinder(radius, high, (0, 0, base), knob),
        box((0.008, radius * 1.25, 0.012), (0, -radius * 0.62, base + high), mark),
    ]
    return _Rotor(
        kind="knob",
        part=str(rng.choice(["knob", "dial"])),
        static=static,
        moving=moving,
        tip=vector(0, -radius, base + high * 0.7),
        pushed=False,
    )


def _cap(rng: np.random.Generator, paints: Paints) -> _Rotor:
    bottle = draw_thing(rng, paints, ("bottle",))
    cap, mark = paints.mix(textured=0.0), paints.mix(textured=0.0)
    radius, high = bottle.half[0] * 0.6, bottle.height
    shape = revolved([(0, high - 0.012), (radius, high - 0.012), (radius, high + 0.012), (0, high + 0.012)], cap)
    moving = [shape, box((0.006, radius, 0.006), (0, -radius * 0.6, high + 0.011), mark)]
    return _Rotor(
        kind="cap",
        part=str(rng.choice(["bottle cap", "cap", "lid of the bottle"])),
        static=bottle.shapes,
        moving=moving,
        tip=vector(0, -radius, high),
        pushed=False,
    )


_ROTORS: Final[dict[str, Callable[[np.random.Generator, Paints], _Rotor]]] = {
    "tap": _tap,
    "lever": _lever,
    "valve": _valve,
    "knob": _knob,
    "cap": _cap,
}


def _draw(rng: np.random.Generator, paints: Paints) -> _Rotor:
    return _ROTORS[str(rng.choice(list(_ROTORS), p=[0.5, 0.15, 0.12, 0.15, 0.08]))](rng, paints)


def _turning(rng: np.random.Generator, rotor: _Rotor, side: str) -> tuple[Motion, Hold, tuple[float, float]]:
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
    rotor, side = _draw(rng, paints), str(rng.choice(["left", "right"]))
    motion, hold, amount = _turning(rng, rotor, side)
    return replace(
        _plan(rng, rotor.static, rotor.moving, rotor.kind, motion, hold, 170),
        things=(f"{rotor.part} to the {side}",),
        direction=side,
        amount=amount,
        tip=rotor.tip,
    )


def pretending_to_twist(rng: np.random.Generator, paints: Paints) -> Plan:
    """Turn the hand at something that does not turn: 64."""
    rotor, side = _draw(rng, paints), str(rng.choice(["left", "right"]))
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
    """Press a button, so that it slightly moves: 100, or poke it: 55."""
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
    hold = replace(hold, grip=replace(hold.grip, clear=-inward * 0.07))
    plan = _plan(rng, static, moving, "button", motion, hold, int(rng.choice([55, 100])), base)
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
