"""Which frames of an episode are kept, and which of the kept ones the head sees.

At most 64 frame features are kept: when full, every second is dropped and the stride doubles. T of the
kept ones, evenly spread with the first and the last, feed the head. The newest frame is always seen, even
between two strides. Stored videos go through the same rule, so streamed and stored scores agree.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_KEPT", "FrameWindow", "spread", "window_indices"]

MAX_KEPT = 64


@functools.lru_cache(maxsize=4096)
def spread(count: int, num_frames: int) -> NDArray[np.int64]:
    """Pick ``num_frames`` of ``count`` positions, evenly, first and last included; of one it is the last.

    Args:
        count: How many there are, >= 1.
        num_frames: How many to pick; repeats where ``count`` is smaller.

    Returns:
        int64 (num_frames,), rising, read-only.
    """
    if num_frames == 1:
        picked = np.array([count - 1], dtype=np.int64)
    else:
        picked = np.rint(np.linspace(0, count - 1, num_frames)).astype(np.int64)
    picked.flags.writeable = False  # everyone is given the same one
    return picked


class FrameWindow:
    """Indices of the kept frames of one episode.

    Attributes:
        kept: Frame numbers that are kept, rising, at most `MAX_KEPT`; the last one is the newest frame.
    """

    def __init__(self) -> None:
        self.kept: list[int] = []
        self._stride = 1
        self._seen = 0

    def push(self) -> NDArray[np.int64]:
        """Count one new frame in.

        Returns:
            int64 positions into the list of features that the caller held before this push: those to keep.
            The caller appends the new feature behind them.
        """
        # The newest frame of the last push stays only where it stands on the stride; all others do.
        if self.kept and self.kept[-1] % self._stride:
            self.kept.pop()
        keep = np.arange(len(self.kept))
        if len(keep) == MAX_KEPT:
            self._stride *= 2
            keep = np.array([place for place, frame in enumerate(self.kept) if frame % self._stride == 0])
            self.kept = [self.kept[place] for place in keep]
        self.kept.append(self._seen)
        self._seen += 1
        return keep


def window_indices(num_frames: int, head_frames: int) -> NDArray[np.int64]:
    """Frame numbers that the head sees for every prefix of a video.

    Args:
        num_frames: Length of the video, >= 1.
        head_frames: T.

    Returns:
        int64 (num_frames, T).
    """
    window = FrameWindow()
    rows = np.empty((num_frames, head_frames), dtype=np.int64)
    for row in rows:
        window.push()
        row[:] = np.asarray(window.kept)[spread(len(window.kept), head_frames)]
    return rows
