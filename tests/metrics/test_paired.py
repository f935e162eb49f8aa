"""Paired tests: McNemar against scipy and tables, the paired bootstrap against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from a2r_gym.errors import MetricError
from a2r_gym.metrics.paired import mcnemar, paired_difference


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _outcomes(both: int, only_first: int, only_second: int, none: int) -> tuple[list[int], list[int]]:
    first = [1] * both + [1] * only_first + [0] * only_second + [0] * none
    second = [1] * both + [0] * only_first + [1] * only_second + [0] * none
    return first, second


def test_mcnemar_worked_by_hand() -> None:
    # 1 against 9: 2 (C(10, 0) + C(10, 1)) / 2^10 = 22 / 1024.
    assert mcnemar(*_outcomes(40, 1, 9, 10)) == (1, 9, pytest.approx(22 / 1024))


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_equals_scipys_binomial_test(only_first: int, only_second: int) -> None:
    found = mcnemar(*_outcomes(3, only_first, only_second, 5))
    discordant = only_first + only_second
    expected = stats.binomtest(only_first, discordant).pvalue if discordant else 1.0
    assert found == (only_first, only_second, pytest.approx(expected))


def test_trials_on_which_both_agree_carry_nothing() -> None:
    assert mcnemar(*_outcomes(0, 2, 8, 0)).p_value == mcnemar(*_outcomes(500, 2, 8, 500)).p_value
    assert mcnemar(*_outcomes(5, 0, 0, 5)).p_value == 1.0


def test_the_difference_agrees_with_scipys_paired_bootstrap() -> None:
    rng = np.random.default_rng(1)
    first = (rng.random(60) < 0.8).astype(float)
    second = np.where(rng.random(60) < 0.7, first, rng.random(60) < 0.4)
    ours = paired_difference([first], [second], _rng(), 8000)
    theirs = stats.bootstrap(
        (first, second),
        lambda x, y, axis: (x - y).mean(axis=axis),
        paired=True,
        method="percentile",
        n_resamples=8000,
        rng=rng,
    ).confidence_interval
    assert ours.value == pytest.approx(first.mean() - second.mean())
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_pairing_narrows_the_interval_of_methods_that_share_their_luck() -> None:
    luck = np.arange(100) % 2
    better = luck.copy()
    better[[0, 2, 4]] = 1
    assert paired_difference([better], [luck], _rng()).high < 0.08
    shuffled = np.random.default_rng(2).permutation(luck)
    assert paired_difference([better], [shuffled], _rng()).high > 0.1


def test_tasks_weigh_the_same_whatever_their_trials() -> None:
    first, second = [np.ones(90), np.zeros(10)], [np.zeros(90), np.ones(10)]
    assert paired_difference(first, second, _rng()) == (0.0, 0.0, 0.0, 100)


def test_other_trials_are_refused() -> None:
    with pytest.raises(MetricError, match="same trials"):
        paired_difference([[1, 0]], [[1]], _rng())
    with pytest.raises(MetricError, match="same trials"):
        mcnemar([1, 0], [1])
    with pytest.raises(MetricError, match="0 or 1"):
        mcnemar([1, 0.5], [1, 0])
