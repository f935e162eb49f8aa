"""Plain stable-baselines3 on an id, in miniature."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from stable_baselines3 import SAC

from tests.examples.conftest import RunExample

SOURCE = Path(__file__).resolve().parents[2] / "examples" / "sb3_agent.py"


def test_it_trains_measures_and_saves(
    run_example: RunExample, tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_example("sb3_agent.py", "--steps", "20", "--episodes", "1", "--reward-model", str(tiny_checkpoint))
    assert re.search(r"success \d+% in 1 fresh episodes", capsys.readouterr().out)
    assert SAC.load(tmp_path / "out" / "sb3_agent.zip").num_timesteps == 20


def test_it_fits_on_a_page() -> None:
    assert len(SOURCE.read_text().splitlines()) < 100
