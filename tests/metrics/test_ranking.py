"""AUROC and AUPRC against scikit-learn, intervals against scipy, and the rules for ties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from a2r_gym.errors import MetricError
from a2r_gym.metrics.ranking import (
    TaskScores,
    auprc,
    auroc,
    mean_auprc,
    mean_auroc,
    mean_auroc_fall,
    pairwise_accuracy,
    task_auroc,
)

# Few distinct values, so that ties are the rule.
CLIPS = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40).filter(
    lambda clips: 0 < sum(label for _, label in clips) < len(clips)
)


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


@given(CLIPS)
@settings(deadline=None, max_examples=60)
def test_auroc_equals_scikit_learn_with_ties(clips: list[tuple[int, bool]]) -> None:
    scores, labels = np.array(clips).T
    assert auroc(scores, labels, _rng(), 10).value == pytest.approx(roc_auc_score(labels, scores))


@given(CLIPS)
@settings(deadline=None, max_examples=60)
def test_auprc_equals_scikit_learn_with_ties(clips: list[tuple[int, bool]]) -> None:
    scores, labels = np.array(clips).T
    assert auprc(scores, labels, _rng(), 10).value == pytest.approx(average_precision_score(labels, scores))


def test_mean_auprc_weighs_tasks_equally_and_joins_failure_groups() -> None:
    rng = np.random.default_rng(9)
    tasks = [TaskScores(rng.normal(1, size=p), (rng.normal(size=4), rng.normal(size=6))) for p in (5, 30)]
    expected = [
        average_precision_score(
            np.r_[np.ones(len(task.successes)), np.zeros(10)], np.concatenate([task.successes, *task.failures])
        )
        for task in tasks
    ]
    estimate = mean_auprc(tasks, _rng())
    assert estimate.value == pytest.approx(np.mean(expected))
    assert estimate.low < estimate.value < estimate.high
    assert estimate.n == 55
    assert np.isnan(mean_auprc([], _rng()).value)


def test_auprc_interval_agrees_with_resampling_by_hand() -> None:
    rng = np.random.default_rng(10)
    successes, failures = rng.normal(1.0, size=40), rng.normal(size=60)
    labels = np.r_[np.ones(40), np.zeros(60)]
    estimate = auprc(np.r_[successes, failures], labels, _rng(), 3000)
    draws = [
        average_precision_score(labels, np.r_[rng.choice(successes, 40), rng.choice(failures, 60)]) for _ in range(400)
    ]
    assert (estimate.low, estimate.high) == pytest.approx(tuple(np.quantile(draws, [0.025, 0.975])), abs=0.03)


def test_auroc_interval_agrees_with_resampling_by_hand() -> None:
    rng = np.random.default_rng(5)
    successes, failures = rng.normal(1.0, size=40), rng.normal(size=60)
    estimate = auroc(np.r_[successes, failures], np.r_[np.ones(40), np.zeros(60)], _rng(), 4000)
    theirs = stats.bootstrap(
        (successes, failures),
        lambda s, f: roc_auc_score(np.r_[np.ones(len(s)), np.zeros(len(f))], np.r_[s, f]),
        method="percentile",
        vectorized=False,
        n_resamples=1000,
        rng=rng,
    ).confidence_interval
    assert (estimate.low, estimate.high) == pytest.approx((theirs.low, theirs.high), abs=0.015)


def test_auroc_of_a_constant_model_is_one_half() -> None:
    assert auroc(np.zeros(10), np.arange(10) % 2, _rng()) == (0.5, 0.5, 0.5, 10)


def test_failure_groups_weigh_the_same_whatever_their_size() -> None:
    task = TaskScores(np.ones(4), (np.zeros(90), np.full(10, 2.0)))
    assert task_auroc(task) == 0.5


def test_two_groups_equal_scikit_learn_with_balanced_weights() -> None:
    rng = np.random.default_rng(6)
    parts = rng.normal(1, size=20), rng.normal(size=50), rng.normal(0.7, size=15)
    labels = np.r_[np.ones(20), np.zeros(65)]
    weights = np.r_[np.ones(20), np.full(50, 1 / 50), np.full(15, 1 / 15)]
    expected = roc_auc_score(labels, np.concatenate(parts), sample_weight=weights)
    assert task_auroc(TaskScores(parts[0], parts[1:])) == pytest.approx(expected)


def test_mean_auroc_weighs_tasks_equally() -> None:
    perfect = TaskScores(np.ones(2), (np.zeros(2),))
    useless = TaskScores(np.zeros(50), (np.zeros(50),))
    estimate = mean_auroc([perfect, useless], _rng())
    assert estimate.value == 0.75
    assert estimate.n == 104


def test_mean_auroc_without_tasks_is_nan() -> None:
    assert np.isnan(mean_auroc([], _rng()).value)


def test_the_interval_narrows_with_more_tasks() -> None:
    rng = np.random.default_rng(7)
    tasks = [TaskScores(rng.normal(1, size=20), (rng.normal(size=20),)) for _ in range(16)]
    one, many = mean_auroc(tasks[:1], _rng()), mean_auroc(tasks, _rng())
    assert many.high - many.low < 0.5 * (one.high - one.low)


def test_fall_is_paired_so_equal_scorings_have_no_interval() -> None:
    rng = np.random.default_rng(8)
    task = TaskScores(rng.normal(1, size=20), (rng.normal(size=20), rng.normal(size=20)))
    assert mean_auroc_fall([task], [[task, task]], _rng()) == (0.0, 0.0, 0.0, 60)


def test_fall_is_positive_where_variants_are_worse() -> None:
    task = TaskScores(np.ones(5), (np.zeros(5),))
    worse = TaskScores(np.zeros(5), (np.zeros(5),))
    assert mean_auroc_fall([task], [[task, worse]], _rng()).value == 0.25


def test_fall_rejects_other_clips() -> None:
    task, other = TaskScores(np.ones(5), (np.zeros(5),)), TaskScores(np.ones(4), (np.zeros(5),))
    with pytest.raises(MetricError, match="same clips"):
        mean_auroc_fall([task], [[other]], _rng())


def test_a_tied_pair_counts_half() -> None:
    assert pairwise_accuracy([1.0, 2.0], [1.0, 1.0], _rng()).value == 0.75


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([0.1, 0.2], [1, 1], "successes and failures"),
        ([0.1, np.nan], [0, 1], "finite"),
        ([0.1, 0.2], [0, 2], "0 or 1"),
        ([0.1, 0.2], [0, 1, 1], "shape"),
        ([[0.1, 0.2]], [0, 1], "shape"),
    ],
)
def test_auroc_rejects_bad_input(scores: list[float], labels: list[int], message: str) -> None:
    with pytest.raises(MetricError, match=message):
        auroc(scores, labels, _rng())


def test_a_task_without_failures_is_an_error() -> None:
    with pytest.raises(MetricError, match="sizes"):
        task_auroc(TaskScores(np.ones(3), (np.zeros(0),)))
