"""Which of the same candidates does a reward model choose? Stored pools of rendered candidates, compared pairwise.

    python benchmarks/pools.py --models a2r-small runs/mine/checkpoint    # collects what is missing; run again to go on
    python benchmarks/pools.py --scenes train --seeds 4 --takes 5 --models a2r-small

A pool is one scene and one start: candidates of all tasks' scripted plans, near-successes and random motion,
rendered once. For each instruction the model's most similar candidate is taken; it succeeds by the task's rule at its
last frame, for a mug that goes sideways at any (as DVD counts). ``floor`` is a candidate drawn at random, ``ceiling``
tells whether the pool holds a success at all. All models choose from the same pools: compare them pool by pool.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

import a2r_gym
from a2r_gym.envs.tabletop.env import OBSERVATION
from a2r_gym.envs.tabletop.tasks import TASKS
from a2r_gym.metrics import Estimate, wilson
from a2r_gym.protocols import RewardModel
from a2r_train.data.clips import ClipSet, load_clips

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # it is also run as a script

from benchmarks.candidates import TAKES, chosen, collect_takes, similarities, take_folders

SCENES: Final = ("train", "recolor", "viewpoint", "rearranged")
ANY_FRAME: Final = ("mug-left", "mug-right")
DRAWER_START: Final = {"drawer-close": True, "drawer-open": False}
"""Whether the drawer has to be open at the start, for the tasks that need one or the other."""
OPEN: Final = 0.06
"""Metres by which an open drawer is."""


def main() -> int:
    """Collect the pools, let the models choose, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["a2r-small"], help="bundled names or folders")
    parser.add_argument("--scenes", nargs="+", default=SCENES)
    parser.add_argument("--seeds", type=int, default=12, help="starts of each scene")
    parser.add_argument("--takes", type=int, default=len(TAKES), help="candidates of each task")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--data", type=Path, default=Path("data/pools"))
    parser.add_argument("--out", type=Path, default=Path("runs/pools"))
    args = parser.parse_args()
    clips = load_clips(collect_pools(args.data, args.scenes, args.seeds, args.takes, workers=args.workers))
    found = {model: choices(a2r_gym.load_reward(model), clips) for model in args.models}
    lines = table(found, args.scenes)
    print("\n".join(lines))
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "report.md").write_text("\n".join(lines) + "\n")
    (args.out / "choices.json").write_text(json.dumps(found, indent=1) + "\n")
    return 0


def collect_pools(data: Path, scenes: Sequence[str], seeds: int, takes: int, *, workers: int) -> list[Path]:
    """Collect what is missing; returns the folders."""
    folders = take_folders(data, scenes, seeds, takes)
    collect_takes(folders, "tabletop", scenes, tuple(TASKS), seeds, workers=workers)
    return folders


@functools.cache
def starts_open(seed: int) -> bool:
    """Tell whether the drawer is open at a start, where the task leaves it open."""
    env = gym.make("A2R-Tabletop-mug-away-v1", reward_model="none", render_mode=None)
    obs, _ = env.reset(seed=seed)
    env.close()
    return bool(obs[OBSERVATION["drawer_start"]] > OPEN)


def choices(
    model: RewardModel, clips: ClipSet, tasks: Iterable[str] = tuple(TASKS), *, progress: bool = True
) -> list[dict[str, Any]]:
    """Let a model choose: one row for each scene, start and task; among equals the same draw for all models."""
    tasks = tuple(tasks)
    similarity = similarities(model, clips, [TASKS[task].instruction for task in tasks], progress=progress)
    rows = []
    for scene in np.unique(clips.scene):
        for seed in map(int, np.unique(clips.seed)):
            is_open = starts_open(seed)
            for column, task in enumerate(tasks):
                pool = candidates(clips, str(scene), seed, DRAWER_START.get(task, is_open), is_open)
                solved = successes(clips, pool, task)
                if solved is None:
                    continue
                found = chosen(similarity[pool, column], solved, [seed, column])
                rows.append({"scene": str(scene), "seed": seed, "task": task, **found})
    return rows


def candidates(clips: ClipSet, scene: str, seed: int, want_open: bool, is_open: bool) -> NDArray[np.int64]:
    """Return the clips that begin at one start, the drawer open or closed: int64 (N,)."""
    begins_open = np.array([DRAWER_START.get(str(task), is_open) for task in clips.task])
    return np.flatnonzero((clips.scene == scene) & (clips.seed == seed) & (begins_open == want_open))


def successes(clips: ClipSet, pool: NDArray[np.int64], task: str) -> NDArray[np.bool_] | None:
    """Judge candidates: bool (N,); None where the scene does not decide the task, or the pool is empty."""
    done = clips.success[pool, :, clips.label_names.index(f"tabletop/{task}")]
    if not len(pool) or (done[:, -1] < 0).all():
        return None
    return np.asarray((done == 1).any(axis=1) if task in ANY_FRAME else done[:, -1] == 1)


def table(found: dict[str, list[dict[str, Any]]], scenes: list[str]) -> list[str]:
    """Print, for each scene, every model's share of successes between floor and ceiling."""
    lines = ["| model | scene | success [95 %] | of each task | floor | ceiling | pools |", "| --- " * 7 + "|"]
    for model, rows in found.items():
        for scene in scenes:
            mine = [row for row in rows if row["scene"] == scene]
            rate = share([row["success"] for row in mine])
            tasks = ", ".join(
                f"{task} {np.mean([row['success'] for row in mine if row['task'] == task]):.2f}"
                for task in TASKS
                if any(row["task"] == task for row in mine)
            )
            floor, ceiling = (np.mean([row[name] for row in mine]) for name in ("floor", "ceiling"))
            lines.append(
                f"| {model} | {scene} | {rate.value:.2f} [{rate.low:.2f}, {rate.high:.2f}] | {tasks} | {floor:.2f} | "
                f"{ceiling:.2f} | {len(mine)} |"
            )
    return lines


def share(solved: list[bool]) -> Estimate:
    """Return the share of successes with Wilson's interval."""
    return wilson(sum(solved), len(solved))


if __name__ == "__main__":
    sys.exit(main())
