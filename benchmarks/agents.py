"""Agents on the learned reward beside agents on Meta-World's own dense reward, equal steps and seeds.

    python benchmarks/agents.py --out runs/agents            # all cells; run again to go on
    python benchmarks/agents.py --tasks drawer-close --seeds 0 --steps 2000

One cell is one (task, reward, seed): a folder of ``a2r rl``. A cell that has a ``result.json`` is not run again, one
that was cut off goes on. Success: the task's rule held at any step of a fresh episode (Meta-World's convention);
nothing is rendered. Seeds of evaluation episodes are disjoint from those of training.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from a2r_gym.metrics import wilson
from a2r_gym.registration import env_id
from a2r_gym.rl.evaluation import evaluate_policy, random_policy

TASKS = ("door-close", "faucet-close", "plate-slide-side")
REWARDS = ("learned", "env")


class Cell(NamedTuple):
    """One run."""

    task: str
    reward: str
    seed: int

    def folder(self, out: Path) -> Path:
        """Return where it is kept."""
        return out / f"{self.task}-{self.reward}-{self.seed}"


def main() -> int:
    """Run what is missing, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", default=TASKS, help="Meta-World tasks")
    parser.add_argument("--rewards", nargs="+", default=REWARDS, choices=REWARDS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=10_000, help="decisions of each agent")
    parser.add_argument("--action-repeat", type=int, default=5, help="environment steps of each decision")
    parser.add_argument("--episodes", type=int, default=20, help="fresh episodes that each agent is measured on")
    parser.add_argument("--reward-model", default="a2r-small")
    parser.add_argument("--workers", type=int, default=2, help="agents trained side by side")
    parser.add_argument("--out", type=Path, default=Path("runs/agents"))
    parser.add_argument("--env-reward-scale", type=float, default=0.02, help="factor on the dense reward")
    args = parser.parse_args()
    cells = [Cell(task, reward, seed) for task in args.tasks for seed in args.seeds for reward in args.rewards]
    missing = [cell for cell in cells if not (cell.folder(args.out) / "result.json").exists()]
    with ThreadPoolExecutor(args.workers) as pool, tqdm(total=len(missing), unit="agent") as bar:
        for cell, status in zip(missing, pool.map(lambda cell: train_cell(cell, args), missing), strict=True):
            bar.update()
            if status:
                bar.write(f"{cell} failed, see {cell.folder(args.out) / 'log.txt'}")
    lines = table(cells, args)
    print("\n".join(lines))
    (args.out / "report.md").write_text("\n".join(lines) + "\n")
    return 0


def train_cell(cell: Cell, args: argparse.Namespace) -> int:
    """Train one agent in a process of its own; returns its exit status."""
    folder = cell.folder(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "a2r_gym.cli", "rl", env_id("MetaWorld", cell.task), "--reward", cell.reward,
               "--reward-model", args.reward_model, "--seed", str(cell.seed), "--steps", str(args.steps),
               "--action-repeat", str(args.action_repeat), "--env-reward-scale", str(args.env_reward_scale),
               "--eval-episodes", str(args.episodes), "--out", str(folder)]  # fmt: skip
    command += ["--resume"] if (folder / "latest.json").exists() else []
    command += ["--no-video"] if cell.reward == "env" else []
    with (folder / "log.txt").open("a") as log:
        return subprocess.run(command, stdout=log, stderr=log, check=False).returncode


def table(cells: list[Cell], args: argparse.Namespace) -> list[str]:
    """Pool each task's seeds; intervals are Wilson's over all its episodes."""
    lines = ["| task | reward | seeds | success, any step [95 %] | of each seed |", "| --- | --- | --- | --- | --- |"]
    for task in args.tasks:
        for reward in args.rewards:
            results = [read(cell, args.out) for cell in cells if (cell.task, cell.reward) == (task, reward)]
            done = [result for result in results if result is not None]
            if not done:
                lines.append(f"| {task} | {reward} | 0 | failed | |")
                continue
            episodes = sum(result["episodes"] for result in done)
            rate = wilson(round(sum(result["success_rate"] * result["episodes"] for result in done)), episodes)
            each = ", ".join(f"{result['success_rate']:.0%}" for result in done)
            lines.append(f"| {task} | {reward} | {len(done)} | {rate} | {each} |")
        name = env_id("MetaWorld", task)
        chance = evaluate_policy(name, random_policy(name), episodes=60, action_repeat=args.action_repeat)
        lines.append(f"| {task} | random actions | | {wilson(int(chance.sum()), len(chance))} | |")
    return lines


def read(cell: Cell, out: Path) -> dict[str, Any] | None:
    """Return a cell's result, None where it failed."""
    path = cell.folder(out) / "result.json"
    return json.loads(path.read_text()) if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
