"""From similarity to probability of success, fitted on clips that training never saw (Platt 1999)."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from tqdm import tqdm

from a2r_gym.errors import DataError, NonFiniteRewardError
from a2r_gym.models.scoring import Calibration
from a2r_gym.protocols import MatrixModel
from a2r_train.data.clips import ClipSet
from a2r_train.labels import labelled_tasks

__all__ = ["calibrate", "fit_calibration", "own_scores"]

_BATCH = 64


def calibrate(model: MatrixModel, clips: ClipSet, trained: Collection[str] = ()) -> Calibration:
    """Fit the calibration of a model on every clip's own task.

    Tasks that the robot never did do not count where others are there: a model knows less of them, so that one curve
    for both would make it doubt what it knows. Of an instruction that was never trained it is too sure then.

    Args:
        model: The model; its own calibration does not matter.
        clips: Clips that it has not been trained on.
        trained: ``family/task`` of the tasks that it was trained on; all count where none of them is among the clips.

    Raises:
        DataError: No clip is decided, or all succeed, or all fail.
    """
    there = set(_names(clips).tolist())
    return fit_calibration(*own_scores(model, clips, there.intersection(trained) or None))


def _names(clips: ClipSet) -> NDArray[np.str_]:
    """Name each clip's own task: ``family/task``."""
    return np.char.add(np.char.add(clips.family.astype(str), "/"), clips.task.astype(str))


def own_scores(
    model: MatrixModel, clips: ClipSet, tasks: Collection[str] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Score every clip of some tasks that its own task decides against that task's instruction.

    Args:
        model: The model.
        clips: The clips.
        tasks: ``family/task``; None: all.

    Returns:
        Similarity float32 (N,) and whether it is a success, bool (N,).

    Raises:
        DataError: No clip is decided.
    """
    similarity, success = [], []
    names = _names(clips)
    for index, task in enumerate(tqdm(labelled_tasks(clips.label_names), desc="calibrating", unit="task")):
        if tasks is not None and task.name not in tasks:
            continue
        decided = (clips.success[:, -1, index] >= 0) & ~clips.ambiguous[:, -1, index] & (names == task.name)
        rows = np.flatnonzero(decided)
        for part in np.split(rows, range(_BATCH, len(rows), _BATCH)):
            if len(part):
                videos = [np.asarray(clips.frames[row]) for row in part]
                similarity.append(model.score_matrix(videos, [task.info.instruction]).similarity[:, 0])
                success.append(clips.success[part, -1, index] == 1)
    if not similarity:
        raise DataError("no validation clip has a decided label of its own task")
    return np.concatenate(similarity), np.concatenate(success)


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
