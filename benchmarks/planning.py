"""Closed-loop model predictive control on the learned reward: does the sentence come true?

    python benchmarks/planning.py --model a2r-small                             # all cells; run again to go on
    python benchmarks/planning.py --scenes train --tasks drawer-close --trials 2 --population 20
    a2r dynamics --scene train --out runs/dynamics/train
    python benchmarks/planning.py --scenes train --planners learned latent --latent runs/dynamics/{scene}
    python benchmarks/planning.py --scenes train --trials 10 --planners search search-progress --out runs/search

A trial is one episode of `a2r_gym.planners.vmpc` from a start of its own, with exact dynamics. It succeeds by the
task's rule at its last step, for a mug that goes sideways at any (as DVD counts). From the same starts other planners
run: ``random`` carries out the first candidate that it draws, ``progress`` sees the task's true progress in the
simulator instead of the learned reward (a floor and a bound for what a reward can reach with this planner), and
``latent`` plans on the learned reward with learned dynamics. ``search`` tries to fool the reward: one plan of the whole
episode, refined five times, so that 600 videos are searched for the one that the reward likes best; where it fails, the
reward was wrong, or there was no success to find, which ``search-progress`` tells, the same search on true progress.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
from tqdm import tqdm

from a2r_gym.envs.tabletop.tasks import TASKS
from a2r_gym.metrics import wilson
from a2r_gym.planners.dynamics.interface import Dynamics
from a2r_gym.protocols import RewardModel

FIRST_SEED: Final = 9_700
SCENES: Final = ("train", "recolor", "viewpoint", "rearranged")
ANY_STEP: Final = ("mug-left", "mug-right")
PLANNERS: Final = ("learned", "random", "progress")
_OTHERS: Final = ("latent", "search", "search-progress")
_LEARNED: Final = ("learned", "latent", "search")
"""Those that plan on the learned reward."""
_EPISODE_STEPS: Final = 60
_SEARCH_ITERATIONS: Final = 5


def main() -> int:
    """Run what is missing, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="a2r-small", help="a bundled name or a folder")
    parser.add_argument("--scenes", nargs="+", default=SCENES)
    parser.add_argument("--tasks", nargs="+", default=tuple(TASKS))
    parser.add_argument("--trials", type=int, default=30, help="of each task in each scene")
    parser.add_argument("--planners", nargs="+", default=PLANNERS, choices=(*PLANNERS, *_OTHERS))
    parser.add_argument("--latent", default="runs/dynamics/{scene}", help="folders of a2r dynamics")
    parser.add_argument("--population", type=int, default=100)
    parser.add_argument("--iterations", type=int, default=1, help="refinements of each plan")
    parser.add_argument("--measure", default="similarity")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("runs/planning"))
    args = parser.parse_args()
    ledger = args.out / "trials.jsonl"
    cells = [
        (scene, task, planner, FIRST_SEED + trial)
        for trial in range(args.trials)
        for planner in args.planners
        for scene in args.scenes
        for task in args.tasks
    ]
    done = read(ledger)
    missing = [cell for cell in cells if cell not in done]
    args.out.mkdir(parents=True, exist_ok=True)
    if missing:
        with ProcessPoolExecutor(args.workers, mp_context=get_context("spawn")) as pool, ledger.open("a") as file:
            jobs = pool.map(trial, missing, [vars(args)] * len(missing))
            for cell, solved in zip(missing, tqdm(jobs, total=len(missing), unit="trial"), strict=True):
                done[cell] = solved
                file.write(json.dumps({"cell": cell, "solved": solved}) + "\n")
                file.flush()
    lines = table({cell: done[cell] for cell in cells}, args)
    print("\n".join(lines))
    (args.out / "report.md").write_text("\n".join(lines) + "\n")
    return 0


def read(ledger: Path) -> dict[tuple[str, str, str, int], bool]:
    """Read the trials that are done; a last line that was cut off is left out."""
    done = {}
    for line in ledger.read_text().splitlines() if ledger.exists() else []:
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        scene, task, planner, seed = row["cell"]
        done[(scene, task, planner, seed)] = bool(row["solved"])
    return done


def trial(cell: tuple[str, str, str, int], options: dict[str, Any]) -> bool:
    """Run one episode."""
    from a2r_gym.planners.cem import CEMConfig
    from a2r_gym.planners.dynamics.simulator import SimulatorDynamics, simulator_env
    from a2r_gym.planners.vmpc import VMPC, VMPCConfig
    from a2r_gym.registration import env_id

    scene, task, planner, seed = cell
    name, kwargs = env_id("Tabletop", task), {"scene": scene}
    learned, whole = planner in _LEARNED, planner.startswith("search")
    iterations = _SEARCH_ITERATIONS if whole else options["iterations"]
    search = CEMConfig(population_size=options["population"], num_iterations=iterations, initial="arcsine")
    config = VMPCConfig(
        measure=options["measure"] if learned else "progress",
        cem=CEMConfig(population_size=1, num_iterations=0) if planner == "random" else search,
    )
    if whole:
        config = replace(config, num_plans=1, plan_steps=_EPISODE_STEPS)
    env = simulator_env(name, kwargs)
    dynamics = latent(options, scene) if planner == "latent" else SimulatorDynamics(name, kwargs)
    try:
        model = reward_model(options["model"]) if learned else None
        vmpc = VMPC(model, dynamics, env.instruction, env.action_space, config)  # type: ignore[attr-defined]
        episode = vmpc.run(env, seed=seed)
    finally:
        dynamics.close()
        env.close()
    return bool(episode.is_success.any() if task in ANY_STEP else episode.is_success[-1])


@functools.cache
def reward_model(name: str) -> RewardModel:
    """Load a model once in each process."""
    import a2r_gym

    return a2r_gym.load_reward(name)


def latent(options: dict[str, Any], scene: str) -> Dynamics:
    """Load the learned dynamics of a scene."""
    from a2r_gym.models.checkpoint import find_checkpoint, tensors_sha256
    from a2r_gym.planners.dynamics.latent import load_latent

    return load_latent(Path(options["latent"].format(scene=scene)), tensors_sha256(find_checkpoint(options["model"])))


def table(done: dict[tuple[str, str, str, int], bool], args: argparse.Namespace) -> list[str]:
    """Print the share of successes of each planner in each scene, and of each task."""
    lines = [
        "| scene | planner | trials | success [95 %] | " + " | ".join(args.tasks) + " |",
        "| --- | --- | --- | --- |" + " --- |" * len(args.tasks),
    ]
    for scene in args.scenes:
        for planner in args.planners:
            mine = {cell: solved for cell, solved in done.items() if cell[0] == scene and cell[2] == planner}
            rate = wilson(sum(mine.values()), len(mine))
            tasks = [
                f"{np.mean([solved for cell, solved in mine.items() if cell[1] == task]):.2f}" for task in args.tasks
            ]
            lines.append(
                f"| {scene} | {planner} | {len(mine)} | {rate.value:.2f} [{rate.low:.2f}, {rate.high:.2f}] | "
                + " | ".join(tasks)
                + " |"
            )
    return lines


if __name__ == "__main__":
    sys.exit(main())
