"""What an episode's state holds besides the physics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.c2r.command import COMMAND_SIZE, Command
from a2r_gym.envs.c2r.measures import HISTORY_SIZE, History, Measures, pack, unpack

__all__ = ["MAX_BODIES", "MEMORY_SIZE", "Memory"]

Vector = NDArray[np.float64]

MAX_BODIES: Final = 6
"""First, second and four distractors."""
MEMORY_SIZE: Final = COMMAND_SIZE + HISTORY_SIZE + MAX_BODIES + 3 * MAX_BODIES + 9
"""Numbers of a packed memory."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """An episode as far as it does not lie in the simulator.

    Attributes:
        command: What the arm was told last.
        history: What the rules look at.
        bodies: int (`MAX_BODIES`,), which of the loaded bodies plays each part, -1 for none.
        colours: float64 (`MAX_BODIES`, 3), theirs.
        first_start: Place (3,) of the first thing when the episode began, metres.
        second_start: Of the second, zeros without one.
        yaw: The first's turn about the vertical at the last step, radians.
        turn: What it has turned since the start, radians, whole turns counted.
        steps: Since the reset.
    """

    command: Command
    history: History
    bodies: NDArray[np.int64]
    colours: Vector
    first_start: Vector
    second_start: Vector
    yaw: float = 0.0
    turn: float = 0.0
    steps: int = 0

    @classmethod
    def blank(cls, command: Command) -> Memory:
        """Return the memory of an episode that is about to begin."""
        still = Measures()
        return cls(
            command=command,
            history=History(still, still, still, still),
            bodies=np.full(MAX_BODIES, -1),
            colours=np.zeros((MAX_BODIES, 3)),
            first_start=np.zeros(3),
            second_start=np.zeros(3),
        )

    def pack(self) -> Vector:
        """Return it as float64 (`MEMORY_SIZE`,)."""
        rest = [*self.first_start, *self.second_start, self.yaw, self.turn, self.steps]
        return np.concatenate([self.command.pack(), pack(self.history), self.bodies, self.colours.ravel(), rest])

    @classmethod
    def unpack(cls, values: Vector) -> Memory:
        """Undo `pack`."""
        ends = np.cumsum([COMMAND_SIZE, HISTORY_SIZE, MAX_BODIES, 3 * MAX_BODIES])
        command, history, bodies, colours, rest = np.split(np.asarray(values, dtype=np.float64), ends)
        return cls(
            command=Command.unpack(command),
            history=unpack(history),
            bodies=np.rint(bodies).astype(np.int64),
            colours=colours.reshape(MAX_BODIES, 3),
            first_start=rest[:3],
            second_start=rest[3:6],
            yaw=float(rest[6]),
            turn=float(rest[7]),
            steps=round(float(rest[8])),
        )
