"""A reward model that reads what the fake environments' pictures say, and remembers all of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from a2r_gym.protocols import Scores
from a2r_gym.testing.frame_code import FrameCode, read_code

__all__ = ["FrameReadingModel", "FrameReadingStream"]


class FrameReadingModel:
    """Scores a video by the number of its frames and what the last one says; implements `RewardModel`.

    ``similarity`` is ``(1000 * frames + 10 * episode + step) / 65536``, so a lost, doubled or foreign frame changes it;
    ``success`` is ``min(step / goal, 1)``; there is one failure mode.

    Args:
        goal: The step at which ``success`` is 1.
        nan_at: Score NaN where the last frame says this step; None: never.

    Attributes:
        streams: All streams that were opened.
        name: What a recorded spec calls the model.
    """

    name = "frame-reading"

    def __init__(self, *, goal: int = 5, nan_at: int | None = None) -> None:
        self.streams: list[FrameReadingStream] = []
        self._goal, self._nan_at = goal, nan_at

    @property
    def pushed(self) -> int:
        """How many frames all streams were given."""
        return sum(len(stream.log) for stream in self.streams)

    @property
    def calls(self) -> int:
        """How often frames were pushed."""
        return sum(stream.calls for stream in self.streams)

    def score_episodes(self, episodes: Sequence[Sequence[FrameCode]]) -> Scores:
        """Score episodes by what their frames say.

        Args:
            episodes: B times the codes of an episode so far.

        Returns:
            Scores with B rows.
        """
        last = [codes[-1] for codes in episodes]
        similarity = [
            np.nan if code.step == self._nan_at else (1000 * len(codes) + 10 * code.episode + code.step) / 65536
            for code, codes in zip(last, episodes, strict=True)
        ]
        success = np.asarray([min(code.step / self._goal, 1.0) for code in last], dtype=np.float32)
        return Scores(
            similarity=np.asarray(similarity, dtype=np.float32),
            success=success,
            failure_mode=np.where(success >= 0.5, -1, 0).astype(np.int64),
            failure_posterior=np.ones((len(last), 1), dtype=np.float32),
        )

    def score(self, videos: NDArray[np.uint8] | Sequence[NDArray[np.uint8]], instructions: Sequence[str]) -> Scores:
        """See `a2r_gym.protocols.RewardModel.score`."""
        return self.score_episodes([[read_code(frame) for frame in video] for video in videos])

    def score_steps(self, video: NDArray[np.uint8], instruction: str) -> Scores:
        """See `a2r_gym.protocols.RewardModel.score_steps`."""
        codes = [read_code(frame) for frame in video]
        return self.score_episodes([codes[: end + 1] for end in range(len(codes))])

    def stream(self, instructions: Sequence[str]) -> FrameReadingStream:
        """See `a2r_gym.protocols.RewardModel.stream`."""
        self.streams.append(FrameReadingStream(self, instructions))
        return self.streams[-1]


class FrameReadingStream:
    """Reads the frames of N episodes; implements `RewardStream`, `MarginStream` and `RowStream`.

    Attributes:
        instructions: The N sentences.
        margin: float32, of the last push: similarity minus success.
        log: Every frame in the order it came: (row, reset mark, what it says).
        calls: How often frames were pushed.
    """

    def __init__(self, model: FrameReadingModel, instructions: Sequence[str]) -> None:
        self.instructions = tuple(instructions)
        self.margin = np.zeros(len(self.instructions), dtype=np.float32)
        self.log: list[tuple[int, bool, FrameCode]] = []
        self.calls = 0
        self._model = model
        self._episodes: list[list[FrameCode]] = [[] for _ in self.instructions]

    def push(self, frames: NDArray[np.uint8], reset_mask: NDArray[np.bool_]) -> Scores:
        """See `a2r_gym.protocols.RewardStream.push`."""
        return self.push_rows(np.arange(len(self.instructions)), frames, reset_mask)

    def push_rows(self, rows: NDArray[np.int64], frames: NDArray[np.uint8], reset_mask: NDArray[np.bool_]) -> Scores:
        """See `a2r_gym.wrappers.episode_rewards.RowStream.push_rows`."""
        self.calls += 1
        episodes = []
        for row, frame, first in zip(rows.tolist(), frames, reset_mask.tolist(), strict=True):
            code = read_code(frame)
            self.log.append((row, first, code))
            self._episodes[row] = [code] if first else [*self._episodes[row], code]
            episodes.append(self._episodes[row])
        scores = self._model.score_episodes(episodes)
        self.margin = scores.similarity - scores.success
        return scores
