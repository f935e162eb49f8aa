"""Every example runs as a newcomer would run it, in miniature, and stays short."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from a2r_gym.models.adapt2reward import Adapt2RewardNetwork, ModelConfig
from a2r_gym.models.calibration import Calibration
from a2r_gym.models.checkpoint import CheckpointMeta, save_checkpoint
from a2r_gym.models.reward_network import TaskEntry

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a checkpoint on the real backbone whose head has random weights: its scores mean nothing."""
    torch.manual_seed(0)
    task = TaskEntry(name="metaworld/drawer-close", instructions=("close the drawer",))
    network = Adapt2RewardNetwork(
        ModelConfig(
            tasks=(task,), place_features=8, mix_width=16, num_slots=4, slot_features=4, width=32, depth=1,
            embedding=16, prompt_length=1,
        )
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("model") / "random-head"
    save_checkpoint(folder, network, CheckpointMeta(calibration=Calibration(slope=5.0, intercept=0.0)), "# no card\n")
    return folder


def run(name: str, *arguments: str | Path) -> str:
    """Run an example in a process of its own; returns what it printed."""
    command = [sys.executable, str(ROOT / "examples" / name), *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_short_and_say_what_they_show(path: Path) -> None:
    source = path.read_text()
    assert len(source.splitlines()) < 100
    assert ast.get_docstring(ast.parse(source))


def test_quickstart_gives_equal_numbers_live_and_stored(checkpoint: Path) -> None:
    pytest.importorskip("metaworld")
    told = run("quickstart.py", "--reward-model", checkpoint, "--steps", "4")
    lines = told.splitlines()
    assert '"close the drawer"' in lines[0]
    live = [line.split(" at first, ")[1].split()[0] for line in lines[1:3]]
    assert lines[3].split(": ")[1].split(" (")[0].split(", ") == live


def test_wrap_your_env_wraps_an_environment_of_gymnasium(checkpoint: Path) -> None:
    told = run("wrap_your_env.py", "--env", "Pusher-v5", "--reward-model", checkpoint, "--steps", "3")
    assert told.startswith("Pusher-v5,")
    assert "learned reward (similarity)" in told
    assert "correlation with the environment's own reward" in told


def test_score_video_records_and_scores(checkpoint: Path, tmp_path: Path) -> None:
    pytest.importorskip("metaworld")
    options = ("--reward-model", checkpoint, "--out", tmp_path)
    told = run("score_video.py", *options, "--steps", "5")
    assert (tmp_path / "drawer.mp4").is_file()
    assert "6 frames, 6 of them scored" in told
    again = run("score_video.py", tmp_path / "drawer.mp4", *options, "--text", "shut it", "--text", "open it")
    assert again.count("similarity") == 2
    assert "shut it" in again
