"""Clips as arrays: kept frames, labels, and a cache that is read the second time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from a2r_gym.errors import DataError
from a2r_train.data import human_clips
from a2r_train.data.human_clips import load_human_clips
from tests.training.data.human_data import FOLDER, LENGTH, grey, write_layout


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_layout(tmp_path_factory.mktemp("ssv2"))


def test_kept_frames_are_evenly_spread_with_first_and_last(root: Path) -> None:
    clips = load_human_clips(root, [93], frames=5, size=32)
    assert clips.frames.shape == (2, 5, 32, 32, 3)
    assert clips.clip_id.tolist() == [2, 3]
    assert clips.steps[0].tolist() == np.rint(np.linspace(0, LENGTH - 1, 5)).astype(int).tolist()
    shown = clips.frames.mean(axis=(2, 3, 4))
    wanted = [[grey(number, int(step)) for step in clips.steps[0]] for number in (2, 3)]
    assert np.abs(shown - wanted).max() < 4


def test_templates_and_sentences_stand_beside_the_frames(root: Path) -> None:
    clips = load_human_clips(root, ["Closing [something]", 106], frames=2, size=16)
    assert clips.template.tolist() == [5, 106]
    assert clips.instruction.tolist() == ["closing a drawer", "putting a ball into a cup"]
    assert clips.source == "something-something-v2"
    assert np.isnan(clips.progress).all()
    assert clips.done.tolist() == [[False, True]] * 2


def test_the_second_call_maps_the_cache(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_human_clips(root, [93], frames=3, size=16)
    monkeypatch.setattr(human_clips, "decode_webm", None)  # any decoding would fail
    again = load_human_clips(root, [93], frames=3, size=16)
    assert isinstance(again.frames, np.memmap)
    assert (again.frames == first.frames).all()
    assert (again.length == first.length).all()


def test_limit_keeps_the_lowest_numbers_of_each_template(root: Path) -> None:
    assert load_human_clips(root, frames=2, size=16, limit=1).clip_id.tolist() == [1, 2, 4]


def test_select_copies_some(root: Path) -> None:
    clips = load_human_clips(root, frames=2, size=16)
    assert clips.select(clips.template == 93).clip_id.tolist() == [2, 3]
    assert len(clips) == 4


def test_missing_and_damaged_files_are_told(tmp_path: Path) -> None:
    root = write_layout(tmp_path / "data")
    (root / FOLDER / "3.webm").unlink()
    with pytest.raises(DataError, match=r"1 of 2 clips are missing.*first 3.*check-human"):
        load_human_clips(root, [93], frames=2, size=16)
    (root / FOLDER / "3.webm").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"3\.webm"):
        load_human_clips(root, [93], frames=2, size=16)
    assert not list((root / "cache").glob("*.part"))


def test_nothing_left_is_told(root: Path) -> None:
    with pytest.raises(DataError, match="no clips of these templates"):
        load_human_clips(root, [173])
