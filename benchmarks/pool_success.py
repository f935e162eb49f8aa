"""What a model makes of the stored candidates and clips of one scene: shared by the tables of generalisation.

Success: the chosen candidate fulfils the task's rule at its last frame, a mug that goes sideways at any (as DVD
counts). AUROC: mean over tasks, failures half random and half near-success.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from a2r_gym.envs.tabletop.tasks import TASKS
from a2r_gym.metrics import Estimate, paired_difference, wilson
from a2r_train.collect_presets import PAPER_TASKS
from a2r_train.data.clips import ClipSet, load_clips
from a2r_train.evaluate import task_tables
from a2r_train.scored_clips import score_clips
from benchmarks.cells import Cell, Results, Setup
from benchmarks.data import folders
from benchmarks.frame_maps import read_stored
from benchmarks.methods import settle
from benchmarks.pools import choices
from benchmarks.protocol import auroc
from benchmarks.rendered import Row, Value

__all__ = ["LEFT_OUT", "bounds", "by_pool", "compare", "measure_scene", "scene_clips", "success_of"]

LEFT_OUT = tuple(task for task in TASKS if task not in PAPER_TASKS)
"""Tasks that the robot never did."""


def scene_clips(setup: Setup, source: str, scene: str) -> ClipSet:
    """Load the clips of one scene."""
    clips = load_clips(folders(setup, source))
    return clips.select(clips.scene == scene)


def measure_scene(cell: Cell, setup: Setup, scene: str, tasks: Sequence[str]) -> dict[str, Any]:
    """Let a model choose among a scene's candidates, and rank its clips.

    Args:
        cell: Whose method and seed.
        setup: Where the data lie.
        scene: Name of the scene.
        tasks: Which tasks count.

    Returns:
        ``success``, ``floor``, ``ceiling``, ``auroc``: value, low, high, n; ``choices``: a row a pool.
    """
    model = settle(cell.method, cell.seed, setup)
    pools, test = scene_clips(setup, "pools", scene), scene_clips(setup, "paper-test", scene)
    read_stored(model, [pools, test], setup.out / "maps")
    chosen = choices(model, pools, tasks, progress=False)
    scored = score_clips(model, test, task_tables(), progress=False)
    mask = np.isin(scored.name, [f"tabletop/{task}" for task in tasks])
    ranked = auroc(scored, mask, np.random.default_rng(0))
    return success_of(chosen) | {"auroc": list(ranked) if np.isfinite(ranked.value) else None}


def success_of(chosen: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sum up what a model has chosen.

    Args:
        chosen: A row a pool: ``scene``, ``seed``, ``task``, ``success``, ``floor`` and ``ceiling``.

    Returns:
        ``success``, ``floor``, ``ceiling``: value, low, high, n; ``choices``: a row a pool.
    """
    return {
        "success": list(wilson(sum(row["success"] for row in chosen), len(chosen))),
        "floor": _mean([row["floor"] for row in chosen]),
        "ceiling": list(wilson(sum(row["ceiling"] for row in chosen), len(chosen))),
        "choices": [{key: row[key] for key in ("scene", "seed", "task", "success")} for row in chosen],
    }


def _mean(shares: Sequence[float]) -> list[float]:
    """Return the share of successes of a draw from each pool: exact, so without an interval."""
    value = float(np.mean(shares)) if shares else float("nan")
    return [value, value, value, len(shares)]


def bounds(results: Results, settings: Sequence[str], lay_out: Callable[[list[Value]], tuple[Value, ...]]) -> list[Row]:
    """Draw the floor and the ceiling of all models' success.

    Args:
        results: Of the table.
        settings: In the order of the columns.
        lay_out: From a value a setting to the table's columns.
    """
    rows = []
    for key, label in (("floor", "floor: a candidate drawn at random"), ("ceiling", "ceiling: the best candidate")):
        found: list[Value] = []
        for setting in settings:
            done = [result[key] for result in results.settings(setting)]
            found.append(_estimate(done[0]) if done else "not run")
        rows.append(Row(label=label, values=lay_out(found), kind=key))
    return rows


def _estimate(row: Sequence[float]) -> Estimate:
    return Estimate(row[0], row[1], row[2], int(row[3]))


def compare(results: Results, ours: str, others: Iterable[str], settings: Sequence[str]) -> str:
    """Compare a method with the best of others, pool by pool.

    Args:
        results: Of the table.
        ours: A method.
        others: Methods; the one that succeeds most often is taken.
        settings: Pools of these count alike.

    Returns:
        A sentence.
    """
    mine = by_pool(results, ours, settings)
    theirs = {other: pools for other in others if (pools := by_pool(results, other, settings)).keys() == mine.keys()}
    if not mine or not theirs:
        return f"{ours} is compared with the best of the others where both are done in all settings."
    best = max(theirs, key=lambda other: _rate(theirs[other]))
    groups = sorted({key[:2] for key in mine})
    pairs = [
        [[pools[key] for key in sorted(pools) if key[:2] == group] for group in groups]
        for pools in (mine, theirs[best])
    ]
    gain = paired_difference(pairs[0], pairs[1], np.random.default_rng(0))
    base = _rate(theirs[best])
    relative = f", {gain.value / base:+.0%} relative" if base else ""
    return (
        f"{ours} over {best}, the best of the others, on the same pools: {gain.value:+.3f} [{gain.low:+.3f}, "
        f"{gain.high:+.3f}] of success{relative}; tasks and scenes weigh alike, {gain.n} pools."
    )


def by_pool(results: Results, method: str, settings: Sequence[str]) -> dict[tuple[str, str, int], float]:
    """Pool -> share of the seeds that succeed; nothing where a setting is missing."""
    found: dict[tuple[str, str, int], list[bool]] = {}
    for setting in settings:
        done = results.done(method, setting)
        if not done:
            return {}
        for result in done:
            for row in result["choices"]:
                found.setdefault((row["scene"], row["task"], row["seed"]), []).append(row["success"])
    return {pool: float(np.mean(solved)) for pool, solved in found.items()}


def _rate(pools: dict[tuple[str, str, int], float]) -> float:
    groups: dict[tuple[str, str], list[float]] = {}
    for (scene, task, _), share in pools.items():
        groups.setdefault((scene, task), []).append(share)
    return float(np.mean([np.mean(shares) for shares in groups.values()]))
