"""What a policy of this family is told, and where each part lies."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["OBSERVATION", "OBSERVATION_SIZE"]

OBSERVATION: Final[dict[str, Any]] = {
    "tip": slice(0, 3), "yaw": 3, "tilt": 4, "opening": 5, "command": slice(6, 9), "time": 9,
    "picture_right": slice(10, 12), "first": slice(12, 15), "first_turn": slice(15, 19), "second": slice(19, 22),
    "second_turn": slice(22, 26), "joint": 26, "handle": slice(27, 30), "front": slice(30, 32), "first_scale": 32,
    "second_scale": 33,
}  # fmt: skip
"""Parts of an observation.

Metres, radians, quaternions (x, y, z, w), unit vectors on the table. ``tip`` and ``opening`` (0 to 1): the hand as it
is; ``command``, ``yaw``, ``tilt``: as it was told. ``first``, ``second``: the task's things, zeros without a second.
``joint``, ``handle`` and ``front``: of a cabinet, else zeros. ``time`` is 1 after 80 steps.
"""
OBSERVATION_SIZE: Final = 34
"""Numbers of an observation."""
