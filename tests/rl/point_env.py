"""A task that an agent can learn in seconds: push a point to the right; its picture is the brighter, the righter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.base import TaskInfo
from a2r_gym.protocols import Scores
from a2r_gym.registration import Family, env_id
from a2r_gym.rl.agent import AgentConfig

STEPS = 10
GOAL = 0.5
FAMILY = Family(
    name="Point",
    env="tests.rl.point_env:PointEnv",
    experts="tests.rl.point_env",
    tasks={
        "right": TaskInfo(
            name="right", instruction="push the point to the right", paraphrases=(), opposite=None, marker=False,
            object="point", max_episode_steps=STEPS,
        )
    },
)  # fmt: skip
POINT = env_id("Point", "right")


def small(**changes: Any) -> AgentConfig:
    """Configure a short run on the env's own reward; the id must be registered."""
    return AgentConfig(**{"env": POINT, "reward": "env", "steps": 60, "learning_starts": 10, **changes})


def learned(**changes: Any) -> AgentConfig:
    """Configure a short run on the learned reward."""
    return small(reward="learned", reward_model="brightness", reward_mode="success", **changes)


class PointEnv(gym.Env[NDArray[np.float64], NDArray[np.float32]]):
    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012
    seeds: list[int | None] = []  # noqa: RUF012 (of all resets of all of them)
    renders = 0

    def __init__(self, *, task: str, render_mode: str | None = "rgb_array", **_: object) -> None:
        self.instruction = FAMILY.tasks[task].instruction
        self.render_mode = render_mode
        self.observation_space = gym.spaces.Box(-2.0, 2.0, (1,), np.float64)
        self.action_space = gym.spaces.Box(-1.0, 1.0, (1,), np.float32)
        self._place = 0.0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float64], dict[str, Any]]:
        super().reset(seed=seed)
        PointEnv.seeds.append(seed)
        self._place = float(self.np_random.uniform(-0.1, 0.1))
        return np.array([self._place]), {"is_success": False}

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float64], float, bool, bool, dict[str, Any]]:
        self._place = float(np.clip(self._place + 0.2 * float(action[0]), -2.0, 2.0))
        return np.array([self._place]), self._place, False, False, {"is_success": self._place > GOAL}

    def render(self) -> NDArray[np.uint8]:  # type: ignore[override]
        PointEnv.renders += 1
        picture = np.full((32, 32, 3), 128 + 60 * self._place, dtype=np.uint8)
        picture[0, 0] = 255 - picture[0, 0]  # a picture of one colour would be taken for a lost context
        return picture


class BrightnessModel:
    """Scores a video by how bright its last picture is; implements `RewardModel`."""

    name = "brightness"

    def score(self, videos: Sequence[NDArray[np.uint8]] | NDArray[np.uint8], instructions: Sequence[str]) -> Scores:
        return self.of([video[-1] for video in videos])

    def score_steps(self, video: NDArray[np.uint8], instruction: str) -> Scores:
        return self.of(list(video))

    def stream(self, instructions: Sequence[str]) -> BrightnessModel:
        return self

    def push(self, frames: NDArray[np.uint8], reset_mask: NDArray[np.bool_]) -> Scores:
        return self.of(list(frames))

    def of(self, frames: list[NDArray[np.uint8]]) -> Scores:
        bright = np.asarray([frame[1:].mean() / 255 for frame in frames], dtype=np.float32)
        none = np.full(len(frames), -1, dtype=np.int64)
        return Scores(2 * bright - 1, bright, none, np.zeros((len(frames), 0), dtype=np.float32))
