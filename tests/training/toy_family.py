"""A family of tasks on a line, without a simulator: a state is (position, time), a picture shows both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.base import TaskInfo, TaskLabel
from a2r_gym.errors import UnknownNameError
from a2r_train.rollouts import FamilyModules

SOURCES = ("success", "random", "missed", "stopped_short", "undone")
REWIND_UNDONE = True
LIMIT = 40
GOAL = 1.0


def _task(name: str) -> TaskInfo:
    return TaskInfo(
        name=name, instruction=f"{name} the toy", paraphrases=(), opposite=None, marker=False, object="toy",
        max_episode_steps=LIMIT,
    )  # fmt: skip


TASKS = {name: _task(name) for name in ("reach", "leave")}
FAMILY = FamilyModules(
    env="tests.training.toy_family:ToyEnv",
    experts="tests.training.toy_family",
    tasks="tests.training.toy_family",
    lengths=(0.5, 1.0),
    shared_scene=False,
)
handed_out: list[tuple[str, dict[str, Any]]] = []
"""Source and generator state of every controller that was made."""


class ToyEnv:
    """Moves by the action; ``reach`` is done at `GOAL`, ``leave`` away from it."""

    def __init__(self, *, task: str, width: int, height: int, **_: object) -> None:
        self.task, self._size = task, (height, width)
        self.closed = False

    def reset(self, *, seed: int | None = None) -> tuple[NDArray[np.float64], dict[str, Any]]:
        self._position, self._time = float(np.random.default_rng(seed).uniform(-0.1, 0.1)), 0
        return self._obs(), {}

    def _obs(self) -> NDArray[np.float64]:
        return np.array([self._position, self._time], dtype=np.float64)

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float64], float, bool, bool, dict[str, Any]]:
        self._position += 0.1 * float(action[0])
        self._time += 1
        return self._obs(), 0.0, False, False, {"is_success": self.labels()[self.task].success}

    def render(self) -> NDArray[np.uint8]:
        if self.closed:
            raise RuntimeError("closed")
        picture = np.zeros((*self._size, 3), np.uint8)
        picture[..., 0], picture[..., 1] = np.clip(100 + 50 * self._position, 0, 255), self._time
        return picture

    def get_state(self) -> NDArray[np.float64]:
        return self._obs()

    def set_state(self, state: NDArray[np.float64]) -> None:
        self._position, self._time = float(state[0]), int(state[1])

    def labels(self) -> dict[str, TaskLabel]:
        there = self._position >= GOAL
        return {
            "reach": TaskLabel(there, False, min(1.0, max(0.0, self._position))),
            "leave": TaskLabel(not there, abs(self._position - GOAL) < 0.05, 0.5),
        }

    def close(self) -> None:
        self.closed = True


def make_controller(
    env: ToyEnv, source: str, rng: np.random.Generator
) -> Callable[[NDArray[Any]], NDArray[np.float32]]:
    """Go to the goal, or half way, with noise that is drawn alike for every source."""
    if source == "random" and env.task == "leave":
        raise UnknownNameError("the toy breaks here")
    handed_out.append((source, rng.bit_generator.state))
    goal = GOAL + 0.1 if source == "success" else 0.5

    def act(obs: NDArray[Any]) -> NDArray[np.float32]:
        return np.array([np.clip(10 * (goal - obs[0]), -1, 1) + 0.01 * rng.normal()], dtype=np.float32)

    return act
