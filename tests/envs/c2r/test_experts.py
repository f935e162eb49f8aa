"""The scripted policies: they do the tasks; and the ways to fail share their manner."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from a2r_gym.envs.c2r.experts import SOURCES, Manner, expert, make_controller, trajectory_expert
from a2r_gym.envs.c2r.follower import Waypoint
from a2r_gym.envs.c2r.observation import OBSERVATION, OBSERVATION_SIZE
from a2r_gym.envs.c2r.paths import Style
from a2r_gym.envs.c2r.plans import make_plan
from a2r_gym.envs.c2r.tasks import TASKS
from a2r_gym.envs.c2r.trajectory import NUM_WAYPOINTS
from a2r_gym.errors import UnknownNameError


class Env:
    """All that a controller needs to know."""

    def __init__(self, task: str) -> None:
        self.task = task


def first_observation() -> NDArray[np.float64]:
    """Return the start of an episode in which two things stand on the table."""
    obs = np.zeros(OBSERVATION_SIZE)
    obs[OBSERVATION["tip"]] = obs[OBSERVATION["command"]] = (0.38, 0.0, 0.28)
    obs[OBSERVATION["opening"]] = 1.0
    obs[OBSERVATION["picture_right"]] = (-0.3, 0.954)
    obs[OBSERVATION["first"]], obs[OBSERVATION["second"]] = (0.5, -0.08, 0.04), (0.5, 0.12, 0.03)
    obs[OBSERVATION["first_turn"]] = obs[OBSERVATION["second_turn"]] = (0.0, 0.0, 0.0, 1.0)
    obs[OBSERVATION["handle"]], obs[OBSERVATION["front"]] = (0.62, 0.0, 0.09), (1.0, 0.0)
    obs[OBSERVATION["first_scale"]] = obs[OBSERVATION["second_scale"]] = 1.0
    return obs


def plan(task: str, source: str) -> list[Waypoint]:
    return make_plan(task, source, first_observation(), Style())


@pytest.mark.parametrize("task", TASKS)
def test_a_success_fits_into_one_trajectory_within_its_bounds(task: str) -> None:
    obs = first_observation()
    assert len(plan(task, "success")) <= NUM_WAYPOINTS
    action = trajectory_expert(task)(obs)
    assert np.abs(action).max() <= 1.0
    assert np.abs(action.reshape(NUM_WAYPOINTS, -1)[:, :3]).max() < 1.0  # nothing was cut off


@pytest.mark.parametrize("task", TASKS)
def test_near_successes_share_the_approach_and_then_differ(task: str) -> None:
    plans = {source: plan(task, source) for source in ("success", "missed", "stopped_short", "undone")}
    first = plans["success"][0]
    for source in ("stopped_short", "undone"):
        np.testing.assert_array_equal(plans[source][0].place[:2], first.place[:2])
        assert (plans[source][0].yaw, plans[source][0].grip) == (first.yaw, first.grip)
    paths = [tuple(tuple(waypoint.place.round(4)) for waypoint in found) for found in plans.values()]
    grips = [tuple(waypoint.grip for waypoint in found) for found in plans.values()]
    yaws = [tuple(waypoint.yaw for waypoint in found) for found in plans.values()]
    assert len(set(zip(paths, grips, yaws, strict=True))) == 4


def test_all_sources_begin_alike() -> None:
    obs = first_observation()
    first = [
        make_controller(Env("put-into"), source, np.random.default_rng(3))(obs)
        for source in ("success", "stopped_short", "undone")
    ]
    np.testing.assert_array_equal(first[0], first[1])
    np.testing.assert_array_equal(first[0], first[2])


def test_a_manner_always_takes_the_same_number_of_draws() -> None:
    rngs = [np.random.default_rng(seed) for seed in (0, 0)]
    Manner.draw(rngs[0])
    rngs[1].uniform(size=8)
    assert rngs[0].uniform() == rngs[1].uniform()


def test_unknown_tasks_and_sources_list_what_there_is() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'push-left'"):
        expert("push-lift")
    with pytest.raises(UnknownNameError, match="Available: missed, random, stopped_short, success, undone"):
        make_controller(Env("lift"), "lucky", np.random.default_rng(0))


# ---------------------------------------------------------------------- in the simulation


@pytest.mark.parametrize("task", ["push-right", "door-open", "put-into", "tip-over"])
def test_what_sets_out_to_succeed_does_and_what_sets_out_to_fail_fails(task: str) -> None:
    pytest.importorskip("pybullet", reason="pybullet is not installed")
    from a2r_gym.envs.c2r.source_rates import source_rate

    assert source_rate(task, "expert", episodes=2, seed=50).last == 1.0
    assert source_rate(task, "trajectory", episodes=1, seed=60).last == 1.0
    for source in SOURCES[2:]:
        assert source_rate(task, source, episodes=1, seed=70).last == 0.0, source


def test_what_is_undone_was_done_before() -> None:
    pytest.importorskip("pybullet", reason="pybullet is not installed")
    from a2r_gym.envs.c2r.source_rates import source_rate

    rate = source_rate("drawer-close", "undone", episodes=2)
    assert (rate.last, rate.ever) == (0.0, 1.0)


def test_the_expert_works_from_another_viewpoint_among_other_things() -> None:
    pytest.importorskip("pybullet", reason="pybullet is not installed")
    from a2r_gym.envs.c2r.source_rates import source_rate

    assert source_rate("push-left", "expert", viewpoint=2, distractors=4, episodes=2).last == 1.0


def test_the_table_of_sources_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pybullet", reason="pybullet is not installed")
    from a2r_gym.envs.c2r.source_rates import main

    main(tasks=("lift",), sources=("expert",), episodes=1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["task", "expert"]
    assert lines[2].split()[:2] == ["lift", "1.00"]
