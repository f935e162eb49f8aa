"""Videos from disk: any file that FFmpeg decodes, or a folder of numbered pictures, thinned and checked for cuts.

A decoder stops without a word where a file was cut off, so what was decoded is compared with the length that the file
itself states. Only the frames that are kept are converted, so the length of a video costs time, never memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from a2r_gym.errors import A2RError

__all__ = ["MAX_SIDE", "PICTURES", "VideoClip", "VideoFileError", "read_clip"]

PICTURES: Final = (".bmp", ".jpeg", ".jpg", ".png", ".webp")
"""Endings of the pictures that a folder may hold."""
MAX_SIDE: Final = 512
"""Pixels; larger frames are shrunk to it when they are read, for models look at far smaller ones."""
_GIF_END: Final = b";"
_CUT = "it was cut off, by a full disk, a broken download or a killed recorder: get or record it again"


class VideoFileError(A2RError, OSError):
    """A video file or a folder of pictures is missing, empty, cut, or cannot be decoded."""


@dataclass(frozen=True, kw_only=True)
class VideoClip:
    """A video, or an even selection of its frames.

    Attributes:
        frames: uint8 (T, H, W, 3), RGB.
        places: int64 (T,), number of each frame in the whole video, rising, from 0 to ``num_frames - 1``.
        num_frames: Frames of the whole video.
        fps: Frames per second; 0.0 where nothing tells it, as in a folder of pictures.
    """

    frames: NDArray[np.uint8]
    places: NDArray[np.int64]
    num_frames: int
    fps: float


def read_clip(path: Path, max_frames: int = 128) -> VideoClip:
    """Read a video.

    Args:
        path: A file (mp4, webm, gif, avi and whatever else FFmpeg decodes) or a folder of numbered pictures.
        max_frames: Of a longer video as many are kept, evenly spread, with the first and the last; >= 2.

    Returns:
        The frames.

    Raises:
        VideoFileError: There is no such file, it is empty, cut or no video, or it shows one colour throughout.
    """
    if max_frames < 2:
        raise VideoFileError(f"max_frames must be at least 2, the first and the last frame; got {max_frames}")
    if not path.exists():
        raise VideoFileError(f"{path} does not exist; expected a video file or a folder of numbered pictures")
    if path.is_file() and path.stat().st_size == 0:
        raise VideoFileError(f"{path} is empty (0 bytes): {_CUT}")
    clip = _read_folder(path, max_frames) if path.is_dir() else _read_file(path, max_frames)
    if (clip.frames == clip.frames[:, :1, :1]).all():
        raise VideoFileError(
            f"{path}: every frame is of one colour, so there is nothing to score; open it in a player, and see to "
            "what recorded it (a closed or stolen OpenGL context gives black frames: run `a2r doctor`)"
        )
    return clip


def _shrunk(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bring a frame's longer side down to `MAX_SIDE`."""
    factor = MAX_SIDE / max(frame.shape[:2])
    if factor >= 1.0:
        return frame
    height, width = (max(1, round(side * factor)) for side in frame.shape[:2])
    return np.asarray(Image.fromarray(frame).resize((width, height), Image.Resampling.BOX, reducing_gap=2.0))


# ---------------------------------------------------------------------- a file


@dataclass
class _Thinned:
    """Keeps frames at an even distance without knowing how many will come: when full, every second one goes.

    Attributes:
        room: How many must be left at least once there were as many.
        convert: From a decoded frame to an array; called for kept frames only.
    """

    room: int
    convert: Callable[[Any], NDArray[np.uint8]]
    count: int = 0
    _stride: int = 1
    _kept: dict[int, NDArray[np.uint8]] = field(default_factory=dict)
    _last: Any = None

    def add(self, frame: Any) -> None:
        """Take the next frame."""
        if self.count % self._stride == 0:
            self._kept[self.count] = self.convert(frame)
        self._last = frame
        self.count += 1
        if len(self._kept) > 2 * self.room:
            self._stride *= 2
            self._kept = {place: kept for place, kept in self._kept.items() if place % self._stride == 0}

    def select(self) -> tuple[NDArray[np.int64], list[NDArray[np.uint8]]]:
        """Return places and frames, ``room`` of them at most, the last one among them."""
        if self.count - 1 not in self._kept:
            self._kept[self.count - 1] = self.convert(self._last)
        places = np.asarray(sorted(self._kept), dtype=np.int64)
        if len(places) > self.room:
            wanted = np.linspace(0, self.count - 1, self.room)
            places = np.unique(places[np.abs(places[:, None] - wanted).argmin(0)])
        return places, [self._kept[place] for place in places.tolist()]


def _read_file(path: Path, max_frames: int) -> VideoClip:
    kept = _Thinned(max_frames, _to_array)
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                held = ", ".join(stream.type for stream in container.streams)
                raise VideoFileError(f"{path} holds no video, only {held}" if held else f"{path} holds nothing: {_CUT}")
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            end = _decode(path, container, kept)
            fps = float(stream.average_rate or 0.0)
            _check_length(path, container, kept.count, end, fps)
    except (av.error.FFmpegError, UnicodeDecodeError) as error:
        reason = f"after {kept.count} frames: {getattr(error, 'strerror', error)}"
        raise VideoFileError(
            f"cannot decode {path}, {reason}; expected a video that FFmpeg reads (mp4, webm, gif, ...). If it plays "
            f"elsewhere convert it to mp4; if not, {_CUT}"
        ) from error
    if kept.count == 0:
        raise VideoFileError(f"{path} holds no frame: {_CUT}")
    places, frames = kept.select()
    if len({frame.shape for frame in frames}) > 1:
        raise VideoFileError(f"{path} changes its picture size midway; convert it to one size")
    return VideoClip(frames=np.stack(frames), places=places, num_frames=kept.count, fps=fps)


def _to_array(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """Convert a decoded frame; telephones store a turned picture and say so."""
    quarters = round(getattr(frame, "rotation", 0) / 90)
    return _shrunk(np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), quarters)))


def _decode(path: Path, container: Any, kept: _Thinned) -> float:
    """Decode the first video stream; returns the second at which the last packet of any stream ends."""
    video = container.streams.video[0]
    end = 0.0
    for packet in container.demux():
        if packet.pts is not None and packet.time_base is not None:
            end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        if packet.stream.index != video.index:
            continue
        if packet.is_corrupt:
            raise VideoFileError(f"{path} is broken after {kept.count} frames: {_CUT}")
        for frame in packet.decode():
            kept.add(frame)
    return end


def _check_length(path: Path, container: Any, count: int, end: float, fps: float) -> None:
    """Compare what was decoded with what the container says about itself."""
    stated = container.streams.video[0].frames
    frame_seconds = 1.0 / fps if fps else 0.04
    if container.duration is not None:
        # Where no number of frames is stated, the last packet often does not tell how long it lasts.
        slack = frame_seconds * (0.5 if stated > count else 1.5) + 0.01
        seconds = container.duration / av.time_base
        if end < seconds - slack:
            of = f" of {stated}" if stated else ""
            raise VideoFileError(
                f"{path} ends early: {count}{of} frames, {end:.2f} of {seconds:.2f} s could be decoded; {_CUT}"
            )
    if container.format.name == "gif" and not path.read_bytes().rstrip(b"\0").endswith(_GIF_END):
        raise VideoFileError(
            f"{path} ends early, after {count} frames: a GIF closes with a mark, and it is missing; {_CUT}"
        )


# ---------------------------------------------------------------------- a folder of pictures


def _read_folder(path: Path, max_frames: int) -> VideoClip:
    files = _numbered(path)
    places = np.unique(np.rint(np.linspace(0, len(files) - 1, min(max_frames, len(files)))).astype(np.int64))
    frames = []
    for place in places.tolist():
        frames.append(_read_picture(files[place]))
        if frames[-1].shape != frames[0].shape:
            raise VideoFileError(
                f"all pictures of {path} must have one size: {files[place].name} has {_size(frames[-1])}, "
                f"{files[0].name} has {_size(frames[0])}"
            )
    return VideoClip(frames=np.stack(frames), places=places, num_frames=len(files), fps=0.0)


def _numbered(path: Path) -> list[Path]:
    """List a folder's pictures by the last number in their names: frame_9 comes before frame_10."""
    pictures = sorted(file for file in path.iterdir() if file.suffix.lower() in PICTURES and file.is_file())
    if not pictures:
        raise VideoFileError(
            f"{path} holds no pictures; expected numbered ones ({', '.join(PICTURES)}), or a video file"
        )
    numbers: dict[int, Path] = {}
    for picture in pictures:
        found = re.findall(r"\d+", picture.stem)
        if not found:
            raise VideoFileError(f"{picture} has no number in its name, so its place is unknown: frame_0001.png, ...")
        if int(found[-1]) in numbers:
            raise VideoFileError(
                f"{numbers[int(found[-1])].name} and {picture.name} in {path} have the same number; one video a folder"
            )
        numbers[int(found[-1])] = picture
    return [numbers[number] for number in sorted(numbers)]


def _read_picture(path: Path) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as picture:
            if picture.mode.startswith(("I", "F")):
                raise VideoFileError(f"{path} has more than 8 bits a channel ({picture.mode}); save it as 8-bit RGB")
            return _shrunk(np.asarray(picture.convert("RGB")))
    except (UnidentifiedImageError, OSError) as error:
        if isinstance(error, VideoFileError):
            raise
        raise VideoFileError(f"cannot read the picture {path} ({error}); it is cut or no picture") from error


def _size(frame: NDArray[np.uint8]) -> str:
    return f"{frame.shape[1]} x {frame.shape[0]} px"
