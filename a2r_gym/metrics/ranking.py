"""How well scores put successes above failures: AUROC and AUPRC, their means over tasks, pairwise accuracy.

Letters: P successes, N failures, R resamples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from a2r_gym.errors import MetricError
from a2r_gym.metrics.estimate import (
    NUM_RESAMPLES,
    Estimate,
    finite_vector,
    percentile_interval,
    resample_counts,
    stratified_mean,
)

__all__ = [
    "TaskScores",
    "auprc",
    "auroc",
    "mean_auprc",
    "mean_auroc",
    "mean_auroc_fall",
    "pairwise_accuracy",
    "split_by_label",
    "task_auroc",
]


class TaskScores(NamedTuple):
    """Scores of one task's clips.

    Attributes:
        successes: (P,), scores of clips that succeed.
        failures: Groups of failures, (N_g,) each, for example random exploration and near-successes. Every
            group has the same weight whatever its size.
    """

    successes: NDArray[np.float64]
    failures: tuple[NDArray[np.float64], ...]


def split_by_label(scores: ArrayLike, labels: ArrayLike) -> TaskScores:
    """Split scores into successes and one group of failures.

    Args:
        scores: Shape (n,), finite.
        labels: Shape (n,), 1 or True for success, 0 or False for failure; both must occur.

    Returns:
        The two groups.

    Raises:
        MetricError: Shapes differ, a label is neither 0 nor 1, or one of them is missing.
    """
    values, marks = finite_vector(scores, "scores"), np.asarray(labels)
    if marks.shape != values.shape:
        raise MetricError(f"labels must have the scores' shape {values.shape}, got {marks.shape}")
    if not np.isin(marks, (0, 1)).all():
        raise MetricError(f"labels must be 0 or 1, got {np.unique(marks)[:6]}")
    if not 0 < marks.sum() < len(marks):
        raise MetricError(f"need successes and failures, got {int(marks.sum())} successes among {len(marks)} clips")
    return TaskScores(values[marks == 1], (values[marks == 0],))


def task_auroc(task: TaskScores) -> float:
    """AUROC of one task: mean over failure groups g of P(success > failure of g) + P(equal) / 2.

    With the groups random and near this is the AUROC of a set whose failures are half random and half
    near-successes, computed on all clips instead of a drawn balanced subset.

    Args:
        task: Scores; successes and every failure group hold at least one.

    Returns:
        AUROC in [0, 1]; ties count half.

    Raises:
        MetricError: A group is empty.
    """
    return float(np.mean([_order(task.successes, group).mean() for group in _checked(task).failures]))


def auroc(
    scores: ArrayLike, labels: ArrayLike, rng: np.random.Generator, num_resamples: int = NUM_RESAMPLES
) -> Estimate:
    """Area under the ROC curve: probability that a success scores above a failure, ties half.

    AUROC = sum over pairs of [s_i > f_j] + [s_i = f_j] / 2, over P N (Mann-Whitney). Interval: percentile
    bootstrap, successes and failures resampled apart.

    Args:
        scores: Shape (n,).
        labels: Shape (n,), 1 success, 0 failure; both must occur.
        rng: Source of randomness.
        num_resamples: Bootstrap resamples.

    Returns:
        AUROC, n the number of clips.

    Example:
        >>> auroc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], np.random.default_rng(0)).value
        0.75
    """
    return mean_auroc([split_by_label(scores, labels)], rng, num_resamples)


def mean_auroc(tasks: Sequence[TaskScores], rng: np.random.Generator, num_resamples: int = NUM_RESAMPLES) -> Estimate:
    """Mean over tasks of `task_auroc`, every task with equal weight.

    Interval: stratified percentile bootstrap over tasks x clips: inside each task successes and each failure
    group are resampled apart; the tasks are fixed.

    Args:
        tasks: One entry per task.
        rng: Source of randomness.
        num_resamples: Bootstrap resamples.

    Returns:
        The mean, n the number of clips; NaN throughout without tasks.
    """
    if not tasks:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    draws = np.mean([_auroc_draws([task], rng, num_resamples)[0] for task in tasks], axis=0)
    low, high = percentile_interval(draws)
    return Estimate(float(np.mean([task_auroc(task) for task in tasks])), low, high, sum(map(_size, tasks)))


def mean_auroc_fall(
    tasks: Sequence[TaskScores],
    variants: Sequence[Sequence[TaskScores]],
    rng: np.random.Generator,
    num_resamples: int = NUM_RESAMPLES,
) -> Estimate:
    """How far AUROC falls when the same clips are scored another way, for example with paraphrases.

    Mean over tasks of AUROC - (mean over the task's variants of AUROC). Interval: paired bootstrap: a
    resample takes the same clips for both terms.

    Args:
        tasks: One entry per task.
        variants: For each task at least one other scoring of the same clips in the same order.
        rng: Source of randomness.
        num_resamples: Bootstrap resamples.

    Returns:
        The fall (positive: the variants are worse), n the number of clips; NaN throughout without tasks.

    Raises:
        MetricError: A task has no variant, or a variant has other group sizes.
    """
    if len(tasks) != len(variants) or not all(variants):
        raise MetricError(f"each of the {len(tasks)} tasks needs a variant, got {[len(v) for v in variants]}")
    if not tasks:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    falls, draws = [], []
    for task, others in zip(tasks, variants, strict=True):
        if any(_sizes(other) != _sizes(task) for other in others):
            raise MetricError(
                f"variants must score the same clips: sizes {_sizes(task)}, got {list(map(_sizes, others))}"
            )
        rows = _auroc_draws([task, *others], rng, num_resamples)
        draws.append(rows[0] - np.mean(rows[1:], axis=0))
        falls.append(task_auroc(task) - float(np.mean([task_auroc(other) for other in others])))
    low, high = percentile_interval(np.mean(draws, axis=0))
    return Estimate(float(np.mean(falls)), low, high, sum(map(_size, tasks)))


def auprc(
    scores: ArrayLike, labels: ArrayLike, rng: np.random.Generator, num_resamples: int = NUM_RESAMPLES
) -> Estimate:
    """Area under the precision-recall curve as average precision.

    AP = sum over distinct scores, from the top, of (recall_k - recall_{k-1}) precision_k: equal scores enter
    together, nothing is interpolated. Depends on the share of successes, so compare at equal shares only.
    Interval: percentile bootstrap, successes and failures resampled apart (the share stays).

    Args:
        scores: Shape (n,).
        labels: Shape (n,), 1 success, 0 failure; both must occur.
        rng: Source of randomness.
        num_resamples: Bootstrap resamples.

    Returns:
        Average precision, n the number of clips.
    """
    return mean_auprc([split_by_label(scores, labels)], rng, num_resamples)


def mean_auprc(tasks: Sequence[TaskScores], rng: np.random.Generator, num_resamples: int = NUM_RESAMPLES) -> Estimate:
    """Mean over tasks of average precision, every task with equal weight; see `auprc` for formula and ties.

    A task's failure groups are taken together. Interval: percentile bootstrap; inside each task successes and
    failures are resampled apart.

    Args:
        tasks: One entry per task.
        rng: Source of randomness.
        num_resamples: Bootstrap resamples.

    Returns:
        The mean, n the number of clips; NaN throughout without tasks.
    """
    if not tasks:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    precisions = []
    for task in map(_checked, tasks):
        failures = np.concatenate(task.failures)
        drawn = [resample_counts(len(part), rng, num_resamples) for part in (task.successes, failures)]
        # The first row is the data themselves.
        counts = np.concatenate([np.ones((1, _size(task))), np.concatenate(drawn, axis=1)])
        values = np.concatenate([task.successes, failures])
        precisions.append(_average_precision(values, len(task.successes), counts))
    means = np.mean(precisions, axis=0)
    return Estimate(float(means[0]), *percentile_interval(means[1:]), sum(map(_size, tasks)))


def pairwise_accuracy(
    better: ArrayLike, worse: ArrayLike, rng: np.random.Generator, num_resamples: int = NUM_RESAMPLES
) -> Estimate:
    """Share of given pairs whose better clip scores higher; a tie counts half.

    Interval: percentile bootstrap over pairs.

    Args:
        better: Shape (n,), scores of the clips that should be higher.
        worse: Shape (n,), scores of their partners.
        rng: Source of randomness.
        num_resamples: Bootstrap resamples.

    Returns:
        The share, n the number of pairs.

    Raises:
        MetricError: Shapes differ.
    """
    high, low = finite_vector(better, "better"), finite_vector(worse, "worse")
    if high.shape != low.shape:
        raise MetricError(f"better and worse must have one shape, got {high.shape} and {low.shape}")
    return stratified_mean([(np.sign(high - low) + 1.0) / 2.0], rng, num_resamples)


def _checked(task: TaskScores) -> TaskScores:
    sizes = _sizes(task)
    if len(sizes) < 2 or min(sizes) == 0:
        raise MetricError(f"need successes and failures in every group, got sizes {sizes}")
    return task


def _sizes(task: TaskScores) -> tuple[int, ...]:
    return (len(task.successes), *map(len, task.failures))


def _size(task: TaskScores) -> int:
    return sum(_sizes(task))


def _order(successes: NDArray[np.float64], failures: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 where a success is above a failure, 1/2 where equal, else 0: (P, N)."""
    difference = finite_vector(successes, "successes")[:, None] - finite_vector(failures, "failures")[None, :]
    return (np.sign(difference) + 1.0) / 2.0


def _auroc_draws(
    variants: Sequence[TaskScores], rng: np.random.Generator, num_resamples: int
) -> list[NDArray[np.float64]]:
    """AUROC of each scoring on shared resamples of its clips, (R,) each."""
    task = _checked(variants[0])
    success_RP = resample_counts(len(task.successes), rng, num_resamples) / len(task.successes)
    failure_RN = [resample_counts(len(group), rng, num_resamples) / len(group) for group in task.failures]
    return [
        np.mean(
            [
                ((success_RP @ _order(variant.successes, group)) * counts).sum(axis=1)
                for group, counts in zip(variant.failures, failure_RN, strict=True)
            ],
            axis=0,
        )
        for variant in variants
    ]


def _average_precision(values: NDArray[np.float64], positives: int, counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average precision of weighted clips: values (n,), successes first, counts (R, n); gives (R,)."""
    order = np.argsort(-values, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(values[order]) != 0, True))
    hits = np.cumsum(np.where(order < positives, counts[:, order], 0.0), axis=1)[:, ends]
    seen = np.cumsum(counts[:, order], axis=1)[:, ends]
    precision = np.divide(hits, seen, out=np.zeros_like(hits), where=seen > 0)
    recall = hits / hits[:, -1:]
    return np.asarray((np.diff(recall, axis=1, prepend=0.0) * precision).sum(axis=1))
