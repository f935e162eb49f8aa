"""Episodes of one decision: a picture and a sentence come in, a trajectory goes out, a reward comes back.

Shape suffixes: F frame feature, D text embedding, T frames, A numbers of a trajectory.
"""

from __future__ import annotations

import zlib
from typing import Any, Final, Protocol, runtime_checkable

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from a2r_gym.errors import NonFiniteRewardError, unknown_name
from a2r_gym.planners.cem import check_bounds
from a2r_gym.planners.dynamics.interface import Moment, Prediction
from a2r_gym.planners.plan_scorer import FeatureModel, PlanScorer
from a2r_gym.planners.waypoints import TrajectoryControlError
from a2r_gym.protocols import RewardModel

__all__ = ["MODES", "REWARDS", "Observation", "Sight", "TrajectoryEpisodes"]

Observation = dict[str, NDArray[Any]]
"""``"frame"``: float32 (F,), or uint8 (3, 64, 64) where there are no features; ``"instruction"``: float32 (D,)."""

REWARDS: Final = ("learned", "true")
"""By the reward model, or by the task's own rule: 1 for success, else 0."""
MODES: Final = ("similarity", "success", "margin")
"""What of the reward model's scores is the learned reward."""
_SIDE: Final = 64
"""Pixels of a picture where there are no features."""
_WORDS: Final = 64
"""Dimensions of a sentence where the model embeds none."""


@runtime_checkable
class _TextModel(Protocol):
    """A reward model that embeds sentences, as `a2r_gym.models.scoring.Adapt2Reward` does."""

    def text(self, instruction: str) -> Any:
        """Embed a sentence; ``success_D`` of the result is the embedding."""
        ...


class Sight:
    """What a policy is given: the first picture and the sentence, by the encoders of a reward model where it has some.

    Args:
        model: The reward model.
    """

    def __init__(self, model: RewardModel) -> None:
        self._features = model if isinstance(model, FeatureModel) else None
        self._text = model if isinstance(model, _TextModel) else None

    def observe(self, frame: NDArray[np.uint8], instruction: str) -> Observation:
        """Return what a policy sees of an episode.

        Args:
            frame: uint8 (H, W, 3), the first.
            instruction: The sentence.
        """
        return {"frame": self._frame(np.asarray(frame)), "instruction": self._sentence(instruction)}

    def _frame(self, frame: NDArray[np.uint8]) -> NDArray[Any]:
        if self._features is not None:
            return np.asarray(self._features.encode_frames(frame[None])[0], dtype=np.float32)
        small = Image.fromarray(frame).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
        return np.ascontiguousarray(np.asarray(small, dtype=np.uint8).transpose(2, 0, 1))

    def _sentence(self, instruction: str) -> NDArray[np.float32]:
        """Embed a sentence, unit length; by its words, each with a place and a sign, where the model embeds none."""
        if self._text is not None:
            return np.asarray(self._text.text(instruction).success_D, dtype=np.float32)
        words_D = np.zeros(_WORDS, dtype=np.float32)
        for word in instruction.lower().split():
            code = zlib.crc32(word.encode())
            words_D[code % _WORDS] += 1.0 if code & 0x10000 else -1.0
        return words_D / max(float(np.linalg.norm(words_D)), 1e-6)


class TrajectoryEpisodes(gym.Env[Observation, NDArray[np.float32]]):
    """An environment of whole trajectories as a learner sees it: one step an episode.

    Args:
        env: Its one step runs the episode; ``last_video`` of what it wraps holds the pictures of it.
        model: The reward model; its encoders are the policy's sight, for the true reward too.
        instruction: The sentence.
        reward: One of `REWARDS`.
        reward_mode: One of `MODES`.
        first_seed: Seed of the first episode; each one after has the next.

    Attributes:
        episode: Number of the next episode; set it to go on with a run.

    Raises:
        UnknownNameError: There is no such reward or mode.
        PlanningError: The model has no margins.
        BoundsError: Actions have no finite bounds.
        TrajectoryControlError: The environment keeps no video of a trajectory.
    """

    def __init__(
        self,
        env: gym.Env[Any, Any],
        model: RewardModel,
        *,
        instruction: str,
        reward: str = "learned",
        reward_mode: str = "similarity",
        first_seed: int = 0,
    ) -> None:
        if reward not in REWARDS:
            raise unknown_name("reward", reward, REWARDS)
        if reward_mode not in MODES:
            raise unknown_name("reward_mode", reward_mode, MODES)
        if not isinstance(env.action_space, gym.spaces.Box):
            raise TrajectoryControlError(f"expected actions in a box, got {env.action_space}")
        check_bounds(env.action_space.low, env.action_space.high)
        self.env, self.instruction, self.episode = env, instruction, 0
        self._scorer = PlanScorer(model, instruction, reward_mode) if reward == "learned" else None
        self._sight, self._first_seed = Sight(model), first_seed
        self.action_space = env.action_space
        self._seen = self._look(first_seed)
        if not hasattr(env.unwrapped, "last_video") or getattr(env.unwrapped, "control", None) == "step":
            raise TrajectoryControlError(
                f"{type(env.unwrapped).__name__} keeps no video of a trajectory: build an A2R-C2R id with "
                "control='trajectory', or give your environment a property last_video"
            )
        spaces: Any = gym.spaces.Dict({name: _space(part) for name, part in self._seen.items()})
        self.observation_space = spaces

    def _look(self, seed: int) -> Observation:
        self.env.reset(seed=seed)
        frame: Any = self.env.render()
        return self._sight.observe(frame, self.instruction)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, Any]:
        """Begin the next episode, or that of a seed, which does not count.

        Args:
            seed: Of the episode.
            options: Not used.

        Returns:
            Observation and an empty info.
        """
        super().reset(seed=seed)
        if seed is None:
            seed, self.episode = self._first_seed + self.episode, self.episode + 1
        self._seen = self._look(seed)
        return self._seen, {}

    def step(self, action: NDArray[np.float32]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Run the episode.

        Args:
            action: float (A,), the trajectory.

        Returns:
            The first observation once more, the reward, True, False, and info with ``is_success`` and
            ``original_env_rew``.

        Raises:
            TrajectoryControlError: The episode is not over.
            NonFiniteRewardError: The reward is not finite.
        """
        _, own, terminated, truncated, info = self.env.step(action)
        if not (terminated or truncated):
            raise TrajectoryControlError("expected an episode to end with its first step: use control='trajectory'")
        success = bool(info["is_success"])
        reward = float(success) if self._scorer is None else self._score(self._scorer)
        if not np.isfinite(reward):
            raise NonFiniteRewardError(f"a reward must be finite, got {reward}")
        return self._seen, reward, True, False, {"is_success": success, "original_env_rew": float(own)}

    def video(self) -> NDArray[np.uint8]:
        """Return the pictures of the trajectory that was run last, uint8 (T, H, W, 3)."""
        return np.asarray(getattr(self.env.unwrapped, "last_video"))  # noqa: B009 (no type has it)

    def _score(self, scorer: PlanScorer) -> float:
        """Score the episode's video; the pictures that the model looks at are encoded in one batch."""
        video_THWC = self.video()
        ahead = len(video_THWC) - 1
        first = Moment(state=np.zeros(0), frames=video_THWC[:1], features=scorer.encode(video_THWC[:1]))
        rest = Prediction(frames=video_THWC[scorer.wanted(1, ahead)][None], features=None)
        return float(scorer.scores(first, rest, ahead)[0])

    def close(self) -> None:
        """Close the environment."""
        self.env.close()


def _space(part: NDArray[Any]) -> gym.spaces.Box:
    if part.dtype == np.uint8:
        return gym.spaces.Box(0, 255, part.shape, np.uint8)
    return gym.spaces.Box(-np.inf, np.inf, part.shape, np.float32)
