"""Does the right instruction come first among N?

Letters: V videos, M instructions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from a2r_gym.errors import MetricError
from a2r_gym.metrics.estimate import Estimate, finite_vector, wilson

__all__ = ["first_of", "retrieval_top1"]


def first_of(scores: ArrayLike, right: ArrayLike) -> NDArray[np.bool_]:
    """Whether each clip's right instruction scores strictly above all others.

    A tie at the top is no hit: a constant model gets none.

    Args:
        scores: Shape (V, M); NaN marks an instruction that is no candidate for the clip.
        right: Shape (V,), the column of the right instruction; never a NaN.

    Returns:
        bool (V,).

    Raises:
        MetricError: Shapes do not fit, or a right instruction's score is not finite.
    """
    table, columns = np.array(scores, dtype=np.float64), np.asarray(right, dtype=np.int64)
    if table.ndim != 2 or columns.shape != table.shape[:1]:
        raise MetricError(f"scores must be (V, M) and right (V,), got {table.shape} and {columns.shape}")
    own = finite_vector(table[np.arange(len(table)), columns], "scores of the right instructions")
    table[np.arange(len(table)), columns] = -np.inf
    return np.asarray((own[:, None] > np.where(np.isnan(table), -np.inf, table)).all(axis=1))


def retrieval_top1(scores: ArrayLike, right: ArrayLike) -> Estimate:
    """How often the right instruction comes first among a clip's candidates, with Wilson's interval.

    Every clip has equal weight; ties as in `first_of`.

    Args:
        scores: Shape (V, M); NaN marks an instruction that is no candidate.
        right: Shape (V,), the column of the right instruction.

    Returns:
        The share, n the number of clips.
    """
    hits = first_of(scores, right)
    return wilson(int(hits.sum()), len(hits))
