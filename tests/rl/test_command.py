from __future__ import annotations

import json
from pathlib import Path

import pytest

from a2r_gym import cli
from a2r_gym.rl import command

ENV = "A2R-MetaWorld-drawer-close-v1"
SHORT = ["--steps", "30", "--eval-every", "15", "--eval-episodes", "2"]


def test_run_leaves_result_curve_and_video(tiny_checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    status = command.main([ENV, *SHORT, "--reward-model", str(tiny_checkpoint), "--out", str(out)])
    result = json.loads((out / "result.json").read_text())
    assert status == 0
    assert result["steps"] == 30
    assert result["episodes"] == 2
    low, high = result["interval"]
    assert 0.0 <= low <= result["success_rate"] <= high <= 1.0
    assert all((out / name).stat().st_size > 0 for name in ("curve.csv", "curve.png", "episode.mp4"))


def test_ctrl_c_saves_and_prints_a_line_that_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from a2r_gym.rl import training

    def interrupt(self: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training._Watch, "_evaluate", interrupt)
        status = command.main([ENV, *SHORT, "--reward", "env", "--seed", "3", "--out", str(tmp_path)])
    line = capsys.readouterr().out.strip().splitlines()[-1].split("go on with: ")[1]
    assert status == 130
    assert line.startswith(f"a2r rl {ENV} ")
    assert cli.main([*line.split()[1:], "--no-video"]) == 0
    assert json.loads((tmp_path / "result.json").read_text())["config"]["seed"] == 3


def test_unknown_id_is_told_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rl", "A2R-MetaWorld-drawer-clse-v1"]) == 2
    assert ENV in capsys.readouterr().err
