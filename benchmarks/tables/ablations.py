"""Ablations: the published method without each of its parts, and controls for ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from a2r_train.data.clips import load_clips
from benchmarks.cells import Cell, Results, Setup
from benchmarks.data import folders
from benchmarks.frame_maps import read_stored
from benchmarks.methods import settle
from benchmarks.presets import Preset
from benchmarks.protocol import COLUMNS, measure
from benchmarks.rendered import Rendered, Row

__all__ = ["DATA", "NAME", "VERSION", "cells", "config", "render", "run", "seconds"]

NAME: Final = "ablations"
VERSION: Final = 3
DATA: Final = ("paper-test",)
SETTING: Final = "all scenes"
_FLOORS: Final = ("random", "frame-counter")
_LOWER: Final = ("ECE", "Brier")
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
    model, clips = settle(cell.method, cell.seed, setup), load_clips(folders(setup, "paper-test"))
    read_stored(model, [clips], setup.out / "maps")
    found = measure(model, clips)
    return {column: row if row[0] == row[0] else None for column, row in found.items()}  # NaN: too few clips


def render(results: Results) -> Rendered:
    """Draw AUROC in each scene and of left-out tasks, the order of instructions, and calibration."""
    rows = []
    for method in (*_FLOORS, *results.preset.ablations):
        values = tuple(results.pooled(method, SETTING, column) for column in COLUMNS)
        rows.append(Row(label=method, values=values, kind="floor" if method in _FLOORS else "method"))
    perfect = tuple("0" if column in _LOWER else "1" for column in COLUMNS)
    rows.append(Row(label="ceiling: a perfect model", values=perfect, kind="ceiling"))
    return Rendered(
        name=NAME,
        title="Ablations: AUROC of success against failure",
        columns=COLUMNS,
        rows=tuple(rows),
        notes=(
            "A column of scenes is of the three trained tasks, left out of those that the robot never did, in the "
            f"trained scene; {len(results.preset.seeds)} seeds of each training are pooled.",
            "paper-* is the published method on our backbone, paper-without-* the same without one of its losses, "
            "*-unrelated has six human tasks that none of the robot's is like, *-shuffled has the labels of its human "
            "clips dealt out at random, *-by-hand has human tasks matched by hand instead of by text. ECE and Brier: "
            "lower is better.",
            "The paper: without failures is below failures with BCE alone, that below failure prompts.",
        ),
    )
