"""Runs on disk: exact resumption, kill -9, and refusals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from a2r_gym.errors import CheckpointError
from a2r_gym.planners.ddpg_cem import DDPGCEM
from a2r_gym.planners.trajectory_run import load_learner, load_run
from a2r_gym.planners.trajectory_training import TENSORBOARD, check_folder, train
from a2r_gym.rl.learning_curve import read_curve
from tests.planners.bandit_env import BanditEnv, BanditModel, bandit, small

ROOT = Path(__file__).resolve().parents[2]


def go(out: Path, *, episodes: int = 20, resume: bool = False, **more: Any) -> DDPGCEM:
    options = {"save_every": 5, "eval_every": 10, "eval_episodes": 2, **more}
    return train(small(episodes=episodes), out, BanditModel(), make=bandit, resume=resume, **options)


def assert_same(one: DDPGCEM, two: DDPGCEM) -> None:
    assert one.num_timesteps == two.num_timesteps
    for name, tensor in one.policy.state_dict().items():
        assert torch.equal(tensor, two.policy.state_dict()[name]), name
    assert one.replay_buffer is not None
    assert two.replay_buffer is not None
    count = one.replay_buffer.size()
    np.testing.assert_array_equal(one.replay_buffer.actions[:count], two.replay_buffer.actions[:count])
    np.testing.assert_array_equal(one.replay_buffer.rewards[:count], two.replay_buffer.rewards[:count])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DDPGCEM]:
    out = tmp_path_factory.mktemp("whole")
    return out, go(out)


def test_a_run_leaves_one_state_its_curve_and_tensorboard_files(whole: tuple[Path, DDPGCEM]) -> None:
    out, learner = whole
    assert [path.name for path in out.glob("episode-*")] == ["episode-20"]
    assert [point.step for point in read_curve(out)] == [10, 20]
    assert list((out / TENSORBOARD).rglob("events.*"))
    assert load_run(out) == small(episodes=20)
    assert_same(load_learner(out), learner)


def test_what_broke_off_goes_on_to_the_same_result(
    whole: tuple[Path, DDPGCEM], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, count = BanditEnv.step, [0]

    def breaks(self: BanditEnv, action: Any) -> Any:
        count[0] += 1
        if count[0] == 18:  # in the 16th episode; two were of the evaluation
            raise KeyboardInterrupt
        return own(self, action)

    with monkeypatch.context() as patch:
        patch.setattr(BanditEnv, "step", breaks)
        with pytest.raises(KeyboardInterrupt):
            go(tmp_path)
    assert load_learner(tmp_path).num_timesteps == 15
    assert_same(go(tmp_path, resume=True), whole[1])
    assert [point.step for point in read_curve(tmp_path)] == [10, 20]


def test_an_evaluation_scores_no_video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, scored = BanditModel.score_features, [0]

    def counts(self: BanditModel, *arguments: Any) -> Any:
        scored[0] += 1
        return own(self, *arguments)

    monkeypatch.setattr(BanditModel, "score_features", counts)
    go(tmp_path, episodes=6, eval_every=2)
    assert scored == [6]


def test_a_finished_run_goes_on_to_more_episodes(whole: tuple[Path, DDPGCEM], tmp_path: Path) -> None:
    go(tmp_path, episodes=12)
    assert_same(go(tmp_path, episodes=20, resume=True), whole[1])


def test_kill_9_loses_what_came_after_the_last_state_and_no_more(tmp_path: Path) -> None:
    out = tmp_path / "run"
    program = (
        "from pathlib import Path\nfrom tests.planners.bandit_env import BanditModel, bandit, small\n"
        "from a2r_gym.planners.trajectory_training import train\n"
        f"train(small(episodes=3000), Path({str(out)!r}), BanditModel(), make=bandit, save_every=3, eval_every=9999)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, start_new_session=True, stderr=subprocess.PIPE
    ) as process:
        deadline = time.monotonic() + 200
        while _saved(out) < 9:
            assert process.poll() is None, process.stderr and process.stderr.read().decode()
            assert time.monotonic() < deadline, "it does not get on"
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
    reached = _saved(out)
    assert reached % 3 == 0
    resumed = go(out, episodes=reached + 4, resume=True)
    assert resumed.replay_buffer is not None
    assert resumed.replay_buffer.size() >= reached + 4
    unharmed = go(tmp_path / "again", episodes=reached + 4)
    assert unharmed.replay_buffer is not None
    np.testing.assert_array_equal(
        resumed.replay_buffer.actions[: reached + 4], unharmed.replay_buffer.actions[: reached + 4]
    )


def _saved(out: Path) -> int:
    latest = out / "latest.json"
    return int(json.loads(latest.read_text())["episode"]) if latest.exists() else -1


class TestRefusals:
    def test_a_run_is_not_begun_over_another(self, whole: tuple[Path, DDPGCEM]) -> None:
        with pytest.raises(CheckpointError, match="holds a run of bandit: pass --resume"):
            go(whole[0])

    def test_another_run_does_not_go_on_and_the_difference_is_named(self, whole: tuple[Path, DDPGCEM]) -> None:
        with pytest.raises(CheckpointError, match="seed is 0 there, 3 was asked for"):
            check_folder(small(seed=3), whole[0], resume=True)

    def test_there_is_nothing_to_go_on_with(self, tmp_path: Path) -> None:
        with pytest.raises(CheckpointError, match="holds no run to go on with"):
            go(tmp_path, resume=True)
        with pytest.raises(CheckpointError, match="holds no run of 'a2r ddpg-cem'"):
            load_learner(tmp_path)

    def test_cut_files_are_named(self, tmp_path: Path) -> None:
        go(tmp_path, episodes=2)
        agent = tmp_path / "episode-2" / "learner.zip"
        agent.write_bytes(agent.read_bytes()[:100])
        with pytest.raises(CheckpointError, match="cannot be loaded"):
            go(tmp_path, episodes=4, resume=True)
        (tmp_path / "config.json").write_text("{")
        with pytest.raises(CheckpointError, match="cannot be read"):
            load_run(tmp_path)
