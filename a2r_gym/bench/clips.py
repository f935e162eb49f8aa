"""Labelled clips: a list in Python, or a folder of videos with ``labels.csv``."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2r_gym.errors import DataError

__all__ = ["COLUMNS", "LABELS", "Clip", "read_labels"]

LABELS: Final = "labels.csv"
COLUMNS: Final = ("video", "instruction", "success")
_WORDS: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_SHOWN: Final = 10


class Clip(NamedTuple):
    """A video, a sentence, and whether the video does what the sentence says.

    The same video may come with several instructions, each a clip of its own.

    Attributes:
        video: A file or folder that `a2r_gym.video_file.read_clip` reads, or uint8 (T, H, W, 3), RGB.
        instruction: The sentence.
        success: The label.
        name: What the video is called in reports; empty: its path, or its number.
    """

    video: Path | NDArray[np.uint8]
    instruction: str
    success: bool
    name: str = ""


def read_labels(folder: Path) -> list[Clip]:
    """Read the labels of a folder of videos; the videos themselves are not opened.

    ``labels.csv`` is UTF-8 with commas and a head line. ``video`` is relative to the folder, ``success`` is 1, true or
    yes, else 0, false or no. Further columns are ignored.

    Args:
        folder: Holds ``labels.csv``.

    Returns:
        A clip per line, in the file's order.

    Raises:
        DataError: The file or a column is missing, it has no lines, or lines are wrong: all of them are named.
    """
    path = folder / LABELS
    if not path.is_file():
        raise DataError(
            f"{folder} {'holds no ' + LABELS if folder.is_dir() else 'is no folder'}; expected a folder of videos with "
            f"{LABELS}, whose head is {','.join(COLUMNS)} and whose lines are like: robot_01.mp4,close the drawer,1"
        )
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            found = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = found
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot read {path} ({error}); expected CSV in UTF-8") from error
    missing = [name for name in COLUMNS if name not in found]
    if missing:
        raise DataError(
            f"{path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; expected {','.join(COLUMNS)} in "
            f"the first line, separated by commas; it has: {', '.join(found) or 'nothing'}"
        )
    if not rows:
        raise DataError(f"{path} has a head but no lines: nothing is labelled")
    return _checked(path, folder, rows)


def _checked(path: Path, folder: Path, rows: Sequence[tuple[int, dict[str, str]]]) -> list[Clip]:
    clips: list[Clip] = []
    wrong: list[str] = []
    seen: dict[tuple[str, str], int] = {}
    for line, row in rows:
        video, instruction, success = ((row[name] or "").strip() for name in COLUMNS)
        if not video or not instruction:
            wrong.append(f"line {line} has no {'instruction' if video else 'video'}")
        elif success.lower() not in _WORDS:
            wrong.append(f"line {line} has success {success!r}, expected 1 or 0")
        elif (video, instruction) in seen:
            wrong.append(f"line {line} repeats the video and instruction of line {seen[video, instruction]}")
        else:
            seen[video, instruction] = line
            clips.append(Clip(folder / video, instruction, _WORDS[success.lower()], video))
    if wrong:
        more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise DataError(f"{path}: {'; '.join(wrong[:_SHOWN])}{more}")
    return clips
