"""The trainings that the other tables measure; its cells follow from theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from benchmarks.cells import Cell, Results, Setup
from benchmarks.methods import TRAINING_DATA, TRAINING_VERSION, told, train
from benchmarks.presets import Preset
from benchmarks.rendered import Rendered, Row

__all__ = ["DATA", "NAME", "VERSION", "cells", "config", "render", "run", "seconds"]

NAME: Final = "training"
VERSION: Final = TRAINING_VERSION
DATA: Final = TRAINING_DATA
_STEP: Final = 0.35
"""Seconds a step of 16 robot and as many human clips takes on one core."""


def cells(preset: Preset) -> list[Cell]:
    """List none: `benchmarks.plan` adds what the other tables need."""
    del preset
    return []


def config(cell: Cell, preset: Preset) -> Mapping[str, Any]:
    """Return nothing: recipe and steps are part of the weights."""
    del cell, preset
    return {}


def seconds(cell: Cell, preset: Preset) -> float:
    """Estimate by the number of steps."""
    del cell
    return 20 + _STEP * (preset.steps or 600)


def run(cell: Cell, setup: Setup) -> dict[str, Any]:
    """Train."""
    return told(train(cell.method, cell.seed, setup))


def render(results: Results) -> Rendered:
    """Tell what each recipe was trained on."""
    rows = []
    for method in dict.fromkeys(cell.method for cell in results.outcomes):
        done = results.done(method, "fit")
        facts = done[0] if done else {}
        robot, human = str(facts.get("training_clips", results.missing(method, "fit"))), facts.get("human_clips")
        source = facts.get("human_source") or "none"
        rows.append(Row(label=method, values=(str(len(done)), robot, str(human or 0), source)))
    return Rendered(
        name=NAME,
        title="Trainings",
        columns=("seeds", "robot clips", "human clips", "human source"),
        rows=tuple(rows),
        notes=(
            "Robot clips of three tasks in one scene, of c2r-* of six in Concept2Robot's environments, half of them "
            "failures; the same for every method.",
        ),
    )
