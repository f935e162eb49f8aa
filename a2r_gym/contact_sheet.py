"""A contact sheet: one clip per line, its caption above; most of what goes wrong is seen there first."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["draw_sheet"]

_SHEET_FRAMES = 8
_CAPTION_HEIGHT = 14


def draw_sheet(videos: NDArray[np.uint8], captions: Sequence[str], path: Path) -> Path:
    """Write a PNG with one clip per line, its caption above.

    Args:
        videos: uint8 (B, T, H, W, 3); eight frames of each are drawn, first and last included.
        captions: B lines.
        path: Where to.

    Returns:
        ``path``.
    """
    from PIL import Image, ImageDraw

    picks = np.rint(np.linspace(0, videos.shape[1] - 1, _SHEET_FRAMES)).astype(int)
    height, width = videos.shape[2:4]
    sheet = Image.new("RGB", (width * len(picks), (height + _CAPTION_HEIGHT) * len(videos)), "white")
    pen = ImageDraw.Draw(sheet)
    for line, (video, caption) in enumerate(zip(videos, captions, strict=True)):
        top = line * (height + _CAPTION_HEIGHT)
        pen.text((2, top), caption, fill="black")
        sheet.paste(Image.fromarray(np.concatenate(list(video[picks]), axis=1)), (0, top + _CAPTION_HEIGHT))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    sheet.save(part, format="PNG")
    os.replace(part, path)
    return path
