"""The camera: it looks along +y and down, so that the picture's left, right, away and towards are the world's axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from a2r_train.data.hands.rotations import Array, about, vector

__all__ = ["NEAR_FILL", "Camera", "draw_camera"]

NEAR_FILL = (0.52, 0.9)
"""Smallest and largest share of the picture that an action takes when it is seen from near."""


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A camera's pose.

    Attributes:
        position: float64 (3,), metres.
        elevation: Degrees by which it looks down.
        roll: Degrees by which the picture is turned.
        fovy: Vertical field of view, degrees.
    """

    position: Array
    elevation: float
    roll: float
    fovy: float

    @property
    def rotation(self) -> Array:
        """Columns: the picture's right, its up, and the direction towards the viewer."""
        rise = np.radians(self.elevation)
        right, backward = vector(1, 0, 0), vector(0, -np.cos(rise), np.sin(rise))
        plain = np.stack([right, np.cross(backward, right), backward], axis=1)
        return np.asarray(plain @ about(vector(0, 0, 1), float(np.radians(self.roll))))

    def project(self, points: Array) -> Array:
        """Return where world points (..., 3) lie: (..., 2), right and up in half picture heights from the middle."""
        seen = (points - self.position) @ self.rotation
        return np.asarray(seen[..., :2] / (np.maximum(-seen[..., 2:], 1e-3) * np.tan(np.radians(self.fovy) / 2)))


def draw_camera(
    rng: np.random.Generator,
    focus: Array,
    elevation: tuple[float, float] = (14.0, 62.0),
    fill: tuple[float, float] = NEAR_FILL,
) -> Camera:
    """Draw a camera that has the action in the middle square of its picture.

    Args:
        rng: Source of chance.
        focus: float64 (N, 3), points that must be seen.
        elevation: Lowest and highest, degrees.
        fill: Smallest and largest share of the picture that they take.
    """
    rise, fovy = float(rng.uniform(*elevation)), float(rng.uniform(26.0, 58.0))
    roll = float(np.clip(rng.normal(0.0, 2.5), -6, 6))
    nearest = float(rng.uniform(0.55, 0.9))
    share = float(rng.uniform(*fill))
    offset = rng.uniform(-1.0, 1.0, size=2) * (0.95 - share)
    camera = Camera(position=focus.mean(axis=0) + vector(0, -1, 0), elevation=rise, roll=roll, fovy=fovy)
    away = -camera.rotation[:, 2]
    target, distance = focus.mean(axis=0), 1.0
    for _ in range(14):
        camera = Camera(position=target - away * distance, elevation=rise, roll=roll, fovy=fovy)
        seen = camera.project(focus)
        low, high = seen.min(axis=0), seen.max(axis=0)
        step = ((low + high) / 2 - offset) * distance * np.tan(np.radians(fovy) / 2)
        target = target + camera.rotation[:, :2] @ step
        distance = float(np.clip(distance * (1.0 + 0.8 * (float((high - low).max()) / 2 / share - 1.0)), 0.12, 6.0))
        if distance < nearest:  # an arm would fill the picture: step back and narrow the view
            fovy = float(np.degrees(2 * np.arctan(np.tan(np.radians(fovy) / 2) * distance / nearest)))
            distance = nearest
    return camera
