"""VOC against scipy, and its rules for ties and short videos."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from a2r_gym.errors import MetricError
from a2r_gym.metrics.voc import mean_voc, voc, voc_both_ways


@given(st.lists(st.integers(0, 4), min_size=2, max_size=30).filter(lambda x: len(set(x)) > 1))
@settings(deadline=None, max_examples=60)
def test_voc_equals_scipy_spearman_with_ties(scores: list[int]) -> None:
    assert voc(scores) == pytest.approx(stats.spearmanr(np.arange(len(scores)), scores).statistic)


def test_voc_of_equal_scores_is_zero() -> None:
    assert voc([0.3, 0.3, 0.3]) == 0.0


def test_voc_of_one_frame_is_an_error() -> None:
    with pytest.raises(MetricError, match="at least 2 frames"):
        voc([0.3])


def test_mean_voc_weighs_tasks_equally() -> None:
    rising, falling = [0.1, 0.2, 0.3], [0.3, 0.2, 0.1]
    assert mean_voc([[rising] * 9, [falling]], np.random.default_rng(0)).value == pytest.approx(0.0)


def test_a_clock_has_a_perfect_voc_and_no_gap() -> None:
    clock = [[np.arange(1, frames + 1) for frames in (4, 9)], [np.arange(1, 7)]]
    found = voc_both_ways(clock, clock, np.random.default_rng(0))
    assert found.voc.value == pytest.approx(1.0)
    assert found.reversed_voc.value == pytest.approx(1.0)
    assert found.gap[:3] == (0.0, 0.0, 0.0)


def test_both_ways_equal_scipys_spearman_averaged_by_task() -> None:
    rng = np.random.default_rng(1)
    ahead = [[rng.integers(5, size=8) for _ in range(count)] for count in (3, 1)]
    back = [[rng.integers(5, size=8) for _ in range(count)] for count in (3, 1)]
    rho = [
        np.mean([np.mean([stats.spearmanr(np.arange(8), curve).statistic for curve in task]) for task in tasks])
        for tasks in (ahead, back)
    ]
    found = voc_both_ways(ahead, back, rng)
    assert (found.voc.value, found.reversed_voc.value) == pytest.approx(tuple(rho))
    assert found.gap.value == pytest.approx(rho[0] - rho[1])
    assert found.gap.n == 4


def test_the_gap_is_paired() -> None:
    # The videos differ wildly, but each is exactly as good backwards as forwards.
    curves = [[[0.1, 0.2, 0.3], [0.3, 0.2, 0.1], [0.2, 0.2, 0.2]]]
    found = voc_both_ways(curves, curves, np.random.default_rng(0))
    assert found.voc.high - found.voc.low > 1.0
    assert found.gap == (0.0, 0.0, 0.0, 3)


def test_other_videos_in_the_other_direction_are_refused() -> None:
    with pytest.raises(MetricError, match="same videos"):
        voc_both_ways([[[0.1, 0.2, 0.3]]], [[[0.1, 0.2]]], np.random.default_rng(0))
