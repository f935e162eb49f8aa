"""RL curves on Meta-World: agents on the learned reward beside agents on the dense and on the sparse one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.metrics import Estimate, iqm
from a2r_gym.registration import env_id, expert
from a2r_train.file_lock import locked
from benchmarks.cells import Cell, Results, Setup, identity
from benchmarks.methods import weights
from benchmarks.presets import Preset
from benchmarks.rendered import Curve, Curves, Rendered, Row, Value

__all__ = ["DATA", "NAME", "VERSION", "cells", "config", "render", "run", "seconds"]

NAME: Final = "curves"
VERSION: Final = 1
DATA: Final = ()
_LEARNED: Final = "a2r-small"
_AGENTS: Final[dict[str, dict[str, Any]]] = {
    _LEARNED: {"reward": "learned", "reward_model": _LEARNED},
    "dense": {"reward": "env", "env_reward_scale": 0.02},  # Meta-World's goes to 10, five steps a decision
    "sparse": {"reward": "sparse"},
    "random-reward": {"reward": "learned", "reward_model": "random"},
}
"""What agents are trained on -> what differs in their `AgentConfig`."""
_POLICIES: Final = ("random-actions", "scripted")
"""What is not trained, measured on as many episodes as all seeds of an agent."""
_LABELS: Final = {
    _LEARNED: (f"{_LEARNED}: learned reward alone", "method"),
    "dense": ("Meta-World's dense reward", "method"),
    "sparse": ("sparse reward: success", "method"),
    "random-reward": ("floor: random reward", "floor"),
    "random-actions": ("floor: random actions", "floor"),
    "scripted": ("ceiling: Meta-World's scripted policy", "ceiling"),
}
_ACTION_REPEAT: Final = 5
"""Environment steps of a decision."""
_EVALUATIONS: Final = 10
"""Points of a curve after its first."""
_DECISION: Final = 0.06
"""Seconds of a decision with its share of learning and evaluation; with a picture `_SEEN` more."""
_SEEN: Final = 0.025


def cells(preset: Preset) -> list[Cell]:
    """List reward x task x seed, seed by seed: what there is after a stop can be drawn."""
    agents = [
        Cell(NAME, method, task, seed) for seed in preset.seeds for task in preset.agent_tasks for method in _AGENTS
    ]
    return [*(Cell(NAME, policy, task, 0) for task in preset.agent_tasks for policy in _POLICIES), *agents]


def config(cell: Cell, preset: Preset) -> Mapping[str, Any]:
    """Return what fixes an agent, and on how many episodes it is measured."""
    found = {"action_repeat": _ACTION_REPEAT, "episodes": preset.agent_episodes}
    if cell.method in _POLICIES:
        return {**found, "seeds": len(preset.seeds)}
    return {**found, **_AGENTS[cell.method], "steps": preset.agent_steps, "evaluations": _EVALUATIONS}


def seconds(cell: Cell, preset: Preset) -> float:
    """Estimate by the number of decisions."""
    if cell.method in _POLICIES:
        return 2.0 + 0.5 * preset.agent_episodes * len(preset.seeds)
    seen = _SEEN if _AGENTS[cell.method]["reward"] == "learned" else 0.0
    return 3.0 + preset.agent_steps * (_DECISION + seen)


def run(cell: Cell, setup: Setup) -> dict[str, Any]:
    """Train an agent and measure it, or measure a policy; an agent whose training was cut off goes on."""
    from a2r_gym.rl.evaluation import evaluate_policy, random_policy, success_rate

    preset, env = setup.preset, env_id("MetaWorld", cell.setting)
    if cell.method not in _POLICIES:
        return _run_agent(cell, setup)
    scripted = cell.method == "scripted"
    done = evaluate_policy(
        env, expert(env) if scripted else random_policy(env), episodes=preset.agent_episodes * len(preset.seeds),
        action_repeat=1 if scripted else _ACTION_REPEAT,
    )  # fmt: skip
    return {"success": list(success_rate(done))}


def _run_agent(cell: Cell, setup: Setup) -> dict[str, Any]:
    from a2r_gym.rl.agent import AgentConfig, load_run
    from a2r_gym.rl.evaluation import evaluate_policy, success_rate
    from a2r_gym.rl.learning_curve import read_curve
    from a2r_gym.rl.training import as_policy, train

    preset = setup.preset
    agent = AgentConfig(
        env=env_id("MetaWorld", cell.setting), action_repeat=_ACTION_REPEAT, steps=preset.agent_steps, seed=cell.seed,
        learning_starts=min(AgentConfig.learning_starts, preset.agent_steps // 5), **_AGENTS[cell.method],
    )  # fmt: skip
    key = identity(cell, VERSION, config(cell, preset), [], weights(cell.method, preset))
    folder = setup.out / "agents" / f"{cell.setting}-{cell.method}-{cell.seed}-{key}"
    with locked(folder / ".lock"):
        trained = train(
            agent, folder, resume=load_run(folder) is not None, eval_every=max(1, preset.agent_steps // _EVALUATIONS),
            eval_episodes=preset.agent_episodes,
        )  # fmt: skip
        curve = [[point.step, point.success_rate] for point in read_curve(folder)]
    done = evaluate_policy(
        agent.env, as_policy(trained), episodes=preset.agent_episodes, action_repeat=_ACTION_REPEAT
    )  # fmt: skip
    return {"success": list(success_rate(done)), "curve": curve}


def render(results: Results) -> Rendered:
    """Draw the interquartile mean over tasks and seeds, each task's success, and the curves."""
    preset = results.preset
    rows = [
        Row(label=label, values=(_pooled(results, method), *_tasks(results, method)), kind=kind)
        for method, (label, kind) in _LABELS.items()
    ]
    curves = [
        Curve(label=_LABELS[method][0], points=_curve(results, method), kind=_LABELS[method][1]) for method in _AGENTS
    ]
    return Rendered(
        name=NAME,
        title="Agents on Meta-World: success by what they were trained on",
        columns=("IQM over tasks and seeds", *preset.agent_tasks),
        rows=tuple(rows),
        curves=Curves(x="decisions", y="success, IQM", lines=tuple(curve for curve in curves if curve.points)),
        notes=(
            f"SAC, {preset.agent_steps} decisions of {_ACTION_REPEAT} environment steps, the same for all; an agent "
            "sees the state, only its reward differs: the similarity of picture and instruction, Meta-World's dense "
            "reward (times 0.02), 1 at success and else 0, or a number drawn at random at each decision.",
            f"Success is the task's rule at any step of a fresh episode (Meta-World's convention): "
            f"{preset.agent_episodes} of each agent at the end, and as many others at each point of a curve. IQM: "
            "interquartile mean of the agents' rates over the seeds that all tasks have, its interval from a bootstrap "
            "over seeds, stratified by task (one seed gives no interval); a task's interval is Wilson's over "
            "the episodes, which all its seeds share, widened by the spread of seeds. What is not trained has one rate "
            "a task.",
        ),
    )


def _found(results: Results, method: str) -> dict[str, dict[int, dict[str, Any]]]:
    """Return what was measured by task and seed."""
    found: dict[str, dict[int, dict[str, Any]]] = {task: {} for task in results.preset.agent_tasks}
    for cell, outcome in results.outcomes.items():
        if cell.method == method and outcome.result:
            found[cell.setting][cell.seed] = outcome.result
    return found


def _complete(results: Results, method: str) -> list[list[dict[str, Any]]]:
    """Return the runs of those seeds that all tasks have, seed by seed."""
    found = list(_found(results, method).values())
    seeds = sorted(set.intersection(*(set(runs) for runs in found))) if found else []
    return [[runs[seed] for runs in found] for seed in seeds]


def _tasks(results: Results, method: str) -> list[Value]:
    return [results.pooled(method, task, "success") for task in results.preset.agent_tasks]


def _pooled(results: Results, method: str) -> Value:
    """Return the interquartile mean at the end."""
    runs = _complete(results, method)
    if not runs:
        missing = [value for value in _tasks(results, method) if isinstance(value, str)]
        return missing[0] if missing else None
    return _iqm(np.array([[run["success"][0] for run in row] for row in runs]))


def _curve(results: Results, method: str) -> tuple[tuple[float, Estimate], ...]:
    """Return the interquartile mean at each step at which all agents were measured."""
    curves = [[dict(run["curve"]) for run in row] for row in _complete(results, method)]
    shared: Sequence[float] = sorted(set.intersection(*(set(run) for row in curves for run in row))) if curves else []
    return tuple((step, _iqm(np.array([[run[step] for run in row] for row in curves]))) for step in shared)


def _iqm(rates: NDArray[np.float64]) -> Estimate:
    return iqm(rates, np.random.default_rng(0))
