"""From similarity to probability of success, fitted on clips that training never saw (Platt 1999)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from a2r_gym.errors import DataError, NonFiniteRewardError
from a2r_gym.models.scoring import Calibration

__all__ = ["fit_calibration"]


def fit_calibration(similarity: NDArray[np.float32], success: NDArray[np.bool_]) -> Calibration:
    """Fit slope and intercept by maximum likelihood; both classes weigh the same.

    Args:
        similarity: float32 (N,).
        success: bool (N,).

    Returns:
        The calibration; its slope is positive.

    Raises:
        DataError: One of the classes is missing, or the two arrays do not fit together.
        NonFiniteRewardError: A similarity is NaN or infinite.
    """
    if similarity.shape != success.shape or similarity.ndim != 1:
        raise DataError(f"expected one similarity and one label a clip, got {similarity.shape} and {success.shape}")
    if not np.isfinite(similarity).all():
        raise NonFiniteRewardError(f"{int((~np.isfinite(similarity)).sum())} similarities are NaN or infinite")
    if success.all() or not success.any():
        raise DataError("calibration needs clips that succeed and clips that fail; collect more validation clips")
    weights = np.where(success, 0.5 / success.mean(), 0.5 / (1.0 - success.mean()))
    sign = np.where(success, 1.0, -1.0)

    def loss(parameters: NDArray[np.float64]) -> float:
        logit = np.exp(parameters[0]) * similarity + parameters[1]
        return float(np.mean(weights * np.logaddexp(0.0, -sign * logit)))

    found = minimize(loss, np.array([2.0, 0.0]), method="Nelder-Mead", options={"maxiter": 2000})
    return Calibration(slope=float(np.exp(found.x[0])), intercept=float(found.x[1]))
