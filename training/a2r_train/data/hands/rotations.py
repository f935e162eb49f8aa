"""Rotations and poses as plain arrays.

World frame of every scene: x to the right of the picture, y away from the camera, z up, the table's top at z = 0, in
metres. A pose is a rotation (3, 3), whose columns are the body's axes, and a position (3,).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Pose", "about", "at", "heading", "quaternions", "turned", "unit", "upright_frame", "vector"]

Array = NDArray[np.float64]


class Pose(NamedTuple):
    """Where a body is.

    Attributes:
        rotation: float64 (3, 3).
        position: float64 (3,), metres.
    """

    rotation: Array
    position: Array

    def __matmul__(self, other: Pose) -> Pose:
        """Return the pose of something whose pose in this body is ``other``."""
        return Pose(self.rotation @ other.rotation, self.rotation @ other.position + self.position)

    def point(self, local: Array) -> Array:
        """Return where a point (3,) or points (N, 3) of the body are."""
        return np.asarray(local @ self.rotation.T + self.position)


def vector(x: float, y: float, z: float) -> Array:
    """Return a vector (3,)."""
    return np.array([x, y, z], dtype=np.float64)


def unit(values: Array) -> Array:
    """Scale vectors (..., 3) to length 1."""
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), 1e-12))


def about(axis: Array, angle: float) -> Array:
    """Return the rotation (3, 3) about an axis.

    Args:
        axis: float64 (3,), any length.
        angle: Radians, counter-clockwise for someone whom the axis points at.
    """
    x, y, z = unit(axis)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross)


def turned(angle: float) -> Array:
    """Return the rotation (3, 3) about the vertical by an angle in radians."""
    return about(vector(0.0, 0.0, 1.0), angle)


def heading(angle: float) -> Array:
    """Return the level unit vector (3,) at an angle in radians: 0 is right, a quarter turn is away."""
    return vector(float(np.cos(angle)), float(np.sin(angle)), 0.0)


def at(x: float, y: float, z: float = 0.0, angle: float = 0.0) -> Pose:
    """Return the pose of something that stands at a point, turned about the vertical."""
    return Pose(turned(angle), vector(x, y, z))


def upright_frame(forward: Array, palm: Array) -> Array:
    """Return a hand's rotation (3, 3): its y along the fingers, its -z out of the palm.

    Args:
        forward: float64 (3,), direction of the fingers.
        palm: float64 (3,), direction out of the palm; its part along ``forward`` is dropped.
    """
    y = unit(forward)
    z = unit(-(palm - y * (palm @ y)))
    return np.stack([np.cross(y, z), y, z], axis=1)


def quaternions(rotations: Array) -> Array:
    """Turn rotations (..., 3, 3) into unit quaternions (..., 4), real part first."""
    from scipy.spatial.transform import Rotation

    flat = Rotation.from_matrix(rotations.reshape(-1, 3, 3)).as_quat()
    return np.asarray(np.roll(flat, 1, axis=-1).reshape(*rotations.shape[:-2], 4))
