"""Kendall's tau_a against scipy and against counting pairs by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from a2r_gym.errors import MetricError
from a2r_gym.metrics.correlation import kendall_tau_a, tau_a

# Few distinct values, so that ties are the rule.
PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=25)


@given(PAIRS)
@settings(deadline=None, max_examples=60)
def test_tau_a_counts_pairs_and_a_tie_is_neither(pairs: list[tuple[int, int]]) -> None:
    signs = [np.sign((a[0] - b[0]) * (a[1] - b[1])) for a, b in combinations(pairs, 2)]
    scores, truth = np.array(pairs).T
    assert tau_a(scores, truth) == pytest.approx(np.mean(signs))


@given(PAIRS.filter(lambda pairs: all(len(set(values)) > 1 for values in zip(*pairs, strict=True))))
@settings(deadline=None, max_examples=40)
def test_tau_a_equals_scipys_somers_d_on_the_pairs_that_it_counts(pairs: list[tuple[int, int]]) -> None:
    scores, truth = np.array(pairs).T
    untied = np.mean([a != b for a, b in combinations(scores.tolist(), 2)])
    assert tau_a(scores, truth) == pytest.approx(stats.somersd(scores, truth).statistic * untied)


def test_without_ties_it_equals_scipys_tau() -> None:
    rng = np.random.default_rng(0)
    scores, truth = rng.permutation(30), rng.permutation(30)
    expected = stats.kendalltau(scores, truth).statistic
    assert kendall_tau_a(scores, truth, rng).value == pytest.approx(expected)


def test_the_interval_agrees_with_resampling_by_hand() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=40)
    scores = truth + rng.normal(size=40)
    estimate = kendall_tau_a(scores, truth, np.random.default_rng(2), 6000)
    first, second = np.triu_indices(40, 1)
    draws = []
    for _ in range(6000):
        pick = rng.integers(40, size=40)
        signs = np.sign((scores[pick[first]] - scores[pick[second]]) * (truth[pick[first]] - truth[pick[second]]))
        draws.append(signs[pick[first] != pick[second]].mean())
    assert (estimate.low, estimate.high) == pytest.approx(tuple(np.quantile(draws, [0.025, 0.975])), abs=0.02)
    assert estimate.low < estimate.value < estimate.high


def test_a_perfect_order_is_certain_and_a_constant_score_orders_nothing() -> None:
    rng = np.random.default_rng(0)
    assert kendall_tau_a([0.1, 0.2, 0.3, 0.4], [1, 2, 3, 4], rng) == (1.0, 1.0, 1.0, 4)
    assert kendall_tau_a([0.1] * 4, [1, 2, 3, 4], rng) == (0.0, 0.0, 0.0, 4)


@pytest.mark.parametrize(("scores", "truth"), [([1.0], [1.0]), ([1.0, 2.0], [1.0]), ([1.0, np.nan], [1.0, 2.0])])
def test_what_cannot_be_ordered_is_refused(scores: list[float], truth: list[float]) -> None:
    with pytest.raises(MetricError):
        tau_a(scores, truth)
