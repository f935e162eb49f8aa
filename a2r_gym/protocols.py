"""What a reward model is: the one interface that our model, every baseline and every fake share.

Light on purpose: importing this module imports numpy and nothing heavier.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FailureAware",
    "FailureModes",
    "MarginStream",
    "MatrixModel",
    "RewardModel",
    "RewardStream",
    "ScoreMatrix",
    "Scores",
    "known_failures",
]


class Scores(NamedTuple):
    """Scores of B (video, instruction) pairs; arrays over B.

    Attributes:
        similarity: float32 (B,), cosine of video and instruction, in [-1, 1].
        success: float32 (B,), calibrated probability of success, in [0, 1].
        failure_mode: int64 (B,), index of the likeliest failure mode; -1 where ``success >= 0.5`` or the
            model has no failure modes for the instruction.
        failure_posterior: float32 (B, K), probability of each mode given failure; K is the largest of the
            batch, rows with fewer modes are padded with 0.
    """

    similarity: NDArray[np.float32]
    success: NDArray[np.float32]
    failure_mode: NDArray[np.int64]
    failure_posterior: NDArray[np.float32]


class ScoreMatrix(NamedTuple):
    """Every video against every sentence; float32 (B, M) each, as in `Scores`."""

    similarity: NDArray[np.float32]
    success: NDArray[np.float32]


class FailureModes(NamedTuple):
    """The failure modes that an instruction's ``failure_mode`` and ``failure_posterior`` count.

    Attributes:
        task: The training task that they come from, for example ``"tabletop/drawer-close"``.
        names: A readable name for each; empty where they have none.
        similarity: How near the instruction is to that task, in [-1, 1]; 1.0 for a sentence of training.
    """

    task: str
    names: tuple[str, ...]
    similarity: float

    def name(self, mode: int) -> str:
        """Name a mode; empty for -1 and where modes have no names."""
        return self.names[mode] if 0 <= mode < len(self.names) else ""


class RewardStream(Protocol):
    """Scores of N running episodes, one new frame each per call."""

    def push(self, frames: NDArray[np.uint8], reset_mask: NDArray[np.bool_]) -> Scores:
        """Add one frame to each episode and score the episodes so far.

        Args:
            frames: uint8 (N, H, W, 3), RGB.
            reset_mask: bool (N,), True where the frame is the first of an episode.

        Returns:
            Scores with N rows.
        """
        ...


@runtime_checkable
class MarginStream(Protocol):
    """A stream that also tells the margin of its last push; ``reward_mode="margin"`` needs one."""

    margin: NDArray[np.float32]
    """float32 (N,): similarity to the instruction minus the largest to one of its failure texts, in [-2, 2]."""

    def push(self, frames: NDArray[np.uint8], reset_mask: NDArray[np.bool_]) -> Scores:
        """See `RewardStream.push`."""
        ...


@runtime_checkable
class FailureAware(Protocol):
    """A model that tells which failure modes an instruction has."""

    def failure_modes(self, instruction: str) -> FailureModes | None:
        """Tell an instruction's failure modes; None where it has none."""
        ...


@runtime_checkable
class RewardModel(Protocol):
    """Scores how well videos do what instructions say."""

    def score(self, videos: NDArray[np.uint8] | Sequence[NDArray[np.uint8]], instructions: Sequence[str]) -> Scores:
        """Score whole videos.

        Args:
            videos: uint8 (B, T, H, W, 3) with T >= 1, or a sequence of B arrays (T_i, H, W, 3); RGB, any size.
            instructions: B sentences.

        Returns:
            Scores with B rows.
        """
        ...

    def score_steps(self, video: NDArray[np.uint8], instruction: str) -> Scores:
        """Score every prefix of one video.

        Args:
            video: uint8 (T, H, W, 3).
            instruction: The sentence.

        Returns:
            Scores with T rows; row t scores ``video[: t + 1]``.
        """
        ...

    def stream(self, instructions: Sequence[str]) -> RewardStream:
        """Open a stream over N episodes, one instruction each.

        Args:
            instructions: N sentences.

        Returns:
            A stream whose ``push`` takes N frames.
        """
        ...


@runtime_checkable
class MatrixModel(RewardModel, Protocol):
    """A reward model with a fast path: each video and each sentence encoded once. Those of `load_reward` have it."""

    def score_matrix(
        self, videos: NDArray[np.uint8] | Sequence[NDArray[np.uint8]], instructions: Sequence[str]
    ) -> ScoreMatrix:
        """Score B videos, as for `score`, against M sentences; similarity and success, (B, M) each."""
        ...


def known_failures(model: object, instruction: str) -> FailureModes | None:
    """Ask a model for an instruction's failure modes; None where it has none or is not `FailureAware`."""
    return model.failure_modes(instruction) if isinstance(model, FailureAware) else None
