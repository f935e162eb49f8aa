"""A table whose cells do as their method says; each leaves a file for every time that it ran."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Mapping
from typing import Any

from a2r_gym.errors import DataError, WeightsError
from benchmarks.cells import Cell, Results, Setup
from benchmarks.presets import Preset
from benchmarks.rendered import Rendered, Row

NAME = "tests.benchmarks.toy_table"
VERSION = 1
DATA: tuple[str, ...] = ()


def cells(preset: Preset) -> list[Cell]:
    """List a cell a method."""
    return [Cell(NAME, method, "here", seed) for method in preset.families for seed in preset.seeds]


def config(cell: Cell, preset: Preset) -> Mapping[str, Any]:
    """Return the number of steps."""
    del cell
    return {"steps": preset.steps}


def seconds(cell: Cell, preset: Preset) -> float:
    """Take a second."""
    del cell, preset
    return 1.0


def run(cell: Cell, setup: Setup) -> dict[str, Any]:
    """Do as the method says."""
    ran = setup.out / "ran"
    ran.mkdir(parents=True, exist_ok=True)
    (ran / f"{cell.method}-{cell.seed}-{uuid.uuid4().hex}").touch()
    print("said by a cell")
    if cell.method == "slow":
        time.sleep(0.5)
    if cell.method == "raises":
        raise DataError("the toy breaks here")
    if cell.method == "weightless":
        raise WeightsError("no toy weights")
    if cell.method == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    return {"score": [0.5, 0.4, 0.6, 10], "process": os.getpid()}


def render(results: Results) -> Rendered:
    """Draw a line a method."""
    rows = [Row(label=method, values=(results.pooled(method, "here", "score"),)) for method in results.preset.families]
    return Rendered(name="toy", title="Toy", columns=("score",), rows=tuple(rows))
