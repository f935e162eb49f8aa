"""Closed loop: visual model predictive control on learned rewards, from the same starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from a2r_gym.envs.tabletop.tasks import TASKS
from a2r_gym.metrics import wilson
from benchmarks.cells import Cell, Results, Setup
from benchmarks.methods import is_recipe, train
from benchmarks.planning import FIRST_SEED, trial
from benchmarks.presets import Preset
from benchmarks.rendered import Rendered, Row, Value, mean_of

__all__ = ["DATA", "NAME", "VERSION", "cells", "config", "render", "run", "seconds"]

NAME: Final = "planning"
VERSION: Final = 1
DATA: Final = ()
BLOCK: Final = 10
"""Trials of a cell."""
_BOUNDS: Final = {"random": "floor", "progress": "ceiling"}
_SEED: Final = 0
"""Of the trainings whose models plan."""
_CANDIDATE: Final = 0.15
"""Seconds that a candidate takes from prediction to score, over the plans of an episode."""


def _methods(preset: Preset) -> tuple[str, ...]:
    return (*_BOUNDS, *preset.planned)


def cells(preset: Preset) -> list[Cell]:
    """List planner x scene x block of trials."""
    return [
        Cell(NAME, method, setting, _SEED)
        for method in _methods(preset)
        for scene in preset.planning_scenes
        for setting in _blocks(scene, preset)
    ]


def _blocks(scene: str, preset: Preset) -> list[str]:
    return [f"{scene}, trials from {first}" for first in range(0, preset.trials, BLOCK)]


def config(cell: Cell, preset: Preset) -> Mapping[str, Any]:
    """Return the size of the search, and the trials of the block."""
    return {"population": preset.population, "iterations": preset.iterations, "trials": _trials(cell, preset)}


def _trials(cell: Cell, preset: Preset) -> list[tuple[str, int]]:
    """Return task and seed of each trial: tasks take turns, all planners have the same."""
    tasks, first = tuple(TASKS), int(cell.setting.rpartition(" ")[2])
    numbers = range(first, min(first + BLOCK, preset.trials))
    return [(tasks[number % len(tasks)], FIRST_SEED + number // len(tasks)) for number in numbers]


def seconds(cell: Cell, preset: Preset) -> float:
    """Estimate by the number of candidates."""
    if cell.method == "random":
        return 2.0 * len(_trials(cell, preset))
    return len(_trials(cell, preset)) * (2.0 + _CANDIDATE * preset.population * (1 + preset.iterations))


def run(cell: Cell, setup: Setup) -> dict[str, Any]:
    """Run a block of trials."""
    model = str(train(cell.method, cell.seed, setup)) if is_recipe(cell.method) else ""
    options = {
        "model": model, "population": setup.preset.population, "iterations": setup.preset.iterations,
        "measure": "similarity",
    }  # fmt: skip
    planner, scene = "learned" if model else cell.method, cell.setting.partition(",")[0]
    done = [
        {"task": task, "seed": seed, "success": trial((scene, task, planner, seed), options)}
        for task, seed in _trials(cell, setup.preset)
    ]
    return {"trials": done}


def render(results: Results) -> Rendered:
    """Draw success in each scene and its mean."""
    rows = []
    for method in _methods(results.preset):
        values: list[Value] = []
        for scene in results.preset.planning_scenes:
            blocks = _blocks(scene, results.preset)
            done = [result for block in blocks for result in results.done(method, block)]
            solved = [row["success"] for result in done for row in result["trials"]]
            values.append(wilson(sum(solved), len(solved)) if solved else results.missing(method, blocks[0]))
        label = {"random": "floor: the first candidate", "progress": "ceiling: the task's true progress"}
        rows.append(
            Row(label=label.get(method, method), values=(*values, mean_of(values)), kind=_BOUNDS.get(method, "method"))
        )
    preset = results.preset
    return Rendered(
        name=NAME,
        title="Closed loop: success of visual model predictive control",
        columns=(*preset.planning_scenes, "mean of scenes"),
        rows=tuple(rows),
        notes=(
            f"Exact dynamics; three plans an episode, each the best of {preset.population} candidates"
            f"{f', refined {preset.iterations} times' if preset.iterations else ''}; success is the task's rule at the "
            "last step, for a mug that goes sideways at any. All seven tasks take turns; all planners have the same "
            "starts. Which baseline plans was fixed beforehand.",
        ),
    )
