"""Training: what it learns, what it leaves on disk, and how it goes on after Ctrl-C and kill -9."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from a2r_gym.errors import CheckpointError
from a2r_gym.rl.agent import load_agent, load_run
from a2r_gym.rl.evaluation import evaluate_policy
from a2r_gym.rl.learning_curve import CurvePoint, read_curve, write_curve
from a2r_gym.rl.training import TENSORBOARD, as_policy, train
from tests.rl.point_env import POINT, PointEnv, learned, small

ROOT = Path(__file__).resolve().parents[2]


def steps(out: Path) -> list[float]:
    return [point.step for point in read_curve(out)]


def test_an_agent_learns_the_task_from_the_learned_reward_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = PointEnv.step

    def lie(self: PointEnv, action: Any) -> Any:  # were the env's own reward seen, it would go left
        obs, reward, *rest = own(self, action)
        return obs, -reward, *rest

    monkeypatch.setattr(PointEnv, "step", lie)
    config = learned(steps=250, learning_starts=30)
    agent = train(config, tmp_path, eval_every=1_000, eval_episodes=2)
    assert evaluate_policy(POINT, as_policy(agent), episodes=5).all()
    first, last = read_curve(tmp_path)
    assert last.mean_reward > 0.5
    assert math.isnan(first.mean_reward)


class TestOnDisk:
    def test_it_is_measured_and_saved_before_the_first_step_at_intervals_and_at_the_end(self, tmp_path: Path) -> None:
        train(small(steps=50), tmp_path, eval_every=20, eval_episodes=2)
        assert steps(tmp_path) == [0, 20, 40, 50]
        assert all(point.episodes == 2 for point in read_curve(tmp_path))
        seconds = [point.seconds for point in read_curve(tmp_path)]
        assert seconds == sorted(seconds)
        assert load_agent(tmp_path, small()).num_timesteps == 50
        assert list((tmp_path / TENSORBOARD).rglob("events.*"))

    def test_several_environments_make_their_steps_together(self, tmp_path: Path) -> None:
        agent = train(small(steps=30, num_envs=4), tmp_path, eval_every=10, eval_episodes=1)
        assert agent.num_timesteps == 32
        assert steps(tmp_path) == [0, 12, 20, 32]

    def test_the_saved_buffer_holds_every_step(self, tmp_path: Path) -> None:
        train(small(steps=25), tmp_path, eval_every=10, eval_episodes=1)
        agent = load_agent(tmp_path, small(), replay=True)
        assert agent.replay_buffer is not None
        assert agent.replay_buffer.size() == 25


class TestGoingOn:
    def test_a_finished_run_goes_on_to_more_steps(self, tmp_path: Path) -> None:
        train(small(steps=20), tmp_path, eval_every=10, eval_episodes=1)
        # a config that was made for more steps begins to learn later: a run that goes on has begun
        agent = train(small(steps=40, learning_starts=35), tmp_path, resume=True, eval_every=10, eval_episodes=1)
        assert agent.num_timesteps == 40
        assert steps(tmp_path) == [0, 10, 20, 30, 40]
        assert load_run(tmp_path) == small(steps=40)
        assert len(list((tmp_path / TENSORBOARD).iterdir())) == 1

    def test_a_finished_run_is_left_as_it_is(self, tmp_path: Path) -> None:
        one = train(small(steps=20), tmp_path, eval_every=10, eval_episodes=1)
        two = train(small(steps=20), tmp_path, resume=True, eval_every=10, eval_episodes=1)
        assert steps(tmp_path) == [0, 10, 20]
        obs = np.array([0.3])
        np.testing.assert_array_equal(as_policy(one)(obs), as_policy(two)(obs))

    def test_points_after_the_state_that_is_left_are_dropped(self, tmp_path: Path) -> None:
        train(small(steps=20), tmp_path, eval_every=10, eval_episodes=1)
        write_curve(tmp_path, [*read_curve(tmp_path), CurvePoint(23, 0.0, 1, 0.0, 9.0)])
        train(small(steps=30), tmp_path, resume=True, eval_every=10, eval_episodes=1)
        assert steps(tmp_path) == [0, 10, 20, 30]

    def test_ctrl_c_saves_where_it_stands(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        own, count = PointEnv.step, [0]

        def interrupted(self: PointEnv, action: Any) -> Any:
            count[0] += 1
            if count[0] == 17:
                signal.raise_signal(signal.SIGINT)
            return own(self, action)

        with monkeypatch.context() as patch:
            patch.setattr(PointEnv, "step", interrupted)
            patch.setattr("a2r_gym.rl.training.evaluate_policy", lambda *_, **__: np.zeros(1, dtype=bool))
            with pytest.raises(KeyboardInterrupt):
                train(small(steps=60), tmp_path, eval_every=1_000)
        assert load_agent(tmp_path, small()).num_timesteps == 16
        assert train(small(steps=30), tmp_path, resume=True, eval_episodes=1).num_timesteps == 30

    def test_kill_9_loses_what_came_after_the_last_state_and_no_more(self, tmp_path: Path) -> None:
        out = tmp_path / "run"
        program = (
            "from pathlib import Path\nfrom a2r_gym import registration\nfrom tests.rl import point_env\n"
            "registration.FAMILIES['Point'] = point_env.FAMILY\nregistration.register_family(point_env.FAMILY)\n"
            "from a2r_gym.rl.training import train\n"
            f"train(point_env.small(steps=100_000), Path({str(out)!r}), eval_every=20, eval_episodes=1)\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, start_new_session=True, stderr=subprocess.PIPE
        ) as process:
            deadline = time.monotonic() + 200
            while _saved(out) < 40:
                assert process.poll() is None, process.stderr and process.stderr.read().decode()
                assert time.monotonic() < deadline, "it does not get on"
                time.sleep(0.02)
            os.killpg(process.pid, signal.SIGKILL)
        reached = _saved(out)
        assert load_agent(out, small()).num_timesteps == reached
        agent = train(small(steps=reached + 15), out, resume=True, eval_every=20, eval_episodes=1)
        assert agent.num_timesteps == reached + 15
        assert agent.replay_buffer is not None
        assert agent.replay_buffer.size() == reached + 15
        assert steps(out) == sorted(set(steps(out)))


def _saved(out: Path) -> int:
    latest = out / "latest.json"
    return int(json.loads(latest.read_text())["step"]) if latest.exists() else -1


class TestRefusals:
    def test_a_run_is_not_begun_over_another(self, tmp_path: Path) -> None:
        train(small(steps=10), tmp_path, eval_episodes=1)
        with pytest.raises(CheckpointError, match=f"holds a run of {POINT}: pass --resume"):
            train(small(steps=10), tmp_path)

    def test_another_run_does_not_go_on_and_the_difference_is_named(self, tmp_path: Path) -> None:
        train(small(steps=10), tmp_path, eval_episodes=1)
        with pytest.raises(CheckpointError, match=r"another run: seed is 0 there, 1 was asked for\. Ask for the same"):
            train(small(steps=10, seed=1), tmp_path, resume=True)

    def test_nothing_goes_on_where_nothing_is_and_nothing_is_written(self, tmp_path: Path) -> None:
        with pytest.raises(CheckpointError, match="holds no run to go on with: leave out --resume"):
            train(small(), tmp_path / "new", resume=True)
        assert not (tmp_path / "new").exists()

    def test_a_run_killed_before_its_first_state_was_whole_begins_anew(self, tmp_path: Path) -> None:
        (tmp_path / "step-0.part").mkdir()
        write_curve(tmp_path, [CurvePoint(0, 0.0, 1, 0.0, 1.0)])
        train(small(steps=10), tmp_path, eval_episodes=1)
        assert steps(tmp_path) == [0, 10]
        assert not (tmp_path / "step-0.part").exists()
