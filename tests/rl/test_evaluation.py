"""How often a policy succeeds."""

from __future__ import annotations

import numpy as np
import pytest

from a2r_gym import expert
from a2r_gym.rl.evaluation import EVALUATION_SEED, evaluate_policy, hold, random_policy, success_rate
from tests.rl.point_env import GOAL, POINT, STEPS, PointEnv

RIGHT, LEFT = np.ones(1, np.float32), -np.ones(1, np.float32)


def test_an_episode_that_was_solved_at_any_step_succeeded() -> None:
    steps = [0]

    def there_and_back(obs: np.ndarray) -> np.ndarray:
        steps[0] += 1
        return RIGHT if obs[0] <= GOAL else LEFT

    assert evaluate_policy(POINT, there_and_back, episodes=2).tolist() == [True, True]
    assert steps[0] < 2 * STEPS  # what comes after the first success decides nothing and is not run
    assert evaluate_policy(POINT, lambda obs: LEFT, episodes=2).tolist() == [False, False]


def test_a_held_action_is_decided_anew_only_every_so_many_steps() -> None:
    seen: list[float] = []

    def counted(obs: np.ndarray) -> np.ndarray:
        seen.append(float(obs[0]))
        return np.full(1, len(seen), np.float32)

    act = hold(counted, 3)
    assert [float(act(np.array([step]))[0]) for step in range(7)] == [1, 1, 1, 2, 2, 2, 3]
    assert seen == [0, 3, 6]


def test_an_episode_of_held_actions_asks_that_seldom() -> None:
    asked = [0]

    def still(obs: np.ndarray) -> np.ndarray:
        asked[0] += 1
        return np.zeros(1, np.float32)

    evaluate_policy(POINT, still, episodes=2, action_repeat=4)
    assert asked[0] == 2 * -(-STEPS // 4)


def test_metaworlds_expert_succeeds_where_standing_still_does_not() -> None:
    drawer = "A2R-MetaWorld-drawer-close-v1"
    assert evaluate_policy(drawer, expert(drawer), episodes=2).all()
    assert not evaluate_policy(drawer, lambda obs: np.zeros(4, np.float32), episodes=1).any()


def test_nothing_is_rendered() -> None:
    evaluate_policy(POINT, lambda obs: RIGHT, episodes=1)
    assert PointEnv.renders == 0


def test_each_episode_has_its_own_seed_and_the_same_one_each_time() -> None:
    for seed in (0, 1):
        evaluate_policy(POINT, lambda obs: RIGHT, episodes=3, seed=seed)
    first, second = PointEnv.seeds[:3], PointEnv.seeds[3:]
    assert first == [EVALUATION_SEED, EVALUATION_SEED + 1, EVALUATION_SEED + 2]
    assert not set(first) & set(second)


def test_random_actions_are_the_seeds() -> None:
    one, same, other = (random_policy(POINT, seed) for seed in (0, 0, 1))
    drawn = [[policy(np.zeros(1)).item() for _ in range(5)] for policy in (one, same, other)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_the_rate_has_wilsons_interval() -> None:
    rate = success_rate(np.array([True] * 17 + [False] * 3))
    assert rate.value == pytest.approx(0.85)
    assert (rate.low, rate.high, rate.n) == (pytest.approx(0.640, abs=1e-3), pytest.approx(0.948, abs=1e-3), 20)
