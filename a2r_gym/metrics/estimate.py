"""A number with its 95 % interval, and the three ways we get one: Wilson, stratified bootstrap, IQM.

Source: Wilson (1927) for proportions; Agarwal et al. (NeurIPS 2021, "Deep RL at the edge of the statistical
precipice", the rliable package) for the interquartile mean and its stratified bootstrap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from a2r_gym.errors import MetricError

__all__ = [
    "CONFIDENCE",
    "NUM_RESAMPLES",
    "Estimate",
    "finite_vector",
    "iqm",
    "percentile_interval",
    "resample_counts",
    "stratified_mean",
    "wilson",
]

CONFIDENCE = 0.95
"""Coverage of every interval in this package."""

NUM_RESAMPLES = 1000
"""Bootstrap resamples: the interval's ends then move by about a tenth of its width between seeds."""


class Estimate(NamedTuple):
    """A measured value and its 95 % interval.

    Attributes:
        value: The number on the data as they are; NaN where there are no data.
        low: Lower end of the interval.
        high: Upper end.
        n: How many independent items (clips, episodes) it rests on.
    """

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        """Print as ``0.953 [0.931, 0.970]``."""
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def finite_vector(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Check that values are a finite vector.

    Args:
        values: Numbers, shape (n,).
        name: What they are called in the message.

    Returns:
        float64 (n,).

    Raises:
        MetricError: Not one-dimensional, or a NaN or Inf among them.
    """
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1:
        raise MetricError(f"{name} must have shape (n,), got {vector.shape}")
    if not np.isfinite(vector).all():
        raise MetricError(f"{name} must be finite, got {vector[~np.isfinite(vector)][:4]} among {len(vector)} values")
    return vector


def percentile_interval(draws: ArrayLike) -> tuple[float, float]:
    """Percentile bootstrap interval: the 2.5 % and 97.5 % quantiles of the resampled values.

    Args:
        draws: Resampled values, shape (num_resamples,).

    Returns:
        Low and high.
    """
    tail = (1.0 - CONFIDENCE) / 2
    low, high = np.quantile(np.asarray(draws, dtype=np.float64), [tail, 1.0 - tail])
    return float(low), float(high)


def resample_counts(n: int, rng: np.random.Generator, num_resamples: int = NUM_RESAMPLES) -> NDArray[np.float64]:
    """Draw bootstrap resamples of n items as how often each item is in them.

    Args:
        n: Number of items, >= 1.
        rng: Source of randomness.
        num_resamples: R.

    Returns:
        float64 (R, n) of whole numbers; each row sums to n.
    """
    return rng.multinomial(n, np.full(n, 1.0 / n), size=num_resamples).astype(np.float64)


def wilson(hits: int, trials: int) -> Estimate:
    """Proportion with Wilson's score interval, which keeps its coverage near 0 and 1.

    Centre (p + z^2 / 2n) / (1 + z^2 / n), half width z sqrt(p (1 - p) / n + z^2 / 4n^2) / (1 + z^2 / n),
    with p = hits / n and z the normal quantile.

    Args:
        hits: How often it was so, 0 <= hits <= trials.
        trials: n.

    Returns:
        The proportion; NaN with the interval [0, 1] where there are no trials.

    Raises:
        MetricError: More hits than trials, or a negative count.
    """
    if not 0 <= hits <= trials:
        raise MetricError(f"expected 0 <= hits <= trials, got hits={hits}, trials={trials}")
    if trials == 0:
        return Estimate(float("nan"), 0.0, 1.0, 0)
    interval = stats.binomtest(int(hits), int(trials)).proportion_ci(CONFIDENCE, method="wilson")
    return Estimate(hits / trials, float(interval.low), float(interval.high), int(trials))


def stratified_mean(
    groups: Sequence[ArrayLike], rng: np.random.Generator, num_resamples: int = NUM_RESAMPLES
) -> Estimate:
    """Mean of the groups' means, every group with equal weight.

    The interval is a percentile bootstrap that resamples items inside each group; the groups (tasks) are
    taken as fixed, since the claim is about these tasks.

    Args:
        groups: One vector per group; empty groups are left out.
        rng: Source of randomness.
        num_resamples: Bootstrap resamples.

    Returns:
        The mean, n the number of items; NaN throughout where all groups are empty.
    """
    vectors = [vector for vector in (finite_vector(group, "values") for group in groups) if len(vector)]
    if not vectors:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    draws = np.mean([resample_counts(len(v), rng, num_resamples) @ v / len(v) for v in vectors], axis=0)
    low, high = percentile_interval(draws)
    return Estimate(float(np.mean([v.mean() for v in vectors])), low, high, sum(map(len, vectors)))


def iqm(scores: ArrayLike, rng: np.random.Generator, num_resamples: int = NUM_RESAMPLES) -> Estimate:
    """Interquartile mean over runs and tasks: the mean of the middle half of all scores.

    With m = runs x tasks scores sorted together, the lowest and highest floor(m / 4) are dropped
    (``scipy.stats.trim_mean``). The interval is rliable's stratified bootstrap: runs are resampled
    independently within each task.

    Args:
        scores: Shape (runs, tasks).
        rng: Source of randomness.
        num_resamples: Bootstrap resamples.

    Returns:
        The interquartile mean, n the number of scores.

    Raises:
        MetricError: Not two-dimensional, empty, or not finite.
    """
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or table.size == 0:
        raise MetricError(f"scores must have shape (runs, tasks) and not be empty, got {table.shape}")
    finite_vector(table.ravel(), "scores")
    runs, tasks = table.shape
    picks = rng.integers(runs, size=(num_resamples, runs, tasks))
    draws = table[picks, np.arange(tasks)].reshape(num_resamples, -1)
    low, high = percentile_interval(stats.trim_mean(draws, 0.25, axis=1))
    return Estimate(float(stats.trim_mean(table, 0.25, axis=None)), low, high, table.size)
