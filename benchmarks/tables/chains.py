"""Long horizons: two instructions one after the other, the reward switching when the first is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from a2r_gym.metrics import wilson
from a2r_gym.planners.cem import CEMConfig
from a2r_gym.planners.instruction_chain import HOLD, THRESHOLD
from benchmarks.cells import Cell, Results, Setup
from benchmarks.chains import CHAINS, FIRST_SEED, SCENE, Planner, run_trial
from benchmarks.methods import settle
from benchmarks.presets import Preset, shown
from benchmarks.rendered import Rendered, Row, Value

__all__ = ["DATA", "NAME", "VERSION", "cells", "config", "render", "run", "seconds"]

NAME: Final = "chains"
VERSION: Final = 1
DATA: Final = ()
BLOCK: Final = len(CHAINS)
"""Trials of a cell: one of each chain."""
_OWN, _ORACLE = "own switch", "oracle switch"
_BOUNDS: Final = {
    "random": ("floor: random actions", "floor"),
    "progress": (f"ceiling: the task's true progress, {_ORACLE}", "ceiling"),
}
_CANDIDATE: Final = {"random": 0.0, "progress": 0.02}
"""Seconds that a candidate of a plan takes; `_SCORED` where pictures are rendered and scored."""
_SCORED: Final = 0.05
_SETUP: Final = 6.0
"""Seconds of a trial without its candidates."""


def _lines(preset: Preset) -> list[tuple[str, str]]:
    """List method and switch of each row."""
    learned = [(model, switch) for model in preset.chain_models for switch in (_OWN, _ORACLE)]
    return [*((bound, _ORACLE) for bound in _BOUNDS), *learned]


def _blocks(switch: str, preset: Preset) -> list[str]:
    return [f"{switch}, trials from {first}" for first in range(0, preset.chain_trials, BLOCK)]


def cells(preset: Preset) -> list[Cell]:
    """List planner x switch x block of trials."""
    return [Cell(NAME, method, setting, 0) for method, switch in _lines(preset) for setting in _blocks(switch, preset)]


def config(cell: Cell, preset: Preset) -> Mapping[str, Any]:
    """Return the size of the search, what is believed, and the trials of the block."""
    return {
        "population": preset.population, "iterations": preset.iterations, "threshold": THRESHOLD, "hold": HOLD,
        "plans": preset.chain_plans, "trials": _trials(cell, preset),
    }  # fmt: skip


def _trials(cell: Cell, preset: Preset) -> list[tuple[tuple[str, str], int]]:
    """Return chain and seed of each trial: chains take turns, all planners have the same."""
    first = int(cell.setting.rpartition(" ")[2])
    numbers = range(first, min(first + BLOCK, preset.chain_trials))
    return [(CHAINS[number % len(CHAINS)], FIRST_SEED + number // len(CHAINS)) for number in numbers]


def seconds(cell: Cell, preset: Preset) -> float:
    """Estimate by the number of candidates."""
    candidates = preset.chain_plans * preset.population * (1 + preset.iterations)
    return len(_trials(cell, preset)) * (_SETUP + _CANDIDATE.get(cell.method, _SCORED) * candidates)


def run(cell: Cell, setup: Setup) -> dict[str, Any]:
    """Run a block of trials."""
    preset = setup.preset
    search = CEMConfig(population_size=preset.population, num_iterations=preset.iterations, initial="arcsine")
    planner = Planner(
        model=None if cell.method in _BOUNDS else settle(cell.method, cell.seed, setup),
        own_switch=cell.setting.startswith(_OWN),
        search=CEMConfig(population_size=1, num_iterations=0) if cell.method == "random" else search,
        num_plans=preset.chain_plans,
    )
    done = []
    for chain, seed in _trials(cell, preset):
        verdict = run_trial(chain, seed, planner)
        done.append({"chain": list(chain), "seed": seed, **verdict._asdict()})
    return {"trials": done}


def render(results: Results) -> Rendered:
    """Draw success of the first instruction and of both, and whether the switch came in time."""
    preset = results.preset
    rows = []
    for method, switch in _lines(preset):
        label, kind = _BOUNDS.get(method, (f"{shown(method)}, {switch}", "method"))
        rows.append(Row(label=label, values=_values(results, method, switch), kind=kind))
    return Rendered(
        name=NAME,
        title="Long horizons: chains of two instructions",
        columns=(
            "first", "first, then second", "the same, drawer first", "the same, mug first", "switched too early",
            "switched too late or never",
        ),
        rows=tuple(rows),
        notes=(
            f"Chains: {'; '.join(' then '.join(chain) for chain in CHAINS)}; they take turns, all planners have the "
            f"same starts in the scene {SCENE}. Up to {preset.chain_plans} plans with exact dynamics, each the best of "
            f"{preset.population} candidates"
            f"{f', refined {preset.iterations} times' if preset.iterations else ''}.",
            f"Own switch: the model's calibrated success was at least {THRESHOLD} after {HOLD} plans in a row; the "
            "planner then follows the second instruction, and stops when that is said to be done. Oracle switch: the "
            "true rule held after a plan. Success is by the true rules alone: the first held at some step, and the "
            "second, counted from there, at the last step, for the mug at any. Too early: before the first had come "
            f"true; too late: not by the end of the {HOLD} plans that it takes to see that it has.",
        ),
    )  # fmt: skip


def _values(results: Results, method: str, switch: str) -> tuple[Value, ...]:
    blocks = _blocks(switch, results.preset)
    trials = [trial for block in blocks for result in results.done(method, block) for trial in result["trials"]]
    if not trials:
        return (results.missing(method, blocks[0]) if blocks else None, *[None] * 5)
    by_drawer = [trial for trial in trials if trial["chain"][0].startswith("drawer")]
    by_mug = [trial for trial in trials if trial["chain"][0].startswith("mug")]
    told = [_share(trials, "switch", word) if switch == _OWN else None for word in ("early", "late")]
    return (
        _share(trials, "first", True), _share(trials, "both", True), _share(by_drawer, "both", True),
        _share(by_mug, "both", True), *told,
    )  # fmt: skip


def _share(trials: list[dict[str, Any]], key: str, value: object) -> Value:
    return wilson(sum(trial[key] == value for trial in trials), len(trials)) if trials else None
