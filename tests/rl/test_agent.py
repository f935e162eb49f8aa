"""A run's configuration, its environments, its agent, and its state on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from a2r_gym.errors import CheckpointError, UnknownNameError, WrappingError
from a2r_gym.rl.agent import (
    ALGORITHMS,
    AgentConfig,
    AgentConfigError,
    build_agent,
    build_envs,
    differences,
    discard_run,
    load_agent,
    load_run,
    save_run,
)
from a2r_gym.rl.evaluation import EVALUATION_SEED
from tests.rl.point_env import POINT, BrightnessModel, PointEnv, learned, small


def trained(config: AgentConfig | None = None, steps: int = 15) -> Any:
    config = small() if config is None else config
    return build_agent(config, build_envs(config)).learn(steps)


def weights(agent: Any) -> Any:
    return np.concatenate([value.detach().numpy().ravel() for value in agent.policy.parameters()])


class TestConfig:
    @pytest.mark.parametrize(
        ("change", "error", "words"),
        [
            ({"env": "A2R-Point-rigth-v1"}, UnknownNameError, POINT),
            ({"reward": "learnt"}, UnknownNameError, "'learned'"),
            ({"algorithm": "sacc"}, UnknownNameError, "'sac'"),
            ({"reward_mode": "succes"}, UnknownNameError, "'success'"),
            ({"reward_every": 0}, WrappingError, "reward_every"),
            ({"steps": 0}, AgentConfigError, "steps must be a whole number >= 1, got 0"),
            ({"num_envs": 0}, AgentConfigError, "num_envs"),
            ({"action_repeat": 0}, AgentConfigError, "action_repeat"),
            ({"env_reward_scale": 0.0}, AgentConfigError, "env_reward_scale"),
            ({"seed": -1}, AgentConfigError, "seed"),
        ],
        ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
    )
    def test_a_wrong_value_is_named_with_what_is_possible(
        self, change: dict[str, Any], error: type[Exception], words: str
    ) -> None:
        with pytest.raises(error, match=words):
            small(**change)

    def test_differences_name_each_field_that_differs(self) -> None:
        assert differences(small(), small()) == []
        assert differences(small(), small(seed=3)) == ["seed is 0 there, 3 was asked for"]


class TestEnvs:
    def test_the_learned_reward_is_the_models_and_the_envs_own_stays_in_info(self) -> None:
        envs = build_envs(learned())
        envs.reset()
        _, rewards, _, infos = envs.step(np.ones((1, 1), np.float32))
        assert rewards[0] == pytest.approx(infos[0]["a2r/success"])
        assert infos[0]["original_env_rew"] == pytest.approx(0.2, abs=0.11)

    def test_the_own_reward_renders_nothing(self) -> None:
        envs = build_envs(small())
        envs.reset()
        _, rewards, _, _ = envs.step(np.ones((1, 1), np.float32))
        assert rewards[0] == pytest.approx(0.2, abs=0.11)
        assert PointEnv.renders == 0

    def test_the_sparse_reward_is_success_at_any_step_of_a_decision_and_renders_nothing(self) -> None:
        envs = build_envs(small(reward="sparse", action_repeat=2, env_reward_scale=0.1))
        envs.reset()
        rewards = [float(envs.step(np.ones((1, 1), np.float32))[1][0]) for _ in range(3)]
        assert rewards == [0.0, 1.0, 1.0]  # two steps of 0.2 from near 0 each, the goal lies at 0.5
        assert PointEnv.renders == 0

    def test_a_decision_is_taken_several_times_and_looked_at_once(self) -> None:
        envs = build_envs(learned(action_repeat=4))
        envs.reset()
        before = PointEnv.renders
        _, _, _, infos = envs.step(np.ones((1, 1), np.float32))
        assert PointEnv.renders == before + 1
        assert infos[0]["is_success"]  # four steps of 0.2 from near 0
        envs.close()

    def test_the_own_reward_can_be_scaled(self) -> None:
        rewards = []
        for scale in (1.0, 0.1):
            envs = build_envs(small(env_reward_scale=scale))
            envs.seed(0)
            envs.reset()
            rewards.append(float(envs.step(np.ones((1, 1), np.float32))[1][0]))
            envs.close()
        assert rewards[1] == pytest.approx(0.1 * rewards[0])

    def test_the_monitor_sums_the_learned_reward(self) -> None:
        envs = build_envs(learned(), BrightnessModel())
        envs.reset()
        rewards, infos = [], [{}]
        while "episode" not in infos[0]:
            _, reward, _, infos = envs.step(np.ones((1, 1), np.float32))
            rewards.append(reward[0])
        assert infos[0]["episode"]["r"] == pytest.approx(sum(rewards), abs=1e-4)

    @pytest.mark.parametrize("seed", [0, 1, 12_345_678])
    def test_no_training_seed_is_an_evaluations(self, seed: int) -> None:
        trained(small(seed=seed, num_envs=3), steps=6)
        given = [given for given in PointEnv.seeds if given is not None]
        assert len(set(given)) == 3
        assert max(given) < EVALUATION_SEED


class TestAgent:
    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_a_seed_decides_the_whole_training(self, algorithm: str) -> None:
        config = small(algorithm=algorithm)
        one, two, other = (weights(trained(each)) for each in (config, config, small(algorithm=algorithm, seed=1)))
        np.testing.assert_array_equal(one, two)
        assert not np.array_equal(one, other)

    def test_td3_explores(self) -> None:
        agent = build_agent(small(algorithm="td3"), build_envs(small()))
        assert agent.action_noise is not None

    def test_as_many_gradient_steps_as_environments_stepped(self) -> None:
        agent = trained(small(num_envs=3), steps=30)
        assert agent._n_updates == 21  # three after each step from the 12th on: by then 10 were random


class TestOnDisk:
    def test_what_was_saved_is_loaded(self, tmp_path: Path) -> None:
        agent = trained()
        save_run(tmp_path, small(), agent)
        assert load_run(tmp_path) == small()
        back = load_agent(tmp_path, small(), build_envs(small()), replay=True)
        np.testing.assert_array_equal(weights(back), weights(agent))
        assert back.num_timesteps == agent.num_timesteps == 15
        assert back.replay_buffer is not None
        assert agent.replay_buffer is not None
        np.testing.assert_array_equal(back.replay_buffer.observations, agent.replay_buffer.observations)

    def test_only_the_latest_state_is_kept(self, tmp_path: Path) -> None:
        agent = trained()
        save_run(tmp_path, small(), agent)
        (tmp_path / "step-99.part").mkdir()
        agent.learn(10, reset_num_timesteps=False)
        save_run(tmp_path, small(), agent)
        assert [path.name for path in tmp_path.glob("step-*")] == ["step-25"]
        assert not list(tmp_path.glob("*.part*"))

    def test_a_save_that_breaks_off_leaves_the_state_before(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        agent = trained()
        save_run(tmp_path, small(), agent)
        before = weights(agent)
        agent.learn(10, reset_num_timesteps=False)
        with monkeypatch.context() as patch:
            patch.setattr(agent, "save_replay_buffer", lambda path: (_ for _ in ()).throw(OSError("disk full")))
            with pytest.raises(OSError, match="disk full"):
                save_run(tmp_path, small(), agent)
        back = load_agent(tmp_path, small(), build_envs(small()), replay=True)
        np.testing.assert_array_equal(weights(back), before)
        save_run(tmp_path, small(), agent)  # what it left does not stand in the way
        assert load_agent(tmp_path, small()).num_timesteps == 25

    def test_a_resumed_run_draws_new_episodes(self, tmp_path: Path) -> None:
        save_run(tmp_path, small(), trained())
        first = list(PointEnv.seeds)
        envs = build_envs(small())
        load_agent(tmp_path, small(), envs)
        envs.reset()
        assert PointEnv.seeds[-1] not in first

    def test_no_run_is_none_and_its_agent_an_error_that_says_how_to_train_one(self, tmp_path: Path) -> None:
        assert load_run(tmp_path) is None
        with pytest.raises(CheckpointError, match=f"a2r rl {POINT} --out"):
            load_agent(tmp_path, small())

    @pytest.mark.parametrize("content", ["{", '{"environment": "x"}', '{"env": "A2R-Point-right-v1", "steps": -1}'])
    def test_a_broken_configuration_is_named(self, tmp_path: Path, content: str) -> None:
        save_run(tmp_path, small(), trained())
        (tmp_path / "config.json").write_text(content)
        with pytest.raises(CheckpointError, match=r"config\.json cannot be read"):
            load_run(tmp_path)

    @pytest.mark.parametrize("name", ["agent.zip", "replay.pkl"])
    @pytest.mark.parametrize("damage", ["cut", "missing"])
    def test_a_broken_state_is_named(self, tmp_path: Path, name: str, damage: str) -> None:
        save_run(tmp_path, small(), trained())
        file = tmp_path / "step-15" / name
        whole = file.read_bytes()
        file.unlink()
        if damage == "cut":
            file.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(CheckpointError, match="cannot be loaded"):
            load_agent(tmp_path, small(), build_envs(small()), replay=True)

    def test_discarding_leaves_what_is_no_part_of_the_run(self, tmp_path: Path) -> None:
        (tmp_path / "thesis.tex").write_text("mine")
        discard_run(tmp_path)
        save_run(tmp_path, small(), trained())
        discard_run(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]

    def test_the_configuration_is_json_that_a_person_can_read(self, tmp_path: Path) -> None:
        save_run(tmp_path, small(), trained())
        assert json.loads((tmp_path / "config.json").read_text())["env"] == POINT
