"""Pearson distance against scipy; EPIC against its closed form on a tabular problem, and what it must ignore."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from a2r_gym.errors import MetricError
from a2r_gym.metrics.distance import SampledReward, canonical_reward, epic_distance, pearson_distance

STATES, ACTIONS, GAMMA = 5, 3, 0.9


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _table(seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(STATES, ACTIONS, STATES))


def _shaping(seed: int) -> NDArray[np.float64]:
    potential = 3 * np.random.default_rng(seed).normal(size=STATES)
    return np.broadcast_to(GAMMA * potential - potential[:, None, None], (STATES, ACTIONS, STATES))


def _sampled(table: NDArray[np.float64], draws: NDArray[np.int64] | None = None) -> SampledReward:
    """See a table through all its transitions; the draws are all (A, S') too unless some are given."""
    state, action, after = (part.ravel() for part in np.indices(table.shape))
    pairs = np.indices((ACTIONS, STATES)).reshape(2, -1) if draws is None else draws
    return SampledReward(
        taken=table[state, action, after],
        onward=table[after[:, None], pairs[0], pairs[1]],
        aside=table[state[:, None], pairs[0], pairs[1]],
        anywhere=table.ravel(),
    )


def _closed_form(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """C(R) with uniform states and actions, from the definition: m(s) = E[R(s, A, S')]."""
    mean = table.mean(axis=(1, 2))
    return table + GAMMA * mean - mean[:, None, None] - GAMMA * table.mean()


def test_pearson_distance_equals_scipys_correlation() -> None:
    rng = np.random.default_rng(1)
    first = rng.normal(size=80)
    second = first + rng.normal(size=80)
    ours = pearson_distance(first, second, _rng(), 4000)
    assert ours.value == pytest.approx(np.sqrt((1 - stats.pearsonr(first, second).statistic) / 2))
    theirs = stats.bootstrap(
        (first, second),
        lambda x, y: np.sqrt((1 - np.corrcoef(x, y)[0, 1]) / 2),
        paired=True,
        vectorized=False,
        method="percentile",
        n_resamples=2000,
        rng=rng,
    ).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.015)


def test_pearson_distance_ignores_scale_and_offset_and_opposite_is_one() -> None:
    reward = np.random.default_rng(2).normal(size=20)
    assert pearson_distance(reward, 7 * reward - 1e4, _rng()).value == pytest.approx(0.0, abs=1e-6)
    assert pearson_distance(reward, -reward, _rng()).value == pytest.approx(1.0)


def test_resamples_that_are_constant_are_left_out() -> None:
    estimate = pearson_distance([0.0, 0.0, 0.0, 1.0], [0.0, 0.1, 0.0, 1.0], _rng())
    assert np.isfinite(estimate[:3]).all()
    assert estimate.low <= estimate.value <= estimate.high


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [([1, 2], [1, 2], ">= 3"), ([1, 2, 3], [1, 2], "one length"), ([1, 1, 1], [1, 2, 3], "first reward is 1")],
)
def test_rewards_without_a_correlation_are_refused(first: list[float], second: list[float], message: str) -> None:
    with pytest.raises(MetricError, match=message):
        pearson_distance(first, second, _rng())


def test_the_canonical_reward_equals_the_definition() -> None:
    table = _table(3)
    np.testing.assert_allclose(canonical_reward(_sampled(table), GAMMA), _closed_form(table).ravel())


def test_epic_equals_the_distance_of_the_closed_forms() -> None:
    first, second = _table(4), _table(5)
    rho = stats.pearsonr(_closed_form(first).ravel(), _closed_form(second).ravel()).statistic
    estimate = epic_distance(_sampled(first), _sampled(second), GAMMA, _rng())
    assert estimate.value == pytest.approx(np.sqrt((1 - rho) / 2))
    assert estimate.n == STATES * ACTIONS * STATES


def test_a_two_state_problem_worked_by_hand() -> None:
    # R = 1 on arriving at state 1. C(R) = R - 1/2. Against R'(s, s') = s: C(R') = gamma (s' - 1/2). They are the same.
    arrive = np.broadcast_to([0.0, 1.0], (2, 1, 2))
    leave = np.broadcast_to(np.array([0.0, 1.0])[:, None, None], (2, 1, 2))
    state, _, after = (part.ravel() for part in np.indices((2, 1, 2)))

    def seen(table: NDArray[np.float64]) -> SampledReward:
        return SampledReward(table[state, 0, after], table[after, 0, :], table[state, 0, :], table.ravel())

    np.testing.assert_allclose(canonical_reward(seen(arrive), 0.5), [-0.5, 0.5, -0.5, 0.5])
    np.testing.assert_allclose(canonical_reward(seen(leave), 0.5), [-0.25, 0.25, -0.25, 0.25])
    assert epic_distance(seen(arrive), seen(leave), 0.5, _rng()).value == pytest.approx(0.0, abs=1e-6)


def test_epic_ignores_shaping_scale_and_constants_where_pearson_distance_does_not() -> None:
    table = _table(6)
    other = 2.5 * table + _shaping(7) + 4.0
    assert epic_distance(_sampled(table), _sampled(other), GAMMA, _rng()).value == pytest.approx(0.0, abs=1e-6)
    assert pearson_distance(table.ravel(), other.ravel(), _rng()).value > 0.3


def test_shaping_is_taken_out_exactly_with_few_draws() -> None:
    draws = np.array([[0, 2, 1, 1], [3, 0, 0, 4]])
    first, second = _sampled(_table(8), draws), _sampled(_table(8) + _shaping(9), draws)
    assert epic_distance(first, second, GAMMA, _rng()).value == pytest.approx(0.0, abs=1e-6)


def test_epic_of_rewards_of_the_next_state_is_their_pearson_distance() -> None:
    first, second = (np.broadcast_to(_table(seed)[0, 0], (STATES, ACTIONS, STATES)) for seed in (10, 11))
    epic = epic_distance(_sampled(first), _sampled(second), GAMMA, _rng())
    assert epic == pytest.approx(pearson_distance(first.ravel(), second.ravel(), _rng()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"onward": np.zeros((75, 0)), "aside": np.zeros((75, 0))}, "m >= 1"),
        ({"onward": np.zeros((3, 2))}, r"\(n, m\)"),
        ({"anywhere": []}, "anywhere"),
        ({"aside": np.full((75, 15), np.nan)}, "aside must be finite"),
    ],
)
def test_samples_that_do_not_fit_are_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(MetricError, match=message):
        canonical_reward(_sampled(_table(0))._replace(**change), GAMMA)


def test_a_discount_above_one_is_refused() -> None:
    with pytest.raises(MetricError, match="gamma"):
        canonical_reward(_sampled(_table(0)), 1.1)
