"""The report names missing, short and undecodable clips by id, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from a2r_gym import cli
from a2r_train.data.integrity import check_integrity
from tests.training.data.human_data import FOLDER, LENGTH, write_layout, write_webm


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_layout(tmp_path / "data")


def _cut(path: Path, keep: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])


def test_a_whole_data_set_is_whole(root: Path) -> None:
    report = check_integrity(root)
    assert report.is_whole
    assert (report.num_clips, report.num_checked) == (6, 6)
    assert "whole" in str(report)


def test_every_kind_of_damage_is_named_by_id(root: Path) -> None:
    (root / FOLDER / "1.webm").unlink()
    write_webm(root / FOLDER / "2.webm", 2, length=60, size=(96, 128))
    _cut(root / FOLDER / "2.webm", 0.6)
    (root / FOLDER / "4.webm").write_bytes(b"\x1aE\xdf\xa3 no more than a beginning")
    write_webm(root / FOLDER / "99.webm", 9)
    report = check_integrity(root)
    assert not report.is_whole
    assert report.missing == (1,)
    assert list(report.short) == [2]
    assert report.short[2][0] < report.short[2][1] == 60
    assert list(report.undecodable) == [4]
    assert report.unlisted == (99,)
    assert report.bad == (1, 2, 4)
    text = str(report)
    assert "missing: 1: 1" in text
    assert "short: 1: 2 (" in text
    assert "undecodable: 1: 4 (" in text


def test_the_side_file_tells_a_missing_frame(root: Path) -> None:
    facts = {"progress": [0.0] * (LENGTH + 1), "done_frame": -1}
    (root / "hands.json").write_text(json.dumps({"clips": {"1": facts}}))
    assert check_integrity(root).short == {1: (LENGTH, LENGTH + 1)}


def test_a_sample_decodes_less_but_misses_no_missing_file(root: Path) -> None:
    (root / FOLDER / "5.webm").unlink()
    report = check_integrity(root, sample=2, seed=1)
    assert report.num_checked == 3
    assert report.missing == (5,)


def test_the_command_ends_with_one_and_writes_the_report(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = root / "report.json"
    assert cli.main(["check-human", "--data", str(root)]) == 0
    (root / FOLDER / "3.webm").unlink()
    assert cli.main(["check-human", "--data", str(root), "--out", str(out)]) == 1
    assert "NOT whole: 1 clips" in capsys.readouterr().out
    assert json.loads(out.read_text())["missing"] == [3]
