"""Concept2Robot's learner in Concept2Robot's environments: trajectories learned from our reward and from success."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from a2r_gym.metrics import Estimate, paired_difference, wilson
from a2r_gym.registration import NO_REWARD, env_id
from a2r_train.file_lock import locked
from benchmarks.c2r_pools import C2R_SETTINGS, variant_of
from benchmarks.cells import Cell, Results, Setup, identity
from benchmarks.methods import settle, train, weights
from benchmarks.presets import Preset
from benchmarks.rendered import Curve, Curves, Rendered, Row, Value, mean_of

__all__ = ["DATA", "NAME", "VERSION", "cells", "config", "render", "run", "seconds"]

NAME: Final = "trajectories"
VERSION: Final = 1
DATA: Final = ()
_LEARNED: Final = "c2r-ours"
_TRUE: Final = "success"
_RANDOM, _SCRIPTED = "random-trajectories", "scripted"
"""What is not trained: the law that the learner's first trajectories are drawn by, and the scripted policy."""
_LABELS: Final = {
    _LEARNED: ("c2r-ours: learned reward alone", "method"),
    _TRUE: ("true success: 1 or 0", "method"),
    _RANDOM: ("floor: random trajectories", "floor"),
    _SCRIPTED: ("ceiling: scripted policy", "ceiling"),
}
_EVALUATIONS: Final = 4
"""Points of a curve."""
_CURVE_TESTS: Final = 20
"""Episodes of each, see `a2r_gym.planners.trajectory_training.train`."""
_EPISODE: Final = 0.5
"""Seconds of an episode with its share of learning and evaluation."""
_DEFAULT: Final = C2R_SETTINGS[0]


def cells(preset: Preset) -> list[Cell]:
    """List reward x setting and task x seed, seed by seed; a miniature is left out where pybullet is not installed."""
    if preset.own_data and importlib.util.find_spec("pybullet") is None:
        return []
    places = [f"{setting}: {task}" for setting, task in preset.trajectory_runs]
    bounds = [Cell(NAME, policy, place, 0) for place in places for policy in (_RANDOM, _SCRIPTED)]
    learners = [
        Cell(NAME, method, place, seed)
        for seed in preset.seeds
        for place in places
        for method in (_LEARNED, *((_TRUE,) if place.startswith(_DEFAULT) else ()))
    ]
    return [*bounds, *learners]


def config(cell: Cell, preset: Preset) -> Mapping[str, Any]:
    """Return how long a learner learns, and on how many episodes all are measured."""
    found: dict[str, Any] = {"tests": preset.trajectory_tests}
    if cell.method in (_LEARNED, _TRUE):
        found["episodes"] = preset.trajectory_episodes
    if cell.method == _TRUE:
        found["sight"] = weights(_LEARNED, preset)
    return found


def seconds(cell: Cell, preset: Preset) -> float:
    """Estimate by the number of episodes."""
    learned = preset.trajectory_episodes if cell.method in (_LEARNED, _TRUE) else 0
    return 5.0 + _EPISODE * (learned + preset.trajectory_tests)


def run(cell: Cell, setup: Setup) -> dict[str, Any]:
    """Train a learner and measure it, or measure a policy; a learner that was cut off goes on."""
    setting, _, task = cell.setting.partition(": ")
    variant = variant_of(setting)
    if cell.method in (_RANDOM, _SCRIPTED):
        return {"success": _policy(cell.method, task, variant, setup.preset.trajectory_tests)}
    from a2r_gym.planners.ddpg_cem import LearnerConfig
    from a2r_gym.planners.trajectory_command import run as learn
    from a2r_gym.planners.trajectory_run import RunConfig, load_run
    from a2r_gym.rl.learning_curve import read_curve

    preset = setup.preset
    key = identity(cell, VERSION, config(cell, preset), [], weights(_LEARNED, preset))
    folder = setup.out / "trajectories" / f"{task}-{cell.method}-{cell.seed}-{key}"
    model = settle(_LEARNED, cell.seed, setup)
    wanted = RunConfig(
        env=env_id("C2R", task),
        reward="learned" if cell.method == _LEARNED else "true",
        reward_model=str(train(_LEARNED, cell.seed, setup)),
        viewpoint=variant["viewpoint"],
        distractors=variant["distractors"],
        episodes=preset.trajectory_episodes,
        seed=cell.seed,
        learner=LearnerConfig(warm_up=max(1, min(LearnerConfig.warm_up, preset.trajectory_episodes // 6))),
    )
    with locked(folder / ".lock"):
        result = learn(
            wanted, folder, resume=load_run(folder) is not None, save_every=50,
            eval_every=max(1, preset.trajectory_episodes // _EVALUATIONS), eval_episodes=preset.trajectory_tests,
            model=model,
        )  # fmt: skip
        curve = [[point.step, point.success_rate] for point in read_curve(folder)]
    return {"success": [result["success_rate"], *result["interval"], result["eval_episodes"]], "curve": curve}


def _policy(method: str, task: str, variant: Mapping[str, int], tests: int) -> list[float]:
    """Measure what is not trained on the starts that learners are measured on."""
    import gymnasium as gym

    from a2r_gym.envs.c2r.experts import trajectory_expert
    from a2r_gym.planners.trajectory_run import RunConfig, make_env
    from a2r_gym.planners.waypoints import sweep_draw
    from a2r_gym.rl.evaluation import EVALUATION_SEED

    name, done, rng = env_id("C2R", task), [], np.random.default_rng(0)
    if method == _RANDOM:
        drawn = sweep_draw(RunConfig.waypoints)
        env: gym.Env[Any, Any] = make_env(
            RunConfig(env=name, viewpoint=variant["viewpoint"], distractors=variant["distractors"])
        )
    else:
        scripted = trajectory_expert(task)
        env = gym.make(
            name, reward_model=NO_REWARD, control="trajectory", viewpoint=variant["viewpoint"],
            distractors=variant["distractors"],
        )  # fmt: skip
    try:
        for test in range(tests):
            obs, _ = env.reset(seed=EVALUATION_SEED + test)
            done.append(bool(env.step(drawn(rng) if method == _RANDOM else scripted(obs))[-1]["is_success"]))
    finally:
        env.close()
    return list(wilson(sum(done), len(done)))


def render(results: Results) -> Rendered:
    """Draw each task's success and their mean, what the reward of ours gains, and the curves."""
    preset = results.preset
    places = [f"{setting}: {task}" for setting, task in preset.trajectory_runs]
    default = [place for place in places if place.startswith(_DEFAULT)]
    rows = []
    for method, (label, kind) in _LABELS.items():
        found: list[Value] = [_success(results, method, place) for place in places]
        mean = mean_of([value for value, place in zip(found, places, strict=True) if place in default])
        rows.append(Row(label=label, values=(mean, *found), kind=kind))
    lines = [Curve(label=_LABELS[method][0], points=_curve(results, method, default)) for method in (_LEARNED, _TRUE)]
    return Rendered(
        name=NAME,
        title="DDPG with CEM in Concept2Robot's environments: success by what it learned from",
        columns=(f"mean, {_DEFAULT}", *places),
        rows=tuple(rows),
        curves=Curves(x="episodes", y="success, mean of tasks", lines=tuple(line for line in lines if line.points)),
        notes=(
            f"{preset.trajectory_episodes} episodes, each one trajectory of four waypoints, the same learner for both; "
            "only the reward differs: the similarity of the episode's video to its sentence, or 1 where the task's "
            "rule holds at its end and else 0. The reward was trained in the default view without distractors. Success "
            f"is the task's rule at the end of {preset.trajectory_tests} fresh episodes of each learner; a curve has "
            f"{_CURVE_TESTS} others at each point. The scripted policy has eight waypoints.",
            _gain(results, default),
        ),
    )


def _success(results: Results, method: str, place: str) -> Value:
    if method == _TRUE and not place.startswith(_DEFAULT):
        return None
    return results.pooled(method, place, "success")


def _seeds(results: Results, method: str, place: str) -> dict[int, dict[str, Any]]:
    """Return what was measured by seed."""
    return {
        cell.seed: outcome.result
        for cell, outcome in results.outcomes.items()
        if (cell.method, cell.setting) == (method, place) and outcome.result
    }


def _gain(results: Results, places: list[str]) -> str:
    """Compare the two rewards, task by task and seed by seed."""
    means: list[list[float]] = []  # of a task's seeds, by reward: tasks are what is drawn again, a run is one number
    for place in places:
        both = [_seeds(results, method, place) for method in (_LEARNED, _TRUE)]
        shared = both[0].keys() & both[1].keys()
        if shared:
            means.append([float(np.mean([found[seed]["success"][0] for seed in shared])) for found in both])
    if len(means) < len(places) or not places:
        return "The two rewards are compared where both have learned all tasks."
    ones, twos = zip(*means, strict=True)
    gain = paired_difference([ones], [twos], np.random.default_rng(0))
    return (
        f"Learned reward over true success, the same tasks and seeds: {gain.value:+.3f} [{gain.low:+.3f}, "
        f"{gain.high:+.3f}]; {len(means)} tasks are drawn again for the interval."
    )


def _curve(results: Results, method: str, places: list[str]) -> tuple[tuple[float, Any], ...]:
    """Return the mean of the tasks' success at each number of episodes; a task's is that of all its seeds."""
    tasks = [[dict(run["curve"]) for run in _seeds(results, method, place).values()] for place in places]
    if not tasks or not all(tasks):
        return ()
    shared = sorted(set.intersection(*(set(run) for runs in tasks for run in runs)))
    return tuple((step, mean_of([_share(runs, step) for runs in tasks])) for step in shared)


def _share(runs: list[dict[float, float]], step: float) -> Estimate:
    """Return the success of one task's seeds after so many episodes."""
    return wilson(round(sum(run[step] for run in runs) * _CURVE_TESTS), _CURVE_TESTS * len(runs))
