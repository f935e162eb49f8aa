"""How a hand takes hold of something: pushing with palm, fingers or fist, grasping from above or around, pulling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from a2r_train.data.hands.plan import Grip
from a2r_train.data.hands.rotations import Array, heading, turned, unit, vector
from a2r_train.data.hands.vessels import Thing

__all__ = ["Hold", "draw_arm", "from_above", "grasp_thing", "poke", "pull_handle", "push_face", "push_thing"]

_UP = vector(0.0, 0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A grip with the arm that fits it.

    Attributes:
        grip: Of the hand.
        arm: float64 (3,), level direction to the shoulder.
        left: Which hand; None: either.
    """

    grip: Grip
    arm: Array
    left: bool | None = None


def draw_arm(rng: np.random.Generator) -> Array:
    """Draw the level direction to the shoulder: mostly towards the camera, often a side, seldom the far end."""
    where = rng.uniform()
    if where < 0.6:
        return heading(float(-np.pi / 2 + rng.uniform(-0.8, 0.8)))
    if where < 0.88:
        return heading(float(rng.choice([0.0, np.pi]) + rng.uniform(-0.5, 0.5)))
    return heading(float(np.pi / 2 + rng.uniform(-0.9, 0.9)))


def push_thing(
    rng: np.random.Generator, thing: Thing, centre: Array, angle: float, direction: Array, *, fingers: bool = True
) -> Hold:
    """Push a thing along a level direction.

    Args:
        rng: Source of chance.
        thing: What is pushed.
        centre: float64 (3,), where it stands.
        angle: Radians by which it is turned.
        direction: float64 (3,), where to.
        fingers: Whether single fingers may push; else it is palm or fist.
    """
    side = thing.reach(-direction, angle)
    point = centre - direction * side
    low = thing.height < 0.05
    styles = ["fist"] if low else ["palm", "palm", "fist"]
    style = str(rng.choice([*styles, "finger", "two"] if fingers else styles))
    if style == "palm":
        point = point + _UP * float(np.clip(thing.height * 0.5, 0.042, 0.075))
        turn = 1.0 if rng.uniform() < 0.5 else -1.0
        across = turned(turn * np.pi / 2) @ direction
        if across[1] < -0.3 and rng.uniform() < 0.75:  # the arm would come from the far side
            turn, across = -turn, -across
        forward = unit(across + direction * float(rng.uniform(-0.1, 0.5)) - _UP * float(rng.uniform(0.0, 0.3)))
        arm = unit(-across - direction * float(rng.uniform(0.2, 0.9)))
        grip = Grip(
            point=point,
            forward=forward,
            palm=direction,
            grasp=str(rng.choice(["flat", "flat", "relaxed", "spread"])),
            before="relaxed",
            clear=-direction * 0.08 + _UP * 0.02,
        )
        return Hold(grip=grip, arm=arm, left=turn > 0)
    height = float(np.clip(thing.height * rng.uniform(0.35, 0.7), 0.012, 0.09))
    pitch = float(rng.uniform(0.15, 0.6)) if style != "fist" else float(rng.uniform(0.0, 0.25))
    height = max(height, 0.03) if style == "fist" else height
    level = turned(float(rng.uniform(-0.6, 0.6))) @ direction
    forward = level * np.cos(pitch) - _UP * np.sin(pitch)
    grip = Grip(
        point=point + _UP * height,
        forward=forward,
        palm=-_UP + level * 0.2,
        grasp={"finger": "point", "two": "two", "fist": "fist"}[style],
        before="relaxed",
        clear=-direction * 0.07 + _UP * 0.05,
    )
    return Hold(grip=grip, arm=-level)


def poke(rng: np.random.Generator, point: Array, direction: Array) -> Hold:
    """Touch a point with the index finger.

    Args:
        rng: Source of chance.
        point: float64 (3,).
        direction: float64 (3,), where the finger points, about.
    """
    level = unit(direction * vector(1, 1, 0) + vector(1e-6, 0, 0))
    forward = unit(turned(float(rng.uniform(-0.4, 0.4))) @ direction - _UP * float(rng.uniform(0.1, 0.6)))
    grip = Grip(
        point=point,
        forward=forward,
        palm=-_UP,
        grasp="point",
        before="relaxed",
        clear=-unit(direction) * 0.07 + _UP * 0.04,
    )
    return Hold(grip=grip, arm=-level)


def from_above(
    rng: np.random.Generator, point: Array, width: float, arm: Array | None = None, follow: float = 1.0
) -> Hold:
    """Take something between thumb and fingers, from above.

    Args:
        rng: Source of chance.
        point: float64 (3,), between the fingertips.
        width: Of what is taken, metres.
        arm: Level direction to the shoulder; None: drawn.
        follow: As in `Grip`.
    """
    level = draw_arm(rng) if arm is None else arm
    pitch = float(rng.uniform(0.7, 1.2))
    forward = -level * np.cos(pitch) - _UP * np.sin(pitch)
    grasp = "pinch" if width < 0.04 else ("claw" if width < 0.065 else "claw_wide")
    grip = Grip(
        point=point,
        forward=forward,
        palm=level * np.sin(pitch) - _UP * np.cos(pitch),
        grasp=grasp,
        before="spread" if width > 0.05 else "relaxed",
        clear=_UP * 0.09,
        follow=follow,
    )
    return Hold(grip=grip, arm=level)


def grasp_thing(
    rng: np.random.Generator, thing: Thing, centre: Array, arm: Array | None = None, *, above: bool | None = None
) -> Hold:
    """Grasp a thing to carry it: around its side, or from above.

    Args:
        rng: Source of chance.
        thing: What is taken.
        centre: float64 (3,), where it stands.
        arm: Level direction to the shoulder; None: drawn.
        above: Whether from above; None: drawn, as the thing allows.
    """
    level = draw_arm(rng) if arm is None else arm
    around = thing.round and 0.02 <= thing.half[0] <= 0.05 and thing.height > 0.07
    if above is None:
        above = not around or rng.uniform() < 0.25
    if above or not around:
        depth = min(0.025, 0.5 * thing.height)
        return from_above(rng, centre + _UP * (thing.height - depth), 2 * thing.radius, level)
    left = bool(rng.uniform() < 0.5)
    forward = turned(float(rng.uniform(-0.3, 0.3))) @ -level
    palm = turned(-np.pi / 2 if left else np.pi / 2) @ forward
    share = float(rng.uniform(0.4, 0.65)) if thing.height < 0.15 else float(rng.uniform(0.3, 0.5))
    grip = Grip(
        point=centre + _UP * max(thing.height * share, 0.045),
        forward=forward - _UP * float(rng.uniform(0.0, 0.25)),
        palm=palm,
        grasp="wrap" if thing.half[0] > 0.028 else "wrap_tight",
        before="open",
        clear=-palm * 0.06 - forward * 0.06 + _UP * 0.01,
        radius=thing.half[0],
        follow=1.0,
    )
    return Hold(grip=grip, arm=level, left=left)


def pull_handle(
    rng: np.random.Generator, point: Array, outward: Array, *, knob: bool, upright: bool = False, follow: float = 0.0
) -> Hold:
    """Hold a handle.

    Args:
        rng: Source of chance.
        point: float64 (3,), the handle.
        outward: float64 (3,), out of the surface that it is on.
        knob: Whether it is a knob or an edge, taken between thumb and fingers; else a bar, taken with bent fingers.
        upright: Whether the bar is vertical.
        follow: As in `Grip`.
    """
    level = unit(outward * vector(1, 1, 0) + vector(0, -1e-6, 0))
    pitch = float(rng.uniform(0.0, 0.6))
    forward = unit(turned(float(rng.uniform(-0.35, 0.35))) @ -level * np.cos(pitch) - _UP * np.sin(pitch))
    left = None
    palm = -_UP - level * 0.3
    if upright:
        left = bool(rng.uniform() < 0.5)
        palm = turned(-np.pi / 2 if left else np.pi / 2) @ unit(forward * vector(1, 1, 0))
    grip = Grip(
        point=point,
        forward=forward,
        palm=palm,
        grasp="pinch" if knob else "hook",
        before="relaxed",
        clear=unit(outward) * 0.08 + _UP * 0.02,
        follow=follow,
    )
    return Hold(grip=grip, arm=turned(float(rng.uniform(-0.6, 0.6))) @ level, left=left)


def push_face(rng: np.random.Generator, point: Array, outward: Array, *, follow: float = 0.0) -> Hold:
    """Push a surface inwards with palm, fist or fingers.

    Args:
        rng: Source of chance.
        point: float64 (3,), on the surface.
        outward: float64 (3,), out of it.
        follow: As in `Grip`.
    """
    level = unit(outward * vector(1, 1, 0) + vector(0, -1e-6, 0))
    style = str(rng.choice(["palm", "point", "two", "fist", "flat"]))
    clear = unit(outward) * 0.08 + _UP * 0.02
    arm = turned(float(rng.uniform(-0.7, 0.7))) @ level
    if style == "palm":
        forward = unit(_UP + turned(float(rng.uniform(-1, 1))) @ -level * float(rng.uniform(0.2, 0.8)))
        grip = Grip(
            point=point,
            forward=forward,
            palm=-outward,
            grasp=str(rng.choice(["flat", "spread"])),
            clear=clear,
            follow=follow,
        )
        return Hold(grip=grip, arm=arm)
    pitch = float(rng.uniform(0.0, 0.5))
    ahead = unit(turned(float(rng.uniform(-0.4, 0.4))) @ -outward)
    forward = unit(ahead - _UP * np.sin(pitch))
    grasp = "two" if style == "flat" else style
    grip = Grip(point=point, forward=forward, palm=-_UP - level * 0.2, grasp=grasp, clear=clear, follow=follow)
    return Hold(grip=grip, arm=arm)
