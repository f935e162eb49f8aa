"""A task's scene: table, arm, the task's things in their sizes, and what may stand about."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.c2r.layout import Pose, Start
from a2r_gym.envs.c2r.memory import MAX_BODIES
from a2r_gym.envs.c2r.objects import ASSETS, COLOURS, DISTRACTORS, OBJECTS, SCALES
from a2r_gym.envs.c2r.robot import Robot
from a2r_gym.envs.c2r.sim import Body, Sim
from a2r_gym.envs.c2r.task import C2RTask

__all__ = ["FIRST", "SECOND", "Piece", "World"]

Vector = NDArray[np.float64]

FIRST: Final = 0
SECOND: Final = 1
"""Parts of an episode: the thing that the task acts on, and the other one; distractors follow."""
TABLE: Final = ((1.1, 1.5, 0.06), (0.52, 0.0, -0.03), np.array([0.80, 0.71, 0.58]))
FLOOR: Final = ((12.0, 12.0, 0.1), (0.0, 0.0, -0.85), np.array([0.45, 0.50, 0.55]))
"""Size, middle and colour; metres, RGB."""
PARKED: Final = np.array([-8.0, 0.0, -4.0])
PARKED_APART: Final = 0.6
"""Metres: where bodies wait that have no part in the episode, under the floor."""
RESISTANCE: Final = {"drawer": 1.2, "door": 0.05}
"""Newtons and newton metres against a cabinet's joint."""
LIFTED: Final = 0.001
"""Metres above the table at which things are put down."""


class Piece(NamedTuple):
    """One loaded body.

    Attributes:
        kind: A key of `OBJECTS`.
        scale: Factor on its size.
        body: In the simulation.
    """

    kind: str
    scale: float
    body: Body


class World:
    """The simulation with all that an environment's episodes need."""

    def __init__(self, task: C2RTask, distractors: int) -> None:
        """Load everything once.

        Args:
            task: Whose things.
            distractors: How many others stand about.
        """
        self.sim = Sim()
        self.sim.add_slab(*TABLE)
        self.sim.add_slab(*FLOOR)
        self.robot = Robot(self.sim)
        self.pieces: list[Piece] = []
        self.choices: dict[int, tuple[int, ...]] = {FIRST: self._add(task.first, SCALES)}
        if task.second is not None:
            self.choices[SECOND] = self._add(task.second, SCALES)
        others = [kind for kind in DISTRACTORS if kind not in (task.first, task.second)]
        self.others: tuple[int, ...] = ()
        if distractors:
            self.others = tuple(index for kind in others for index in self._add(kind, (1.0,)))
        self.sim.freeze()
        self._parked = self.sim.read()
        self.state_size = len(self._parked)

    def _add(self, kind: str, scales: tuple[float, ...]) -> tuple[int, ...]:
        """Load a kind of thing in some sizes; returns its pieces' numbers."""
        thing = OBJECTS[kind]
        added = []
        for scale in (1.0,) if thing.fixed else scales:
            place = PARKED + np.array([0.0, PARKED_APART * len(self.pieces), 0.0])
            path = thing.file if thing.foreign else str(ASSETS / thing.file)
            body = self.sim.load(path, foreign=thing.foreign, fixed=thing.fixed, place=place, size=thing.size * scale)
            if thing.fixed:
                self.sim.loosen(body, RESISTANCE[kind])
            added.append(len(self.pieces))
            self.pieces.append(Piece(kind, scale, body))
        return tuple(added)

    def draw_bodies(self, distractors: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw which piece plays each part, int (`MAX_BODIES`,), -1 for none."""
        bodies = np.full(MAX_BODIES, -1)
        for part, choices in self.choices.items():
            bodies[part] = choices[int(rng.integers(len(choices)))]
        if distractors:
            bodies[2 : 2 + distractors] = rng.permutation(self.others)[:distractors]
        return bodies

    def draw_colours(self, bodies: NDArray[np.int64], rng: np.random.Generator) -> Vector:
        """Draw a colour for each part, RGB (`MAX_BODIES`, 3), no two alike."""
        palette = np.array(list(COLOURS.values()))
        shades = palette[rng.permutation(len(palette))[: len(bodies)]]
        return np.asarray(np.clip(shades + rng.uniform(-0.05, 0.05, size=shades.shape), 0.0, 1.0))

    def compose(self, bodies: NDArray[np.int64], start: Start, others: list[Pose]) -> Vector:
        """Return the simulator state in which things stand where they were drawn; the arm is still to be placed."""
        state: Vector = self._parked.copy()
        poses = [start.first, start.second, *others]
        for part, pose in zip(bodies, poses, strict=False):
            if part >= 0 and pose is not None:
                piece = self.pieces[part]
                z = OBJECTS[piece.kind].bottom * piece.scale + LIFTED * (not OBJECTS[piece.kind].fixed)
                turn = [0.0, 0.0, np.sin(pose.yaw / 2), np.cos(pose.yaw / 2)]
                state[piece.body.base] = [pose.x, pose.y, z, *turn]
        first = self.pieces[bodies[FIRST]].body
        state[first.angles] = start.joint
        return state

    def park(self, state: Vector, bodies: NDArray[np.int64]) -> None:
        """Put back what has no part in the episode: it must not fall for ever."""
        playing = set(bodies.tolist())
        for index, piece in enumerate(self.pieces):
            if index not in playing:
                own = slice(piece.body.place, piece.body.place + piece.body.size)
                state[own] = self._parked[own]

    def paint(self, bodies: NDArray[np.int64], colours: Vector) -> None:
        """Give all parts their colours."""
        for part, colour in zip(bodies, colours, strict=True):
            if part >= 0 and OBJECTS[self.pieces[part].kind].coloured:
                self.sim.paint(self.pieces[part].body, colour)
