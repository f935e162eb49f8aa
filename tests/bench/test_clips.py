"""labels.csv: what is read, and how every mistake is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from a2r_gym.bench.clips import Clip, read_labels
from a2r_gym.errors import DataError
from tests.bench.videos import write_labels


def test_lines_become_clips_in_their_order(tmp_path: Path) -> None:
    write_labels(tmp_path, "b.mp4,close the drawer,1", "a.mp4, open it ,False", '"c,d.mp4",close the drawer,YES')
    assert read_labels(tmp_path) == [
        Clip(tmp_path / "b.mp4", "close the drawer", True, "b.mp4"),
        Clip(tmp_path / "a.mp4", "open it", False, "a.mp4"),
        Clip(tmp_path / "c,d.mp4", "close the drawer", True, "c,d.mp4"),
    ]


def test_a_spreadsheets_mark_spaces_and_further_columns_do_not_matter(tmp_path: Path) -> None:
    text = "\ufeffnote, success ,video,instruction\r\nold,0,a.mp4,close\r\n"
    (tmp_path / "labels.csv").write_text(text, encoding="utf-8", newline="")
    assert read_labels(tmp_path) == [Clip(tmp_path / "a.mp4", "close", False, "a.mp4")]


def test_a_folder_without_labels_is_told_what_they_look_like(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no labels\.csv.*video,instruction,success"):
        read_labels(tmp_path)
    with pytest.raises(DataError, match="is no folder"):
        read_labels(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("video,success\na.mp4,1\n", "lacks the column instruction.*it has: video, success"),
        ("video;instruction;success\na.mp4;b;1\n", "columns video, instruction, success.*separated by commas"),
        ("", "it has: nothing"),
        ("video,instruction,success\n", "no lines"),
    ],
)
def test_missing_columns_and_lines_are_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_labels(tmp_path)


def test_all_wrong_lines_are_told_at_once(tmp_path: Path) -> None:
    write_labels(tmp_path, "a.mp4,close,1", "b.mp4,close,maybe", ",close,1", "c.mp4,,0", "a.mp4,close,0", "d.mp4")
    with pytest.raises(DataError) as caught:
        read_labels(tmp_path)
    told = str(caught.value)
    assert "line 3 has success 'maybe'" in told
    assert "line 4 has no video" in told
    assert "line 5 has no instruction" in told
    assert "line 6 repeats the video and instruction of line 2" in told
    assert "line 7 has no instruction" in told


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes("video,instruction,success\nü.mp4,schließen,1\n".encode("latin-1"))
    with pytest.raises(DataError, match="UTF-8"):
        read_labels(tmp_path)
