"""A contextual bandit: its picture tells the target, the action is the place to hit, the video shows the miss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np

from a2r_gym.planners.cem import CEMConfig
from a2r_gym.planners.ddpg_cem import LearnerConfig
from a2r_gym.planners.trajectory_run import RunConfig
from a2r_gym.protocols import Scores

SIZE = 6
"""Numbers of a trajectory; the first two have to be the target, the others 0.3."""
NEAR = 0.45


class BanditEnv(gym.Env):  # type: ignore[type-arg]
    """One step an episode; a picture's first pixel tells the target or, in the video's last one, the distance."""

    metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012
    instruction = "hit the target"
    control = "trajectory"
    ends = True

    def __init__(self, sign: float = 1.0) -> None:
        self.render_mode = "rgb_array"
        self.action_space = gym.spaces.Box(-1.0, 1.0, (SIZE,), np.float32)
        self.observation_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float64)
        self.last_video: np.ndarray | None = None
        self._sign, self._target = sign, np.zeros(2)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._target = self.np_random.uniform(-0.6, 0.6, size=2)
        return self._target.copy(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        goal = np.concatenate([self._sign * self._target, np.full(SIZE - 2, 0.3)])
        distance = float(np.linalg.norm(np.asarray(action) - goal))
        self.last_video = np.stack([self.render()] * 3)
        self.last_video[-1, 0, 0, 2] = round(min(distance / 4.0, 1.0) * 255)
        return self._target.copy(), 0.0, self.ends, False, {"is_success": distance < NEAR}

    def render(self) -> np.ndarray:
        frame = np.zeros((8, 8, 3), dtype=np.uint8)
        frame[0, 0, :2] = np.rint((self._target + 1.0) * 127.5).astype(np.uint8)
        return frame


class BanditModel:
    """Reads the distance off the last picture; its features are the target."""

    name = "bandit"
    num_frames = 3

    def score(self, videos: Any, instructions: Sequence[str]) -> Scores:
        features = np.stack([self.encode_frames(np.asarray(video)[[0, len(video) // 2, -1]]) for video in videos])
        return self.score_features(features, instructions)[0]

    def score_steps(self, video: Any, instruction: str) -> Scores:
        return self.score([video[: end + 1] for end in range(len(video))], [instruction] * len(video))

    def stream(self, instructions: Sequence[str]) -> Any:
        raise NotImplementedError

    def encode_frames(self, frames: np.ndarray) -> np.ndarray:
        return (frames[:, 0, 0].astype(np.float32) / 127.5 - 1.0).astype(np.float32)

    def score_features(self, features: np.ndarray, instructions: Sequence[str]) -> tuple[Scores, np.ndarray]:
        near = (1.0 - 2.0 * (features[:, -1, 2] + 1.0)).astype(np.float32).clip(-1.0, 1.0)
        none = np.full(len(near), -1, dtype=np.int64)
        scores = Scores(near, (near + 1.0) / 2.0, none, np.zeros((len(near), 0), dtype=np.float32))
        return scores, np.full(len(near), np.nan, dtype=np.float32)


class PictureModel:
    """The same without features: a policy sees small pictures."""

    name = "picture"

    def __init__(self) -> None:
        self._inner = BanditModel()

    def score(self, videos: Any, instructions: Sequence[str]) -> Scores:
        return self._inner.score(videos, instructions)

    def score_steps(self, video: Any, instruction: str) -> Scores:
        return self._inner.score_steps(video, instruction)

    def stream(self, instructions: Sequence[str]) -> Any:
        raise NotImplementedError


def bandit(config: RunConfig) -> gym.Env[Any, Any]:
    """Build one; an id that ends in ``mirrored`` has its targets on the other side, and another sentence."""
    mirrored = config.env.endswith("mirrored")
    env = BanditEnv(-1.0 if mirrored else 1.0)
    if mirrored:
        env.instruction = "hit the mirrored target"
    return env


def small(
    *, episodes: int = 20, warm_up: int = 8, gradient_steps: int = 2, env: str = "bandit", **more: Any
) -> RunConfig:
    """Return a run that takes no time."""
    learner = LearnerConfig(
        warm_up=warm_up,
        gradient_steps=gradient_steps,
        batch_size=32,
        learning_rate=1e-3,
        cem=CEMConfig(population_size=32, num_iterations=1, min_std=0.01),
    )
    return RunConfig(env=env, episodes=episodes, learner=learner, **more)
