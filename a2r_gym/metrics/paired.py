"""Is one method better than another on the same trials? A paired bootstrap and McNemar's exact test.

Both want outcomes on the same pool: the same starts, candidates and seeds, in the same order. What the trials share
then cancels, and far fewer of them tell two methods apart than with separate intervals.

Source: McNemar (Psychometrika 1947); Efron and Tibshirani (1993) for the bootstrap of differences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from a2r_gym.errors import MetricError
from a2r_gym.metrics.estimate import NUM_RESAMPLES, Estimate, finite_vector, stratified_mean

__all__ = ["McNemar", "mcnemar", "paired_difference"]


class McNemar(NamedTuple):
    """Outcome of McNemar's test.

    Attributes:
        only_first: Trials that the first method alone succeeds at, b.
        only_second: Trials that the second alone succeeds at, c.
        p_value: Two-sided, exact.
    """

    only_first: int
    only_second: int
    p_value: float


def paired_difference(
    first: Sequence[ArrayLike],
    second: Sequence[ArrayLike],
    rng: np.random.Generator,
    num_resamples: int = NUM_RESAMPLES,
) -> Estimate:
    """How much more often the first method succeeds: mean over tasks of the mean of (first - second).

    Tasks have equal weight. Interval: paired percentile bootstrap: trials are resampled inside each task, both methods
    on the same ones; an interval without 0 tells them apart at 5 %. Equal outcomes count as 0.

    Args:
        first: For each task the outcomes of its trials, (n_i,), 0 or 1, or any other score.
        second: The other method's on the same trials in the same order.
        rng: Source of randomness.
        num_resamples: Bootstrap resamples.

    Returns:
        The difference, n the number of trials; NaN throughout without trials.

    Raises:
        MetricError: The numbers of tasks or trials differ, or outcomes are not finite.
    """
    ones, twos = (
        [finite_vector(task, name) for task in tasks] for name, tasks in (("first", first), ("second", second))
    )
    sizes = list(map(len, ones)), list(map(len, twos))
    if sizes[0] != sizes[1]:
        raise MetricError(f"both methods must have been on the same trials, got {sizes[0]} and {sizes[1]} a task")
    return stratified_mean([one - two for one, two in zip(ones, twos, strict=True)], rng, num_resamples)


def mcnemar(first: ArrayLike, second: ArrayLike) -> McNemar:
    """McNemar's exact test: of the trials that exactly one method succeeds at, is it one method's more often?

    p = min(1, 2 P(X <= min(b, c))) with X binomial of b + c trials at 1/2. Trials on which both agree carry nothing;
    without any other, p = 1. Trials of all tasks are pooled.

    Args:
        first: Shape (n,), 1 success, 0 failure.
        second: Shape (n,), on the same trials in the same order.

    Returns:
        Counts and p.

    Raises:
        MetricError: Shapes differ, or an outcome is neither 0 nor 1.

    Example:
        >>> mcnemar([1, 1, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0, 0])
        McNemar(only_first=6, only_second=0, p_value=0.03125)
    """
    one, two = finite_vector(first, "first"), finite_vector(second, "second")
    if one.shape != two.shape:
        raise MetricError(f"both methods must have been on the same trials, got {len(one)} and {len(two)}")
    if not np.isin(np.concatenate([one, two]), (0, 1)).all():
        raise MetricError(f"outcomes must be 0 or 1, got {np.unique(np.concatenate([one, two]))[:6]}")
    only_first, only_second = int((one > two).sum()), int((two > one).sum())
    smaller = min(only_first, only_second)
    p_value = min(1.0, 2.0 * float(stats.binom.cdf(smaller, only_first + only_second, 0.5)))
    return McNemar(only_first, only_second, p_value)
