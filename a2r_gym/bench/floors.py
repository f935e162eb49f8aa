"""What any reward model must beat: a random score, and a clock that counts frames and looks at nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from a2r_gym.protocols import Scores

__all__ = ["FrameCounter", "FrameCounterStream", "RandomScore", "RandomStream"]


class FrameCounter:
    """Scores a video of T frames T / (T + 1); implements `RewardModel`.

    Its VOC is a perfect 1, on videos played backwards too. Its AUROC tells whether clips that succeed are longer.
    """

    def score(self, videos: NDArray[np.uint8] | Sequence[NDArray[np.uint8]], instructions: Sequence[str]) -> Scores:
        """See `RewardModel.score`."""
        return _counted(np.asarray([len(video) for video in videos]))

    def score_steps(self, video: NDArray[np.uint8], instruction: str) -> Scores:
        """See `RewardModel.score_steps`."""
        return _counted(np.arange(1, len(video) + 1))

    def stream(self, instructions: Sequence[str]) -> FrameCounterStream:
        """See `RewardModel.stream`."""
        return FrameCounterStream(len(instructions))


class FrameCounterStream:
    """Counts the frames of N running episodes; implements `RewardStream`."""

    def __init__(self, num_episodes: int) -> None:
        self._frames = np.zeros(num_episodes, dtype=np.int64)

    def push(self, frames: NDArray[np.uint8], reset_mask: NDArray[np.bool_]) -> Scores:
        """See `RewardStream.push`."""
        self._frames = np.where(reset_mask, 1, self._frames + 1)
        return _counted(self._frames)


class RandomScore:
    """Scores by a hash of frames, instruction and seed; implements `RewardModel`.

    ``success`` is uniform in [0, 1) and ``similarity = 2 success - 1``. The same question gets the same answer, in any
    order and in any run, and the prefixes of a video have nothing to do with each other.

    Args:
        seed: Another one gives other scores.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def score(self, videos: NDArray[np.uint8] | Sequence[NDArray[np.uint8]], instructions: Sequence[str]) -> Scores:
        """See `RewardModel.score`."""
        return _uniform(
            [self.score_steps(video, said).success[-1] for video, said in zip(videos, instructions, strict=True)]
        )

    def score_steps(self, video: NDArray[np.uint8], instruction: str) -> Scores:
        """See `RewardModel.score_steps`."""
        state = self.begin(instruction)
        drawn = []
        for frame in video:
            state.update(np.ascontiguousarray(frame).tobytes())
            drawn.append(_draw(state))
        return _uniform(drawn)

    def stream(self, instructions: Sequence[str]) -> RandomStream:
        """See `RewardModel.stream`."""
        return RandomStream(self, instructions)

    def begin(self, instruction: str) -> Any:
        """Return the hash of an episode without frames."""
        return hashlib.blake2b(f"{self._seed}\n{instruction}".encode(), digest_size=8)


class RandomStream:
    """Hashes the frames of N running episodes; implements `RewardStream`."""

    def __init__(self, model: RandomScore, instructions: Sequence[str]) -> None:
        self._model, self._instructions = model, tuple(instructions)
        self._states = [model.begin(instruction) for instruction in self._instructions]

    def push(self, frames: NDArray[np.uint8], reset_mask: NDArray[np.bool_]) -> Scores:
        """See `RewardStream.push`."""
        for row, (frame, first) in enumerate(zip(frames, reset_mask, strict=True)):
            if first:
                self._states[row] = self._model.begin(self._instructions[row])
            self._states[row].update(np.ascontiguousarray(frame).tobytes())
        return _uniform([_draw(state) for state in self._states])


def _draw(state: Any) -> float:
    """Read a hash as a number in [0, 1) that float32 holds exactly."""
    return float(int.from_bytes(state.digest()[:3], "big") / 2**24)


def _counted(frames: NDArray[np.int64]) -> Scores:
    rising = (frames / (frames + 1.0)).astype(np.float32)
    return _scores(rising, rising)


def _uniform(drawn: Sequence[float]) -> Scores:
    success = np.asarray(drawn, dtype=np.float32)
    return _scores(2 * success - 1, success)


def _scores(similarity: NDArray[np.float32], success: NDArray[np.float32]) -> Scores:
    count = len(success)
    return Scores(similarity, success, np.full(count, -1, dtype=np.int64), np.zeros((count, 0), dtype=np.float32))
