"""Pictures that say which environment, episode and step they show."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2r_gym.errors import FrameError

__all__ = ["FrameCode", "draw_code", "read_code"]

_MARK = np.asarray([[17, 34, 51], [68, 85, 102]], dtype=np.uint8)


class FrameCode(NamedTuple):
    """What a picture says; each number in [0, 65535].

    Attributes:
        env: Number of the environment.
        episode: Episodes before this one in that environment.
        step: Steps since the reset.
    """

    env: int
    episode: int
    step: int


def draw_code(code: FrameCode, size: int = 16) -> NDArray[np.uint8]:
    """Draw a picture.

    Args:
        code: What it says.
        size: Height and width in pixels, >= 4.

    Returns:
        uint8 (size, size, 3), never of one colour.

    Example:
        >>> read_code(draw_code(FrameCode(1, 2, 300)))
        FrameCode(env=1, episode=2, step=300)
    """
    frame = np.zeros((size, size, 3), dtype=np.uint8)
    frame[0, :2] = _MARK
    frame[1, 0] = [value // 256 for value in code]
    frame[1, 1] = [value % 256 for value in code]
    return frame


def read_code(frame: NDArray[np.uint8]) -> FrameCode:
    """Read a picture that `draw_code` drew.

    Args:
        frame: uint8 (H, W, 3), not resized.

    Returns:
        What it says.

    Raises:
        FrameError: It is another picture.
    """
    if frame.dtype != np.uint8 or frame.ndim != 3 or not np.array_equal(frame[0, :2], _MARK):
        raise FrameError("expected a picture by a2r_gym.testing.draw_code, got another one")
    return FrameCode(*(int(high) * 256 + int(low) for high, low in zip(frame[1, 0], frame[1, 1], strict=True)))
