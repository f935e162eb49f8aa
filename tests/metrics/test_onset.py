"""When a failure is seen: worked by hand, and the rules for plateaus, ties and clocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from a2r_gym.errors import MetricError
from a2r_gym.metrics.onset import onset_error, predicted_onset


@pytest.mark.parametrize(
    ("scores", "onset"),
    [
        ([0.0, 0.5, 0.9, 0.1, 0.1], 3),  # a step down
        ([0.0, 1.0, 0.9, 0.7, 0.4, 0.0], 4),  # a slope: the middle of the fall
        ([0.8, 0.82, 0.79, 0.81, 0.1], 4),  # a noisy plateau before the fall does not count
        ([0.9, 0.1, 0.9, 0.1], 1),  # equal falls: the first
        ([1.0, 0.4, 1.0, 0.0], 3),  # equal tops: the last
        ([0.5, 0.4, 0.9, 0.3, 1.0], 3),  # the largest fall, not the first
        ([1.0, 0.5, 0.0], 1),  # exactly the middle has fallen
    ],
)
def test_the_onset_is_where_the_largest_fall_crosses_its_middle(scores: list[float], onset: int) -> None:
    assert predicted_onset(scores) == onset


@pytest.mark.parametrize("scores", [[0.3], [0.1, 0.2, 0.3], [0.5, 0.5, 0.5]])
def test_a_score_that_never_falls_sees_no_failure(scores: list[float]) -> None:
    assert predicted_onset(scores) == len(scores)


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=30))
def test_scale_and_offset_do_not_matter(scores: list[int]) -> None:
    assert predicted_onset(scores) == predicted_onset(np.array(scores) * 8.0 - 64.0)


def test_the_error_is_the_mean_distance_in_frames() -> None:
    curves = [[0.0, 0.9, 0.1, 0.1], [0.9, 0.8, 0.1], [0.1, 0.2, 0.3, 0.4]]
    estimate = onset_error(curves, [2, 0, 1], np.random.default_rng(0))
    assert estimate.value == pytest.approx((0 + 2 + 3) / 3)
    assert (estimate.low, estimate.high, estimate.n) == (0.0, 3.0, 3)


@pytest.mark.parametrize(
    ("curves", "onsets", "message"),
    [
        ([[0.1, 0.2]], [], "needs its onset"),
        ([[0.1, 0.2]], [2], r"video 0 must lie in \[0, 1\]"),
        ([[0.1, np.nan]], [1], "finite"),
    ],
)
def test_onsets_that_do_not_fit_are_named(curves: list[list[float]], onsets: list[int], message: str) -> None:
    with pytest.raises(MetricError, match=message):
        onset_error(curves, onsets, np.random.default_rng(0))
