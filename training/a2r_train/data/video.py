"""Small pictures in an mp4 file: H.264 in RGB, every clip starting with a key frame, so that decoding is near exact."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from a2r_gym.errors import DataError

__all__ = ["CODEC", "FPS", "PIXEL_FORMAT", "VideoWriter", "read_video"]

FPS: Final = 10
"""Frames per second written in the files; the clips' own steps are in the tables beside them."""
CODEC: Final = "libx264rgb"
PIXEL_FORMAT: Final = "gbrp"
"""How the frames are stored: RGB planes. Chroma at a quarter of the resolution would blur the small objects."""
_QUALITY: Final = {"crf": "12", "preset": "veryfast", "bf": "0"}


class VideoWriter:
    """Appends clips to one mp4 file; it has its name only once all is written.

    Use as a context manager: an exception inside leaves no file.
    """

    def __init__(self, path: Path, *, width: int, height: int, clip_length: int) -> None:
        """Open the file.

        Args:
            path: Of the finished file; its folder is made.
            width: Pixels, even.
            height: Pixels, even.
            clip_length: Frames of each clip: as often comes a key frame.
        """
        self.path = path
        self.num_frames = 0
        self._size = (height, width, 3)
        self._clip_length = clip_length
        self._part = path.with_name(path.name + ".part")
        self._container: Any = None
        self._stream: VideoStream | None = None

    def __enter__(self) -> VideoWriter:
        """Create the file under its temporary name."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._container = av.open(str(self._part), "w", format="mp4")
        stream: VideoStream = self._container.add_stream(CODEC, rate=FPS, options=_QUALITY)
        stream.height, stream.width = self._size[:2]
        stream.pix_fmt = "rgb24"
        stream.codec_context.thread_count = 1
        stream.codec_context.gop_size = self._clip_length
        self._stream = stream
        return self

    def append(self, frames: NDArray[np.uint8]) -> None:
        """Write a clip.

        Args:
            frames: uint8 (T, H, W, 3), T the writer's ``clip_length``.
        """
        if frames.shape != (self._clip_length, *self._size) or frames.dtype != np.uint8:
            raise DataError(
                f"expected uint8 frames of shape {(self._clip_length, *self._size)}, got {frames.dtype} {frames.shape}"
            )
        assert self._stream is not None, "used outside of its context"
        for frame in frames:
            for packet in self._stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")):
                self._container.mux(packet)
        self.num_frames += len(frames)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file, or remove it where something went wrong."""
        assert self._stream is not None, "used outside of its context"
        if kind is None:
            for packet in self._stream.encode():
                self._container.mux(packet)
        self._container.close()
        if kind is None:
            os.replace(self._part, self.path)
        else:
            self._part.unlink(missing_ok=True)


def read_video(path: Path, num_frames: int) -> Iterator[NDArray[np.uint8]]:
    """Decode a file frame by frame.

    Args:
        path: The file.
        num_frames: How many frames there must be: a cut file decodes short without an error of its own.

    Yields:
        uint8 (H, W, 3).

    Raises:
        DataError: The file is missing, broken, or holds another number of frames.
    """
    count = 0
    try:
        with av.open(str(path)) as container:
            container.streams.video[0].codec_context.thread_count = 1
            for frame in container.decode(video=0):
                count += 1
                if count > num_frames:
                    break
                yield np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
    except (OSError, av.error.FFmpegError) as error:
        raise DataError(f"cannot decode {path} after {count} of {num_frames} frames: {error}") from error
    if count != num_frames:
        found = "more" if count > num_frames else str(count)
        raise DataError(f"{path} holds {found} frames, expected {num_frames}: the file is cut or belongs elsewhere")
