from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from tests.rl.conftest import tiny_checkpoint  # noqa: F401 (a fixture)

EXAMPLES = Path(__file__).parents[2] / "examples"


def _run(name: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")


def test_demo_ends_with_a_table_and_the_path_of_a_video(
    tiny_checkpoint: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["--steps", "40", "--episodes", "2", "--reward-model", str(tiny_checkpoint), "--out", str(tmp_path)]
    _run("demo.py", arguments, monkeypatch)
    printed = capsys.readouterr().out
    for row in ("trained on the learned reward", "untrained agent", "random actions"):
        assert row in printed
    video = Path(printed.strip().splitlines()[-1].split(": ")[1])
    assert video.suffix == ".mp4"
    assert video.stat().st_size > 0


def test_sb3_agent_prints_its_success(
    tiny_checkpoint: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["--steps", "24", "--num-envs", "2", "--reward-model", str(tiny_checkpoint)]
    _run("sb3_agent.py", arguments, monkeypatch)
    assert "success in 10 fresh episodes: " in capsys.readouterr().out
