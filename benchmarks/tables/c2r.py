"""Concept2Robot's environments: six trained tasks from viewpoints, and among things, that training never showed."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from a2r_gym.metrics import paired_difference
from a2r_train.data.clips import load_clips
from benchmarks.c2r_pools import c2r_choices
from benchmarks.cells import Cell, Results, Setup
from benchmarks.data import folders
from benchmarks.methods import is_recipe, settle
from benchmarks.paper import C2R_CHANGES, SOURCE
from benchmarks.pool_success import bounds, by_pool, compare, success_of
from benchmarks.presets import Preset, shown
from benchmarks.rendered import Rendered, Row, Value

__all__ = ["DATA", "NAME", "VERSION", "cells", "config", "render", "run", "seconds"]

NAME: Final = "c2r"
VERSION: Final = 1
DATA: Final = ("c2r-pools",)
_CLIP: Final = 0.018
"""Seconds that a candidate takes."""


def _methods(preset: Preset) -> list[str]:
    return [*preset.c2r_methods, *(f"entry:{entry}" for entry in preset.entries)]


def cells(preset: Preset) -> list[Cell]:
    """List method x setting x seed; a miniature is left out where pybullet is not installed."""
    if preset.own_data and importlib.util.find_spec("pybullet") is None:
        return []
    return [
        Cell(NAME, method, setting, seed)
        for method in _methods(preset)
        for setting in preset.c2r_settings
        for seed in (preset.seeds if is_recipe(method) else (0,))
    ]


def config(cell: Cell, preset: Preset) -> Mapping[str, Any]:
    """Return the tasks that count."""
    del cell
    return {"tasks": preset.c2r_tasks}


def seconds(cell: Cell, preset: Preset) -> float:
    """Estimate by the number of candidates."""
    del cell
    return 10 + _CLIP * len(preset.c2r_tasks) * preset.c2r_starts * preset.c2r_takes


def run(cell: Cell, setup: Setup) -> dict[str, Any]:
    """Let a method choose from the pools of a setting."""
    clips = load_clips(folders(setup, "c2r-pools"))
    model = settle(cell.method, cell.seed, setup)
    return success_of(c2r_choices(model, clips, cell.setting, setup.preset.c2r_tasks))


def render(results: Results) -> Rendered:
    """Draw success in each setting, its change from the first, and what the paper tells of it."""
    preset = results.preset
    first, *others = preset.c2r_settings
    nothing: list[Value] = [None] * (len(others) + 2)
    rows = bounds(results, preset.c2r_settings, lambda values: (*values, *nothing))
    for method in _methods(preset):
        success = [results.pooled(method, setting, "success") for setting in preset.c2r_settings]
        changes = [_change(results, method, first, setting) for setting in others]
        told = C2R_CHANGES.get(method, (None, None))
        rows.append(Row(label=shown(method), values=(*success, *changes, *told)))
    return Rendered(
        name=NAME,
        title="Concept2Robot's environments: success of the chosen candidate, by view and distractors",
        columns=(
            *preset.c2r_settings,
            *(f"change: {setting}" for setting in others),
            f"{SOURCE}: new viewpoint",
            f"{SOURCE}: distractors",
        ),
        rows=tuple(rows),
        notes=_notes(results),
    )


def _notes(results: Results) -> tuple[str, ...]:
    preset = results.preset
    notes = [
        f"Tasks: {', '.join(preset.c2r_tasks)}, trained in the {preset.c2r_settings[0]} without distractors alone. All "
        f"methods choose from the same {preset.c2r_takes} candidates of {preset.c2r_starts} starts a task: scripted "
        "plans with noise, plans that nearly succeed, random motion. Success is the task's rule at the candidate's "
        "last frame; left, right, away and towards are those of each picture. Intervals are 95 %: Wilson's, widened by "
        "the spread of seeds.",
        f"A change is success there less success in the {preset.c2r_settings[0]}, from the same starts: seeds are "
        "averaged, and starts are drawn again inside each task. Candidates are carried out anew in each setting: floor "
        "and ceiling tell how much their own success differs.",
    ]
    crowded = [setting for setting in preset.c2r_settings if setting.startswith("distractors")]
    if {"c2r-ours", "c2r-concept2robot"} <= set(preset.c2r_methods) and crowded:
        notes.append("With distractors: " + compare(results, "c2r-ours", ["c2r-concept2robot"], crowded))
    return tuple(notes)


def _change(results: Results, method: str, first: str, setting: str) -> Value:
    """Return how much more often a method succeeds in a setting than in the first, start by start."""
    before, after = (
        {pool[1:]: share for pool, share in by_pool(results, method, [name]).items()} for name in (first, setting)
    )
    if not before or not after:
        return results.missing(method, setting if before else first)
    shared = sorted(before.keys() & after.keys())
    groups = [[key for key in shared if key[0] == task] for task in sorted({key[0] for key in shared})]
    now, then = ([[pools[key] for key in group] for group in groups] for pools in (after, before))
    return paired_difference(now, then, np.random.default_rng(0))
