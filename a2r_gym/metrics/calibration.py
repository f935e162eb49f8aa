"""Whether a success of 0.8 succeeds 8 times in 10: expected calibration error and Brier score.

Source: ECE as in Guo et al. (ICML 2017), with bins of equal mass (Nguyen and O'Connor, EMNLP 2015).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from a2r_gym.errors import MetricError
from a2r_gym.metrics.estimate import (
    NUM_RESAMPLES,
    Estimate,
    finite_vector,
    percentile_interval,
    stratified_mean,
)

__all__ = ["NUM_BINS", "brier", "expected_calibration_error"]

NUM_BINS = 15
"""Bins of the expected calibration error."""


def expected_calibration_error(
    probabilities: ArrayLike, labels: ArrayLike, rng: np.random.Generator, num_resamples: int = NUM_RESAMPLES
) -> Estimate:
    """Expected calibration error over 15 bins of equal mass.

    ECE = sum over bins b of (n_b / n) |mean probability in b - share of successes in b|. Clips are sorted by
    probability and cut into 15 runs whose sizes differ by at most one. Clips with equal probabilities count
    with their common share of successes, so the order in which ties come does not matter.

    ECE of a finite sample is too high by about its noise, and a resample's is higher still, so the interval
    is the basic bootstrap, [2 v - q_97.5, 2 v - q_2.5], cut to [0, 1].

    Args:
        probabilities: Shape (n,), in [0, 1].
        labels: Shape (n,), 1 success, 0 failure.
        rng: Source of randomness.
        num_resamples: Bootstrap resamples.

    Returns:
        ECE in [0, 1], n the number of clips.

    Raises:
        MetricError: Empty, shapes differ, or values out of range.
    """
    chances, marks = _checked(probabilities, labels)
    value = _ece(chances, marks)
    picks = rng.integers(len(chances), size=(num_resamples, len(chances)))
    low, high = percentile_interval([_ece(chances[pick], marks[pick]) for pick in picks])
    return Estimate(value, max(0.0, 2 * value - high), min(1.0, max(0.0, 2 * value - low)), len(chances))


def brier(
    probabilities: ArrayLike, labels: ArrayLike, rng: np.random.Generator, num_resamples: int = NUM_RESAMPLES
) -> Estimate:
    """Brier score: mean of (probability - label)^2; 0 is perfect, 0.25 is "always 0.5".

    Interval: percentile bootstrap over clips.

    Args:
        probabilities: Shape (n,), in [0, 1].
        labels: Shape (n,), 1 success, 0 failure.
        rng: Source of randomness.
        num_resamples: Bootstrap resamples.

    Returns:
        The score, n the number of clips.

    Raises:
        MetricError: Empty, shapes differ, or values out of range.
    """
    chances, marks = _checked(probabilities, labels)
    return stratified_mean([(chances - marks) ** 2], rng, num_resamples)


def _checked(probabilities: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    chances, marks = finite_vector(probabilities, "probabilities"), finite_vector(labels, "labels")
    if len(chances) == 0 or chances.shape != marks.shape:
        raise MetricError(f"need as many labels as probabilities and at least one, got {len(marks)}, {len(chances)}")
    if chances.min() < 0 or chances.max() > 1:
        raise MetricError(f"probabilities must lie in [0, 1], got {chances.min():.3g} to {chances.max():.3g}")
    if not np.isin(marks, (0, 1)).all():
        raise MetricError(f"labels must be 0 or 1, got {np.unique(marks)[:6]}")
    return chances, marks


def _ece(chances: NDArray[np.float64], marks: NDArray[np.float64]) -> float:
    order = np.argsort(chances, kind="stable")
    chances, marks = chances[order], marks[order]
    _, tied, sizes = np.unique(chances, return_inverse=True, return_counts=True)
    shares = (np.bincount(tied, weights=marks) / sizes)[tied]
    starts = np.unique(np.arange(NUM_BINS) * len(chances) // NUM_BINS)
    return float(np.abs(np.add.reduceat(chances - shares, starts)).sum() / len(chances))
