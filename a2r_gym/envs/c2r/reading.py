"""Reads measures and observations off a state."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.c2r.cameras import Viewpoint
from a2r_gym.envs.c2r.measures import Measures
from a2r_gym.envs.c2r.memory import Memory
from a2r_gym.envs.c2r.objects import OBJECTS, handle_place
from a2r_gym.envs.c2r.task import EPISODE_STEPS
from a2r_gym.envs.c2r.world import FIRST, SECOND, World

__all__ = ["Stance", "measure", "observe", "stance", "unwrapped_turn"]

Vector = NDArray[np.float64]


class Stance(NamedTuple):
    """How one thing stands.

    Attributes:
        place: Of its origin (3,), metres.
        turn: Quaternion (x, y, z, w).
        speed: Of its origin (3,), metres per second.
        joint: Position of its joint; 0 without one.
        kind: A key of `OBJECTS`.
        scale: Factor on its size.
    """

    place: Vector
    turn: Vector
    speed: Vector
    joint: float
    kind: str
    scale: float

    @property
    def yaw(self) -> float:
        """Turn of its x axis about the vertical, radians."""
        x, y, z, w = self.turn.tolist()
        return float(np.arctan2(2.0 * (x * y + w * z), 1.0 - 2.0 * (y * y + z * z)))

    @property
    def tilt(self) -> float:
        """Radians between its z axis and the vertical."""
        x, y = self.turn[0], self.turn[1]
        return float(np.arccos(np.clip(1.0 - 2.0 * (x * x + y * y), -1.0, 1.0)))

    @property
    def handle(self) -> Vector:
        """Where the hand takes it (3,): a cabinet's knob, else its own place, metres."""
        if not OBJECTS[self.kind].fixed:
            return np.asarray(self.place + np.array([0.0, 0.0, OBJECTS[self.kind].grasp * self.scale]))
        return handle_place(self.kind, self.place, self.yaw, self.joint)


def stance(world: World, state: Vector, memory: Memory, part: int) -> Stance | None:
    """Read how the thing that plays a part stands; None where nothing does."""
    number = int(memory.bodies[part])
    if number < 0:
        return None
    piece = world.pieces[number]
    base = state[piece.body.base]
    joint = float(state[piece.body.angles][0]) if piece.body.joints else 0.0
    return Stance(base[:3], base[3:], state[piece.body.motion][:3], joint, piece.kind, piece.scale)


def unwrapped_turn(memory: Memory, yaw: float) -> float:
    """Count a thing's turn about the vertical on from the last step, whole turns included, radians."""
    step = (yaw - memory.yaw + np.pi) % (2.0 * np.pi) - np.pi
    return memory.turn + float(step)


def measure(world: World, state: Vector, memory: Memory, view: Viewpoint) -> Measures:
    """Read what the rules look at.

    Args:
        world: The scene.
        state: Of the simulator.
        memory: Of the episode, its turn counted up to this state.
        view: Its directions right and away.
    """
    first = stance(world, state, memory, FIRST)
    assert first is not None, "every task has a first thing"
    tip, _ = world.robot.hand(state)
    moved = first.place - memory.first_start
    second = stance(world, state, memory, SECOND)
    between = first.place - second.place if second is not None else np.zeros(3)
    shoved = second.place - memory.second_start if second is not None else np.zeros(3)
    return Measures(
        right=float(moved[:2] @ view.right),
        away=float(moved[:2] @ view.away),
        rise=float(moved[2]),
        tilt=first.tilt,
        turn=memory.turn,
        sink=float(-first.speed[2]),
        joint=first.joint,
        gap=float(np.linalg.norm(between[:2])),
        level=float(between[2]),
        reach=float(np.linalg.norm(tip - first.handle)),
        shoved=float(np.linalg.norm(shoved[:2])),
        second_tilt=second.tilt if second is not None else 0.0,
    )


def observe(world: World, state: Vector, memory: Memory, view: Viewpoint) -> Vector:
    """Read the observation, see `a2r_gym.envs.c2r.observation`."""
    first, second = stance(world, state, memory, FIRST), stance(world, state, memory, SECOND)
    assert first is not None, "every task has a first thing"
    tip, opening = world.robot.hand(state)
    cabinet = OBJECTS[first.kind].fixed
    front = (np.cos(first.yaw), np.sin(first.yaw)) if cabinet else (0.0, 0.0)
    return np.concatenate(
        [
            tip,
            [memory.command.yaw, memory.command.tilt, opening],
            memory.command.tip,
            [memory.steps / EPISODE_STEPS],
            view.right,
            first.place,
            first.turn,
            second.place if second is not None else np.zeros(3),
            second.turn if second is not None else np.zeros(4),
            [first.joint],
            first.handle if cabinet else np.zeros(3),
            front,
            [first.scale, second.scale if second is not None else 0.0],
        ]
    )
