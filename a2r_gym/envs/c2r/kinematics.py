"""Forward and inverse kinematics of the Panda arm in plain arithmetic.

PyBullet's own inverse kinematics remembers earlier calls, so that an episode could not be repeated exactly; these
functions depend on nothing but their arguments.

Source: the link frames of Franka Emika's public ``panda.urdf``.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["JOINT_HIGH", "JOINT_LOW", "REST", "hand_pose", "hand_rotation", "solve"]

Vector = NDArray[np.float64]

JOINT_LOW: Final = np.array([-2.8, -1.7, -2.8, -3.0, -2.8, 0.0, -2.8])
JOINT_HIGH: Final = np.array([2.8, 1.7, 2.8, -0.08, 2.8, 3.7, 2.8])
"""Bounds of the joints, radians, a little inside the arm's own."""
REST: Final = np.array([0.0, -0.3, 0.0, -2.3, 0.0, 2.0, 0.785])
"""The posture that the arm keeps near where the hand's pose leaves a choice, radians."""
ITERATIONS: Final = 12
"""At most; a step moves the hand by 3 cm, for which 3 or 4 do."""
TOLERANCE: Final = 1e-5
"""Metres and radians."""
DAMPING: Final = 0.02
"""Keeps joints from racing where the arm is stretched out."""
LARGEST_TURN: Final = 0.3
"""Radians that a joint turns in one iteration, at most."""
TO_REST: Final = 0.1
"""Share of the way to `REST` that an iteration goes where the hand does not notice."""
_QUARTER: Final = np.pi / 2
_NEXT, _AFTER_NEXT = [1, 2, 0], [2, 0, 1]
"""Of each axis."""
_LINKS: Final = (
    (-0.0, (0.0, 0.0, 0.333)),
    (-_QUARTER, (0.0, 0.0, 0.0)),
    (_QUARTER, (0.0, -0.316, 0.0)),
    (_QUARTER, (0.0825, 0.0, 0.0)),
    (-_QUARTER, (-0.0825, 0.384, 0.0)),
    (_QUARTER, (0.0, 0.0, 0.0)),
    (_QUARTER, (0.088, 0.0, 0.0)),
)
"""For each joint: how its frame is turned about the x axis of the one before, and where it lies there, metres."""
_TIP: Final = (0.0, 0.0, 0.107 + 0.105)
"""The point between the fingertips, in the last joint's frame, metres."""
_HAND_TURN: Final = -np.pi / 4
"""The hand's turn about the last joint's axis, radians."""


def _about_x(angle: float) -> Vector:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])


def _about_z(angle: float) -> Vector:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])


_TURNS: Final = tuple(_about_x(roll) for roll, _ in _LINKS)
_PLACES: Final = tuple(np.array(place) for _, place in _LINKS)


def hand_rotation(yaw: float, tilt: float) -> Vector:
    """Return the rotation (3, 3) of a hand that points down.

    Args:
        yaw: About the vertical, radians; at 0 the fingers open along the world's y axis.
        tilt: About the axis along which they open, radians.
    """
    cosine, sine = np.cos(tilt), np.sin(tilt)
    lean = np.array([[cosine, 0.0, sine], [0.0, 1.0, 0.0], [-sine, 0.0, cosine]])
    return np.asarray(_about_z(yaw) @ lean @ np.diag([1.0, -1.0, -1.0]))


def _chain(joints: Vector) -> tuple[Vector, Vector, Vector, Vector]:
    """Return the tip (3,), the hand's rotation (3, 3), and each joint's axis (7, 3) and place (7, 3)."""
    rotation, place = np.eye(3), np.zeros(3)
    axes, places = np.empty((7, 3)), np.empty((7, 3))
    for index, angle in enumerate(joints):
        place = place + rotation @ _PLACES[index]
        rotation = rotation @ _TURNS[index] @ _about_z(float(angle))
        axes[index], places[index] = rotation[:, 2], place
    return place + rotation @ np.array(_TIP), rotation @ _about_z(_HAND_TURN), axes, places


def hand_pose(joints: Vector) -> tuple[Vector, Vector]:
    """Tell where the hand is.

    Args:
        joints: float64 (7,), radians.

    Returns:
        The point between the fingertips (3,), metres from the arm's base, and the hand's rotation (3, 3).
    """
    tip, rotation, _, _ = _chain(joints)
    return tip, rotation


def solve(start: Vector, tip: Vector, rotation: Vector) -> Vector:
    """Find joint angles for a pose of the hand, by damped least squares from where the joints are.

    Args:
        start: float64 (7,), radians; near the answer.
        tip: Wanted point between the fingertips (3,), metres.
        rotation: Wanted rotation of the hand (3, 3).

    Returns:
        float64 (7,), within bounds; the nearest found where the pose is out of reach.
    """
    joints = np.array(start, dtype=np.float64)
    for _ in range(ITERATIONS):
        at, now, axes, places = _chain(joints)
        error = np.concatenate([tip - at, _turn_between(now, rotation)])
        jacobian = np.concatenate([_cross(axes, at - places).T, axes.T])
        inverse = jacobian.T @ np.linalg.inv(jacobian @ jacobian.T + DAMPING**2 * np.eye(6))
        move = inverse @ error
        idle = TO_REST * (REST - joints)
        move += idle - inverse @ (jacobian @ idle)
        joints = np.clip(joints + np.clip(move, -LARGEST_TURN, LARGEST_TURN), JOINT_LOW, JOINT_HIGH)
        if np.abs(error).max() < TOLERANCE:
            break
    return joints


def _turn_between(now: Vector, wanted: Vector) -> Vector:
    """Return the rotation vector (3,), in world axes, that turns one rotation nearly into another."""
    first, second, third = _cross(now.T, wanted.T)
    return np.asarray(0.5 * (first + second + third))


def _cross(ones: Vector, others: Vector) -> Vector:
    """Multiply vectors (N, 3) row by row; for three rows ``np.cross`` takes ten times as long."""
    return np.ascontiguousarray(ones[:, _NEXT] * others[:, _AFTER_NEXT] - ones[:, _AFTER_NEXT] * others[:, _NEXT])
