"""Intervals against scipy, the interquartile mean against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from a2r_gym.errors import MetricError
from a2r_gym.metrics.estimate import Estimate, iqm, resample_counts, stratified_mean, wilson


def test_wilson_equals_the_formula() -> None:
    hits, trials, z = 18, 20, stats.norm.ppf(0.975)
    share = hits / trials
    centre = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2)) / (1 + z**2 / trials)
    assert wilson(hits, trials) == pytest.approx(Estimate(0.9, centre - half, centre + half, trials))


def test_wilson_of_all_hits_still_leaves_room_below_one() -> None:
    assert wilson(20, 20).low == pytest.approx(0.8389, abs=1e-4)
    assert wilson(20, 20).high == pytest.approx(1.0)


def test_wilson_without_trials_knows_nothing() -> None:
    estimate = wilson(0, 0)
    assert np.isnan(estimate.value)
    assert estimate[1:] == (0.0, 1.0, 0)


@pytest.mark.parametrize(("hits", "trials"), [(3, 2), (-1, 2)])
def test_wilson_rejects_impossible_counts(hits: int, trials: int) -> None:
    with pytest.raises(MetricError, match="0 <= hits <= trials"):
        wilson(hits, trials)


def test_resamples_keep_the_number_of_items() -> None:
    counts = resample_counts(7, np.random.default_rng(0), 50)
    assert counts.shape == (50, 7)
    assert (counts.sum(axis=1) == 7).all()


def test_interval_of_one_group_agrees_with_scipy_bootstrap() -> None:
    values = np.random.default_rng(0).gamma(2.0, size=80)
    ours = stratified_mean([values], np.random.default_rng(1), 20000)
    theirs = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=20000, rng=np.random.default_rng(2)
    ).confidence_interval
    assert ours.value == pytest.approx(values.mean())
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_groups_have_equal_weight_whatever_their_size() -> None:
    estimate = stratified_mean([np.zeros(90), np.ones(10)], np.random.default_rng(0))
    assert estimate == Estimate(0.5, 0.5, 0.5, 100)


def test_empty_groups_are_left_out_and_none_gives_nan() -> None:
    assert stratified_mean([[], [1.0, 1.0]], np.random.default_rng(0)).value == 1.0
    assert np.isnan(stratified_mean([[]], np.random.default_rng(0)).value)


def test_iqm_equals_the_mean_of_the_middle_half() -> None:
    scores = np.random.default_rng(3).normal(size=(10, 4))
    middle = np.sort(scores.ravel())[10:30]
    assert iqm(scores, np.random.default_rng(0)).value == pytest.approx(middle.mean())


def test_iqm_of_one_task_has_the_interval_of_scipy_bootstrap() -> None:
    runs = np.random.default_rng(4).normal(size=40)
    ours = iqm(runs[:, None], np.random.default_rng(1), 10000)
    theirs = stats.bootstrap(
        (runs,),
        lambda x, axis: stats.trim_mean(x, 0.25, axis=axis),
        method="percentile",
        n_resamples=10000,
        rng=np.random.default_rng(2),
    ).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.03)


def test_iqm_resamples_runs_within_each_task() -> None:
    # Runs agree within each task, so resampling within tasks changes nothing; across tasks it would.
    scores = np.tile([0.0, 1.0, 2.0, 3.0], (5, 1))
    assert iqm(scores, np.random.default_rng(0)) == Estimate(1.5, 1.5, 1.5, 20)


@pytest.mark.parametrize("scores", [np.zeros(3), np.zeros((0, 2)), np.array([[np.nan, 1.0]])])
def test_iqm_rejects_what_is_no_finite_table(scores: np.ndarray) -> None:
    with pytest.raises(MetricError):
        iqm(scores, np.random.default_rng(0))


def test_an_estimate_prints_its_interval() -> None:
    assert str(Estimate(0.9534, 0.931, 0.97, 40)) == "0.953 [0.931, 0.970]"
