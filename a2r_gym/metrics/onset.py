"""When does a score see that a video goes wrong? Frames between the predicted and the true onset of failure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from a2r_gym.errors import MetricError
from a2r_gym.metrics.estimate import NUM_RESAMPLES, Estimate, finite_vector, stratified_mean

__all__ = ["onset_error", "predicted_onset"]


def predicted_onset(scores: ArrayLike) -> int:
    """Frame at which a score falls: where it crosses the middle of its largest fall.

    The largest fall is the pair i < j with the largest s_i - s_j; the onset is the first frame after i with
    s_t <= (s_i + s_j) / 2. No threshold is set and neither scale nor offset matters, so any score can be asked; the
    middle, not the top, because a noisy plateau has its top anywhere. Of equally large falls the earliest end counts,
    and of equal tops the last.

    Args:
        scores: Shape (T,), entry t scores the prefix that ends with frame t, at every frame that was kept.

    Returns:
        Index in [1, T - 1]; T where the score never falls: a clock sees no failure.

    Raises:
        MetricError: Empty or not finite.

    Example:
        >>> predicted_onset([0.1, 0.4, 0.8, 0.8, 0.2, 0.3])
        4
    """
    values = finite_vector(scores, "scores")
    if len(values) == 0:
        raise MetricError("a failure's onset needs at least one score, got none")
    tops = np.maximum.accumulate(values)
    end = int(np.argmax(tops - values))
    if tops[end] == values[end]:
        return len(values)
    top = int(np.flatnonzero(values[:end] == tops[end])[-1])
    middle = (values[top] + values[end]) / 2
    return top + 1 + int(np.argmax(values[top + 1 :] <= middle))


def onset_error(
    scores: Sequence[ArrayLike], onsets: ArrayLike, rng: np.random.Generator, num_resamples: int = NUM_RESAMPLES
) -> Estimate:
    """Failure-onset error: mean over failed videos of |`predicted_onset` - true onset|, in frames.

    Every video has equal weight. A score that never falls is charged the distance from the true onset to the video's
    end. Frames are those that were scored: where a video was thinned by a stride, multiply by it. Interval: percentile
    bootstrap over videos.

    Args:
        scores: For each failed video the scores of its prefixes, (T_i,).
        onsets: Shape (n,), the first frame of each at which the failure can be seen, in [0, T_i - 1].
        rng: Source of randomness.
        num_resamples: Bootstrap resamples.

    Returns:
        The error in frames, n the number of videos; NaN throughout without videos.

    Raises:
        MetricError: Their numbers differ, or an onset lies outside its video.
    """
    true = finite_vector(onsets, "onsets")
    if len(true) != len(scores):
        raise MetricError(f"each video needs its onset, got {len(scores)} videos and {len(true)} onsets")
    errors = []
    for number, (curve, onset) in enumerate(zip(scores, true, strict=True)):
        frames = len(np.asarray(curve))
        if not 0 <= onset < frames:
            raise MetricError(f"the onset of video {number} must lie in [0, {frames - 1}], got {onset:g}")
        errors.append(abs(predicted_onset(curve) - onset))
    return stratified_mean([errors], rng, num_resamples)
