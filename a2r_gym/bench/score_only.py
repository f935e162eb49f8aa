"""A whole reward model out of an object that has no more than ``score``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.errors import FrameError, NonFiniteRewardError, RewardModelError
from a2r_gym.protocols import RewardModel, RewardStream, Scores

__all__ = ["PrefixStream", "ScoreOnly", "as_reward_model", "as_scores"]

_BATCH: Final = 32


def as_reward_model(model: Any) -> RewardModel:
    """Return a reward model as it is, and one with no more than ``score`` wrapped in `ScoreOnly`.

    Args:
        model: Has ``score(videos, instructions)``.

    Returns:
        A reward model.

    Raises:
        RewardModelError: There is no ``score``.
    """
    if isinstance(model, RewardModel) and not isinstance(model, type):
        return model
    if isinstance(model, type) or not callable(getattr(model, "score", None)):
        raise RewardModelError(
            f"expected an object with score(videos, instructions), got {model!r}; videos are a list of uint8 "
            "(T, H, W, 3), and it gives Scores or as many probabilities of success"
        )
    return ScoreOnly(model)


def as_scores(found: Any, count: int) -> Scores:
    """Check what a model gave for some videos.

    Args:
        found: `Scores`, or probabilities of success (count,), which are then the similarity too.
        count: How many videos it was given.

    Returns:
        Scores with ``count`` rows.

    Raises:
        RewardModelError: Another shape, or a success out of [0, 1].
        NonFiniteRewardError: NaN or Inf.
    """
    try:
        similarity, success = (
            np.asarray(values, dtype=np.float32)
            for values in ((found.similarity, found.success) if isinstance(found, Scores) else (found, found))
        )
    except (TypeError, ValueError, RuntimeError) as error:  # RuntimeError: a tensor that wants its gradient
        raise RewardModelError(
            f"score must give Scores or probabilities of success, got {type(found).__name__} ({error})"
        ) from error
    if similarity.shape != (count,) or success.shape != (count,):
        raise RewardModelError(
            f"score must give Scores or a number for each of {count} videos, got {type(found).__name__} of shapes "
            f"{similarity.shape} and {success.shape}"
        )
    for values in (similarity, success):
        if not np.isfinite(values).all():
            raise NonFiniteRewardError(f"scores must be finite, got {values[~np.isfinite(values)][:4]}")
    if count and (success.min() < 0 or success.max() > 1):
        raise RewardModelError(
            f"success must lie in [0, 1], got {success.min():.4g} to {success.max():.4g}; give a probability, for "
            "example sigmoid(similarity), or Scores with any similarity and such a success"
        )
    if isinstance(found, Scores):
        return found
    return Scores(similarity, success, np.full(count, -1, dtype=np.int64), np.zeros((count, 0), dtype=np.float32))


class ScoreOnly:
    """Gives ``score_steps`` and ``stream`` to a model that scores whole videos; implements `RewardModel`.

    Each prefix is scored as a video of its own, so the price of a video of T frames is that of T videos. Where the
    model has a ``score_steps`` of its own, that is asked.

    Args:
        model: Has ``score(videos, instructions)``; `as_scores` tells what it may give.
        batch_size: Prefixes a call.
    """

    def __init__(self, model: Any, batch_size: int = _BATCH) -> None:
        self._model, self._batch_size = model, batch_size

    def score(self, videos: NDArray[np.uint8] | Sequence[NDArray[np.uint8]], instructions: Sequence[str]) -> Scores:
        """See `RewardModel.score`."""
        return as_scores(self._model.score(list(videos), list(instructions)), len(videos))

    def score_steps(self, video: NDArray[np.uint8], instruction: str) -> Scores:
        """See `RewardModel.score_steps`."""
        if len(video) == 0:
            raise FrameError("expected a video with at least one frame, got none")
        if callable(getattr(self._model, "score_steps", None)):
            return as_scores(self._model.score_steps(video, instruction), len(video))
        parts = []
        for start in range(1, len(video) + 1, self._batch_size):
            ends = range(start, min(start + self._batch_size, len(video) + 1))
            parts.append(self.score([video[:end] for end in ends], [instruction] * len(ends)))
        return _joined(parts)

    def stream(self, instructions: Sequence[str]) -> RewardStream:
        """See `RewardModel.stream`."""
        return PrefixStream(self, instructions)


class PrefixStream:
    """Scores N running episodes by all of their frames so far, which it keeps; implements `RewardStream`."""

    def __init__(self, model: ScoreOnly, instructions: Sequence[str]) -> None:
        self._model, self._instructions = model, list(instructions)
        self._frames: list[list[NDArray[np.uint8]]] = [[] for _ in self._instructions]

    def push(self, frames: NDArray[np.uint8], reset_mask: NDArray[np.bool_]) -> Scores:
        """See `RewardStream.push`."""
        for row, (frame, first) in enumerate(zip(frames, reset_mask, strict=True)):
            self._frames[row] = [np.array(frame)] if first else [*self._frames[row], np.array(frame)]
        return self._model.score([np.stack(kept) for kept in self._frames], self._instructions)


def _joined(parts: Sequence[Scores]) -> Scores:
    """Put scores one below the other; fewer failure modes are padded with 0."""
    modes = max(part.failure_posterior.shape[1] for part in parts)
    padded = [np.pad(part.failure_posterior, ((0, 0), (0, modes - part.failure_posterior.shape[1]))) for part in parts]
    first = [np.concatenate([np.asarray(part[field]) for part in parts]) for field in range(3)]
    return Scores(first[0], first[1], first[2], np.concatenate(padded))
