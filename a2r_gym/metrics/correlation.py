"""Does one list of numbers rise where another does? Kendall's tau_a.

Source: Kendall (Biometrika 1938, "A new measure of rank correlation"); tau_a is the variant without a correction for
ties.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from a2r_gym.errors import MetricError
from a2r_gym.metrics.estimate import NUM_RESAMPLES, Estimate, finite_vector, percentile_interval, resample_counts

__all__ = ["kendall_tau_a", "tau_a"]


def tau_a(scores: ArrayLike, truth: ArrayLike) -> float:
    """Kendall's tau_a: (concordant pairs - discordant pairs) / all pairs.

    A pair that is tied in either list is neither, but is counted among all pairs: unlike tau_b this punishes a score
    that takes few values, and a constant one gets 0. With ``truth`` the frame index and ``scores`` those of a video's
    prefixes it is the harder twin of `voc`, and a clock gets 1 just as there: print it beside that of the video played
    backwards.

    Args:
        scores: Shape (n,), n >= 2.
        truth: Shape (n,).

    Returns:
        tau_a in [-1, 1].

    Raises:
        MetricError: Shapes differ, fewer than two, or not finite.

    Example:
        >>> round(tau_a([0.1, 0.3, 0.3, 0.2], [1, 2, 3, 4]), 3)  # 3 concordant, 2 discordant, 1 tied
        0.167
    """
    signs = _signs(scores, truth)
    return float(signs.sum() / (len(signs) * (len(signs) - 1)))


def kendall_tau_a(
    scores: ArrayLike, truth: ArrayLike, rng: np.random.Generator, num_resamples: int = NUM_RESAMPLES
) -> Estimate:
    """Kendall's `tau_a` with a percentile bootstrap over items.

    Two copies of one item in a resample are no pair: they would be a tie that is not in the data and pull every
    resample to 0. So a resample's value is the mean sign over its pairs of different items.

    Args:
        scores: Shape (n,), n >= 2, for example of n clips.
        truth: Shape (n,), for example how far each clip truly got.
        rng: Source of randomness.
        num_resamples: Bootstrap resamples.

    Returns:
        tau_a, n the number of items.

    Raises:
        MetricError: Shapes differ, fewer than two, or not finite.
    """
    signs = _signs(scores, truth)
    n = len(signs)
    counts = resample_counts(n, rng, num_resamples)
    pairs = n**2 - (counts**2).sum(axis=1)  # ordered pairs of different items
    kept = pairs > 0
    low, high = percentile_interval((((counts @ signs) * counts).sum(axis=1))[kept] / pairs[kept])
    return Estimate(float(signs.sum() / (n * (n - 1))), low, high, n)


def _signs(scores: ArrayLike, truth: ArrayLike) -> NDArray[np.float64]:
    """1 where a pair has the same order in both lists, -1 where the opposite, 0 where tied: (n, n)."""
    first, second = finite_vector(scores, "scores"), finite_vector(truth, "truth")
    if first.shape != second.shape or len(first) < 2:
        raise MetricError(f"need two lists of one length >= 2, got {len(first)} and {len(second)} numbers")
    return np.sign(first[:, None] - first) * np.sign(second[:, None] - second)
