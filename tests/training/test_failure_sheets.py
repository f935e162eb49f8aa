"""Every mode with clips has a sheet of them, every mode a line in the index."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from a2r_train.failure_modes import FailureMode
from a2r_train.failure_names import ModeFacts
from a2r_train.failure_sheets import draw_modes
from tests.training.synthetic import TABLETOP, make_clips

FACTS = ModeFacts(num_clips=7, sources=(("missed", 5), ("random", 2)), progress=0.25, peak=0.5)
MODES = (
    FailureMode(task=TABLETOP[0], mode=0, name="missed it", facts=FACTS, exemplars=((12, 0.9), (15, 0.8))),
    FailureMode(task=TABLETOP[0], mode=1, name="no | clips", facts=ModeFacts(num_clips=0, sources=()), exemplars=()),
)


def test_sheets_show_the_exemplars_and_the_index_lists_all(tmp_path: Path) -> None:
    clips = make_clips(size=16)
    asked: list[list[int]] = []

    def frames_of(chosen: NDArray[np.int64]) -> NDArray[np.uint8]:
        asked.append(chosen.tolist())
        return clips.frames[chosen]

    files = draw_modes(MODES, clips, frames_of, tmp_path / "deep" / "out")
    assert asked == [[12, 15]]
    index, page, sheet = files
    assert sheet.name == "tabletop_drawer-close_0_missed-it.png"
    with Image.open(sheet) as picture:
        assert picture.size == (8 * 16, 2 * (16 + 14))
        shown = np.asarray(picture)[14:30, :16]
    np.testing.assert_array_equal(shown, clips.frames[12, 0])
    lines = list(csv.DictReader(index.open()))
    assert lines[0] == {
        "task": TABLETOP[0], "mode": "0", "name": "missed it", "clips": "7", "progress": "0.25", "peak": "0.50",
        "sources": "missed 5, random 2", "sheet": "sheets/tabletop_drawer-close_0_missed-it.png",
    }  # fmt: skip
    assert (lines[1]["clips"], lines[1]["progress"], lines[1]["sheet"]) == ("0", "", "")
    assert "[clips](sheets/tabletop_drawer-close_0_missed-it.png)" in page.read_text()
    assert [path.name for path in sorted(index.parent.iterdir())] == ["index.csv", "index.md", "sheets"]
