"""Task generalisation: tasks that the robot never did, with human clips of more and more tasks (the second table)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from benchmarks.cells import Cell, Results, Setup
from benchmarks.paper import SOURCE, TASK_SUCCESS
from benchmarks.pool_success import LEFT_OUT, bounds, compare, measure_scene
from benchmarks.presets import Preset, recipe_name, shown
from benchmarks.rendered import Rendered, Row, Value, mean_of
from benchmarks.tables import environments

__all__ = ["DATA", "NAME", "VERSION", "cells", "config", "render", "run", "seconds"]

NAME: Final = "tasks"
VERSION: Final = 2
DATA: Final = environments.DATA
SCENE: Final = "train"


def _untrained(preset: Preset) -> list[str]:
    return [*preset.untrained, *(f"entry:{entry}" for entry in preset.entries)]


def cells(preset: Preset) -> list[Cell]:
    """List method x number of human tasks x seed."""
    trained = [
        Cell(NAME, recipe_name(family, human), SCENE, seed)
        for family in preset.families
        for human in preset.task_human
        for seed in preset.seeds
    ]
    return trained + [Cell(NAME, method, SCENE, 0) for method in _untrained(preset)]


def config(cell: Cell, preset: Preset) -> Mapping[str, Any]:
    """Return the tasks that count."""
    del cell, preset
    return {"tasks": LEFT_OUT}


def seconds(cell: Cell, preset: Preset) -> float:
    """Estimate by the number of clips."""
    return environments.seconds(cell, preset)


def run(cell: Cell, setup: Setup) -> dict[str, Any]:
    """Measure a method on the left-out tasks."""
    return measure_scene(cell, setup, SCENE, LEFT_OUT)


def render(results: Results) -> Rendered:
    """Draw success by the number of human tasks, its mean, and the paper's numbers beside it."""
    preset = results.preset
    width = len(preset.task_human)

    def alone(values: list[Value]) -> tuple[Value, ...]:
        return (*[None] * width, *values, None, None, None, None)

    rows = bounds(results, [SCENE], alone)
    for family in preset.families:
        methods = [recipe_name(family, human) for human in preset.task_human]
        success: list[Value] = [results.pooled(method, SCENE, "success") for method in methods]
        ranked: list[Value] = [results.pooled(method, SCENE, "auroc") for method in methods]
        paper = (_percent(TASK_SUCCESS.get(family, {}).get(key)) for key in ("6", "9", "mean"))
        rows.append(Row(label=family, values=(*success, mean_of(success), mean_of(ranked), *paper)))
    for method in _untrained(preset):
        values = (results.pooled(method, SCENE, "success"), results.pooled(method, SCENE, "auroc"))
        rows.append(Row(label=shown(method), values=(*[None] * width, *values, None, None, None)))
    columns = [f"Robot + {human} human tasks" if human else "Robot alone" for human in preset.task_human]
    comparisons = [
        compare(
            results, recipe_name("ours", human), [recipe_name(name, human) for name in preset.families[1:]], [SCENE]
        )
        for human in preset.task_human
        if len(preset.families) > 1
    ]
    return Rendered(
        name=NAME,
        title="Task generalisation: success of the chosen candidate at left-out tasks",
        columns=(*columns, "mean", "AUROC, mean", f"{SOURCE}: + 6", f"{SOURCE}: + 9", f"{SOURCE}: mean"),
        rows=tuple(rows),
        notes=(
            f"Tasks: {', '.join(LEFT_OUT)}, which no robot clip of training tries, in the trained scene; the mean of a "
            "trained method is over its columns, and what is not trained here stands under mean alone. In the paper's "
            "columns the row ours is Adapt2Reward.",
            *comparisons,
        ),
    )


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.4f}"
