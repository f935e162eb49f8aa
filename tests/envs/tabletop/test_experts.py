"""The table-top's scripted policies: they do every task, in every scene; and the ways to fail share their manner."""

from __future__ import annotations

import numpy as np
import pytest

from a2r_gym.envs.tabletop.env import OBSERVATION, TabletopEnv
from a2r_gym.envs.tabletop.experts import SOURCES, Controller, Manner, expert, make_controller
from a2r_gym.envs.tabletop.plans import Style, make_plan
from a2r_gym.envs.tabletop.scene import SCENES
from a2r_gym.envs.tabletop.source_rates import main, source_rate
from a2r_gym.envs.tabletop.tasks import EPISODE_STEPS, TASKS
from a2r_gym.errors import UnknownNameError


@pytest.mark.parametrize("scene", [*SCENES, 1000, 1001, 1002, 1003, 1006, 1027])
def test_the_expert_does_every_task(scene: str | int) -> None:
    failed = {task for task in TASKS if source_rate(task, "expert", scene=scene, episodes=1).last < 1.0}
    assert not failed


def test_the_mug_goes_away_whichever_way_its_handle_points() -> None:
    rates = [source_rate("mug-away", "expert", scene=scene, episodes=3).last for scene in (1001, 1002, 1006, 1027)]
    assert np.mean(rates) >= 0.9


def test_an_expert_serves_any_number_of_episodes() -> None:
    env, policy = TabletopEnv(task="drawer-open", render_mode=None), expert("drawer-open")
    ends = []
    for seed in (0, 1, 0):
        obs, _ = env.reset(seed=seed)
        for _ in range(EPISODE_STEPS):
            obs, *_ = env.step(policy(obs))
        assert env.is_success()
        ends.append(obs)
    np.testing.assert_array_equal(ends[0], ends[2])


def test_unknown_tasks_and_sources_list_what_there_is() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'mug-left'"):
        expert("mug-lift")
    with pytest.raises(UnknownNameError, match="Available: missed, random, stopped_short, success, undone"):
        make_controller(TabletopEnv(render_mode=None), "lucky", np.random.default_rng(0))


@pytest.mark.parametrize("task", TASKS)
def test_what_sets_out_to_fail_mostly_does_and_what_sets_out_to_succeed_mostly_does(task: str) -> None:
    last = {source: source_rate(task, source, episodes=6).last for source in SOURCES}
    assert last.pop("success") >= 5 / 6
    last.pop("random")  # a hand that wanders turns a faucet in half of its episodes
    assert max(last.values()) <= 1 / 6, last


@pytest.mark.parametrize("task", TASKS)
def test_what_is_undone_was_done_before_even_in_the_shortest_episodes(task: str) -> None:
    rates = [
        source_rate(task, "undone", scene=scene, episodes=5, steps=54, seed=10) for scene in ("train", 1000, 1012)
    ]  # fmt: skip
    assert np.mean([rate.ever for rate in rates]) >= 0.9
    assert np.mean([rate.last for rate in rates]) <= 0.2


def test_all_sources_begin_alike() -> None:
    env = TabletopEnv(task="mug-left", render_mode=None)
    obs, _ = env.reset(seed=0)
    first = [
        make_controller(env, source, np.random.default_rng(3))(obs) for source in ("success", "stopped_short", "undone")
    ]
    np.testing.assert_array_equal(first[0], first[1])
    np.testing.assert_array_equal(first[0], first[2])


@pytest.mark.parametrize("task", TASKS)
def test_near_successes_share_the_approach(task: str) -> None:
    obs, _ = TabletopEnv(task=task, render_mode=None).reset(seed=0)
    plans = [make_plan(task, source, obs, Style()) for source in ("success", "stopped_short", "undone")]
    for plan in plans:
        assert abs(plan.yaw) <= np.pi / 2
        assert (plan.yaw, plan.grip) == (plans[0].yaw, plans[0].grip)
        for mine, theirs in zip(plan.waypoints[:2], plans[0].waypoints[:2], strict=True):
            np.testing.assert_array_equal(mine.resolve(obs), theirs.resolve(obs))


def test_a_manner_always_takes_the_same_number_of_draws() -> None:
    rngs = [np.random.default_rng(seed) for seed in (0, 0)]
    Manner.draw(rngs[0])
    rngs[1].uniform(size=8)
    assert rngs[0].uniform() == rngs[1].uniform()


def test_the_table_of_sources_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    main(episodes=1, steps=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["task", "expert", *SOURCES]
    assert [line.split()[0] for line in lines[2:]] == list(TASKS)


@pytest.mark.parametrize(("roam", "moves"), [(0.0, False), (0.8, True)])
def test_a_hand_that_is_done_rests_or_roams_above_the_table(roam: float, moves: bool) -> None:
    env = TabletopEnv(task="mug-left", render_mode=None)
    obs, _ = env.reset(seed=0)
    manner = Manner(roam=roam)
    policy = Controller(
        lambda first: make_plan("mug-left", "success", first, manner.style), manner, np.random.default_rng(0)
    )  # fmt: skip
    tips = []
    for _ in range(EPISODE_STEPS):
        obs, *_ = env.step(policy(obs))
        tips.append(obs[OBSERVATION["tip"]])
    assert env.is_success()
    assert (np.linalg.norm(tips[-1] - tips[-8]) > 0.02) == moves
    assert not moves or tips[-1][2] > 0.2
