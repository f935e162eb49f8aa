from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from a2r_gym.errors import CheckpointError, UnknownNameError
from a2r_gym.rl.agent import AgentConfig, build_agent, build_envs, load_agent, load_run, save_run

ENV = "A2R-MetaWorld-drawer-close-v1"
DENSE = AgentConfig(env=ENV, reward="env", steps=50, learning_starts=10)


def test_learner_sees_the_learned_reward_and_info_keeps_the_envs_own(tiny_checkpoint: Path) -> None:
    envs = build_envs(replace(DENSE, reward="learned", reward_model=str(tiny_checkpoint), reward_mode="success"))
    envs.reset()
    _, rewards, _, infos = envs.step(np.zeros((1, 4), np.float32))
    assert rewards[0] == pytest.approx(infos[0]["a2r/success"], abs=1e-6)
    assert infos[0]["original_env_rew"] != rewards[0]
    envs.close()


def test_envs_own_reward_renders_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from a2r_gym.envs.metaworld import MetaWorldEnv

    def fail(self: MetaWorldEnv) -> None:
        raise AssertionError("rendered")

    monkeypatch.setattr(MetaWorldEnv, "render", fail)
    envs = build_envs(DENSE)
    envs.reset()
    _, rewards, _, _ = envs.step(np.zeros((1, 4), np.float32))
    assert np.isfinite(rewards).all()
    envs.close()


def test_seed_fixes_the_episodes() -> None:
    first, second, other = (build_envs(config).reset() for config in (DENSE, DENSE, replace(DENSE, seed=1)))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_saved_agent_acts_the_same_and_only_the_last_state_stays(tmp_path: Path) -> None:
    envs = build_envs(DENSE)
    agent = build_agent(DENSE, envs)
    agent.learn(20)
    save_run(tmp_path, DENSE, agent)
    agent.learn(10, reset_num_timesteps=False)
    save_run(tmp_path, DENSE, agent)
    assert load_run(tmp_path) == DENSE
    again = load_agent(tmp_path, DENSE, envs, replay=True)
    obs = envs.reset()
    assert np.array_equal(agent.predict(obs, deterministic=True)[0], again.predict(obs, deterministic=True)[0])
    assert again.replay_buffer is not None
    assert again.replay_buffer.size() == agent.num_timesteps == again.num_timesteps
    assert len(list(tmp_path.glob("step-*"))) == 1
    envs.close()


def test_bad_names_and_numbers_are_told() -> None:
    with pytest.raises(UnknownNameError, match="drawer-close"):
        AgentConfig(env="A2R-MetaWorld-drawer-clse-v1")
    with pytest.raises(UnknownNameError, match="sac"):
        replace(DENSE, algorithm="sak")
    with pytest.raises(UnknownNameError, match="learned"):
        replace(DENSE, reward="lernt")
    with pytest.raises(ValueError, match="steps must be >= 1, got 0"):
        replace(DENSE, steps=0)


def test_folder_without_a_run_says_how_to_make_one(tmp_path: Path) -> None:
    assert load_run(tmp_path) is None
    with pytest.raises(CheckpointError, match="a2r rl"):
        load_agent(tmp_path, DENSE)


def test_broken_configuration_is_told(tmp_path: Path) -> None:
    (tmp_path / "latest.json").write_text('{"step": 1}')
    (tmp_path / "config.json").write_text('{"env": ')
    with pytest.raises(CheckpointError, match="start anew"):
        load_run(tmp_path)
