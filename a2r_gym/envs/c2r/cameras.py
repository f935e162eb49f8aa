"""The four viewpoints, and the directions on the table that a picture calls right and away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.errors import unknown_name

__all__ = ["VIEWPOINTS", "Viewpoint", "viewpoint_of"]


@dataclass(frozen=True, kw_only=True)
class Viewpoint:
    """Where a camera stands and what it looks at.

    Attributes:
        azimuth: Degrees about the vertical from the side that faces the arm; positive to the arm's left.
        elevation: Degrees above the table.
        distance: Metres from the target.
        target: Point (3,) that it looks at, metres.
        field_of_view: Degrees.
    """

    azimuth: float
    elevation: float
    distance: float
    target: tuple[float, float, float] = (0.49, 0.0, 0.06)
    field_of_view: float = 36.0

    @property
    def eye(self) -> NDArray[np.float64]:
        """Where it stands (3,), metres."""
        around, up = np.radians(self.azimuth), np.radians(self.elevation)
        way = np.array([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)])
        return np.array(self.target) + self.distance * way

    @property
    def away(self) -> NDArray[np.float64]:
        """Direction on the table (2,) that leads away from the camera."""
        around = np.radians(self.azimuth)
        return -np.array([np.cos(around), np.sin(around)])

    @property
    def right(self) -> NDArray[np.float64]:
        """Direction on the table (2,) that is right in the picture."""
        away = self.away
        return np.array([away[1], -away[0]])


VIEWPOINTS: Final = (
    Viewpoint(azimuth=18.0, elevation=38.0, distance=0.96),
    Viewpoint(azimuth=-42.0, elevation=34.0, distance=1.0),
    Viewpoint(azimuth=62.0, elevation=46.0, distance=1.04),
    Viewpoint(azimuth=-8.0, elevation=64.0, distance=1.06),
)
"""Number 0 is the one that training sees; the others stand to the arm's right, to its left, and high up."""


def viewpoint_of(camera: str | int | None, viewpoint: int) -> Viewpoint:
    """Look a viewpoint up.

    Args:
        camera: A number as text, as other families name their cameras; None: ``viewpoint`` counts.
        viewpoint: A number below 4.

    Raises:
        UnknownNameError: There is no such viewpoint.
    """
    asked = str(viewpoint if camera is None else camera)
    names = [str(number) for number in range(len(VIEWPOINTS))]
    if asked not in names:
        raise unknown_name("viewpoint", asked, names)
    return VIEWPOINTS[int(asked)]
