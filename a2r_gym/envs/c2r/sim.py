"""The physics and the pictures: the one file that imports pybullet.

A simulation's whole state is an array that `Sim.read` gives and `Sim.write` takes. Writing clears what Bullet remembers
besides (contact caches, pair lists), so that what follows depends on nothing but the array: to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.c2r.cameras import Viewpoint
from a2r_gym.errors import MissingDependencyError

try:
    import pybullet
    import pybullet_data
except ImportError as error:
    raise MissingDependencyError(
        "the C2R tasks need pybullet, which is not installed: pip install 'a2r-gym[pybullet]' (Python 3.10 or 3.11; "
        "there are no wheels for later ones)"
    ) from error

__all__ = ["Body", "Sim"]

Vector = NDArray[np.float64]

TIMESTEP: Final = 1.0 / 240.0
"""Seconds."""
SOLVER_ITERATIONS: Final = 60
BASE_SIZE: Final = 13
"""Numbers of a body's base: position 3, quaternion (x, y, z, w) 4, linear and angular velocity 3 each."""
SLAB_FRICTION: Final = 1.0
"""A thing's friction on the table is then its own: Bullet multiplies the two."""
LIGHT: Final = {
    "lightDirection": (0.9, 0.5, 1.6),
    "lightColor": (1.0, 1.0, 1.0),
    "lightAmbientCoeff": 0.62,
    "lightDiffuseCoeff": 0.42,
    "lightSpecularCoeff": 0.04,
}
NEAR_PLANE: Final = 0.1
FAR_PLANE: Final = 6.0
"""Metres."""


@dataclass(frozen=True, kw_only=True)
class Body:
    """One loaded body.

    Attributes:
        number: Bullet's.
        joints: Numbers of its joints that move.
        place: Where its part of the state begins.
    """

    number: int
    joints: tuple[int, ...]
    place: int

    @property
    def size(self) -> int:
        """How many numbers of the state are its own."""
        return BASE_SIZE + 2 * len(self.joints)

    @property
    def base(self) -> slice:
        """Where in the state its position and quaternion lie (7 numbers)."""
        return slice(self.place, self.place + 7)

    @property
    def motion(self) -> slice:
        """Where its linear and angular velocity lie (6 numbers)."""
        return slice(self.place + 7, self.place + BASE_SIZE)

    @property
    def angles(self) -> slice:
        """Where its joints' positions lie; their velocities follow."""
        return slice(self.place + BASE_SIZE, self.place + BASE_SIZE + len(self.joints))


class Sim:
    """One physics client of its own; any number live in a process side by side."""

    def __init__(self) -> None:
        """Connect; load bodies, then call `freeze` once."""
        self._client = pybullet.connect(pybullet.DIRECT)
        self._bodies: list[Body] = []
        self._pristine: int | None = None
        pybullet.setGravity(0.0, 0.0, -9.81, physicsClientId=self._client)
        pybullet.setPhysicsEngineParameter(
            fixedTimeStep=TIMESTEP,
            numSolverIterations=SOLVER_ITERATIONS,
            deterministicOverlappingPairs=1,
            physicsClientId=self._client,
        )

    # ------------------------------------------------------------------ building

    def add_slab(self, size: tuple[float, float, float], place: tuple[float, float, float], colour: Vector) -> None:
        """Add a box that never moves.

        Args:
            size: Metres along x, y and z.
            place: Of its middle, metres.
            colour: RGB in [0, 1].
        """
        half = [0.5 * side for side in size]
        solid = pybullet.createCollisionShape(pybullet.GEOM_BOX, halfExtents=half, physicsClientId=self._client)
        seen = pybullet.createVisualShape(
            pybullet.GEOM_BOX,
            halfExtents=half,
            rgbaColor=[*colour, 1.0],
            specularColor=[0.0, 0.0, 0.0],
            physicsClientId=self._client,
        )
        slab = pybullet.createMultiBody(0.0, solid, seen, basePosition=place, physicsClientId=self._client)
        pybullet.changeDynamics(slab, -1, lateralFriction=SLAB_FRICTION, physicsClientId=self._client)

    def load(self, path: str | Path, *, foreign: bool, fixed: bool, place: Vector, size: float = 1.0) -> Body:
        """Load a body.

        Args:
            path: Of its URDF; relative to ``pybullet_data`` where ``foreign``.
            foreign: Whether it comes from ``pybullet_data``.
            fixed: Whether its base never moves by itself.
            place: Where it stands at first, metres.
            size: Factor on all lengths.
        """
        file = Path(pybullet_data.getDataPath()) / path if foreign else Path(path)
        number = pybullet.loadURDF(
            str(file),
            basePosition=place.tolist(),
            useFixedBase=fixed,
            globalScaling=size,
            physicsClientId=self._client,
        )
        kinds = (pybullet.JOINT_REVOLUTE, pybullet.JOINT_PRISMATIC)
        joints = tuple(
            joint
            for joint in range(pybullet.getNumJoints(number, physicsClientId=self._client))
            if pybullet.getJointInfo(number, joint, physicsClientId=self._client)[2] in kinds
        )
        body = Body(number=number, joints=joints, place=sum(other.size for other in self._bodies))
        self._bodies.append(body)
        return body

    def set_friction(self, body: Body, link: int, lateral: float, spinning: float) -> None:
        """Set the friction of one link."""
        pybullet.changeDynamics(
            body.number, link, lateralFriction=lateral, spinningFriction=spinning, physicsClientId=self._client
        )

    def loosen(self, body: Body, resistance: float) -> None:
        """Let a body's joints move by themselves against a resistance.

        Args:
            body: Which.
            resistance: Newtons or newton metres.
        """
        for joint in body.joints:
            pybullet.setJointMotorControl2(
                body.number, joint, pybullet.VELOCITY_CONTROL, targetVelocity=0.0, force=resistance,
                physicsClientId=self._client,
            )  # fmt: skip

    def mirror(self, body: Body, links: tuple[int, int], force: float) -> None:
        """Make two joints move alike, as the fingers of a gripper do.

        Args:
            body: Theirs.
            links: The links that they move.
            force: Newtons, at most.
        """
        gear = pybullet.createConstraint(
            body.number, links[0], body.number, links[1], pybullet.JOINT_GEAR, (1.0, 0.0, 0.0), (0.0, 0.0, 0.0),
            (0.0, 0.0, 0.0), physicsClientId=self._client,
        )  # fmt: skip
        pybullet.changeConstraint(gear, gearRatio=-1.0, erp=0.1, maxForce=force, physicsClientId=self._client)

    def freeze(self) -> None:
        """Remember the moment before anything moved; nothing may be loaded afterwards."""
        self._pristine = pybullet.saveState(physicsClientId=self._client)

    # ------------------------------------------------------------------ state

    def read(self) -> Vector:
        """Return the state float64 (S,) of all bodies."""
        parts: list[float] = []
        for body in self._bodies:
            place, turn = pybullet.getBasePositionAndOrientation(body.number, physicsClientId=self._client)
            speed, spin = pybullet.getBaseVelocity(body.number, physicsClientId=self._client)
            parts += [*place, *turn, *speed, *spin]
            if body.joints:
                states = pybullet.getJointStates(body.number, body.joints, physicsClientId=self._client)
                parts += [state[0] for state in states] + [state[1] for state in states]
        return np.array(parts)

    def write(self, state: Vector) -> None:
        """Go to a state.

        Args:
            state: float64 (S,), as `read` gives it.
        """
        assert self._pristine is not None, "freeze comes first"
        pybullet.restoreState(self._pristine, physicsClientId=self._client)
        pybullet.performCollisionDetection(physicsClientId=self._client)  # drops contacts of the moment before
        for body in self._bodies:
            place, motion = state[body.base].tolist(), state[body.motion].tolist()
            pybullet.resetBasePositionAndOrientation(body.number, place[:3], place[3:], physicsClientId=self._client)
            pybullet.resetBaseVelocity(body.number, motion[:3], motion[3:], physicsClientId=self._client)
            angles = state[body.angles].tolist()
            speeds = state[body.angles.stop : body.place + body.size].tolist()
            for joint, angle, speed in zip(body.joints, angles, speeds, strict=True):
                pybullet.resetJointState(body.number, joint, angle, speed, physicsClientId=self._client)

    # ------------------------------------------------------------------ time and pictures

    def drive(self, body: Body, targets: Vector, forces: Vector) -> None:
        """Give a body's joints the positions to move to.

        Args:
            body: Which.
            targets: float64 (J,), radians or metres.
            forces: float64 (J,), largest force of each.
        """
        pybullet.setJointMotorControlArray(
            body.number,
            body.joints,
            pybullet.POSITION_CONTROL,
            targetPositions=targets.tolist(),
            forces=forces.tolist(),
            physicsClientId=self._client,
        )

    def advance(self, steps: int) -> None:
        """Let time go on.

        Args:
            steps: Of `TIMESTEP` each.
        """
        for _ in range(steps):
            pybullet.stepSimulation(physicsClientId=self._client)

    def paint(self, body: Body, colour: Vector) -> None:
        """Give a body's base link a colour, RGB (3,) in [0, 1]."""
        pybullet.changeVisualShape(body.number, -1, rgbaColor=[*colour.tolist(), 1.0], physicsClientId=self._client)

    def render(self, view: Viewpoint, width: int, height: int, *, shadows: bool = False) -> NDArray[np.uint8]:
        """Draw the present moment.

        Args:
            view: Where from.
            width: Pixels.
            height: Pixels.
            shadows: Whether to draw them; twice as slow.

        Returns:
            uint8 (height, width, 3).
        """
        eye = pybullet.computeViewMatrix(view.eye.tolist(), view.target, (0.0, 0.0, 1.0))
        lens = pybullet.computeProjectionMatrixFOV(view.field_of_view, width / height, NEAR_PLANE, FAR_PLANE)
        picture = pybullet.getCameraImage(
            width, height, eye, lens, shadow=int(shadows), renderer=pybullet.ER_TINY_RENDERER,
            flags=pybullet.ER_NO_SEGMENTATION_MASK, physicsClientId=self._client, **LIGHT,
        )  # fmt: skip
        pixels = np.asarray(picture[2], dtype=np.uint8).reshape(height, width, 4)
        return np.ascontiguousarray(pixels[..., :3])

    def close(self) -> None:
        """Disconnect; a second call does nothing."""
        if self._client >= 0:
            pybullet.disconnect(physicsClientId=self._client)
            self._client = -1
