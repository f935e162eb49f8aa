"""Pictures of failure modes: a contact sheet of exemplar clips for each, and an index of all."""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from a2r_gym.contact_sheet import draw_sheet
from a2r_train.data.clips import ClipSet
from a2r_train.failure_modes import FailureMode

__all__ = ["draw_modes"]

_COLUMNS = ("task", "mode", "name", "clips", "progress", "peak", "sources", "sheet")


def draw_modes(
    modes: Sequence[FailureMode],
    clips: ClipSet,
    frames_of: Callable[[NDArray[np.int64]], NDArray[np.uint8]],
    folder: Path,
) -> list[Path]:
    """Write a contact sheet for each mode that has clips, and an index as CSV and as Markdown.

    Args:
        modes: The modes.
        clips: What is known about their clips.
        frames_of: From clips int64 (N,) to their frames, uint8 (N, T, H, W, 3).
        folder: Made where missing.

    Returns:
        The index files, then the sheets.
    """
    sheets: dict[int, Path] = {}
    for place, mode in enumerate(tqdm(modes, desc="drawing failure modes", unit="mode")):
        if mode.exemplars:
            videos = frames_of(np.array([clip for clip, _ in mode.exemplars], dtype=np.int64))
            captions = [_caption(mode, clips, clip, closeness) for clip, closeness in mode.exemplars]
            sheets[place] = draw_sheet(videos, captions, folder / "sheets" / _file_name(mode))
    lines = [_line(mode, sheets.get(place), folder) for place, mode in enumerate(modes)]
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _write(folder / "index.csv", _csv(lines)),
        _write(folder / "index.md", _markdown(lines)),
        *sheets.values(),
    ]


def _file_name(mode: FailureMode) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", mode.name.lower()).strip("-")
    return f"{mode.task.replace('/', '_')}_{mode.mode}_{slug}.png"


def _caption(mode: FailureMode, clips: ClipSet, clip: int, closeness: float) -> str:
    progress = clips.progress[clip, :, clips.label_names.index(mode.task)]
    return (
        f"#{clip} {mode.task}  mode {mode.mode}  cosine {closeness:.2f}  source {clips.source[clip]}  scene "
        f"{clips.scene[clip]}  seed {clips.seed[clip]}  progress {progress.max():.2f}, at the end {progress[-1]:.2f}"
    )


def _line(mode: FailureMode, sheet: Path | None, folder: Path) -> dict[str, str]:
    facts = mode.facts
    return {
        "task": mode.task,
        "mode": str(mode.mode),
        "name": mode.name,
        "clips": str(facts.num_clips),
        "progress": "" if math.isnan(facts.progress) else f"{facts.progress:.2f}",
        "peak": "" if math.isnan(facts.peak) else f"{facts.peak:.2f}",
        "sources": ", ".join(f"{source} {count}" for source, count in facts.sources),
        "sheet": sheet.relative_to(folder).as_posix() if sheet is not None else "",
    }


def _csv(lines: Sequence[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _markdown(lines: Sequence[dict[str, str]]) -> str:
    rows = [f"| {' | '.join(_COLUMNS)} |", f"|{' --- |' * len(_COLUMNS)}"]
    for line in lines:
        cells = {**line, "sheet": f"[clips]({line['sheet']})" if line["sheet"] else ""}
        rows.append(f"| {' | '.join(cells[column] for column in _COLUMNS)} |")
    note = (
        "Progress is the mean of the clips' own task at their end, peak the mean of the largest on the way; sources "
        "are what the clips' controllers set out to do. A sheet shows the clips nearest to the mode's centre."
    )
    return "\n".join(["# Failure modes", "", note, "", *rows, ""])


def _write(path: Path, text: str) -> Path:
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
    return path
