"""Calibration error against its definition, Brier score against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from a2r_gym.errors import MetricError
from a2r_gym.metrics.calibration import brier, expected_calibration_error


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_brier_equals_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    chances, labels = rng.random(200), rng.integers(2, size=200)
    assert brier(chances, labels, _rng()).value == pytest.approx(brier_score_loss(labels, chances))


def test_ece_equals_bins_of_equal_mass_by_hand() -> None:
    rng = np.random.default_rng(2)
    chances = rng.permutation(np.linspace(0.01, 0.99, 150))
    labels = (rng.random(150) < chances**2).astype(int)
    order = np.argsort(chances)
    gaps = [abs(chances[b].mean() - labels[b].mean()) for b in np.split(order, 15)]
    assert expected_calibration_error(chances, labels, _rng(), 10).value == pytest.approx(np.mean(gaps))


def test_ece_of_a_calibrated_model_is_small_and_of_an_overconfident_one_large() -> None:
    rng = np.random.default_rng(3)
    chances = rng.random(3000)
    labels = (rng.random(3000) < chances).astype(int)
    calibrated = expected_calibration_error(chances, labels, _rng(), 200)
    boastful = expected_calibration_error(np.round(chances), labels, _rng(), 200)
    assert calibrated.value < 0.05
    assert calibrated.low <= calibrated.value <= calibrated.high + 0.02
    assert boastful.value == pytest.approx(0.25, abs=0.03)
    assert boastful.low > 0.2


def test_ece_does_not_depend_on_the_order_of_ties() -> None:
    rng = np.random.default_rng(4)
    chances, labels = rng.integers(4, size=97) / 4, rng.integers(2, size=97)
    shuffled = rng.permutation(97)
    first = expected_calibration_error(chances, labels, _rng(), 5).value
    assert expected_calibration_error(chances[shuffled], labels[shuffled], _rng(), 5).value == pytest.approx(first)


def test_fewer_clips_than_bins_work() -> None:
    assert expected_calibration_error([0.0, 1.0], [0, 1], _rng()).value == 0.0


@pytest.mark.parametrize(
    ("chances", "labels", "message"),
    [([], [], "at least one"), ([1.2], [1], r"\[0, 1\]"), ([0.5], [3], "0 or 1"), ([0.5], [0, 1], "as many")],
)
def test_bad_input_is_named(chances: list[float], labels: list[int], message: str) -> None:
    with pytest.raises(MetricError, match=message):
        brier(chances, labels, _rng())
