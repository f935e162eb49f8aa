"""Value-order correlation: does the score rise while the task is done, and fall when that is played backwards?

A clock, which counts frames and looks at nothing, has a perfect VOC. It has a perfect one on videos played backwards
too: `voc_both_ways` gives the two and their gap, which is 0 for a clock, and no VOC should be told without.

Source: Ma et al. (2024, arXiv 2411.04549, "Vision language models are in-context value learners"). Ours scores
prefixes of the video in their order instead of shuffled frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from a2r_gym.errors import MetricError
from a2r_gym.metrics.estimate import NUM_RESAMPLES, Estimate, finite_vector, stratified_mean

__all__ = ["BothWays", "mean_voc", "voc", "voc_both_ways"]


class BothWays(NamedTuple):
    """VOC with its control.

    Attributes:
        voc: Of the videos as they are.
        reversed_voc: Of the same videos played backwards; a reward that sees the task come undone is below 0.
        gap: ``voc - reversed_voc``, in [-2, 2]; 0 for a clock.
    """

    voc: Estimate
    reversed_voc: Estimate
    gap: Estimate


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


def voc_both_ways(
    forwards: Sequence[Sequence[ArrayLike]],
    backwards: Sequence[Sequence[ArrayLike]],
    rng: np.random.Generator,
    num_resamples: int = NUM_RESAMPLES,
) -> BothWays:
    """VOC beside reversed VOC, and the gap between them.

    Reversed VOC is the `voc` of the scores of a video played backwards, prefix by prefix: the model is asked anew, its
    scores are not turned round. Means over tasks of the means over videos, ties as in `voc`, every frame that was
    scored counts once. The gap's interval is paired: a resample takes the same videos for both terms.

    Args:
        forwards: For each task the prefix scores of its videos, (T_i,) each.
        backwards: The same videos played backwards, in the same order.
        rng: Source of randomness.
        num_resamples: Bootstrap resamples.

    Returns:
        The three estimates, n the number of videos; NaN throughout without videos.

    Raises:
        MetricError: The numbers of tasks, videos or frames differ.
    """
    shapes = [[[len(np.asarray(scores)) for scores in task] for task in tasks] for tasks in (forwards, backwards)]
    if shapes[0] != shapes[1]:
        raise MetricError(f"expected the same videos in both directions, got lengths {shapes[0]} and {shapes[1]}")
    ahead = [np.asarray([voc(scores) for scores in task]) for task in forwards]
    back = [np.asarray([voc(scores) for scores in task]) for task in backwards]
    gaps = [one - two for one, two in zip(ahead, back, strict=True)]
    return BothWays(*(stratified_mean(values, rng, num_resamples) for values in (ahead, back, gaps)))
