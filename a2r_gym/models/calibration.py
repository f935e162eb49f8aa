"""From what a model finds to a probability of success."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Calibration"]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """From similarity, and margin where there is one, to probability of success.

    Attributes:
        slope: Of similarity: sigmoid(slope * similarity + intercept), for instructions without failure texts.
        intercept: Likewise.
        with_margin: Slope of similarity, slope of margin and intercept of the same for instructions with failure texts;
            None: the curve above holds for them too.
    """

    slope: float
    intercept: float
    with_margin: tuple[float, float, float] | None = None

    def __call__(
        self, similarity: NDArray[np.float32], margin: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Map similarities of any shape to probabilities of the same shape.

        Args:
            similarity: float32.
            margin: float32 of the same shape, NaN where there are no failure texts; None: there are none at all.
        """
        logit = self.slope * similarity.astype(np.float64) + self.intercept
        if margin is not None and self.with_margin is not None:
            slope, margin_slope, intercept = self.with_margin
            both = slope * similarity.astype(np.float64) + margin_slope * margin.astype(np.float64) + intercept
            logit = np.where(np.isnan(margin), logit, both)
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -60.0, 60.0))), dtype=np.float32)
