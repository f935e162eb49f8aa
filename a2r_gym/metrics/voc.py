"""Value-order correlation: does the score rise while the task is done, and fall when that is played backwards?

Source: Ma et al. (2024, arXiv 2411.04549, "Vision language models are in-context value learners"). Ours scores
prefixes of the video in their order instead of shuffled frames.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from a2r_gym.errors import MetricError
from a2r_gym.metrics.estimate import NUM_RESAMPLES, Estimate, finite_vector, stratified_mean

__all__ = ["mean_voc", "voc"]


def voc(scores: ArrayLike) -> float:
    """Value-order correlation of one video: Spearman's rho of frame index and score of the prefix.

    Ties get the mean rank. A video whose scores are all equal orders nothing: 0.

    Args:
        scores: Shape (T,), T >= 2; entry t scores the prefix that ends with frame t.

    Returns:
        rho in [-1, 1]: 1 where the score rises with every frame.

    Raises:
        MetricError: Fewer than two frames or not finite.
    """
    values = finite_vector(scores, "scores")
    if len(values) < 2:
        raise MetricError(f"VOC needs at least 2 frames, got {len(values)}")
    if np.ptp(values) == 0:
        return 0.0
    ranks = stats.rankdata(values)
    return float(np.corrcoef(np.arange(len(values)), ranks)[0, 1])


def mean_voc(
    videos: Sequence[Sequence[ArrayLike]], rng: np.random.Generator, num_resamples: int = NUM_RESAMPLES
) -> Estimate:
    """Mean over tasks of the mean `voc` of their videos; interval from videos resampled inside each task.

    For reversed VOC pass the prefix scores of the videos played backwards: a reward that sees the task come
    undone goes to -1, one that counts frames stays at 1.

    Args:
        videos: For each task the prefix scores of its videos, (T_i,) each.
        rng: Source of randomness.
        num_resamples: Bootstrap resamples.

    Returns:
        The mean, n the number of videos.
    """
    return stratified_mean([[voc(scores) for scores in task] for task in videos], rng, num_resamples)
