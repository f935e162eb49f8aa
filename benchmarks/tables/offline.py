"""Offline metrics of the bundled checkpoint, of floors and of third parties' models on labelled clips."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from a2r_gym.metrics import confusion_margin
from a2r_train.data.clips import load_clips
from a2r_train.evaluate import Evaluation, evaluate, task_tables
from a2r_train.retrieval import retrieval
from benchmarks.cells import Cell, Results, Setup
from benchmarks.data import folders
from benchmarks.methods import settle
from benchmarks.presets import FLOORS, Preset, shown
from benchmarks.rendered import Rendered, Row

__all__ = ["DATA", "NAME", "VERSION", "cells", "config", "render", "run", "seconds"]

NAME: Final = "offline"
VERSION: Final = 1
DATA: Final = ("paper-test",)
SETTING: Final = "trained scene"
_GROUP: Final = "table-top, train scene"
_ROWS: Final = {
    "AUROC": f"AUROC, {_GROUP}",
    "AUROC, near": f"AUROC, near-successes alone, {_GROUP}",
    "first of 7": f"right instruction first among 7, {_GROUP}",
    "VOC": f"VOC, success videos, {_GROUP}",
    "VOC, reversed": f"VOC, the same reversed, {_GROUP}",
    "ECE": f"ECE, {_GROUP}",
    "Brier": f"Brier score, {_GROUP}",
}
"""Column -> row of the evaluation's report."""
_MARGIN: Final = "confusion margin"
_BUNDLED: Final = "a2r-small"


def _methods(preset: Preset) -> list[str]:
    entries = [f"entry:{entry}" for entry in preset.entries]
    return list(dict.fromkeys([*FLOORS, _BUNDLED, *preset.untrained, *entries]))


def cells(preset: Preset) -> list[Cell]:
    """List a cell a model."""
    return [Cell(NAME, method, SETTING, 0) for method in _methods(preset)]


def config(cell: Cell, preset: Preset) -> Mapping[str, Any]:
    """Return how many videos VOC rests on."""
    del cell
    return {"voc_per_task": preset.voc_per_task}


def seconds(cell: Cell, preset: Preset) -> float:
    """Estimate by the number of clips and prefixes."""
    del cell
    return 15.0 if preset.own_data else 60.0


def run(cell: Cell, setup: Setup) -> dict[str, Any]:
    """Evaluate a model on the trained scene's test clips."""
    clips = load_clips(folders(setup, "paper-test"))
    done = evaluate(
        settle(cell.method, cell.seed, setup),
        clips.select(clips.scene == "train"),
        task_tables(),
        voc_per_task=setup.preset.voc_per_task,
        progress=False,
    )
    found = {row.name: list(row.estimate) for row in done.report.rows if np.isfinite(row.estimate.value)}
    return {column: found.get(name) for column, name in _ROWS.items()} | {_MARGIN: _margin(done)}


def _margin(done: Evaluation) -> list[float] | None:
    """Measure the instruction confusion margin on clips that satisfy one task alone; None where there are none."""
    scored = done.scored
    found = retrieval(scored, np.ones(len(scored.clips), dtype=bool))
    if not len(found.hit):
        return None
    satisfied = scored.satisfied()
    rows = np.flatnonzero(satisfied >= 0)
    labels = scored.clips.label_names
    columns = [scored.column(scored.info(name).instruction) for name in labels]
    chances = np.clip(scored.success[np.ix_(rows, columns)], 0.0, 1.0)
    return list(confusion_margin(chances, satisfied[rows], np.random.default_rng(0)))


def render(results: Results) -> Rendered:
    """Draw a line a model."""
    columns = (*_ROWS, _MARGIN)
    rows = [
        Row(
            label=shown(method),
            values=tuple(results.pooled(method, SETTING, column) for column in columns),
            kind="floor" if method in FLOORS else "method",
        )
        for method in _methods(results.preset)
    ]
    perfect = ("1", "1", "1", "1", "-1", "0", "0", "1")
    rows.insert(0, Row(label="ceiling: a perfect model", values=perfect, kind="ceiling"))
    return Rendered(
        name=NAME,
        title="Offline metrics on labelled clips of the trained scene",
        columns=columns,
        rows=tuple(rows),
        notes=(
            "All seven tasks, weighing equally; failures half random, half near-success. A frame counter has a perfect "
            "VOC: it counts only beside its reversal. The confusion margin is the mean success under the right "
            "instruction less that under the wrong ones.",
        ),
    )
