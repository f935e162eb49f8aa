"""What a collection turned out to hold: successes by task and source, contact sheets to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from a2r_train.data.clips import ClipSet

__all__ = ["draw_source_sheets", "source_table"]


def source_table(clips: ClipSet) -> str:
    """Tell how many episodes of each source ended in success, by task, as text.

    Args:
        clips: The clips.
    """
    sources = list(dict.fromkeys(clips.source.tolist()))
    generated = np.char.isdigit(clips.scene)
    place = np.where(generated, "generated", clips.scene)
    name = np.char.add(np.char.add(clips.family, "/"), clips.task)
    success, ambiguous = _own_labels(clips)
    lines = [f"{'task':<42}{'scene':<11}" + "".join(f"{source:>16}" for source in sources) + f"{'flagged':>9}"]
    for task, where in sorted(set(zip(name.tolist(), place.tolist(), strict=True))):
        mine = (name == task) & (place == where)
        cells = [
            f"{int(success[mine & (clips.source == s)].sum())}/{int((mine & (clips.source == s)).sum())}"
            for s in sources
        ]
        flagged = f"{int(ambiguous[mine].sum())}"
        lines.append(f"{task:<42}{where:<11}" + "".join(f"{cell:>16}" for cell in cells) + f"{flagged:>9}")
    lines.append("successes/episodes of each source, by the state at the last frame; flagged: too close to tell")
    return "\n".join(lines)


def _own_labels(clips: ClipSet) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each clip's own task is done at its end, and whether that is too close to tell."""
    column = {name: index for index, name in enumerate(clips.label_names)}
    own = np.array([column[f"{family}/{task}"] for family, task in zip(clips.family, clips.task, strict=True)])
    rows = np.arange(len(own))
    return clips.success[rows, -1, own] == 1, clips.ambiguous[rows, -1, own]


def draw_source_sheets(clips: ClipSet, folder: Path, per_source: int = 2) -> list[Path]:
    """Draw a contact sheet for each task and kind of scene, with some clips of every source.

    Args:
        clips: The clips.
        folder: Where to.
        per_source: Clips of each source.

    Returns:
        The files.
    """
    from a2r_gym.contact_sheet import draw_sheet

    success, ambiguous = _own_labels(clips)
    groups: dict[str, list[int]] = {}
    taken: dict[tuple[str, str], int] = {}
    for clip in range(len(clips)):
        place = "generated" if clips.scene[clip].isdigit() else clips.scene[clip]
        key = f"{clips.family[clip]}_{clips.task[clip]}_{place}"
        source = str(clips.source[clip])
        taken[key, source] = taken.get((key, source), 0) + 1
        if taken[key, source] <= per_source:
            groups.setdefault(key, []).append(clip)
    files = []
    for key, members in groups.items():
        captions = [
            f"{clips.source[clip]}: {'SUCCESS' if success[clip] else 'failure'}"
            f"{' (flagged)' if ambiguous[clip] else ''}  scene {clips.scene[clip]}  seed {clips.seed[clip]}  "
            f"steps {clips.length[clip]}"
            for clip in members
        ]
        files.append(draw_sheet(np.asarray(clips.frames[members]), captions, folder / f"{key}.png"))
    return files
