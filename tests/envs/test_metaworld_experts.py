"""Meta-World's scripted policies and the ways to fail around them; test_all_ids lets each id's expert succeed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from a2r_gym.envs.metaworld import MetaWorldEnv
from a2r_gym.envs.metaworld_experts import ENDINGS, SOURCES, Controller, Manner, expert, make_controller
from a2r_gym.envs.metaworld_tasks import TASKS
from a2r_gym.errors import UnknownNameError


@pytest.fixture(scope="module")
def env() -> MetaWorldEnv:
    return MetaWorldEnv(task="drawer-close", render_mode=None)


def play(env: MetaWorldEnv, source: str, seed: int) -> NDArray[np.float64]:
    """Play an episode; returns the hand's path (T, 3)."""
    obs, _ = env.reset(seed=seed)
    controller = make_controller(env, source, np.random.default_rng(seed))
    path = []
    for _ in range(env.max_episode_steps):
        obs, *_ = env.step(controller(obs))
        path.append(obs[:3])
    return np.array(path)


def test_experts_stay_in_the_action_space(env: MetaWorldEnv) -> None:
    policy = expert("drawer-close")
    obs, _ = env.reset(seed=0)
    for _ in range(10):
        action = policy(obs)
        assert env.action_space.contains(action)
        obs, *_ = env.step(action)


def test_success_succeeds_and_wandering_does_not() -> None:
    env = MetaWorldEnv(task="drawer-open", render_mode=None)
    found = dict.fromkeys(("success", "random"), 0)
    for source in found:
        for seed in range(4):
            play(env, source, seed)
            found[source] += env.is_success()
    assert found["success"] >= 3
    assert found["random"] <= 1


def test_stopping_short_lets_go_before_the_end() -> None:
    env = MetaWorldEnv(task="drawer-open", render_mode=None)
    play(env, "stopped_short", 0)
    label = env.labels()["drawer-open"]
    assert not label.success
    assert 0.0 < label.progress < 1.0


def test_a_controller_is_its_seed(env: MetaWorldEnv) -> None:
    first = play(env, "success", 1)
    np.testing.assert_array_equal(play(env, "success", 1), first)
    assert (play(env, "success", 2) != first).any()


def test_every_episode_ends_with_the_hand_at_rest(env: MetaWorldEnv) -> None:
    for source in ("success", "missed", "stopped_short", "random"):
        path = play(env, source, 0)
        assert np.linalg.norm(path[-1] - path[-10]) < 0.03, source


def test_all_sources_wait_alike(env: MetaWorldEnv) -> None:
    delay = Manner.draw(np.random.default_rng(5)).delay
    assert delay > 0
    obs, _ = env.reset(seed=5)
    starts = []
    for source in SOURCES:
        controller = make_controller(env, source, np.random.default_rng(5))
        starts.append([controller(obs) for _ in range(delay)])
    for start in starts[1:]:
        np.testing.assert_array_equal(start, starts[0])


def test_a_finished_controller_rests_or_withdraws() -> None:
    def last_move(retreat: bool) -> float:
        manner = Manner(speed=1.0, delay=0, noise=0.0, settle=0, stop=0.5, retreat=retreat)
        controller = Controller(
            lambda obs: np.ones(4, np.float32), lambda steps: True, manner, np.random.default_rng(0)
        )
        obs = np.zeros(39)
        controller(obs)
        return float(controller(obs)[2])

    assert last_move(retreat=False) == 0.0
    assert last_move(retreat=True) > 0.0


def test_unknown_tasks_and_sources_list_what_there_is(env: MetaWorldEnv) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'drawer-close'"):
        expert("drawer-clos")
    with pytest.raises(UnknownNameError, match="Available: missed, random"):
        make_controller(env, "lucky", np.random.default_rng(0))


def test_endings_name_real_tasks() -> None:
    from a2r_gym.envs.metaworld_experts import _ENDINGS

    assert set(_ENDINGS) <= set(TASKS)
    assert set(_ENDINGS.values()) <= set(ENDINGS)
