"""``a2r calibrate``: from scores to probability of success, fitted on clips that training never saw (Platt 1999).

Where an instruction has failure texts, two numbers tell success from failure: its similarity, and the margin over the
nearest failure text. In pictures that a model knows well both are large, in others both shrink: one curve of similarity
alone is not sure enough in the ones and too sure in the others.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from tqdm import tqdm
from tyro.conf import Positional

from a2r_gym.errors import CheckpointError, DataError, NonFiniteRewardError
from a2r_gym.models.calibration import Calibration
from a2r_gym.models.checkpoint import find_checkpoint, load_network, load_reward, replace_calibration
from a2r_gym.models.scoring import Adapt2Reward
from a2r_gym.protocols import MatrixModel
from a2r_train.card import CALIBRATION, calibration_line
from a2r_train.data.clips import ClipSet, load_clips
from a2r_train.labels import LabelledTask, labelled_tasks

__all__ = ["CalibrateArgs", "Pairs", "calibrate", "fit_calibration", "fit_with_margin", "main", "score_pairs"]

_BATCH = 64
_OTHERS: Final = 0.2
"""Share of other tasks' instructions in the weight of what does not succeed."""
_STEEPEST: Final = 200.0
"""Bound of a slope, which nothing else bounds where the classes do not overlap."""


@dataclass(frozen=True, kw_only=True)
class CalibrateArgs:
    """Calibrate anew, for example ``a2r calibrate a2r-small --validation data/mine --out runs/a2r-small-mine``.

    Attributes:
        model: A bundled name or a checkpoint's folder.
        validation: Folders of collected clips that the model was not trained on.
        out: Where the calibrated checkpoint is written; the folder of the model itself: it is changed.
        seed: Changes nothing: every verb takes one, and this one draws nothing.
    """

    model: Positional[str]
    validation: tuple[Path, ...]
    out: Path
    seed: int = 0


class Pairs(NamedTuple):
    """Pairs of a clip and an instruction.

    Attributes:
        similarity: float32 (N,).
        margin: float32 (N,), NaN where there are no failure texts.
        success: bool (N,).
        own: bool (N,), whether the instruction is that of the task that the clip was collected for.
    """

    similarity: NDArray[np.float32]
    margin: NDArray[np.float32]
    success: NDArray[np.bool_]
    own: NDArray[np.bool_]


def main(argv: Sequence[str] | None = None) -> int:
    """Calibrate a checkpoint anew.

    Args:
        argv: Arguments of the command line, see `CalibrateArgs`; None: the process's own.

    Returns:
        0.

    Raises:
        DataError: The clips cannot calibrate it.
        CheckpointError: OUT holds something else than the model, or the model is none of `load_network`.
    """
    import tyro

    args = tyro.cli(CalibrateArgs, args=argv, prog="a2r calibrate")
    source = find_checkpoint(args.model)
    if args.out.exists() and args.out.resolve() != source.resolve():
        raise CheckpointError(f"{args.out} is there already: take another --out")
    trained = [task.name for task in load_network(source)[0].config.tasks]
    found = calibrate(load_reward(args.model), load_clips(args.validation), trained)
    if args.out.resolve() != source.resolve():
        shutil.copytree(source, args.out)
    replace_calibration(args.out, found, (CALIBRATION, calibration_line(found)))
    print(f"{calibration_line(found).removeprefix('- ')}\nwrote {args.out}")
    return 0


def calibrate(model: MatrixModel, clips: ClipSet, trained: Collection[str] = ()) -> Calibration:
    """Fit the calibration of a model on every clip's own task, and where it has margins on other tasks' failures too.

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
    pairs = score_pairs(model, clips, there.intersection(trained) or None)
    mine = pairs.own
    alone = fit_calibration(pairs.similarity[mine], pairs.success[mine])
    rows = ~np.isnan(pairs.margin)
    known = Pairs(pairs.similarity[rows], pairs.margin[rows], pairs.success[rows], pairs.own[rows])
    told_apart = known.success.any() and not known.success.all()
    return replace(alone, with_margin=fit_with_margin(known)) if told_apart else alone


def _names(clips: ClipSet) -> NDArray[np.str_]:
    """Name each clip's own task: ``family/task``."""
    return np.char.add(np.char.add(clips.family.astype(str), "/"), clips.task.astype(str))


def score_pairs(model: MatrixModel, clips: ClipSet, tasks: Collection[str] | None = None) -> Pairs:
    """Score clips of some tasks against their own task's instruction, and against others that they fail at.

    Args:
        model: The model; what has no margins is scored against each clip's own task alone.
        clips: The clips.
        tasks: ``family/task``; None: all.

    Returns:
        All pairs whose label is decided.

    Raises:
        DataError: No clip is decided.
    """
    names, parts = _names(clips), []
    asked = [
        (index, task)
        for index, task in enumerate(labelled_tasks(clips.label_names))
        if tasks is None or task.name in tasks
    ]
    for index, task in tqdm(asked, desc="calibrating", unit="task"):
        decided = (clips.success[:, -1, index] >= 0) & ~clips.ambiguous[:, -1, index] & (names == task.name)
        rows = np.flatnonzero(decided)
        family = task.name.partition("/")[0] + "/"
        rivals = [other for other in asked if other[1].name.startswith(family) and other[0] != index]
        for part in np.split(rows, range(_BATCH, len(rows), _BATCH)):
            if len(part):
                parts += _score_part(model, clips, part, [(index, task), *rivals])
    if not parts:
        raise DataError("no validation clip has a decided label of its own task")
    return Pairs(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _score_part(
    model: MatrixModel, clips: ClipSet, rows: NDArray[np.int64], tasks: list[tuple[int, LabelledTask]]
) -> list[Pairs]:
    """Score some clips of the first of some tasks; the others' successes are left out."""
    videos = [np.asarray(clips.frames[row]) for row in rows]
    if not isinstance(model, Adapt2Reward):
        index, task = tasks[0]
        similarity = model.score_matrix(videos, [task.info.instruction]).similarity[:, 0]
        success, whole = clips.success[rows, -1, index] == 1, np.ones(len(rows), dtype=np.bool_)
        return [Pairs(similarity, np.full(len(rows), np.nan, dtype=np.float32), success, whole)]
    similarity_BM, margin_BM = model.compare_all(videos, [task.info.instruction for _, task in tasks])
    parts = []
    for column, (index, _) in enumerate(tasks):
        success = clips.success[rows, -1, index] == 1
        kept = np.ones(len(rows), dtype=np.bool_)
        if column:
            kept = (clips.success[rows, -1, index] == 0) & ~clips.ambiguous[rows, -1, index]
        own = np.full(int(kept.sum()), column == 0)
        parts.append(Pairs(similarity_BM[kept, column], margin_BM[kept, column], success[kept], own))
    return parts


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
    _check(similarity, success)
    weights = np.where(success, 0.5 / success.mean(), 0.5 / (1.0 - success.mean()))
    sign = np.where(success, 1.0, -1.0)

    def loss(parameters: NDArray[np.float64]) -> float:
        logit = np.exp(parameters[0]) * similarity + parameters[1]
        return float(np.mean(weights * np.logaddexp(0.0, -sign * logit)))

    found = minimize(loss, np.array([2.0, 0.0]), method="Nelder-Mead", options={"maxiter": 2000})
    return Calibration(slope=float(np.exp(found.x[0])), intercept=float(found.x[1]))


def fit_with_margin(pairs: Pairs) -> tuple[float, float, float]:
    """Fit both slopes and the intercept by maximum likelihood.

    Successes and failures weigh the same; of the failures' weight most is that of the clips' own tasks, the rest that
    of other tasks' instructions, which only similarity tells from a success.

    Args:
        pairs: With margins throughout.

    Returns:
        Slope of similarity, slope of margin, both >= 0, and intercept.

    Raises:
        DataError: One of the classes is missing.
        NonFiniteRewardError: A similarity or a margin is NaN or infinite.
    """
    _check(pairs.similarity, pairs.success)
    _check(pairs.margin, pairs.success)
    own, other = ~pairs.success & pairs.own, ~pairs.success & ~pairs.own
    share = _OTHERS if other.any() and own.any() else float(other.any())
    weights = pairs.success / pairs.success.sum()
    weights = weights + (1.0 - share) * own / max(own.sum(), 1) + share * other / max(other.sum(), 1)
    sign = np.where(pairs.success, 1.0, -1.0)
    inputs = np.stack([pairs.similarity, pairs.margin, np.ones_like(pairs.margin)], axis=1).astype(np.float64)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        against = -sign * (inputs @ parameters)
        slope = weights * -sign / (1.0 + np.exp(-np.clip(against, -60.0, 60.0)))
        return float((weights * np.logaddexp(0.0, against)).sum()), np.asarray(slope @ inputs)

    bounds = [(0.0, _STEEPEST), (0.0, _STEEPEST), (None, None)]
    found = minimize(loss, np.array([5.0, 5.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds)
    slope, margin_slope, intercept = map(float, found.x)
    return slope, margin_slope, intercept


def _check(values: NDArray[np.float32], success: NDArray[np.bool_]) -> None:
    if values.shape != success.shape or values.ndim != 1:
        raise DataError(f"expected one score and one label a clip, got {values.shape} and {success.shape}")
    if not np.isfinite(values).all():
        raise NonFiniteRewardError(f"{int((~np.isfinite(values)).sum())} scores are NaN or infinite")
    if success.all() or not success.any():
        raise DataError("calibration needs clips that succeed and clips that fail; collect more validation clips")
