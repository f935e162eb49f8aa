"""Reward models that rate what an episode's window shows: one class does frames, windows, streams and scores for all.

Shape suffixes: N frames or episodes, B videos, T frames of the window, F frame feature, M sentences.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from a2r_gym.errors import FrameError, NonFiniteRewardError
from a2r_gym.models.calibration import Calibration
from a2r_gym.models.frames import check_instructions, check_push, check_video, resize_frames
from a2r_gym.models.reward_network import FrameEncoder, RewardNetwork
from a2r_gym.models.runtime import FrameRuntime, make_runtime
from a2r_gym.models.window import FrameWindow, spread, window_indices
from a2r_gym.protocols import ScoreMatrix, Scores

__all__ = ["SimilarityReward", "WindowedReward", "WindowedStream", "network_runtime"]

_RATE_BATCH = 512


def network_runtime(network: RewardNetwork, runtime: str | None) -> FrameRuntime:
    """Freeze a trained network, and return what encodes its frames; see `make_runtime`."""
    network.eval().requires_grad_(False)
    return make_runtime(FrameEncoder(network), network.backbone.image_size, runtime)


class WindowedReward(abc.ABC):
    """Scores videos by their window alone; implements `a2r_gym.protocols.RewardModel`.

    Each frame is encoded once, and stored videos go through the same window as running episodes, so that streamed and
    stored scores agree. A subclass says what T frames are worth.

    Args:
        encode: From uint8 (N, S, S, 3) to float32 (N, F).
        image_size: S.
        num_frames: T.
        calibration: From what is found to probability of success.
        name: How the model is called.

    Attributes:
        calibration: May be put in place later, when it is fitted on the model's own scores.
    """

    def __init__(
        self,
        encode: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
        *,
        image_size: int,
        num_frames: int,
        calibration: Calibration,
        name: str,
    ) -> None:
        self.num_frames, self.name, self.calibration = num_frames, name, calibration
        self._encode, self._image_size = encode, image_size

    @abc.abstractmethod
    def score_windows(self, seen_BTF: NDArray[np.float32], instructions: Sequence[str]) -> Scores:
        """Score B windows against one instruction each.

        Args:
            seen_BTF: float32 (B, T, F), frame features in order of time; the last is the newest frame's.
            instructions: B sentences.
        """

    @property
    def runtime(self) -> str:
        """Name of the runtime that encodes frames."""
        return str(getattr(self._encode, "name", type(self._encode).__name__))

    def exchange_runtime(self, encode: FrameRuntime) -> None:
        """Encode frames by another runtime, for example one that looks features of stored frames up."""
        self._encode = encode

    def encode_frames(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Encode frames of any size: uint8 (N, H, W, 3) to float32 (N, F)."""
        encoded: NDArray[np.float32] = self._encode(resize_frames(frames, self._image_size))
        return encoded

    def see(self, videos: NDArray[np.uint8] | Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Encode the windows of whole videos, each frame once: float32 (B, T, F)."""
        if len(videos) == 0:
            raise FrameError("expected at least one video, got none")
        rows = []
        for number, video in enumerate(videos):
            seen = window_indices(len(check_video(video, f"video {number}")), self.num_frames)[-1]
            frames, place = np.unique(seen, return_inverse=True)
            rows.append(self.encode_frames(video[frames])[place])
        return np.stack(rows)

    def score(self, videos: NDArray[np.uint8] | Sequence[NDArray[np.uint8]], instructions: Sequence[str]) -> Scores:
        """See `RewardModel.score`."""
        sentences = check_instructions(instructions, len(videos))
        return self.score_windows(self.see(videos), sentences)

    def score_steps(self, video: NDArray[np.uint8], instruction: str) -> Scores:
        """See `RewardModel.score_steps`."""
        sentences = check_instructions([instruction])
        features_NF = self.encode_frames(check_video(video))
        rows = window_indices(len(video), self.num_frames)
        return self.score_windows(features_NF[rows], sentences * len(rows))

    def stream(self, instructions: Sequence[str]) -> WindowedStream:
        """See `RewardModel.stream`."""
        return WindowedStream(self, check_instructions(instructions))


class SimilarityReward(WindowedReward):
    """A model that says how well T frames do what a sentence says, and knows no failure modes.

    Args:
        encode: See `WindowedReward`.
        image_size: S.
        num_frames: T.
        calibration: Fitted on held-out clips; None: sigmoid(similarity), which ranks but is no probability.
        name: How the model is called.
    """

    def __init__(
        self,
        encode: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
        *,
        image_size: int,
        num_frames: int,
        calibration: Calibration | None = None,
        name: str,
    ) -> None:
        curve = calibration or Calibration(slope=1.0, intercept=0.0)
        super().__init__(encode, image_size=image_size, num_frames=num_frames, calibration=curve, name=name)

    @abc.abstractmethod
    def rate(self, seen_BTF: NDArray[np.float32], instructions: Sequence[str]) -> NDArray[np.float32]:
        """Rate B windows against M different sentences.

        Args:
            seen_BTF: See `WindowedReward.score_windows`.
            instructions: M sentences.

        Returns:
            float32 (B, M), in [-1, 1].
        """

    def score_matrix(
        self, videos: NDArray[np.uint8] | Sequence[NDArray[np.uint8]], instructions: Sequence[str]
    ) -> ScoreMatrix:
        """Score every video against every instruction, encoding each once.

        Args:
            videos: As for `score`, B of them.
            instructions: M sentences.

        Returns:
            Similarity and success, (B, M) each.
        """
        sentences = check_instructions(instructions)
        similarity = self._rated(self.see(videos), sentences)
        return ScoreMatrix(similarity, self.calibration(similarity))

    def score_windows(self, seen_BTF: NDArray[np.float32], instructions: Sequence[str]) -> Scores:
        """See `WindowedReward.score_windows`."""
        different = list(dict.fromkeys(instructions))
        column = [different.index(sentence) for sentence in instructions]
        similarity = self._rated(seen_BTF, different)[np.arange(len(column)), column]
        count = len(similarity)
        return Scores(
            similarity, self.calibration(similarity), np.full(count, -1, np.int64), np.zeros((count, 0), np.float32)
        )

    def _rated(self, seen_BTF: NDArray[np.float32], instructions: Sequence[str]) -> NDArray[np.float32]:
        parts = np.split(seen_BTF, range(_RATE_BATCH, len(seen_BTF), _RATE_BATCH))
        similarity = np.concatenate([self.rate(part, instructions) for part in parts])
        if not np.isfinite(similarity).all():
            raise NonFiniteRewardError(f"similarity must be finite, got {similarity[~np.isfinite(similarity)][:4]}")
        return np.asarray(np.clip(similarity, -1.0, 1.0), dtype=np.float32)


class WindowedStream:
    """Scores of N running episodes; implements `a2r_gym.protocols.RewardStream`."""

    def __init__(self, model: WindowedReward, instructions: list[str]) -> None:
        self._model, self._instructions = model, instructions
        self._windows: list[FrameWindow | None] = [None] * len(instructions)
        self._kept: list[list[NDArray[np.float32]]] = [[] for _ in instructions]

    def push(self, frames: NDArray[np.uint8], reset_mask: NDArray[np.bool_]) -> Scores:
        """See `RewardStream.push`.

        Raises:
            FrameError: Wrong frames, or an episode that was never reset.
        """
        check_push(frames, reset_mask, len(self._windows))
        return self.push_rows(np.arange(len(frames)), frames, reset_mask)

    def push_rows(self, rows: NDArray[np.int64], frames: NDArray[np.uint8], reset_mask: NDArray[np.bool_]) -> Scores:
        """Add frames to some of the episodes and score those; the others stay as they are.

        Args:
            rows: int64 (M,), the episode of each frame. A row may come twice: its frames are in order.
            frames: uint8 (M, H, W, 3), RGB.
            reset_mask: bool (M,), True where the frame is the first of an episode.

        Returns:
            Scores with M rows, each as of its own frame.

        Raises:
            FrameError: Wrong frames, or an episode that was never reset.
        """
        features_MF = self._model.encode_frames(check_video(frames, "frames"))
        seen = [
            self._keep(number, features_MF[place], bool(reset_mask[place]))
            for place, number in enumerate(rows.tolist())
        ]
        return self._score(np.stack(seen), [self._instructions[number] for number in rows.tolist()])

    def _score(self, seen_MTF: NDArray[np.float32], instructions: list[str]) -> Scores:
        return self._model.score_windows(seen_MTF, instructions)

    def _keep(self, number: int, feature_F: NDArray[np.float32], first: bool) -> NDArray[np.float32]:
        """Append a frame to an episode; returns the T frames (T, F) that are seen now."""
        window = FrameWindow() if first else self._windows[number]
        if window is None:
            raise FrameError(f"episode {number} has no first frame yet: push it with reset_mask[{number}] = True")
        self._windows[number] = window
        kept = self._kept[number]
        kept = self._kept[number] = [*(kept[place] for place in window.push().tolist()), feature_F]
        return np.stack([kept[place] for place in spread(len(kept), self._model.num_frames).tolist()])
