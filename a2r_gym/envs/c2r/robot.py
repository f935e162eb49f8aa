"""The Panda arm in a simulation: how its joints follow a command."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.c2r.command import Command
from a2r_gym.envs.c2r.kinematics import hand_pose
from a2r_gym.envs.c2r.sim import Body, Sim

__all__ = ["Robot"]

Vector = NDArray[np.float64]

FINGER_TRAVEL: Final = 0.04
"""Metres that each finger opens."""
SUBSTEPS: Final = 12
"""Physics steps of 1/240 s in an env step."""
FORCES: Final = np.array([200.0, 200.0, 160.0, 160.0, 80.0, 80.0, 60.0, 22.0, 22.0])
"""Largest motor forces of arm and fingers, newton metres and newtons."""
FINGER_LINKS: Final = (9, 10)
MIRROR_FORCE: Final = 60.0
"""Newtons that keep the fingers symmetric."""
FINGER_FRICTION: Final = 1.4
FINGER_SPIN: Final = 0.02


class Robot:
    """The arm in a simulation. It keeps nothing: what it does follows from the command and the state."""

    def __init__(self, sim: Sim) -> None:
        """Load it, its base at the origin.

        Args:
            sim: Where to.
        """
        self._sim = sim
        self.body: Body = sim.load("franka_panda/panda.urdf", foreign=True, fixed=True, place=np.zeros(3))
        sim.mirror(self.body, FINGER_LINKS, MIRROR_FORCE)
        for link in FINGER_LINKS:
            sim.set_friction(self.body, link, FINGER_FRICTION, FINGER_SPIN)

    def place(self, state: Vector, command: Command) -> None:
        """Write into a simulator state that the arm rests where a command wants it."""
        finger = FINGER_TRAVEL * 0.5 * (1.0 - command.grip)
        state[self.body.angles] = [*command.joints, finger, finger]
        state[self.body.angles.stop : self.body.place + self.body.size] = 0.0

    def follow(self, command: Command) -> None:
        """Let arm and fingers move towards a command for one env step."""
        finger = FINGER_TRAVEL * 0.5 * (1.0 - command.grip)
        self._sim.drive(self.body, np.array([*command.joints, finger, finger]), FORCES)
        self._sim.advance(SUBSTEPS)

    def hand(self, state: Vector) -> tuple[Vector, float]:
        """Tell where the hand is in a simulator state.

        Returns:
            Point between the fingertips (3,), metres, and how far the fingers are open, 0 to 1.
        """
        angles = state[self.body.angles]
        opening = float(angles[7] + angles[8]) / (2.0 * FINGER_TRAVEL)
        return hand_pose(angles[:7])[0], opening
