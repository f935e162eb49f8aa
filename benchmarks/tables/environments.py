"""Environment generalisation: trained tasks in scenes that training never showed (the paper's first table)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from a2r_train.collect_presets import PAPER_TASKS
from benchmarks.cells import Cell, Results, Setup
from benchmarks.paper import ENVIRONMENT_GAIN, SOURCE
from benchmarks.pool_success import bounds, compare, measure_scene
from benchmarks.presets import Preset, recipe_name, shown
from benchmarks.rendered import Rendered, Row, Value, mean_of

__all__ = ["DATA", "NAME", "VERSION", "cells", "config", "render", "run", "seconds"]

NAME: Final = "environments"
VERSION: Final = 2
DATA: Final = ("paper-test", "pools")
_CLIP: Final = 0.018
"""Seconds that a candidate or clip takes."""
_TEST_CLIPS: Final = 630


def _methods(preset: Preset) -> list[str]:
    trained = [recipe_name(family, human) for family in preset.families for human in preset.environment_human]
    return [*trained, *preset.untrained, *(f"entry:{entry}" for entry in preset.entries)]


def cells(preset: Preset) -> list[Cell]:
    """List method x number of human tasks x scene x seed; what is not trained has one seed."""
    trained = len(preset.families) * len(preset.environment_human)
    return [
        Cell(NAME, method, scene, seed)
        for number, method in enumerate(_methods(preset))
        for seed in (preset.seeds if number < trained else (0,))
        for scene in preset.scenes
    ]


def config(cell: Cell, preset: Preset) -> Mapping[str, Any]:
    """Return the tasks that count."""
    del cell, preset
    return {"tasks": PAPER_TASKS}


def seconds(cell: Cell, preset: Preset) -> float:
    """Estimate by the number of clips."""
    del cell
    return 10 + _CLIP * (7 * preset.pool_starts * preset.pool_takes + (60 if preset.own_data else _TEST_CLIPS))


def run(cell: Cell, setup: Setup) -> dict[str, Any]:
    """Measure a method in a scene."""
    return measure_scene(cell, setup, cell.setting, PAPER_TASKS)


def render(results: Results) -> Rendered:
    """Draw success in each scene, its mean, and the mean AUROC."""
    preset = results.preset
    rows = bounds(results, preset.scenes, lambda values: (*values, mean_of(values), None, None))
    best = f"ours-human-{max(preset.environment_human)}"
    for method in _methods(preset):
        success: list[Value] = [results.pooled(method, scene, "success") for scene in preset.scenes]
        ranked: list[Value] = [results.pooled(method, scene, "auroc") for scene in preset.scenes]
        told = f"{ENVIRONMENT_GAIN:+.0%} over the best baseline" if method == best else None
        rows.append(Row(label=shown(method), values=(*success, mean_of(success), mean_of(ranked), told)))
    others = [recipe_name(family, human) for family in preset.families[1:] for human in preset.environment_human]
    return Rendered(
        name=NAME,
        title="Environment generalisation: success of the chosen candidate",
        columns=(*preset.scenes, "mean of scenes", "AUROC, mean of scenes", SOURCE),
        rows=tuple(rows),
        notes=(
            f"Tasks: {', '.join(PAPER_TASKS)}, trained in the scene train alone. All methods choose from the same "
            f"pools of {preset.pool_starts} starts a scene; success is the task's rule at the candidate's last frame, "
            "for a mug that goes sideways at any (as DVD counts). Intervals are 95 %: Wilson's, widened by the spread "
            "of seeds.",
            compare(results, best, others, preset.scenes),
            "a2r-small is the bundled checkpoint: its training data are others, many scenes among them.",
        ),
    )
