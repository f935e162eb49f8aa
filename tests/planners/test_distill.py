"""One policy of two runs, and the verb: what is written, what is told, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from a2r_gym.errors import CheckpointError, DataError
from a2r_gym.planners import trajectory_command
from a2r_gym.planners.ddpg_cem import LearnerConfigError
from a2r_gym.planners.distill import DistillConfig, distill
from a2r_gym.planners.elite_replay import EliteReplayBuffer
from a2r_gym.planners.trajectory_command import DdpgCemArgs, main, run
from a2r_gym.planners.trajectory_run import RunConfig, save_run
from a2r_gym.planners.trajectory_training import train
from tests.planners.bandit_env import BanditModel, bandit, small


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    for env, sign in (("bandit", 1.0), ("mirrored", -1.0)):
        config = small(env=env, episodes=60, warm_up=59, gradient_steps=1)
        learner = train(config, folder / env, BanditModel(), make=bandit, save_every=1_000, eval_episodes=1)
        buffer = learner.replay_buffer
        assert isinstance(buffer, EliteReplayBuffer)
        buffer.actions[:30, 0, :2] = sign * buffer.observations["frame"][:30, 0, :2]  # half of them hit the target
        buffer.actions[:30, 0, 2:] = 0.3
        buffer.rewards[:, 0] = np.arange(60) < 30
        learner.num_timesteps += 1  # another state, so that it is written
        save_run(folder / env, config, learner)
    return [folder / "bandit", folder / "mirrored"]


def test_one_policy_does_what_each_sentence_says(runs: list[Path], tmp_path: Path) -> None:
    result = distill(
        runs, tmp_path, DistillConfig(steps=300, batch_size=32), eval_episodes=20, model=BanditModel(), make=bandit
    )
    assert set(result["tasks"]) == {str(folder) for folder in runs}
    assert all(task["success_rate"] >= 0.6 and task["lessons"] == 30 for task in result["tasks"].values())
    assert json.loads((tmp_path / "result.json").read_text()) == result
    assert (tmp_path / "policy.pt").is_file()


def test_runs_that_do_not_fit_together_are_named(runs: list[Path], tmp_path: Path) -> None:
    other = small(episodes=3, warm_up=2, reward_model="another")
    train(other, tmp_path / "other", BanditModel(), make=bandit, eval_episodes=1)
    with pytest.raises(CheckpointError, match=r"does not fit .*'another'"):
        distill([runs[0], tmp_path / "other"], tmp_path / "out", DistillConfig(), model=BanditModel(), make=bandit)


def test_a_run_without_a_best_episode_has_nothing_to_teach(tmp_path: Path) -> None:
    learner = train(small(episodes=2), tmp_path / "run", BanditModel(), make=bandit, eval_episodes=1)
    assert learner.replay_buffer is not None
    learner.replay_buffer.rewards[:] = 0.0
    learner.num_timesteps = 3  # another state, so that it is written
    save_run(tmp_path / "run", small(episodes=2), learner)
    with pytest.raises(DataError, match="have the same reward"):
        distill([tmp_path / "run"], tmp_path / "out", DistillConfig(), model=BanditModel(), make=bandit)


def test_a_run_writes_its_result_curve_and_video(tmp_path: Path) -> None:
    result = run(small(episodes=10), tmp_path, eval_episodes=4, model=BanditModel(), make=bandit)
    assert all((tmp_path / name).stat().st_size for name in result["files"])
    assert "episode.mp4" in result["files"]
    low, high = result["interval"]
    assert low <= result["success_rate"] <= high
    assert json.loads((tmp_path / "result.json").read_text()) == json.loads(json.dumps(result))
    with pytest.raises(LearnerConfigError, match="save_every must be a whole number >= 1, got 0"):
        run(small(), tmp_path / "other", save_every=0, model=BanditModel(), make=bandit)


class TestVerb:
    def test_its_options_make_the_run(self, tmp_path: Path) -> None:
        args = DdpgCemArgs(env="A2R-C2R-push-right-v1", reward="true", episodes=60, video=False, out=tmp_path)
        assert args.config().learner.warm_up == 10
        assert args.config().reward == "true"
        assert args.resume_line() == (
            f"a2r ddpg-cem A2R-C2R-push-right-v1 --reward true --episodes 60 --no-video --out {tmp_path} --resume"
        )

    def test_a_longer_run_keeps_its_warm_up(self, tmp_path: Path) -> None:
        train(small(episodes=2, warm_up=2), tmp_path, BanditModel(), make=bandit, eval_episodes=1)
        args = DdpgCemArgs(env="bandit", episodes=600, out=tmp_path, resume=True)
        assert args.config().learner.warm_up == 2

    def test_it_tells_success_and_files(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def told(config: RunConfig, out: Path, **options: object) -> dict[str, object]:
            assert (config.waypoints, options["eval_episodes"]) == (3, 7)
            return {
                "success_rate": 0.5, "interval": [0.2, 0.8], "eval_episodes": 7, "episodes": 9, "files": ["a.json"]
            }  # fmt: skip

        monkeypatch.setattr(trajectory_command, "run", told)
        words = ["A2R-C2R-push-right-v1", "--waypoints", "3", "--eval-episodes", "7", "--out", str(tmp_path)]
        assert main(words) == 0
        said = capsys.readouterr().out
        assert "success 50% [20%, 80%] in 7 fresh episodes after 9" in said
        assert f"wrote {tmp_path / 'a.json'}" in said

    def test_distilling_is_told_by_task(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def told(runs: tuple[Path, ...], out: Path, config: DistillConfig, **options: object) -> dict[str, object]:
            assert (len(runs), config.steps) == (2, 40)
            task = {"success_rate": 1.0, "interval": [0.6, 1.0], "eval_episodes": 50}
            return {"tasks": {str(folder): task for folder in runs}, "success_rate": 1.0, "files": ["policy.pt"]}

        monkeypatch.setattr(trajectory_command, "distill", told)
        assert main(["distill", "one", "two", "--out", str(tmp_path), "--steps", "40"]) == 0
        said = capsys.readouterr().out
        assert "one: success 100% [60%, 100%] in 50" in said
        assert "mean success 100%; wrote policy.pt" in said

    def test_a_stopped_run_tells_how_to_go_on(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        train(small(episodes=2, warm_up=2), tmp_path, BanditModel(), make=bandit, eval_episodes=1)

        def stopped(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(trajectory_command, "run", stopped)
        assert main(["A2R-C2R-push-right-v1", "--out", str(tmp_path)]) == 130
        assert "--resume" in capsys.readouterr().out


def test_numbers_out_of_range_are_named() -> None:
    with pytest.raises(LearnerConfigError, match="steps and batch_size >= 1"):
        DistillConfig(steps=0)
