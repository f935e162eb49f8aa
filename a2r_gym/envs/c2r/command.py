"""What the arm's actions mean: a command that the hand follows. Nothing here needs pybullet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.c2r.kinematics import REST, hand_rotation, solve

__all__ = [
    "ACTION_SIZE",
    "COMMAND_SIZE",
    "HAND_HIGH",
    "HAND_LOW",
    "STEP_LENGTH",
    "STEP_TILT",
    "STEP_YAW",
    "TILT_RANGE",
    "YAW_RANGE",
    "Command",
]

Vector = NDArray[np.float64]

ACTION_SIZE: Final = 6
"""x, y, z, yaw, tilt, grip."""
STEP_LENGTH: Final = 0.03
"""Metres that the commanded fingertips move along each axis at an action of 1."""
STEP_YAW: Final = 0.2
STEP_TILT: Final = 0.12
"""Radians that the hand turns at an action of 1."""
HAND_LOW: Final = np.array([0.28, -0.32, 0.012])
HAND_HIGH: Final = np.array([0.72, 0.32, 0.36])
"""Bounds of the commanded fingertips, metres."""
YAW_RANGE: Final = (-1.75, 1.75)
TILT_RANGE: Final = (-0.6, 0.6)
"""Radians."""
COMMAND_SIZE: Final = 13
"""Numbers of a packed command."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """What the arm is told to do.

    Attributes:
        tip: Place (3,) of the point between the fingertips, metres.
        yaw: Of the hand, radians.
        tilt: Of the hand, radians.
        grip: -1 open, 1 closed.
        joints: Angles (7,) that belong to it, radians.
    """

    tip: Vector
    yaw: float
    tilt: float
    grip: float
    joints: Vector

    @classmethod
    def at(cls, tip: Vector, yaw: float, grip: float) -> Command:
        """Return the command of a hand that points down at a place, from the arm's resting posture."""
        joints = REST
        for _ in range(4):
            joints = solve(joints, tip, hand_rotation(yaw, 0.0))
        return cls(tip=tip, yaw=yaw, tilt=0.0, grip=grip, joints=joints)

    def moved(self, action: Vector) -> Command:
        """Return the command after an action (6,) in [-1, 1]."""
        tip = np.clip(self.tip + action[:3] * STEP_LENGTH, HAND_LOW, HAND_HIGH)
        yaw = float(np.clip(self.yaw + action[3] * STEP_YAW, *YAW_RANGE))
        tilt = float(np.clip(self.tilt + action[4] * STEP_TILT, *TILT_RANGE))
        joints = solve(self.joints, tip, hand_rotation(yaw, tilt))
        return replace(self, tip=tip, yaw=yaw, tilt=tilt, grip=float(action[5]), joints=joints)

    def pack(self) -> Vector:
        """Return it as float64 (`COMMAND_SIZE`,)."""
        return np.concatenate([self.tip, [self.yaw, self.tilt, self.grip], self.joints])

    @classmethod
    def unpack(cls, values: Vector) -> Command:
        """Undo `pack`."""
        yaw, tilt, grip = values[3:6].tolist()
        return cls(tip=np.array(values[:3]), yaw=yaw, tilt=tilt, grip=grip, joints=np.array(values[6:]))
