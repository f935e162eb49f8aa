"""A point in a square: the smallest environment that can be planned in, and a reward model that reads its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np

from a2r_gym.protocols import Scores

GOAL = np.array([0.8, -0.6])


class PointEnv(gym.Env):  # type: ignore[type-arg]
    """Moves by a tenth of the action; the picture's first pixel tells where the point is."""

    metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012
    instruction = "go to the corner"
    instructions = (instruction,)
    task = "point"
    max_episode_steps = 20

    def __init__(self, render_mode: str = "rgb_array") -> None:
        self.render_mode = render_mode
        self.action_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)
        self.observation_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float64)
        self._place = np.zeros(2)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._place = self.np_random.uniform(-0.2, 0.2, size=2)
        return self._place.copy(), {"is_success": self._solved()}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._place = np.clip(self._place + 0.1 * np.clip(action, -1.0, 1.0), -1.0, 1.0)
        return self._place.copy(), 0.0, False, False, {"is_success": self._solved()}

    def render(self) -> np.ndarray:
        frame = np.zeros((4, 4, 3), dtype=np.uint8)
        frame[0, 0, :2] = np.rint((self._place + 1.0) * 127.5).astype(np.uint8)
        return frame

    def get_state(self) -> np.ndarray:
        return self._place.copy()

    def set_state(self, state: np.ndarray) -> None:
        self._place = np.array(state)

    def labels(self) -> dict[str, Any]:
        return {}

    def _solved(self) -> bool:
        return bool(np.linalg.norm(self._place - GOAL) < 0.15)


def nearness(frames: np.ndarray) -> np.ndarray:
    """Read off pictures (..., H, W, 3) how near to the goal the point is, in [-1, 1]."""
    place = frames[..., 0, 0, :2].astype(np.float64) / 127.5 - 1.0
    return np.asarray(1.0 - np.linalg.norm(place - GOAL, axis=-1))


class PointModel:
    """Knows how near the last picture's point is to the goal; counts the frames that it looked at."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def score(self, videos: Any, instructions: Sequence[str]) -> Scores:
        self.lengths += [len(video) for video in videos]
        near = np.array([nearness(video[-1]) for video in videos], dtype=np.float32)
        return scores(near)


class PointFeatureModel(PointModel):
    """The same with frames that are encoded apart; remembers how many were."""

    num_frames = 5

    def __init__(self) -> None:
        super().__init__()
        self.encoded = 0

    def encode_frames(self, frames: np.ndarray) -> np.ndarray:
        self.encoded += len(frames)
        return nearness(frames)[:, None].astype(np.float32)

    def score_features(self, features: np.ndarray, instructions: Sequence[str]) -> tuple[Scores, np.ndarray]:
        assert features.shape[1:] == (self.num_frames, 1)
        near = features[:, -1, 0]
        return scores(near), np.full(len(near), np.nan, dtype=np.float32)


def scores(similarity: np.ndarray) -> Scores:
    """Scores that hold one similarity each."""
    none = np.full(len(similarity), -1, dtype=np.int64)
    return Scores(similarity, (similarity + 1.0) / 2.0, none, np.zeros((len(similarity), 0), dtype=np.float32))
