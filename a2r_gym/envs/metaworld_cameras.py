"""Where the camera stands in each Meta-World task: close enough that the motion shows in 128 pixels.

Meta-World's own cameras stand so far off that a button's travel is one pixel. Chosen by looking at pictures.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

__all__ = ["METAWORLD_CAMERAS", "UPSIDE_DOWN", "View", "task_view"]

METAWORLD_CAMERAS: Final = ("corner", "corner2", "corner3", "corner4", "topview", "behindGripper", "gripperPOV")
"""Cameras of Meta-World's own scenes."""
UPSIDE_DOWN: Final = ("corner", "corner2", "corner3", "corner4")
"""Those that its files put in with the sky below."""


class View(NamedTuple):
    """A camera that looks at a point.

    Attributes:
        x: Of the point, metres.
        y: Of the point, metres (the robot stands at 0 and reaches towards larger y).
        z: Of the point, metres.
        distance: From it, metres.
        azimuth: Degrees; where the camera looks along the ground: 0 towards +x, 90 away from the robot, 270 at it.
        elevation: Degrees above the ground.
    """

    x: float = 0.0
    y: float = 0.7
    z: float = 0.1
    distance: float = 0.9
    azimuth: float = 135.0
    elevation: float = 35.0

    def placement(self) -> tuple[list[float], list[float]]:
        """Return the camera's position (3,) and its x and y axes (6,) in the world."""
        around, up = np.radians(self.azimuth), np.radians(self.elevation)
        ahead = np.array([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), -np.sin(up)])
        right = np.array([np.sin(around), -np.cos(around), 0.0])
        position = np.array([self.x, self.y, self.z]) - self.distance * ahead
        return position.tolist(), [*right.tolist(), *np.cross(right, ahead).tolist()]


FIELD_OF_VIEW: Final = 45.0
"""Degrees, of every task's own camera."""

_USUAL: Final = View()
_VIEWS: Final[dict[str, View]] = {
    "assembly": View(0.0, 0.68, 0.08, 0.75),
    "basketball": View(0.0, 0.76, 0.17, 0.8),
    "bin-picking": View(0.0, 0.7, 0.06, 0.7),
    "box-close": View(0.0, 0.66, 0.08, 0.75),
    "button-press": View(0.0, 0.73, 0.12, 0.65, azimuth=160.0),
    "button-press-topdown": View(0.0, 0.8, 0.15, 0.65),
    "button-press-topdown-wall": View(0.0, 0.78, 0.14, 0.7),
    "button-press-wall": View(0.0, 0.75, 0.12, 0.7),
    "coffee-button": View(0.0, 0.68, 0.26, 0.55, azimuth=165.0),
    "coffee-pull": View(0.0, 0.68, 0.1, 0.7, azimuth=160.0),
    "coffee-push": View(0.0, 0.68, 0.1, 0.7, azimuth=160.0),
    "dial-turn": View(0.0, 0.73, 0.05, 0.5, azimuth=225.0, elevation=45.0),
    "disassemble": View(0.05, 0.7, 0.1, 0.7),
    "door-close": View(-0.05, 0.75, 0.12, 1.0),
    "door-lock": View(-0.02, 0.74, 0.17, 0.7, azimuth=115.0),
    "door-open": View(-0.05, 0.75, 0.12, 1.0),
    "door-unlock": View(-0.02, 0.74, 0.17, 0.7, azimuth=115.0),
    "drawer-close": View(0.0, 0.68, 0.08, 0.75),
    "drawer-open": View(0.0, 0.68, 0.08, 0.75),
    "faucet-close": View(0.0, 0.77, 0.09, 0.6),
    "faucet-open": View(0.0, 0.77, 0.09, 0.6),
    "hammer": View(0.1, 0.65, 0.08, 0.85),
    "hand-insert": View(0.0, 0.7, 0.03, 0.6, azimuth=225.0, elevation=45.0),
    "handle-press": View(0.0, 0.72, 0.12, 0.65),
    "handle-press-side": View(-0.15, 0.68, 0.12, 0.65, azimuth=225.0),
    "handle-pull": View(0.0, 0.72, 0.12, 0.65),
    "handle-pull-side": View(-0.15, 0.68, 0.12, 0.65, azimuth=225.0),
    "lever-pull": View(0.05, 0.68, 0.24, 0.85),
    "peg-insert-side": View(-0.12, 0.6, 0.1, 0.75),
    "peg-unplug-side": View(-0.08, 0.66, 0.1, 0.6, azimuth=225.0),
    "pick-out-of-hole": View(0.0, 0.76, 0.08, 0.65),
    "pick-place": View(0.0, 0.74, 0.12, 0.75, azimuth=225.0),
    "pick-place-wall": View(0.0, 0.74, 0.12, 0.8),
    "plate-slide": View(0.0, 0.72, 0.05, 0.7),
    "plate-slide-back": View(0.0, 0.68, 0.05, 0.7),
    "plate-slide-back-side": View(-0.12, 0.62, 0.05, 0.7),
    "plate-slide-side": View(-0.12, 0.62, 0.05, 0.7),
    "push": View(0.0, 0.74, 0.04, 0.65, azimuth=225.0, elevation=40.0),
    "push-back": View(0.0, 0.72, 0.04, 0.65, elevation=40.0),
    "push-wall": View(0.0, 0.74, 0.05, 0.7, elevation=40.0),
    "reach": View(0.0, 0.75, 0.14, 0.8, azimuth=225.0),
    "reach-wall": View(0.0, 0.75, 0.14, 0.8),
    "shelf-place": View(0.0, 0.7, 0.17, 0.85),
    "soccer": View(0.0, 0.75, 0.03, 0.65),
    "stick-pull": View(0.18, 0.62, 0.08, 0.85, azimuth=225.0),
    "stick-push": View(0.18, 0.62, 0.08, 0.85, azimuth=225.0),
    "sweep": View(0.25, 0.7, 0.03, 0.9, azimuth=225.0),
    "sweep-into": View(0.0, 0.75, 0.03, 0.6, azimuth=225.0, elevation=45.0),
    "window-close": View(0.0, 0.78, 0.16, 0.75, azimuth=120.0, elevation=15.0),
    "window-open": View(0.0, 0.78, 0.16, 0.75, azimuth=225.0),
}


def task_view(task: str) -> View:
    """Return the camera of a task."""
    return _VIEWS.get(task, _USUAL)
