"""The things on the table: files, sizes and colours, as data. Nothing here needs pybullet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["ASSETS", "COLOURS", "DISTRACTORS", "OBJECTS", "SCALES", "Thing", "handle_place"]

ASSETS: Final = Path(__file__).parent / "assets"
"""Folder of our own URDF files."""
SCALES: Final = (0.92, 1.0, 1.08)
"""Sizes that a thing comes in; one is drawn for each episode."""
COLOURS: Final[dict[str, tuple[float, float, float]]] = {
    "red": (0.80, 0.16, 0.14),
    "orange": (0.92, 0.47, 0.10),
    "yellow": (0.92, 0.76, 0.16),
    "green": (0.20, 0.56, 0.26),
    "teal": (0.10, 0.55, 0.58),
    "blue": (0.16, 0.34, 0.76),
    "purple": (0.50, 0.25, 0.62),
    "pink": (0.90, 0.48, 0.60),
}
"""Colours of things, RGB in [0, 1]."""


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One kind of thing.

    Attributes:
        file: Its URDF: a file name in `ASSETS`, or a path in ``pybullet_data`` where ``foreign``.
        bottom: Metres from its lowest point up to its origin.
        top: Metres from its origin up to its highest point.
        radius: Of the circle on the table that it fills, metres.
        width: Between the faces that the fingers close on, metres.
        grasp: Height of that place above its origin, metres.
        fixed: Whether it is fixed to the table.
        foreign: Whether it comes from ``pybullet_data``.
        coloured: Whether a colour is drawn for it.
        size: Factor on the file's own size.
    """

    file: str
    bottom: float
    top: float
    radius: float
    width: float = 0.05
    grasp: float = 0.0
    fixed: bool = False
    foreign: bool = False
    coloured: bool = True
    size: float = 1.0


OBJECTS: Final[dict[str, Thing]] = {
    "bottle": Thing(file="bottle.urdf", bottom=0.055, top=0.115, radius=0.028, width=0.056, grasp=-0.015),
    "can": Thing(file="can.urdf", bottom=0.045, top=0.047, radius=0.03, width=0.06),
    "block": Thing(file="block.urdf", bottom=0.02, top=0.02, radius=0.029, width=0.04),
    "brick": Thing(file="brick.urdf", bottom=0.02, top=0.02, radius=0.053, width=0.032),
    "box": Thing(file="box.urdf", bottom=0.025, top=0.025, radius=0.078, width=0.11),
    "bowl": Thing(file="bowl.urdf", bottom=0.025, top=0.025, radius=0.073, width=0.14),
    "dome": Thing(file="dome.urdf", bottom=0.033, top=0.071, radius=0.056, width=0.038, grasp=0.06),
    "cup": Thing(file="cup.urdf", bottom=0.04, top=0.04, radius=0.055, width=0.08),
    "ball": Thing(file="ball.urdf", bottom=0.03, top=0.03, radius=0.03, width=0.06),
    "drawer": Thing(file="drawer.urdf", bottom=0.0, top=0.13, radius=0.14, width=0.019, fixed=True),
    "door": Thing(file="door.urdf", bottom=0.0, top=0.16, radius=0.12, width=0.019, fixed=True),
    "duck": Thing(
        file="duck_vhacd.urdf", bottom=0.0, top=0.08, radius=0.04, foreign=True, coloured=False, size=0.7
    ),
    "lego": Thing(file="lego/lego.urdf", bottom=0.02, top=0.02, radius=0.03, foreign=True, size=1.3),
}  # fmt: skip
"""All kinds by name."""
DISTRACTORS: Final = ("duck", "cup", "ball", "lego", "brick", "can", "bottle", "block")
"""What may stand about without having to do with the task, unless the task has one of the kind."""
DOOR_HINGE: Final = np.array([0.068, 0.077, 0.12])
"""Metres from a door's cabinet to the hinge, at the height of the knob."""
DOOR_KNOB: Final = np.array([0.043, -0.135])
"""From there to the knob while the door is shut."""
DRAWER_KNOB: Final = np.array([0.133, 0.0, 0.085])
"""Metres from a drawer's cabinet to its knob while it is shut."""


def handle_place(kind: str, place: NDArray[np.float64], yaw: float, joint: float) -> NDArray[np.float64]:
    """Tell where a cabinet's knob is.

    Args:
        kind: ``"drawer"`` or ``"door"``.
        place: Of the cabinet (3,), metres.
        yaw: Where its front looks, radians.
        joint: How far it is open, metres or radians.

    Returns:
        The knob's middle (3,), metres.
    """
    if kind == "drawer":
        offset = DRAWER_KNOB + np.array([joint, 0.0, 0.0])
    else:
        offset = DOOR_HINGE + np.array([*_turn(joint) @ DOOR_KNOB, 0.0])
    return np.asarray(place + np.array([*_turn(yaw) @ offset[:2], offset[2]]))


def _turn(angle: float) -> NDArray[np.float64]:
    """Return the rotation (2, 2) by an angle."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
