"""The instruction confusion margin, worked by hand, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from a2r_gym.errors import MetricError
from a2r_gym.metrics.confusion import confusion_margin, confusion_matrix

NAN = float("nan")


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_matrix_and_margin_worked_by_hand() -> None:
    # Task 0 has three clips, task 1 one: rows are means over clips, and tasks weigh the same.
    success = [[0.9, 0.3, 0.0], [0.6, 0.3, 0.3], [0.9, 0.0, 0.0], [0.4, 0.6, 0.2]]
    right = [0, 0, 0, 1]
    np.testing.assert_allclose(confusion_matrix(success, right), [[0.8, 0.2, 0.1], [0.4, 0.6, 0.2], [NAN] * 3])
    estimate = confusion_margin(success, right, _rng())
    assert estimate.value == pytest.approx((0.8 + 0.6) / 2 - (0.2 + 0.1 + 0.4 + 0.2) / 4)
    assert estimate.n == 4


def test_a_model_that_ignores_the_instruction_has_no_margin() -> None:
    success = np.repeat([[0.9], [0.2], [0.5]], 3, axis=1)
    assert confusion_margin(success, [0, 1, 2], _rng()) == pytest.approx((0.0, 0.0, 0.0, 3))


def test_a_perfect_model_has_margin_one() -> None:
    assert confusion_margin(np.eye(3), [0, 1, 2], _rng()) == (1.0, 1.0, 1.0, 3)


def test_instructions_that_are_no_candidates_are_left_out() -> None:
    success = [[0.8, 0.2, NAN, NAN], [0.1, 0.7, NAN, NAN], [NAN, NAN, 0.9, 0.4]]
    estimate = confusion_margin(success, [0, 1, 2], _rng())
    assert estimate.value == pytest.approx((0.8 + 0.7 + 0.9) / 3 - (0.2 + 0.1 + 0.4) / 3)


def test_the_interval_of_one_task_is_scipys_bootstrap_of_the_clips_margins() -> None:
    rng = np.random.default_rng(3)
    success = np.column_stack([rng.uniform(0.5, 1.0, 40), rng.uniform(0.0, 0.6, (40, 2))])
    margins = success[:, 0] - success[:, 1:].mean(axis=1)
    ours = confusion_margin(success, np.zeros(40, dtype=int), _rng(), 8000)
    theirs = stats.bootstrap((margins,), np.mean, method="percentile", n_resamples=8000, rng=rng).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


@pytest.mark.parametrize(
    ("success", "right", "message"),
    [
        (np.zeros((0, 2)), [], "V >= 1"),
        ([[0.5, 0.5]], [2], "must name one of 2"),
        ([[0.5, NAN]], [1], "right instructions"),
        ([[0.5, 1.5]], [0], r"\[0, 1\]"),
        ([[0.5, 0.1], [0.5, NAN]], [0, 0], "same instructions"),
        ([[0.5]], [0], "at least two instructions"),
        ([0.5, 0.1], [0], r"\(V, M\)"),
    ],
)
def test_what_gives_no_margin_is_named(success: np.ndarray, right: list[int], message: str) -> None:
    with pytest.raises(MetricError, match=message):
        confusion_margin(success, right, _rng())
