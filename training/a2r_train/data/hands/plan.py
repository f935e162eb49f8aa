"""What one clip shows: bodies, how they move with the action's state, how the hand holds them, and when.

The *state* s runs from 0 to 1 over the action; everything that moves is a function of it, so the label is exact by
construction. The hand approaches, follows the state while it touches, and leaves or stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from a2r_train.data.hands.camera import NEAR_FILL
from a2r_train.data.hands.rotations import Array, Pose, vector
from a2r_train.data.hands.shapes import Shape

__all__ = ["Grip", "Motion", "Plan", "Timing", "draw_timing", "ease", "still"]

Motion = Callable[[float], Pose]
"""A body's pose as a function of the state."""
SHORTEST, LONGEST = 24, 36
"""Frames of a clip."""


def still(pose: Pose) -> Motion:
    """Return the motion of something that does not move."""
    return lambda state: pose


def ease(share: float, kind: str = "smooth") -> float:
    """Return how far a movement has come.

    Args:
        share: Of its time, any number; held at its ends.
        kind: ``smooth`` starts and stops softly, ``fall`` gets faster, ``glide`` gets slower, ``even`` does not change.
    """
    u = min(max(share, 0.0), 1.0)
    if kind == "fall":
        return u * u
    if kind == "glide":
        return u * (2.0 - u)
    return u if kind == "even" else u * u * (3.0 - 2.0 * u)


@dataclass(frozen=True, kw_only=True)
class Grip:
    """How the hand holds on to what it moves. Vectors are world vectors at state 0.

    Attributes:
        point: float64 (3,), where it touches.
        forward: float64 (3,), along the fingers.
        palm: float64 (3,), out of the palm.
        grasp: Name in `GRASPS` while it touches.
        before: Name in `GRASPS` on the way there.
        clear: float64 (3,), from the point to where the hand comes from and goes to.
        radius: Of what a wrapping hand closes around, metres.
        follow: Share of the body's turning that the hand takes part in.
    """

    point: Array
    forward: Array
    palm: Array
    grasp: str
    before: str = "relaxed"
    clear: Array = field(default_factory=lambda: vector(0.0, -0.05, 0.05))
    radius: float = 0.0
    follow: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One clip's action.

    Attributes:
        template: SS-V2's id.
        things: What the template's placeholders stand for.
        kind: Of the object that is acted on, for tables.
        bodies: Shapes by body.
        motions: By body; a body without one does not move and has its shapes in world coordinates.
        carrier: Motion of what the hand follows; a pretence follows one that the object does not make.
        grip: How it holds on.
        focus: float64 (N, 3), points that must be in the picture.
        release: State at which the hand lets go; the rest happens by itself.
        free: How it happens then, as in `ease`.
        stop: State at which the action ends.
        held: Whether the hand holds the object from the first frame on.
        ends: What the hand may do afterwards: stay, back, leave.
        left: Whether it must be a left hand (True), a right one (False), or either (None).
        arm: float64 (3,), level direction from the scene to the shoulder; None: against the fingers.
        done: State from which on the action counts as done; above 1: never.
        direction: As seen in the picture: left, right, away, towards, up, down; empty where there is none.
        mover: Body whose motion the direction is of.
        yaw: Radians by which the furniture is turned, for a table that fits.
        lowest: Lowest elevation of the camera at which the action is seen, degrees.
        fill: Smallest and largest share of the picture that ``focus`` takes.
        amount: Opening at state 0 and at state 1, for what opens; else 0 and 1.
        quick: Whether the touch is short.
        tip: float64 (3,), point of the mover, in its own frame, whose way has the direction.
        edge: Where the table ends: direction (3,) out of it, and a point (3,) of its edge; None: far from the action.
    """

    template: int
    things: tuple[str, ...]
    kind: str
    bodies: Mapping[str, Sequence[Shape]]
    motions: Mapping[str, Motion]
    carrier: Motion
    grip: Grip
    focus: Array
    release: float = 1.0
    free: str = "fall"
    stop: float = 1.0
    held: bool = False
    ends: tuple[str, ...] = ("stay", "back", "leave", "leave")
    left: bool | None = None
    arm: Array | None = None
    done: float = 0.97
    direction: str = ""
    mover: str = ""
    yaw: float = 0.0
    lowest: float = 12.0
    fill: tuple[float, float] = NEAR_FILL
    amount: tuple[float, float] = (0.0, 1.0)
    quick: bool = False
    edge: tuple[Array, Array] | None = None
    tip: Array = field(default_factory=lambda: np.zeros(3))


@dataclass(frozen=True, kw_only=True)
class Timing:
    """When things happen, in frames.

    Attributes:
        num_frames: Of the clip.
        lead: The hand comes into the picture.
        touch: It touches, and the state begins to grow.
        released: It lets go.
        finish: The state has its last value.
        pause: Frames for which the hand rests before it leaves.
        travel: Frames that it needs to leave.
        end: stay, back or leave.
        rhythm: How the state grows while the hand touches, as in `ease`.
    """

    num_frames: int
    lead: float
    touch: float
    released: float
    finish: float
    pause: float
    travel: float
    end: str
    rhythm: str

    def states(self, plan: Plan) -> Array:
        """Return the state at each frame, float64 (T,)."""
        frames = np.arange(self.num_frames)
        held = min(plan.release, plan.stop)
        values = []
        for frame in frames:
            share = (frame - self.touch) / max(self.released - self.touch, 1e-6)
            state = held * ease(share, self.rhythm)
            if frame > self.released and plan.stop > held:
                free = (frame - self.released) / max(self.finish - self.released, 1e-6)
                state = held + (plan.stop - held) * ease(free, plan.free)
            values.append(state)
        return np.array(values)


def draw_timing(rng: np.random.Generator, plan: Plan) -> Timing:
    """Draw when things happen in a clip.

    Args:
        rng: Source of chance.
        plan: What happens.
    """
    pace = float(np.exp(rng.uniform(-0.3, 0.35)))
    lead = float(rng.choice([0.0, rng.uniform(0.0, 2.0), rng.uniform(2.0, 6.0)]))
    approach = float(rng.uniform(4.5, 7.5)) * pace
    touch = float(rng.uniform(0.0, 4.0)) if plan.held else lead + approach + float(rng.uniform(0.0, 1.5))
    act = float(rng.uniform(3.0, 5.5) if plan.quick else rng.uniform(8.0, 13.0)) * pace
    fall = float(rng.uniform(3.0, 5.0)) if plan.release < plan.stop else 0.0
    finish = touch + act + fall
    end = str(rng.choice(plan.ends))
    pause, travel = float(rng.uniform(0.0, 2.5)), float(rng.uniform(4.0, 7.0)) * pace
    tail = pause + (travel if end != "stay" else 1.0) + float(rng.uniform(0.5, 4.0))
    num_frames = int(np.clip(np.ceil(finish + tail), SHORTEST, LONGEST))
    squeeze = min(1.0, (num_frames - 2.5) / finish)
    return Timing(
        num_frames=num_frames,
        lead=0.0 if plan.held else lead * squeeze,
        touch=touch * squeeze,
        released=(touch + act) * squeeze,
        finish=finish * squeeze,
        pause=pause,
        travel=travel,
        end=end,
        rhythm=str(rng.choice(["smooth", "smooth", "even", "glide"])),
    )
