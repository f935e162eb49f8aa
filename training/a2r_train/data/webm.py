"""Decoding of short webm clips through PyAV, and what their containers claim about their length."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from a2r_gym.errors import DataError

__all__ = ["claimed_frames", "decode_webm", "evenly_spread"]


def decode_webm(path: Path, *, size: int | None = None) -> NDArray[np.uint8]:
    """Decode a whole clip.

    Args:
        path: The file.
        size: Side in pixels of the square that is cut out of the middle and scaled; None: as stored.

    Returns:
        uint8 (T, H, W, 3).

    Raises:
        DataError: The file is missing, holds no picture, or cannot be decoded.
    """
    frames: list[NDArray[np.uint8]] = []
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            for frame in container.decode(stream):
                frames.append(_picture(frame, size))
    except (OSError, IndexError, av.error.FFmpegError) as error:
        raise DataError(f"cannot decode {path} after {len(frames)} frames: {error}") from error
    if not frames:
        raise DataError(f"cannot decode {path}: it holds no picture")
    if len({frame.shape for frame in frames}) > 1:
        raise DataError(f"cannot decode {path}: its pictures change their size")
    return np.stack(frames)


def _picture(frame: av.VideoFrame, size: int | None) -> NDArray[np.uint8]:
    if size is None:
        return np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
    scale = size / min(frame.width, frame.height)
    width, height = max(round(frame.width * scale), size), max(round(frame.height * scale), size)
    small = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA" if scale < 1 else "BICUBIC")
    picture = small.to_ndarray()
    left, top = (width - size) // 2, (height - size) // 2
    return np.ascontiguousarray(picture[top : top + size, left : left + size])


def claimed_frames(path: Path) -> int:
    """Return how many frames the file's header promises; 0 where it does not tell.

    Raises:
        DataError: The file cannot be opened.
    """
    try:
        with av.open(str(path)) as container:
            stream: Any = container.streams.video[0]
            rate, duration = stream.average_rate or stream.base_rate, container.duration
            if stream.frames:
                return int(stream.frames)
            return round(float(rate) * duration / av.time_base) if rate and duration else 0
    except (OSError, IndexError, av.error.FFmpegError) as error:
        raise DataError(f"cannot open {path}: {error}") from error


def evenly_spread(num_frames: int, kept: int) -> NDArray[np.int64]:
    """Return which frames are kept: evenly spread, first and last included; a short clip repeats some.

    Args:
        num_frames: Of the clip, at least 1.
        kept: How many, at least 1.

    Example:
        >>> evenly_spread(9, 5)
        array([0, 2, 4, 6, 8])
    """
    return np.rint(np.linspace(0, num_frames - 1, kept)).astype(np.int64)
