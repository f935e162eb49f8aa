"""Zero-shot similarity of models that know single pictures: the mean over a video's frames.

Shape suffixes: N frames or episodes, B videos, T frames that are compared, D embedding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from a2r_gym.errors import FrameError, NonFiniteRewardError
from a2r_gym.models.frames import check_instructions, check_video, resize_frames
from a2r_gym.models.scoring import Calibration
from a2r_gym.models.window import FrameWindow, spread, window_indices
from a2r_gym.protocols import Scores

__all__ = ["FrameMean", "FrameMeanStream"]


class FrameMean:
    """Mean over T frames of the dot product of frame and sentence; implements `a2r_gym.protocols.RewardModel`.

    Frames are chosen and kept as for `Adapt2Reward`, each encoded once; there are no failure modes.

    Args:
        encode: From uint8 (N, S, S, 3) to float32 (N, D) of unit length.
        encode_text: From a sentence to float32 (D,) of unit length.
        image_size: S.
        num_frames: T.
        calibration: From similarity to probability of success; None: sigmoid(similarity), which ranks but is
            no probability.
    """

    def __init__(
        self,
        encode: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
        encode_text: Callable[[str], NDArray[np.float32]],
        *,
        image_size: int,
        num_frames: int,
        calibration: Calibration | None = None,
    ) -> None:
        self.num_frames = num_frames
        self.calibration = calibration or Calibration(slope=1.0, intercept=0.0)
        self._encode, self._encode_text, self._image_size = encode, encode_text, image_size
        self._texts: dict[str, NDArray[np.float32]] = {}

    def encode_frames(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Encode frames of any size: uint8 (N, H, W, 3) to float32 (N, D)."""
        return self._encode(resize_frames(frames, self._image_size))

    def score(self, videos: NDArray[np.uint8] | Sequence[NDArray[np.uint8]], instructions: Sequence[str]) -> Scores:
        """See `RewardModel.score`."""
        if len(videos) == 0:
            raise FrameError("expected at least one video, got none")
        sentences = check_instructions(instructions, len(videos))
        rows = []
        for number, video in enumerate(videos):
            seen = window_indices(len(check_video(video, f"video {number}")), self.num_frames)[-1]
            frames, place = np.unique(seen, return_inverse=True)
            rows.append(self.encode_frames(video[frames])[place])
        return self.compare(np.stack(rows), sentences)

    def score_steps(self, video: NDArray[np.uint8], instruction: str) -> Scores:
        """See `RewardModel.score_steps`."""
        sentences = check_instructions([instruction])
        frames_ND = self.encode_frames(check_video(video))
        rows = window_indices(len(video), self.num_frames)
        return self.compare(frames_ND[rows], sentences * len(rows))

    def stream(self, instructions: Sequence[str]) -> FrameMeanStream:
        """See `RewardModel.stream`."""
        return FrameMeanStream(self, check_instructions(instructions))

    def compare(self, frames_BTD: NDArray[np.float32], instructions: Sequence[str]) -> Scores:
        """Score B videos, given as encoded frames, against one instruction each."""
        for sentence in instructions:
            if sentence not in self._texts:
                self._texts[sentence] = self._encode_text(sentence)
        texts_BD = np.stack([self._texts[sentence] for sentence in instructions])
        similarity = np.einsum("btd,bd->bt", frames_BTD, texts_BD).mean(1)
        if not np.isfinite(similarity).all():
            raise NonFiniteRewardError(f"similarity must be finite, got {similarity[~np.isfinite(similarity)][:4]}")
        similarity = np.clip(similarity, -1.0, 1.0).astype(np.float32)
        count = len(similarity)
        return Scores(
            similarity, self.calibration(similarity), np.full(count, -1, np.int64), np.zeros((count, 0), np.float32)
        )


class FrameMeanStream:
    """Scores of N running episodes; implements `a2r_gym.protocols.RewardStream`."""

    def __init__(self, model: FrameMean, instructions: list[str]) -> None:
        self._model, self._instructions = model, instructions
        self._windows: list[FrameWindow | None] = [None] * len(instructions)
        self._kept: list[list[NDArray[np.float32]]] = [[] for _ in instructions]

    def push(self, frames: NDArray[np.uint8], reset_mask: NDArray[np.bool_]) -> Scores:
        """See `RewardStream.push`.

        Raises:
            FrameError: Wrong frames, or an episode that was never reset.
        """
        if len(frames) != len(self._windows) or np.shape(reset_mask) != (len(frames),):
            raise FrameError(
                f"this stream has {len(self._windows)} episodes: expected as many frames and reset marks, got "
                f"{len(frames)} frames and reset_mask of shape {np.shape(reset_mask)}"
            )
        frames_ND = self._model.encode_frames(check_video(frames, "frames"))
        seen = [self._keep(number, frames_ND[number], bool(reset_mask[number])) for number in range(len(frames))]
        return self._model.compare(np.stack(seen), self._instructions)

    def _keep(self, number: int, frame_D: NDArray[np.float32], first: bool) -> NDArray[np.float32]:
        """Append a frame to an episode; returns the T frames (T, D) that are compared now."""
        window = FrameWindow() if first else self._windows[number]
        if window is None:
            raise FrameError(f"episode {number} has no first frame yet: push it with reset_mask[{number}] = True")
        self._windows[number] = window
        kept = self._kept[number]
        self._kept[number] = [kept[place] for place in window.push()] + [frame_D]
        return np.stack([self._kept[number][place] for place in spread(len(window.kept), self._model.num_frames)])
