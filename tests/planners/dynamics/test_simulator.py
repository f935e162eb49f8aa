"""Candidates rolled out in copies of an environment."""

from __future__ import annotations

import os

import gymnasium as gym
import numpy as np
import pytest

import a2r_gym
from a2r_gym.errors import WorkerError
from a2r_gym.planners.dynamics import simulator
from a2r_gym.planners.dynamics.interface import Moment
from a2r_gym.planners.dynamics.simulator import SimulatorDynamics, StateError, simulator_env

DRAWER = "A2R-Tabletop-drawer-close-v1"
STEPS = np.array([2, 4])


def moment_of(env: object) -> Moment:
    return Moment(state=env.get_state(), frames=env.render()[None])  # type: ignore[attr-defined]


class TestSimulator:
    def test_shows_what_the_environment_will_show(self) -> None:
        pytest.importorskip("metaworld")
        env, dynamics = simulator_env(DRAWER), SimulatorDynamics(DRAWER)
        env.reset(seed=3)
        for _ in range(3):
            env.step(np.full(5, 0.4, dtype=np.float32))
        actions = np.random.default_rng(0).uniform(-1, 1, size=(3, 4, 5)).astype(np.float32)
        predicted = dynamics.predict(moment_of(env), actions, STEPS)
        assert predicted.frames is not None
        assert predicted.success is not None
        assert predicted.frames.shape == (3, 2, 128, 128, 3)
        state = env.get_state()
        for row, frames, success in zip(actions, predicted.frames, predicted.success, strict=True):
            env.set_state(state)
            for step, action in enumerate(row, start=1):
                info = env.step(action)[-1]
                if step in STEPS:
                    np.testing.assert_array_equal(env.render(), frames[STEPS.tolist().index(step)])
            assert info["is_success"] == success
        dynamics.close()
        env.close()

    def test_workers_give_the_same_as_none(self) -> None:
        pytest.importorskip("metaworld")
        env = simulator_env(DRAWER)
        env.reset(seed=1)
        moment, actions = moment_of(env), np.random.default_rng(1).uniform(-1, 1, size=(5, 4, 5)).astype(np.float32)
        alone, shared = SimulatorDynamics(DRAWER), SimulatorDynamics(DRAWER, workers=2)
        try:
            for one, other in zip(
                alone.predict(moment, actions, STEPS), shared.predict(moment, actions, STEPS), strict=True
            ):
                np.testing.assert_array_equal(one, other)
        finally:
            alone.close()
            shared.close()
            env.close()

    def test_tells_which_things_candidates_move(self) -> None:
        pytest.importorskip("metaworld")
        env, dynamics = simulator_env(DRAWER), SimulatorDynamics(DRAWER)
        env.reset(seed=3)
        still, pushed = np.zeros((2, 20, 5), dtype=np.float32)
        moment = moment_of(env)
        policy, observation = a2r_gym.expert(DRAWER), env.reset(seed=3)[0]
        for row in range(20):
            pushed[row] = policy(observation)
            observation = env.step(pushed[row])[0]
        for _ in range(2):  # the answer does not hang on where the environment was before
            touched = dynamics.touched(moment, np.stack([still, pushed]))
            assert touched is not None
            assert touched.shape == (2, 3)
            assert not touched[0].any()
        dynamics.close()
        env.close()

    def test_a_worker_that_dies_is_a_named_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(simulator, "_open_worker", _die)
        dynamics = SimulatorDynamics(DRAWER, workers=1)
        moment = Moment(state=np.zeros(1), frames=np.zeros((1, 4, 4, 3), dtype=np.uint8))
        with pytest.raises(WorkerError, match="workers=0"):
            dynamics.predict(moment, np.zeros((2, 4, 5), dtype=np.float32), STEPS)
        dynamics.close()

    def test_an_environment_without_a_settable_state_is_refused(self) -> None:
        assert not hasattr(gym.make("Pendulum-v1").unwrapped, "get_state")
        with pytest.raises(StateError, match="get_state"):
            simulator_env("Pendulum-v1")


def _die(*_: object) -> None:
    os._exit(3)
