"""From a plan to poses: where every body, the hand and its arm are at each frame.

T frames, N bodies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from a2r_train.data.hands.anatomy import GRASPS, Grasp, HandLook, arm_poses, blend, contact, hand_bodies, segment_poses
from a2r_train.data.hands.plan import Plan, Timing, ease
from a2r_train.data.hands.rotations import Array, Pose, about, quaternions, unit, upright_frame, vector
from a2r_train.data.hands.shapes import Shape

__all__ = ["Performance", "perform"]

AWAY = 0.62
"""Metres between the action and where the hand waits, outside of the picture."""


@dataclass(frozen=True, kw_only=True)
class Performance:
    """Poses of a clip.

    Attributes:
        bodies: Shapes by moving body, in the order of the arrays' second axis.
        positions: float64 (T, N, 3), metres.
        quaternions: float64 (T, N, 4).
        rotations: float64 (T, N, 3, 3).
        states: float64 (T,).
        touching: bool (T,), the hand holds on.
    """

    bodies: dict[str, list[Shape]]
    positions: Array
    quaternions: Array
    rotations: Array
    states: Array
    touching: NDArray[np.bool_]

    def axes(self, body: int) -> Array:
        """Return a body's axes at each frame, float64 (T, 3, 3): columns."""
        return np.asarray(self.rotations[:, body])


def perform(rng: np.random.Generator, plan: Plan, look: HandLook, timing: Timing) -> Performance:
    """Move everything.

    Args:
        rng: Draws the arm's direction and the hand's tremor.
        plan: What happens.
        look: The hand.
        timing: When.
    """
    states = timing.states(plan)
    bodies = {name: list(shapes) for name, shapes in plan.bodies.items() if name in plan.motions}
    moving = list(bodies)
    hand = hand_bodies(look)
    arm = _Arm(rng, plan, look, timing)
    rotations, positions = [], []
    for frame, state in enumerate(states):
        poses = [plan.motions[name](float(state)) for name in moving]
        poses += arm.poses(float(frame), float(state))
        rotations.append([pose.rotation for pose in poses])
        positions.append([pose.position for pose in poses])
    frames = np.arange(timing.num_frames)
    begins = -1.0 if plan.held else timing.touch
    return Performance(
        bodies=bodies | hand,
        positions=np.array(positions),
        quaternions=quaternions(np.array(rotations)),
        rotations=np.array(rotations),
        states=states,
        touching=(frames >= begins) & (frames <= timing.released),
    )


class _Arm:
    """The hand's way: to the object, with it, and away."""

    def __init__(self, rng: np.random.Generator, plan: Plan, look: HandLook, timing: Timing) -> None:
        self._plan, self._look, self._timing = plan, look, timing
        grip = plan.grip
        self._held, self._before = GRASPS[grip.grasp], GRASPS[grip.before]
        self._offset = contact(look, self._held, grip.radius)
        self._segments = {id(grasp): segment_poses(look, grasp) for grasp in (self._held, self._before)}
        start = plan.carrier(0.0)
        tilt = about(unit(rng.normal(size=3)), float(rng.normal(0.0, 0.09)))
        rotation = tilt @ upright_frame(grip.forward, grip.palm)
        self._local = Pose(start.rotation.T @ rotation, start.rotation.T @ (grip.point - start.position))
        self._start_rotation = start.rotation
        level = plan.arm if plan.arm is not None else -grip.forward
        level = unit(level * vector(1, 1, 0) + vector(float(rng.normal(0.0, 0.12)), float(rng.normal(0.0, 0.12)), 0.0))
        self._shoulder = (
            grip.point + level * float(rng.uniform(0.5, 0.62)) + vector(0, 0, float(rng.uniform(0.1, 0.34)))
        )
        self._outside = level * AWAY + vector(0, 0, float(rng.uniform(0.05, 0.2)))
        self._phase, self._tremor = rng.uniform(0, 2 * np.pi, size=3), float(rng.uniform(0.0, 0.0015))
        self._sway = unit(rng.normal(size=3)), float(rng.uniform(-0.5, 0.5))

    def poses(self, frame: float, state: float) -> list[Pose]:
        """Return the poses of the hand's bodies and the arm's."""
        plan, timing = self._plan, self._timing
        share = min(state, plan.release)
        point, rotation = self._holding(share)
        grasp, far = self._held, 0.0
        clear = self._clear(share)
        if frame < timing.touch and not plan.held:
            lead = (frame - timing.lead) / max(timing.touch - timing.lead, 1e-6)
            far = 1.0 - ease(lead, "smooth")
            grasp = blend(self._before, self._held, ease((lead - 0.75) * 4))
        gone = frame - timing.released - timing.pause
        if gone > 0 and timing.end != "stay":
            far = ease(gone / timing.travel) * (1.0 if timing.end == "leave" else 0.22)
            grasp = blend(self._held, self._before, ease(gone / 2.0))
        way = clear * 2.0 * far * (1.0 - far) * 1.6 + self._outside * far**2
        axis, angle = self._sway
        rotation = about(axis, angle * far) @ rotation
        point = point + way + np.sin(self._phase + frame * vector(0.9, 1.3, 1.1)) * self._tremor
        return self._bodies(point, rotation, grasp)

    def _holding(self, state: float) -> tuple[Array, Array]:
        carrier = self._plan.carrier(state)
        turn = carrier.rotation @ self._start_rotation.T
        rotation = _part_of(turn, self._plan.grip.follow) @ self._start_rotation @ self._local.rotation
        return carrier.point(self._local.position), rotation

    def _clear(self, state: float) -> Array:
        turn = self._plan.carrier(state).rotation @ self._start_rotation.T
        return np.asarray(turn @ self._plan.grip.clear)

    def _bodies(self, point: Array, rotation: Array, grasp: Grasp) -> list[Pose]:
        hand = Pose(rotation, point - rotation @ self._offset)
        segments = self._segments.get(id(grasp)) or segment_poses(self._look, grasp)
        parts = [hand @ pose for pose in segments]
        return [*parts, *arm_poses(self._look, hand, self._shoulder)]


def _part_of(turn: Array, share: float) -> Array:
    """Return a share of a rotation."""
    if share in (0.0, 1.0):
        return turn if share else np.eye(3)
    cosine = np.clip((np.trace(turn) - 1.0) / 2.0, -1.0, 1.0)
    angle = float(np.arccos(cosine))
    axis = vector(turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1])
    if angle < 1e-6 or np.linalg.norm(axis) < 1e-6:
        return np.eye(3)
    return about(axis, angle * share)
