"""VOC against scipy, and its rules for ties and short videos."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from a2r_gym.errors import MetricError
from a2r_gym.metrics.voc import mean_voc, voc


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
