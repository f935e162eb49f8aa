"""The paper's protocol: robot data of three tasks in one scene plus human clips, measured in unseen scenes and tasks.

    a2r collect --preset paper --out data/paper
    a2r collect --preset validation-scenes --out data/validation-scenes
    a2r collect --preset paper-test --out data/paper-test
    a2r hands --out data/hands-protocol --clips 7200 --templates 5 41 44 46 93 94 86 87 170 27 106 158 6 164 171
    python benchmarks/generalisation.py --out runs/generalisation     # all cells; run again to go on

One cell is one (recipe, seed): a run of ``a2r fit`` and its scores of the test clips. A column of scenes is the mean
AUROC over the three trained tasks there, ``left out`` over those that the robot never did, in the trained scene. With
``a2r hands`` the human clips are rendered stand-ins for Something-Something V2, and the table says so.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from tqdm import tqdm

from a2r_gym.envs.tabletop.scene import SCENES
from a2r_gym.metrics import Estimate, brier, expected_calibration_error, mean_auroc, wilson
from a2r_gym.models.checkpoint import load_network, load_reward
from a2r_train.data.clips import ClipSet, load_clips
from a2r_train.evaluate import task_tables
from a2r_train.recipes import PAPER_LABELS
from a2r_train.retrieval import retrieval
from a2r_train.scored_clips import ScoredClips, score_clips

RECIPES: Final = (
    "ours-robot-only", "ours-human-3", "ours-human-6", "ours-human-9", "ours-human-12", "ours-unrelated",
    "ours-shuffled", "paper-robot-only", "paper-human-6", "paper-without-bce", "paper-without-prompts",
)  # fmt: skip
COLUMNS: Final = (*SCENES, "left out", "left out, near", "first of 7", "ECE", "Brier")
CELL: Final = "measured.json"


class Cell(NamedTuple):
    """One run."""

    recipe: str
    seed: int

    def folder(self, out: Path) -> Path:
        """Return where it is kept."""
        return out / f"{self.recipe}-{self.seed}"


def main() -> int:
    """Run what is missing, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", nargs="+", default=RECIPES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the three collections")
    parser.add_argument("--human", type=Path, default=Path("data/hands-protocol"), help="SS-V2 or hands")
    parser.add_argument("--test", default="paper-test", help="collection to report on")
    parser.add_argument("--steps", type=int, help="of each run; default: the recipe's")
    parser.add_argument("--threads", type=int, default=2, help="of each run")
    parser.add_argument("--out", type=Path, default=Path("runs/generalisation"))
    args = parser.parse_args()
    cells = [Cell(recipe, seed) for seed in args.seeds for recipe in args.recipes]
    clips = load_clips([args.data / args.test])
    with tqdm(cells, unit="run") as bar:
        for cell in bar:
            bar.set_postfix_str(f"{cell.recipe}, seed {cell.seed}")
            if not (cell.folder(args.out) / CELL).exists() and run(cell, args):
                measured = measure(cell.folder(args.out) / "checkpoint", clips)
                (cell.folder(args.out) / CELL).write_text(json.dumps(measured, indent=1) + "\n")
    lines = table(cells, args)
    print("\n".join(lines))
    (args.out / "report.md").write_text("\n".join(lines) + "\n")
    return 0


def run(cell: Cell, args: argparse.Namespace) -> bool:
    """Train one cell in a process of its own; tells whether it went well."""
    folder = cell.folder(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, "-m", "a2r_gym.cli", "fit", cell.recipe, "--data", str(args.data / "paper"), "--validation",
        str(args.data / "validation-scenes"), "--human", str(args.human), "--out", str(folder), "--seed",
        str(cell.seed), "--threads", str(args.threads), "--name", cell.recipe, "--resume",
    ]  # fmt: skip
    command += ["--steps", str(args.steps)] if args.steps else []
    with (folder / "log.txt").open("a") as log:
        if status := subprocess.run(command, stdout=log, stderr=log, check=False).returncode:
            tqdm.write(f"{cell} failed with status {status}, see {folder / 'log.txt'}")
    return status == 0


def measure(checkpoint: Path, clips: ClipSet) -> dict[str, Any]:
    """Measure one checkpoint: column -> value, low, high, n."""
    scored = score_clips(load_reward(checkpoint), clips, task_tables(), progress=False)
    rng = np.random.default_rng(0)
    found: dict[str, Estimate] = {}
    trained = np.isin(scored.name, PAPER_LABELS)
    for scene in SCENES:
        found[scene] = _auroc(scored, trained & (clips.scene == scene), rng)
    new = ~trained & (clips.scene == "train")
    found["left out"], found["left out, near"] = _auroc(scored, new, rng), _auroc(scored, new, rng, ("near",))
    for name in scored.tasks(new):
        found[f"left out: {name}"] = _auroc(scored, new & (scored.name == name), rng)
    unseen = clips.scene != "train"
    first = retrieval(scored, unseen)
    found["first of 7"] = wilson(int(first.hit.sum()), len(first.hit))
    rows = unseen & trained & np.isin(scored.kind, ("success", "random", "near"))
    chances, labels = np.clip(scored.own(scored.success)[rows], 0.0, 1.0), scored.kind[rows] == "success"
    found["ECE"] = expected_calibration_error(chances, labels, rng, 200)
    found["Brier"] = brier(chances, labels, rng)
    provenance = load_network(checkpoint)[1].provenance
    return {
        "columns": {name: [float(part) for part in (e.value, e.low, e.high, e.n)] for name, e in found.items()},
        "human": provenance.get("human_source"),
        "human_clips": provenance.get("human_clips"),
        "failure_modes": provenance.get("failure_modes"),
    }


def _auroc(
    scored: ScoredClips, mask: Any, rng: np.random.Generator, kinds: Sequence[str] = ("random", "near")
) -> Estimate:
    tasks = [scored.task_scores(name, mask, kinds=kinds) for name in scored.tasks(mask)]
    return mean_auroc([task for task in tasks if task is not None], rng)


def table(cells: list[Cell], args: argparse.Namespace) -> list[str]:
    """Pool the seeds of each recipe: their mean, with the variance of clips and of seeds in the interval."""
    lines = [
        "| recipe | human clips | seeds | " + " | ".join(COLUMNS) + " |",
        "| --- | --- | --- |" + " --- |" * len(COLUMNS),
    ]
    for recipe in args.recipes:
        paths = [cell.folder(args.out) / CELL for cell in cells if cell.recipe == recipe]
        done = [json.loads(path.read_text()) for path in paths if path.exists()]
        if not done:
            lines.append(f"| {recipe} | | 0 | failed |")
            continue
        human = f"{done[0]['human_clips']} of {done[0]['human']}" if done[0]["human"] else "none"
        values = [pooled([run["columns"][column] for run in done]) for column in COLUMNS]
        lines.append(f"| {recipe} | {human} | {len(done)} | " + " | ".join(values) + " |")
    return lines


def pooled(rows: list[list[float]]) -> str:
    """Return the mean of several seeds' values with its 95 % interval.

    The variance is that of one seed's estimate over clips, which the seeds share, plus that of a mean of seeds.
    """
    values = np.array([row[0] for row in rows])
    clips = np.mean([((row[2] - row[1]) / 3.92) ** 2 for row in rows])
    seeds = values.var(ddof=1) / len(values) if len(values) > 1 else 0.0
    half = 1.96 * float(np.sqrt(clips + seeds))
    return f"{values.mean():.3f} [{max(0.0, values.mean() - half):.3f}, {min(1.0, values.mean() + half):.3f}]"


if __name__ == "__main__":
    sys.exit(main())
