"""The verb ``a2r rl``."""

from __future__ import annotations

import csv
import json
import shlex
import signal
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import pytest

from a2r_gym import cli
from a2r_gym.metrics import wilson
from a2r_gym.rl import training
from a2r_gym.rl.agent import AgentConfig
from a2r_gym.rl.command import RlArgs, main
from tests.rl.point_env import POINT, STEPS, PointEnv

SHORT = ["--steps", "20", "--eval-every", "10", "--eval-episodes", "3"]


def test_a_run_leaves_its_result_a_curve_and_a_video(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [POINT, *SHORT, "--reward-model", "brightness", "--seed", "4", "--out", str(tmp_path)]
    assert main(arguments) == 0
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["steps"], result["episodes"], result["seed"]) == (20, 3, 4)
    rate = wilson(round(3 * result["success_rate"]), 3)
    assert result["interval"] == [rate.low, rate.high]
    assert result["config"]["reward_mode"] == AgentConfig.reward_mode
    assert result["config"]["learning_starts"] == 4
    assert result["seconds"] > 0
    with (tmp_path / "curve.csv").open() as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["0", "10", "20"]
    assert imageio.imread(tmp_path / "curve.png").std() > 5
    assert len(imageio.imread(tmp_path / "episode.mp4", plugin="pyav")) == STEPS + 21
    assert set(result["files"]) == {"result.json", "curve.csv", "curve.png", "episode.mp4"}
    printed = capsys.readouterr().out
    assert "in 3 fresh episodes after 20 steps" in printed
    assert str(tmp_path / "episode.mp4") in printed


def test_the_envs_own_reward_without_a_video_needs_no_model_and_no_picture(tmp_path: Path) -> None:
    arguments = [POINT, *SHORT, "--reward", "env", "--reward-model", "no-such-model", "--no-video"]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    assert PointEnv.renders == 0
    assert json.loads((tmp_path / "result.json").read_text())["shown"] is None


def test_ctrl_c_saves_and_prints_a_line_that_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a run's folder"  # the line must be quoted
    own, count = PointEnv.step, [0]

    def interrupted(self: PointEnv, action: Any) -> Any:
        count[0] += 1
        if count[0] == 3 * STEPS + 5:
            signal.raise_signal(signal.SIGINT)
        return own(self, action)

    with monkeypatch.context() as patch:
        patch.setattr(PointEnv, "step", interrupted)
        arguments = ["rl", POINT, *SHORT, "--steps", "60", "--seed", "3", "--reward", "env", "--no-video"]
        assert cli.main([*arguments, "--out", str(out)]) == 130
    line = capsys.readouterr().out.strip().splitlines()[-1].split("go on with: ")[1]
    assert line.startswith(f"a2r rl {POINT} ")
    assert cli.main(shlex.split(line)[1:]) == 0
    result = json.loads((out / "result.json").read_text())
    assert (result["seed"], result["steps"]) == (3, 60)


def test_ctrl_c_before_anything_is_saved_promises_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "build_envs", interrupted)
    assert cli.main(["rl", POINT, "--reward", "env", "--no-video", "--out", str(tmp_path / "run")]) == 130
    assert "go on" not in capsys.readouterr().out
    assert not (tmp_path / "run").exists()


def test_the_resume_line_holds_every_option_that_is_not_the_default() -> None:
    args = RlArgs(env=POINT, reward_every=2, video=False, out=Path("my runs/one"))
    assert args.resume_line() == f"a2r rl {POINT} --reward-every 2 --no-video --out 'my runs/one' --resume"
    assert RlArgs(env=POINT).resume_line() == f"a2r rl {POINT} --out out/rl/{POINT} --resume"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["A2R-Point-rigth-v1"], POINT),
        ([POINT, "--reward-model", "a2r-smal"], "a2r-smal"),
        ([POINT, "--reward-mode", "succes"], "'success'"),
        ([POINT, "--steps", "0"], "steps must be"),
        ([POINT, "--eval-episodes", "0"], "eval_episodes must be"),
        ([POINT, "--resume"], "holds no run to go on with"),
    ],
    ids=["id", "model", "mode", "steps", "episodes", "resume"],
)
def test_a_mistake_is_named_on_one_line_and_nothing_is_written(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert cli.main(["rl", *arguments, "--out", str(out)]) == 2
    told = capsys.readouterr().err.strip()
    assert words in told
    assert len(told.splitlines()) == 1
    assert not out.exists()


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert "a2r rl A2R-MetaWorld-drawer-close-v1 --steps 10000" in " ".join(capsys.readouterr().out.split())
