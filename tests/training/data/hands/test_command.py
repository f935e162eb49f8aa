"""``a2r hands``: what it prints, and that what it wrote is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from a2r_gym import cli
from a2r_train.data.integrity import check_integrity


def test_it_says_how_many_clips_show_what(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "hands"
    call = ["hands", "--out", str(out), "--clips", "3", "--templates", "5", "46", "--workers", "1", "--seed", "2"]
    assert cli.main(call) == 0
    told = capsys.readouterr().out
    assert "3 clips rendered" in told
    assert "  5  Closing [something]" in told
    assert "contact sheets: 2" in told
    assert check_integrity(out).is_whole
    assert cli.main([*call, "--no-sheets"]) == 0  # nothing is left to do
    assert "rendered" not in capsys.readouterr().out


def test_an_unknown_template_ends_with_a_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["hands", "--out", str(tmp_path / "hands"), "--templates", "173"]) == 2
    assert "unknown template of a2r hands '173'" in capsys.readouterr().err
