from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from a2r_gym.errors import CheckpointError
from a2r_gym.rl.agent import AgentConfig, load_agent
from a2r_gym.rl.training import read_curve, train

ENV = "A2R-MetaWorld-drawer-close-v1"
DENSE = AgentConfig(env=ENV, reward="env", steps=60, learning_starts=20)


def test_run_evaluates_saves_and_goes_on(tmp_path: Path) -> None:
    train(DENSE, tmp_path, eval_every=30, eval_episodes=1)
    assert [row["step"] for row in read_curve(tmp_path)] == [30, 60]
    agent = train(replace(DENSE, steps=90), tmp_path, resume=True, eval_every=30, eval_episodes=1)
    assert agent.num_timesteps == 90
    assert agent.replay_buffer is not None
    assert [row["step"] for row in read_curve(tmp_path)] == [30, 60, 90]
    seconds = [row["seconds"] for row in read_curve(tmp_path)]
    assert seconds == sorted(seconds)


def test_folder_with_a_run_is_not_overwritten(tmp_path: Path) -> None:
    train(DENSE, tmp_path, eval_every=60, eval_episodes=1)
    with pytest.raises(CheckpointError, match="--resume"):
        train(DENSE, tmp_path)
    with pytest.raises(CheckpointError, match="another run"):
        train(replace(DENSE, seed=1), tmp_path, resume=True)
    assert load_agent(tmp_path, DENSE).num_timesteps == 60


def test_resume_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no run"):
        train(DENSE, tmp_path / "none", resume=True)


def test_killed_run_goes_on_from_its_last_state(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "a2r_gym.cli", "rl", ENV, "--reward", "env", "--eval-every", "40"]
    command += ["--out", str(tmp_path), "--no-video", "--eval-episodes", "1"]
    with subprocess.Popen(
        [*command, "--steps", "100000"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        for _ in range(600):
            if (tmp_path / "latest.json").exists() or process.poll() is not None:
                break
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)
    config = AgentConfig(env=ENV, reward="env", steps=100_000)
    reached = load_agent(tmp_path, config).num_timesteps
    assert reached >= 40
    agent = train(replace(config, steps=reached + 40), tmp_path, resume=True, eval_every=40, eval_episodes=1)
    assert agent.num_timesteps == reached + 40
