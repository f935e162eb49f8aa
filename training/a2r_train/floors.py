"""What no reward model is needed for: classifiers on clip length and motion energy.

If success can be told from how long a clip is or how much moves in it, the data leak and a model's AUROC means
little. Floors that are reward models stand in `a2r_gym.baselines.floors`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from a2r_gym.metrics import Estimate, TaskScores, mean_auroc

__all__ = ["NUM_FOLDS", "fold_scores", "mean_floor", "motion_profile"]

NUM_FOLDS = 5
"""Folds of the cross-validation; a task needs as many successes and near-successes."""

_PIXEL_STRIDE = 2


def motion_profile(videos: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Motion energy between neighbouring frames: mean absolute pixel difference, on every second pixel.

    Args:
        videos: uint8 (B, T, H, W, 3).

    Returns:
        float32 (B, T - 1), in [0, 255]; its sum over frames is the clip's motion energy.
    """
    small = videos[:, :, ::_PIXEL_STRIDE, ::_PIXEL_STRIDE].astype(np.int16)
    return np.asarray(np.abs(np.diff(small, axis=1)).mean(axis=(2, 3, 4)), dtype=np.float32)


def fold_scores(features: ArrayLike, labels: ArrayLike, seed: int) -> list[TaskScores]:
    """Score one task's clips with a cross-validated logistic regression on features and their squares.

    Args:
        features: Shape (n,) or (n, D), for example clip lengths.
        labels: Shape (n,), True for success.
        seed: Of the folds.

    Returns:
        Held-out scores of each of the `NUM_FOLDS` folds; empty where a label has fewer clips than folds.
        Folds stay apart, since scores of different fits do not compare.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table = np.asarray(features, dtype=np.float64).reshape(len(np.asarray(labels)), -1)
    marks = np.asarray(labels, dtype=bool)
    if min(marks.sum(), (~marks).sum()) < NUM_FOLDS:
        return []
    scaled = StandardScaler().fit_transform(table)
    inputs = np.concatenate([scaled, scaled**2], axis=1)
    folds = []
    for train, test in StratifiedKFold(NUM_FOLDS, shuffle=True, random_state=seed).split(inputs, marks):
        model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=500))
        scores = model.fit(inputs[train], marks[train]).decision_function(inputs[test])
        folds.append(TaskScores(scores[marks[test]], (scores[~marks[test]],)))
    return folds


def mean_floor(tasks: Sequence[tuple[ArrayLike, ArrayLike]], rng: np.random.Generator) -> tuple[Estimate, int]:
    """AUROC of a feature-only classifier: mean over tasks of the mean over folds, all weighted equally.

    The direction of a feature is learned on other clips, so that chance stays at 0.5, which max(a, 1 - a) of
    small samples does not. Interval: bootstrap of the held-out clips, without refitting.

    Args:
        tasks: Features and labels of each task, as `fold_scores` takes them.
        rng: Source of randomness.

    Returns:
        The AUROC, and how many tasks had enough clips.
    """
    folds = [fold_scores(features, labels, int(rng.integers(2**31))) for features, labels in tasks]
    return mean_auroc([fold for task in folds for fold in task], rng), sum(map(bool, folds))
