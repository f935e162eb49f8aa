"""Ablations: the published method without each of its parts, and controls for ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from a2r_gym.envs.tabletop.scene import SCENES
from a2r_gym.metrics import Estimate
from a2r_train.data.clips import load_clips
from benchmarks.cells import Cell, Results, Setup
from benchmarks.data import folders
from benchmarks.generalisation import measure
from benchmarks.methods import settle
from benchmarks.presets import Preset
from benchmarks.rendered import Rendered, Row, Value, mean_of

__all__ = ["DATA", "NAME", "VERSION", "cells", "config", "render", "run", "seconds"]

NAME: Final = "ablations"
VERSION: Final = 1
DATA: Final = ("paper-test",)
SETTING: Final = "all scenes"
_FLOORS: Final = ("random", "frame-counter")
_COLUMNS: Final = ("left out", "left out, near", "first of 7", "ECE", "Brier")
_SECONDS: Final = 90.0


def cells(preset: Preset) -> list[Cell]:
    """List recipe x seed, and the floors."""
    trained = [Cell(NAME, recipe, SETTING, seed) for recipe in preset.ablations for seed in preset.seeds]
    return trained + [Cell(NAME, floor, SETTING, 0) for floor in _FLOORS]


def config(cell: Cell, preset: Preset) -> Mapping[str, Any]:
    """Return nothing: recipe and data say it all."""
    del cell, preset
    return {}


def seconds(cell: Cell, preset: Preset) -> float:
    """Estimate by the size of the test collection."""
    del cell
    return 10.0 if preset.own_data else _SECONDS


def run(cell: Cell, setup: Setup) -> dict[str, Any]:
    """Measure a recipe on all test clips."""
    found = measure(settle(cell.method, cell.seed, setup), load_clips(folders(setup, "paper-test")))
    return {column: row if row[0] == row[0] else None for column, row in found.items()}  # NaN: too few clips


def render(results: Results) -> Rendered:
    """Draw AUROC in the trained and in the shifted scenes, of left-out tasks, and the order of instructions."""
    rows = []
    shifted = [scene for scene in SCENES if scene != "train"]
    for method in (*_FLOORS, *results.preset.ablations):
        there: list[Value] = [results.pooled(method, SETTING, scene) for scene in shifted]
        there = [value for value in there if isinstance(value, Estimate)] or there[:1]
        values = [results.pooled(method, SETTING, column) for column in ("train", *_COLUMNS)]
        kind = "floor" if method in _FLOORS else "method"
        rows.append(Row(label=method, values=(values[0], mean_of(there), *values[1:]), kind=kind))
    perfect = ("1", "1", "1", "1", "1", "0", "0")
    rows.append(Row(label="ceiling: a perfect model", values=perfect, kind="ceiling"))
    return Rendered(
        name=NAME,
        title="Ablations: AUROC of success against failure",
        columns=("trained scene", "shifted scenes, mean", *_COLUMNS),
        rows=tuple(rows),
        notes=(
            "paper-* is the published method on our backbone, paper-without-* the same without one of its losses, "
            "*-unrelated has six human tasks that none of the robot's is like, *-shuffled has the labels of its human "
            "clips dealt out at random, *-by-hand has human tasks matched by hand instead of by text. ECE and Brier: "
            "lower is better.",
            "The paper: without failures is below failures with BCE alone, that below failure prompts.",
        ),
    )
