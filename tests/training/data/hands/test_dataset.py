"""The data set is SS-V2's layout to the letter, the same for any number of workers, and goes on after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from a2r_gym.errors import DataError, UnknownNameError
from a2r_train.data.hands import dataset
from a2r_train.data.hands.dataset import HandsConfig, make_hands
from a2r_train.data.hands.sheets import draw_template_sheets
from a2r_train.data.human_clips import load_human_clips
from a2r_train.data.integrity import check_integrity
from a2r_train.data.something_something import VIDEO_FOLDER, SomethingSomething
from a2r_train.data.ssv2_templates import TEMPLATES

CONFIG = HandsConfig(seed=4, num_clips=8, templates=(93, 94))


def _videos(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (root / VIDEO_FOLDER).iterdir()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hands") / "data"
    assert make_hands(CONFIG, root, workers=1) == 8
    return root


def test_the_json_files_are_those_of_the_real_data_set(made: Path) -> None:
    labels = json.loads((made / "labels/labels.json").read_text())
    assert labels["Closing something"] == "5"
    assert len(labels) == 174
    entry = json.loads((made / "labels/train.json").read_text())[0]
    assert set(entry) == {"id", "label", "template", "placeholders"}
    assert entry["template"] in {template.text for template in TEMPLATES}
    assert entry["label"] == entry["template"].lower().replace("[something]", entry["placeholders"][0])
    everything = [json.loads((made / f"labels/{name}.json").read_text()) for name in ("train", "validation", "test")]
    numbers = sorted(int(row["id"]) for rows in everything for row in rows)
    assert numbers == list(range(1, 9))
    assert all(set(row) == {"id"} for row in everything[2])


def test_the_reader_reads_it_with_exact_facts(made: Path) -> None:
    data = SomethingSomething(made)
    assert data.source == "hands"
    assert set(data.facts) == set(range(1, 9))
    for clip in data.clips:
        facts = data.facts[clip.id]
        assert len(facts["progress"]) == len(facts["way"]) == len(data.video(clip))
        assert facts["template"] == clip.template
        assert facts["direction"] == {93: "right", 94: "left"}[clip.template]
    assert check_integrity(made).is_whole


def test_frames_before_the_end_of_the_action_are_not_done(made: Path) -> None:
    clips = load_human_clips(made, frames=8, size=32)
    assert clips.source == "hands"
    assert not clips.done[:, 0].any()
    assert clips.done[:, -1].all()
    assert (np.diff(clips.progress, axis=1) >= -1e-6).all()


def test_two_workers_write_the_same_as_one(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "CHUNK", 4)
    make_hands(CONFIG, tmp_path / "two", workers=2)
    assert _videos(tmp_path / "two") == _videos(made)
    assert (tmp_path / "two/hands.json").read_bytes() == (made / "hands.json").read_bytes()


def test_a_killed_run_goes_on_with_what_is_left(made: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    code = (
        "from a2r_train.data.hands.dataset import HandsConfig, make_hands\n"
        "from pathlib import Path\n"
        f"make_hands(HandsConfig(seed=4, num_clips=8, templates=(93, 94)), Path({str(root)!r}), workers=1)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    end = time.monotonic() + 120
    while not (root / VIDEO_FOLDER / "2.webm").exists() and time.monotonic() < end:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    there = {path.name: path.stat().st_mtime_ns for path in (root / VIDEO_FOLDER).glob("*.webm")}
    assert 2 <= len(there) < 8
    (root / VIDEO_FOLDER / "8.part").write_bytes(b"half")
    assert make_hands(CONFIG, root, workers=1) == 8 - len(there)
    assert {name: (root / VIDEO_FOLDER / name).stat().st_mtime_ns for name in there} == there
    assert _videos(root) == _videos(made)
    assert make_hands(CONFIG, root, workers=1) == 0


def test_a_lost_clip_is_rendered_again(made: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    make_hands(CONFIG, root, workers=1)
    (root / VIDEO_FOLDER / "3.webm").unlink()
    assert make_hands(CONFIG, root, workers=1) == 1
    assert _videos(root) == _videos(made)


def test_another_seed_gives_other_clips(made: Path, tmp_path: Path) -> None:
    make_hands(HandsConfig(seed=5, num_clips=1, templates=(93, 94)), tmp_path / "other", workers=1)
    assert _videos(tmp_path / "other")["1.webm"] != _videos(made)["1.webm"]


def test_foreign_folders_are_refused(made: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds other clips"):
        make_hands(HandsConfig(seed=9, num_clips=8, templates=(93, 94)), made, workers=1)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="not empty"):
        make_hands(CONFIG, tmp_path, workers=1)


def test_wrong_numbers_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at least 1"):
        HandsConfig(num_clips=0)
    with pytest.raises(UnknownNameError, match="173"):
        HandsConfig(templates=(173,))
    with pytest.raises(DataError, match="workers"):
        make_hands(CONFIG, tmp_path, workers=0)


def test_a_sheet_is_drawn_for_each_template(made: Path, tmp_path: Path) -> None:
    files = draw_template_sheets(made, tmp_path / "sheets")
    assert [path.name[:3] for path in files] == ["093", "094"]
    assert all(path.stat().st_size > 1000 for path in files)
