"""Contact sheets of human clips: a few frames of each, with labels or without."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from a2r_gym.contact_sheet import draw_sheet
from a2r_train.data.something_something import HumanClip, SomethingSomething
from a2r_train.data.ssv2_templates import TEMPLATES
from a2r_train.data.webm import evenly_spread

__all__ = ["draw_clips", "draw_template_sheets"]

ROWS: Final = 10
"""Clips on a sheet."""
FRAMES: Final = 8
SIDE: Final = 128


def draw_clips(
    data: SomethingSomething, clips: Sequence[HumanClip], path: Path, captions: Sequence[str] | None = None
) -> Path:
    """Draw one sheet.

    Args:
        data: Where the clips are.
        clips: One a line.
        path: The PNG.
        captions: A line each; None: number, split and sentence.
    """
    videos = [data.video(clip, size=SIDE) for clip in clips]
    kept = np.stack([video[evenly_spread(len(video), FRAMES)] for video in videos])
    lines = captions or [f"{clip.id} {clip.split}: {clip.template} {clip.sentence}" for clip in clips]
    return draw_sheet(kept, list(lines), path)


def draw_template_sheets(root: Path, folder: Path, rows: int = ROWS) -> list[Path]:
    """Draw a sheet for each template.

    Args:
        root: The data set.
        folder: Made where missing.
        rows: Clips of each template.
    """
    data = SomethingSomething(root)
    files = []
    for template in sorted({clip.template for clip in data.clips if clip.template >= 0}):
        clips = data.select(templates=[template], split=None)[:rows]
        name = "".join(letter if letter.isalnum() else "_" for letter in TEMPLATES[template].name.lower())[:60]
        files.append(draw_clips(data, clips, folder / f"{template:03d}_{name}.png"))
    return files
