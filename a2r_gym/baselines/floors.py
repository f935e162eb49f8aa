"""Two floors that look at nothing: chance, and a clock. What they reach in a metric, the metric gives for free."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from a2r_gym.errors import FrameError
from a2r_gym.models.frames import check_instructions, check_video
from a2r_gym.protocols import ScoreMatrix, Scores

__all__ = ["FrameCounter", "FrameCounterStream", "RandomScore", "RandomStream", "draw", "load_counter", "load_random"]


class RandomScore:
    """Chance: a score that has nothing to do with what is seen. Implements `MatrixModel`.

    ``success`` is uniform in [0, 1), ``similarity`` twice that minus 1, drawn from a hash of seed, sentence and all
    frames so far: the same question has the same answer, streamed or stored, and prefixes of a video are as foreign to
    each other as other videos.

    Args:
        seed: Another seed, another draw.
    """

    name = "random"

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def score(self, videos: NDArray[np.uint8] | Sequence[NDArray[np.uint8]], instructions: Sequence[str]) -> Scores:
        """See `RewardModel.score`."""
        sentences = check_instructions(instructions, len(videos))
        pairs = zip(videos, sentences, strict=True)
        return _uniform([self._drawn(video, f"video {row}", said)[-1] for row, (video, said) in enumerate(pairs)])

    def score_steps(self, video: NDArray[np.uint8], instruction: str) -> Scores:
        """See `RewardModel.score_steps`."""
        [sentence] = check_instructions([instruction])
        return _uniform(self._drawn(video, "video", sentence))

    def score_matrix(
        self, videos: NDArray[np.uint8] | Sequence[NDArray[np.uint8]], instructions: Sequence[str]
    ) -> ScoreMatrix:
        """See `MatrixModel.score_matrix`."""
        return _columns([self.score(videos, [sentence] * len(videos)) for sentence in instructions])

    def stream(self, instructions: Sequence[str]) -> RandomStream:
        """See `RewardModel.stream`."""
        return RandomStream(self, check_instructions(instructions))

    def begin(self, instruction: str) -> Any:
        """Return the hash of an episode that has no frames yet."""
        return hashlib.sha256(f"{self._seed} {instruction}".encode())

    def _drawn(self, video: NDArray[np.uint8], what: str, instruction: str) -> list[float]:
        episode = self.begin(instruction)
        return [draw(episode, frame) for frame in check_video(video, what)]


class RandomStream:
    """Random scores of N running episodes; implements `RewardStream`."""

    def __init__(self, model: RandomScore, instructions: list[str]) -> None:
        self._model, self._instructions = model, instructions
        self._episodes = [model.begin(sentence) for sentence in instructions]

    def push(self, frames: NDArray[np.uint8], reset_mask: NDArray[np.bool_]) -> Scores:
        """See `RewardStream.push`."""
        if len(frames) != len(self._episodes):
            raise FrameError(f"expected one frame for each of {len(self._episodes)} episodes, got {len(frames)}")
        for row in np.flatnonzero(reset_mask):
            self._episodes[row] = self._model.begin(self._instructions[row])
        return _uniform([draw(episode, frame) for episode, frame in zip(self._episodes, frames, strict=True)])


def draw(episode: Any, frame: NDArray[np.uint8]) -> float:
    """Take a frame into an episode's hash, and read that as a number in [0, 1)."""
    episode.update(np.ascontiguousarray(frame).tobytes())
    return int.from_bytes(episode.digest()[:3], "little") / 2**24


class FrameCounter:
    """A reward model that counts frames and looks at nothing: the floor of VOC. Implements `MatrixModel`.

    It has a perfect value-order correlation, also on videos played backwards: VOC counts only beside its reversal.
    """

    name = "frame-counter"

    def score(self, videos: NDArray[np.uint8] | Sequence[NDArray[np.uint8]], instructions: Sequence[str]) -> Scores:
        """Score B videos by their number of frames T: T / (T + 1)."""
        return _counted(np.array([len(video) for video in videos], dtype=np.float32))

    def score_steps(self, video: NDArray[np.uint8], instruction: str) -> Scores:
        """Score every prefix: rises with each frame."""
        return _counted(np.arange(1, len(video) + 1, dtype=np.float32))

    def score_matrix(
        self, videos: NDArray[np.uint8] | Sequence[NDArray[np.uint8]], instructions: Sequence[str]
    ) -> ScoreMatrix:
        """See `MatrixModel.score_matrix`."""
        return _columns([self.score(videos, [sentence] * len(videos)) for sentence in instructions])

    def stream(self, instructions: Sequence[str]) -> FrameCounterStream:
        """Open a stream that counts the frames of N episodes."""
        return FrameCounterStream(len(instructions))


class FrameCounterStream:
    """Counts the frames of N running episodes. Implements `RewardStream`."""

    def __init__(self, num_episodes: int) -> None:
        self._counts = np.zeros(num_episodes, dtype=np.float32)

    def push(self, frames: NDArray[np.uint8], reset_mask: NDArray[np.bool_]) -> Scores:
        """Count one frame in; see `RewardStream.push`."""
        self._counts = np.where(reset_mask, 1.0, self._counts + 1.0).astype(np.float32)
        return _counted(self._counts)


def load_random(*, runtime: str | None = None) -> RandomScore:
    """Make a random score of seed 0; nothing is encoded."""
    del runtime
    return RandomScore()


def load_counter(*, runtime: str | None = None) -> FrameCounter:
    """Make a frame counter; nothing is encoded."""
    del runtime
    return FrameCounter()


def _columns(scores: Sequence[Scores]) -> ScoreMatrix:
    return ScoreMatrix(
        np.stack([column.similarity for column in scores], axis=1),
        np.stack([column.success for column in scores], axis=1),
    )


def _counted(frames: NDArray[np.float32]) -> Scores:
    rising = (frames / (frames + 1.0)).astype(np.float32)
    return _scores(rising, rising)


def _uniform(drawn: Sequence[float]) -> Scores:
    success = np.asarray(drawn, dtype=np.float32)
    return _scores(2.0 * success - 1.0, success)


def _scores(similarity: NDArray[np.float32], success: NDArray[np.float32]) -> Scores:
    count = len(success)
    return Scores(similarity, success, np.full(count, -1, dtype=np.int64), np.zeros((count, 0), dtype=np.float32))
