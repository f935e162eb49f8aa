"""Checks and resizing of frames on their way into a model; the one place where a picture is made to fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from a2r_gym.errors import FrameError, InstructionError

__all__ = ["check_instructions", "check_push", "check_video", "resize_frames"]

_RESIZE_BATCH = 64
"""Pictures that are floats at a time."""


def check_video(video: Any, what: str = "video") -> NDArray[np.uint8]:
    """Check one video.

    Args:
        video: Should be uint8 (T, H, W, 3) with T >= 1.
        what: How the message calls it.

    Returns:
        The same array.

    Raises:
        FrameError: Wrong type, dtype, shape or channel order, or no frames.
    """
    expected = "expected uint8 (T, H, W, 3), RGB, T >= 1"
    if not isinstance(video, np.ndarray):
        raise FrameError(f"{what}: {expected}, got {type(video).__name__}; convert it with np.asarray")
    if video.dtype != np.uint8:
        hint = "multiply values in [0, 1] by 255 and cast" if video.dtype.kind == "f" else "cast with astype"
        raise FrameError(f"{what}: {expected}, got dtype {video.dtype}; {hint}")
    if video.ndim != 4:
        raise FrameError(f"{what}: {expected}, got shape {video.shape}; a single frame needs frame[None]")
    if video.shape[-1] != 3:
        hint = (
            "channels come first: transpose with video.transpose(0, 2, 3, 1)"
            if video.shape[1] == 3
            else "drop an alpha channel with video[..., :3]"
        )
        raise FrameError(f"{what}: {expected}, got shape {video.shape}; {hint}")
    if 0 in video.shape:
        raise FrameError(f"{what}: {expected}, got an empty one of shape {video.shape}")
    return video


def check_instructions(instructions: Any, count: int | None = None) -> list[str]:
    """Check a list of sentences.

    Args:
        instructions: Should be a sequence of non-empty strings.
        count: How many there must be; None: any number.

    Returns:
        The sentences as a list.

    Raises:
        InstructionError: A lone string, an empty sentence, or the wrong number.
    """
    if isinstance(instructions, str) or not isinstance(instructions, Sequence):
        raise InstructionError(f"expected a list of sentences, got {instructions!r}; write [{instructions!r}]")
    for sentence in instructions:
        if not isinstance(sentence, str) or not sentence.strip():
            raise InstructionError(f"each instruction must be a non-empty string, got {sentence!r}")
    if count is not None and len(instructions) != count:
        raise InstructionError(f"expected one instruction per video: {count} videos, {len(instructions)} instructions")
    return list(instructions)


def resize_frames(frames_NHWC: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Bring pictures to size x size: antialiased, bilinear, the aspect ratio given up.

    Args:
        frames_NHWC: uint8 (N, H, W, 3).
        size: In pixels.

    Returns:
        uint8 (N, size, size, 3); the input itself where it fits already.
    """
    if frames_NHWC.shape[1:3] == (size, size):
        return frames_NHWC
    out = np.empty((len(frames_NHWC), size, size, 3), dtype=np.uint8)
    for begin in range(0, len(frames_NHWC), _RESIZE_BATCH):
        part = np.require(frames_NHWC[begin : begin + _RESIZE_BATCH], requirements=["C", "W"])
        pictures = torch.from_numpy(part).permute(0, 3, 1, 2).float()
        small = torch.nn.functional.interpolate(pictures, size=(size, size), mode="bilinear", antialias=True)
        out[begin : begin + len(part)] = small.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return out


def check_push(frames: NDArray[np.uint8], reset_mask: NDArray[np.bool_], episodes: int) -> None:
    """Check that a stream was given one frame and one reset mark for each of its episodes.

    Raises:
        FrameError: It was not.
    """
    if len(frames) != episodes or np.shape(reset_mask) != (len(frames),):
        raise FrameError(
            f"this stream has {episodes} episodes: expected as many frames and reset marks, got "
            f"{len(frames)} frames and reset_mask of shape {np.shape(reset_mask)}"
        )
