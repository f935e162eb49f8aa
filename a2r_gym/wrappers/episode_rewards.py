"""From moments of N running episodes to rewards: the part that all three wrappers share."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from a2r_gym.errors import FrameError, InstructionError, NonFiniteRewardError, WrappingError, unknown_name
from a2r_gym.protocols import FailureAware, MarginStream, RewardModel, RewardStream, Scores, known_failures
from a2r_gym.wrappers.frame_buffer import Moment

__all__ = [
    "PROGRESS_BASES",
    "REWARD_MODES",
    "EpisodeRewards",
    "RewardConfig",
    "RowStream",
    "StepScore",
    "check_instruction",
    "model_name",
    "resolve_model",
]

REWARD_MODES = ("similarity", "success", "margin", "progress")
PROGRESS_BASES = ("none", "env")


@runtime_checkable
class RowStream(Protocol):
    """A stream that can push frames of some of its episodes, so that vector environments score in one call."""

    def push_rows(self, rows: NDArray[np.int64], frames: NDArray[np.uint8], reset_mask: NDArray[np.bool_]) -> Scores:
        """Add M frames to the episodes named by ``rows`` and score those; the others stay as they are.

        Args:
            rows: int64 (M,), the episode of each frame, in [0, N). A row may come twice: its frames are in order.
            frames: uint8 (M, H, W, 3), RGB.
            reset_mask: bool (M,), True where the frame is the first of an episode.

        Returns:
            Scores with M rows, each as of its own frame.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class RewardConfig:
    """How a score becomes a reward.

    Attributes:
        mode: One of `REWARD_MODES`.
        every: Score every n-th step and the episode's end; the score holds in between.
        base: For ``"progress"``: what the shaping is added to, ``"none"`` (0) or ``"env"`` (the env's reward).
        weight: For ``"progress"``: factor of the shaping, finite.
        gamma: For ``"progress"``: the agent's discount, in (0, 1].
    """

    mode: str = "similarity"
    every: int = 1
    base: str = "none"
    weight: float = 1.0
    gamma: float = 0.99

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            UnknownNameError: ``mode`` or ``base`` does not exist.
            WrappingError: A number is out of range.
        """
        for kind, name, available in (
            ("reward_mode", self.mode, REWARD_MODES),
            ("progress_base", self.base, PROGRESS_BASES),
        ):
            if name not in available:
                raise unknown_name(kind, str(name), available)
        if isinstance(self.every, bool) or not isinstance(self.every, int) or self.every < 1:
            raise WrappingError(f"reward_every must be a whole number >= 1, got {self.every!r}")
        if not math.isfinite(self.weight):
            raise WrappingError(f"progress_weight must be finite, got {self.weight!r}")
        if not 0.0 < self.gamma <= 1.0:
            raise WrappingError(f"progress_gamma must be in (0, 1], the agent's discount, got {self.gamma!r}")


class StepScore(NamedTuple):
    """One moment's outcome; all numbers are finite.

    Attributes:
        reward: The learned reward; 0.0 at a reset.
        similarity: See `Scores`.
        success: See `Scores`.
        failure_mode: See `Scores`.
        failure_name: Its readable name; empty where no failure is seen or its modes have no names.
    """

    reward: float
    similarity: float
    success: float
    failure_mode: int
    failure_name: str = ""

    def info(self) -> dict[str, Any]:
        """Give what goes into ``info``: plain Python numbers under ``a2r/``, and the failure's name if it has one."""
        numbers = {
            "a2r/similarity": self.similarity,
            "a2r/success": self.success,
            "a2r/failure_mode": self.failure_mode,
        }
        return {**numbers, "a2r/failure_name": self.failure_name} if self.failure_name else numbers


class _Score(NamedTuple):
    """The model's word on one frame; margin is NaN unless the stream tells it."""

    similarity: float
    success: float
    failure_mode: int
    margin: float


def model_name(model: RewardModel | str | None) -> str | None:
    """Name a model for a recorded spec, which is deep-copied and written to JSON: never the model itself.

    Args:
        model: A model, a name, or None (the bundled one).

    Returns:
        The name; for a nameless object a marker that no checkpoint has, so that remaking the spec fails aloud.
    """
    if model is None or isinstance(model, str):
        return model
    name = getattr(model, "name", None)
    return name if isinstance(name, str) else f"<{type(model).__name__} object without a name>"


def resolve_model(model: RewardModel | str | None) -> RewardModel:
    """Load a model by name, or pass one through.

    Args:
        model: A model, a checkpoint's name or folder, or None (the bundled one).

    Returns:
        The model.

    Raises:
        WrappingError: Neither.
        UnknownNameError: See `a2r_gym.load_reward`.
    """
    if model is None or isinstance(model, str):
        return _load(model) if model is not None and os.path.isdir(model) else _load_bundled(model)
    if not isinstance(model, RewardModel):
        raise WrappingError(
            f"reward_model must be a name, a folder, None, or an object with score, score_steps and stream; "
            f"got {type(model).__name__}"
        )
    return model


def _load(name: str | None) -> RewardModel:
    import a2r_gym  # here, for its loader imports torch

    return a2r_gym.load_reward(name)


# Eight environments in one process need one model. A folder may be trained anew, so it is read each time.
_load_bundled = functools.lru_cache(maxsize=2)(_load)


def check_instruction(instruction: Any, own: Any) -> str:
    """Settle on one environment's instruction.

    Args:
        instruction: What the user gave; None: the environment's own.
        own: ``env.unwrapped.instruction``, None if there is none.

    Returns:
        The sentence.

    Raises:
        InstructionError: There is none, or it is empty or no string.
    """
    sentence = own if instruction is None else instruction
    if sentence is None:
        raise InstructionError(
            "the environment has no `instruction` of its own: pass one, for example instruction='close the drawer'"
        )
    if not isinstance(sentence, str) or not sentence.strip():
        raise InstructionError(f"an instruction must be a non-empty string, got {sentence!r}")
    return sentence


class EpisodeRewards:
    """Rewards of N environments from what their `Moment`s show; each frame is pushed once.

    Args:
        model: The reward model.
        instructions: N sentences.
        config: How a score becomes a reward.

    Raises:
        WrappingError: ``mode="margin"`` and the model knows no failure texts.
    """

    def __init__(self, model: RewardModel, instructions: Sequence[str], config: RewardConfig) -> None:
        self._instructions, self._config = tuple(instructions), config
        together = model.stream(self._instructions)
        # A stream that takes all episodes or none cannot follow episodes that end at different steps.
        self._rows = together if isinstance(together, RowStream) and len(self._instructions) > 1 else None
        self._streams: list[RewardStream] = (
            [together]
            if self._rows is not None or len(self._instructions) == 1
            else [model.stream([sentence]) for sentence in self._instructions]
        )
        self._modes = [known_failures(model, sentence) for sentence in self._instructions]
        no_texts = isinstance(model, FailureAware) and None in self._modes
        if config.mode == "margin" and (no_texts or not isinstance(together, MarginStream)):
            raise WrappingError(
                f"reward_mode='margin' needs a model that knows failure texts; {type(model).__name__} has none. "
                "Use reward_mode='similarity'"
            )
        self._held: list[_Score | None] = [None] * len(self._instructions)

    def score(self, moments: Sequence[Sequence[Moment]]) -> list[list[StepScore]]:
        """Score what happened in one call of the N environments.

        Args:
            moments: For each environment its moments since the last call, oldest first.

        Returns:
            One outcome per moment, in the same places.

        Raises:
            ResetNeeded: An environment was stepped before its first reset.
            NonFiniteRewardError: A score or reward is NaN or infinite.
        """
        for row, happened in enumerate(moments):
            if happened and happened[0].step > 0 and self._held[row] is None:
                raise ResetNeeded("call reset() before step(): the learned reward has not seen the first frame")
        seen = [
            (row, moment) for row, happened in enumerate(moments) for moment in happened if moment.frame is not None
        ]
        try:
            fresh = iter(self._push(seen) if seen else ())
        except NonFiniteRewardError as error:  # the model knows neither steps nor environments
            where = ", ".join(
                f"step {moment.step} of environment {row}, instruction {self._instructions[row]!r}"
                for row, moment in seen
            )
            raise NonFiniteRewardError(f"{error}; while scoring {where}") from error
        return [
            [self._settle(row, moment, next(fresh) if moment.frame is not None else None) for moment in happened]
            for row, happened in enumerate(moments)
        ]

    def _push(self, seen: list[tuple[int, Moment]]) -> list[_Score]:
        rows = np.asarray([row for row, _ in seen], dtype=np.int64)
        first = np.asarray([moment.step == 0 for _, moment in seen])
        frames = _stack([moment.frame for _, moment in seen if moment.frame is not None])
        if self._rows is not None:
            scores = self._rows.push_rows(rows, frames, first)
            return _unbatch(scores, self._rows, len(rows))
        return [
            score
            for place, row in enumerate(rows)
            for score in _unbatch(
                self._streams[row].push(frames[place : place + 1], first[place : place + 1]), self._streams[row], 1
            )
        ]

    def _settle(self, row: int, moment: Moment, fresh: _Score | None) -> StepScore:
        before = self._held[row]
        now = fresh if fresh is not None else before
        assert now is not None, "a reset always has a frame"
        self._held[row] = now
        reward = 0.0 if moment.step == 0 or before is None else self._reward(before, now, moment)
        if not all(map(math.isfinite, (reward, now.similarity, now.success))):
            raise NonFiniteRewardError(self._non_finite(row, moment, now, reward))
        modes = self._modes[row]
        failure_name = modes.name(now.failure_mode) if modes is not None else ""
        return StepScore(reward, now.similarity, now.success, now.failure_mode, failure_name)

    def _reward(self, before: _Score, now: _Score, moment: Moment) -> float:
        config = self._config
        if config.mode == "similarity":
            return now.similarity
        if config.mode == "success":
            return now.success
        if config.mode == "margin":
            return now.margin
        potential = 0.0 if moment.terminated else now.success
        base = moment.env_reward if config.base == "env" else 0.0
        return float(base + config.weight * (config.gamma * potential - before.success))

    def _non_finite(self, row: int, moment: Moment, now: _Score, reward: float) -> str:
        hint = ""
        if self._config.mode == "margin" and math.isnan(now.margin):
            hint = "; the model has no failure texts for this instruction: use reward_mode='similarity'"
        return (
            f"the learned reward must be finite, got {reward} at step {moment.step} of environment {row}, instruction "
            f"{self._instructions[row]!r} (reward_mode={self._config.mode!r}, similarity {now.similarity}, success "
            f"{now.success}, env reward {moment.env_reward}){hint}"
        )


def _stack(frames: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    shapes = {frame.shape for frame in frames}
    if len(shapes) > 1:
        raise FrameError(f"all environments of a vector must render pictures of one size, got {sorted(shapes)}")
    return frames[0][None] if len(frames) == 1 else np.stack(frames)


def _unbatch(scores: Scores, stream: Any, count: int) -> list[_Score]:
    margins = stream.margin if isinstance(stream, MarginStream) else np.full(count, np.nan)
    return [
        _Score(float(similarity), float(success), int(failure_mode), float(margin))
        for similarity, success, failure_mode, margin in zip(
            scores.similarity, scores.success, scores.failure_mode, margins, strict=True
        )
    ]
