"""How far a model tells instructions apart: every task's successes under every instruction.

Letters: V videos, M instructions, R resamples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from a2r_gym.errors import MetricError
from a2r_gym.metrics.estimate import NUM_RESAMPLES, Estimate, finite_vector, percentile_interval, resample_counts

__all__ = ["confusion_margin", "confusion_matrix"]


def confusion_matrix(success: ArrayLike, right: ArrayLike) -> NDArray[np.float64]:
    """Mean of `Scores.success` of each task's clips under each instruction.

    Args:
        success: Shape (V, M), of whole videos, in [0, 1]; NaN marks an instruction that is no candidate, for all clips
            of a task or for none.
        right: Shape (V,), the one instruction that the clip is a success of.

    Returns:
        float64 (M, M): row i holds the clips of task i, column j the instruction; NaN where a task has no clips and
        where there is no candidate.

    Raises:
        MetricError: See `confusion_margin`.
    """
    table, columns = _checked(success, right)
    matrix = np.full((table.shape[1], table.shape[1]), np.nan)
    for task in np.unique(columns):
        matrix[task] = table[columns == task].mean(axis=0)
    return matrix


def confusion_margin(
    success: ArrayLike, right: ArrayLike, rng: np.random.Generator, num_resamples: int = NUM_RESAMPLES
) -> Estimate:
    """Instruction confusion margin: mean of the diagonal of `confusion_matrix` minus the mean off it.

    margin = mean_i C[i, i] - mean_{i != j} C[i, j] with C[i, j] the mean `success` of task i's clips under
    instruction j. Tasks have equal weight on the diagonal whatever their number of clips, cells have equal weight off
    it, and empty cells are left out. The clips must be successes of their own task and of no other, or being right
    would count as a confusion. Ties need no rule: the values themselves are averaged. Each clip counts as a whole
    video. 0 for a model that ignores the instruction, 1 for a perfect one.

    Interval: percentile bootstrap, clips resampled inside each task; tasks and instructions are fixed.

    Args:
        success: Shape (V, M), in [0, 1]; NaN marks an instruction that is no candidate, for all clips of a task or for
            none.
        right: Shape (V,), the one instruction that the clip is a success of.
        rng: Source of randomness.
        num_resamples: Bootstrap resamples.

    Returns:
        The margin in [-1, 1], n the number of clips.

    Raises:
        MetricError: Shapes do not fit, no clips, a right instruction without a score, values out of range, candidates
            that differ inside a task, or nothing off the diagonal.
    """
    table, columns = _checked(success, right)
    diagonal, off = [], []
    for task in np.unique(columns):
        rows = table[columns == task]
        # The first resample is the data themselves.
        counts = np.concatenate([np.ones((1, len(rows))), resample_counts(len(rows), rng, num_resamples)])
        cells = counts @ rows / len(rows)
        diagonal.append(cells[:, task])
        off.append(np.delete(cells, task, axis=1))
    others = np.concatenate(off, axis=1)
    others = others[:, ~np.isnan(others[0])]
    if others.shape[1] == 0:
        raise MetricError("a confusion margin needs at least two instructions, one right and one wrong")
    margins = np.mean(diagonal, axis=0) - others.mean(axis=1)
    return Estimate(float(margins[0]), *percentile_interval(margins[1:]), len(table))


def _checked(success: ArrayLike, right: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    table, columns = np.asarray(success, dtype=np.float64), np.asarray(right, dtype=np.int64)
    if table.ndim != 2 or columns.shape != table.shape[:1] or len(table) == 0:
        raise MetricError(f"success must be (V, M) and right (V,), V >= 1; got {table.shape} and {columns.shape}")
    if columns.min() < 0 or columns.max() >= table.shape[1]:
        raise MetricError(f"right must name one of {table.shape[1]} instructions, got {np.unique(columns)[:6]}")
    finite_vector(table[np.arange(len(table)), columns], "success under the right instructions")
    scored = table[~np.isnan(table)]
    if scored.min() < 0 or scored.max() > 1:
        raise MetricError(f"success must lie in [0, 1], got {scored.min():.3g} to {scored.max():.3g}")
    for task in np.unique(columns):
        missing = np.isnan(table[columns == task])
        if (missing != missing[0]).any():
            raise MetricError(f"the clips of instruction {task} must all be scored under the same instructions")
    return table, columns
