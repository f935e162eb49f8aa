"""The paper's protocol: robot data of three tasks in one scene plus human clips, measured in unseen scenes and tasks.

    a2r collect --preset paper --out data/paper
    a2r collect --preset validation-scenes --out data/validation-scenes
    a2r collect --preset paper-test --out data/paper-test
    a2r hands --out data/hands-protocol --clips 7200 --templates 5 41 44 46 93 94 86 87 170 27 106 158 6 164 171
    python benchmarks/generalisation.py --out runs/generalisation     # all cells; run again to go on

One cell is one (recipe, seed): a run of ``a2r fit`` and its scores of the test clips. A column of scenes is the mean
AUROC over the three trained tasks there, ``left out`` over those that the robot never did, in the trained scene. With
``a2r hands`` the human clips are rendered stand-ins for Something-Something V2, and the table says so.

Baselines run on the same data: ``--recipes ours-human-6 dvd-human-6 liv-human-6 concept2robot-human-6``. Those without
training go by their names (``random``, ``frame-counter``, ``vlm-rm:ViT-B-32/laion2b_s34b_b79k``) and are calibrated on
the validation clips; where their weights are not to be had, the row reads "needs weights".
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from tqdm import tqdm

from a2r_gym.baselines import is_baseline
from a2r_gym.envs.tabletop.scene import SCENES
from a2r_gym.errors import MissingDependencyError, WeightsError
from a2r_gym.metrics import Estimate, brier, expected_calibration_error, mean_auroc, wilson
from a2r_gym.models.checkpoint import load_network, load_reward
from a2r_gym.models.windowed import WindowedReward
from a2r_gym.protocols import MatrixModel
from a2r_train.calibrate import calibrate
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
VALIDATION: Final = "validation-scenes"


class Cell(NamedTuple):
    """One run."""

    recipe: str
    seed: int

    def folder(self, out: Path) -> Path:
        """Return where it is kept; the name of weights may hold slashes."""
        return out / re.sub(r"[^\w.+-]+", "_", f"{self.recipe}-{self.seed}")


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
            if not (cell.folder(args.out) / CELL).exists():
                complete(cell, clips, args)
    lines = table(cells, args)
    print("\n".join(lines))
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "report.md").write_text("\n".join(lines) + "\n")
    return 0


def complete(cell: Cell, clips: ClipSet, args: argparse.Namespace) -> None:
    """Train and measure one cell; one that fails leaves no scores and is named, and the others go on."""
    folder = cell.folder(args.out)
    if is_baseline(cell.recipe):
        try:
            model = load_reward(cell.recipe)
        except (WeightsError, MissingDependencyError) as error:
            tqdm.write(f"{cell.recipe} needs weights: {error}")
            return
        if isinstance(model, WindowedReward):
            model.calibration = calibrate(model, load_clips([args.data / VALIDATION]))
        measured, told = measure(model, clips), {"human": None, "human_clips": 0, "failure_modes": None}
    elif run(cell, args):
        measured = measure(load_reward(folder / "checkpoint"), clips)
        provenance = load_network(folder / "checkpoint")[1].provenance
        told = {
            "human": provenance.get("human_source"),
            "human_clips": provenance.get("human_clips"),
            "failure_modes": provenance.get("failure_modes"),
        }
    else:
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CELL).write_text(json.dumps({"columns": measured, **told}, indent=1) + "\n")


def run(cell: Cell, args: argparse.Namespace) -> bool:
    """Train one cell in a process of its own; tells whether it went well."""
    folder = cell.folder(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, "-m", "a2r_gym.cli", "fit", cell.recipe, "--data", str(args.data / "paper"), "--validation",
        str(args.data / VALIDATION), "--human", str(args.human), "--out", str(folder), "--seed",
        str(cell.seed), "--threads", str(args.threads), "--name", cell.recipe, "--resume",
    ]  # fmt: skip
    command += ["--steps", str(args.steps)] if args.steps else []
    with (folder / "log.txt").open("a") as log:
        if status := subprocess.run(command, stdout=log, stderr=log, check=False).returncode:
            tqdm.write(f"{cell} failed with status {status}, see {folder / 'log.txt'}")
    return status == 0


def measure(model: MatrixModel, clips: ClipSet) -> dict[str, list[float]]:
    """Measure one model: column -> value, low, high, n."""
    scored = score_clips(model, clips, task_tables(), progress=False)
    rng = np.random.default_rng(0)
    found: dict[str, Estimate] = {}
    trained = np.isin(scored.name, PAPER_LABELS)
    for scene in SCENES:
        found[scene] = auroc(scored, trained & (clips.scene == scene), rng)
    new = ~trained & (clips.scene == "train")
    found["left out"], found["left out, near"] = auroc(scored, new, rng), auroc(scored, new, rng, ("near",))
    for name in scored.tasks(new):
        found[f"left out: {name}"] = auroc(scored, new & (scored.name == name), rng)
    unseen = clips.scene != "train"
    first = retrieval(scored, unseen)
    found["first of 7"] = wilson(int(first.hit.sum()), len(first.hit))
    rows = unseen & trained & np.isin(scored.kind, ("success", "random", "near"))
    chances, labels = np.clip(scored.own(scored.success)[rows], 0.0, 1.0), scored.kind[rows] == "success"
    found["ECE"] = expected_calibration_error(chances, labels, rng, 200)
    found["Brier"] = brier(chances, labels, rng)
    return {name: [float(part) for part in (e.value, e.low, e.high, e.n)] for name, e in found.items()}


def auroc(
    scored: ScoredClips, mask: Any, rng: np.random.Generator, kinds: Sequence[str] = ("random", "near")
) -> Estimate:
    """Measure the mean AUROC over the tasks of some clips, by kinds of failures."""
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
            lines.append(f"| {recipe} | | 0 | {'needs weights' if is_baseline(recipe) else 'failed'} |")
            continue
        human = f"{done[0]['human_clips']} of {done[0]['human']}" if done[0]["human"] else "none"
        values = [pooled([run["columns"][column] for run in done]) for column in COLUMNS]
        lines.append(f"| {recipe} | {human} | {len(done)} | " + " | ".join(values) + " |")
    return lines


def pooled(rows: list[list[float]]) -> str:
    """Print the mean of several seeds' values with its 95 % interval, see `pool_seeds`."""
    return str(pool_seeds(rows))


def pool_seeds(rows: Sequence[Sequence[float]]) -> Estimate:
    """Return the mean of several seeds' values, each with low, high and n, and its 95 % interval.

    The variance is that of one seed's estimate over clips, which the seeds share, plus that of a mean of seeds. A
    single seed's interval is left as it is.
    """
    if len(rows) == 1:
        value, low, high, count = rows[0]
        return Estimate(value, low, high, int(count))
    values = np.array([row[0] for row in rows])
    clips = np.mean([((row[2] - row[1]) / 3.92) ** 2 for row in rows])
    seeds = values.var(ddof=1) / len(values)
    half = 1.96 * float(np.sqrt(clips + seeds))
    mean = float(values.mean())
    return Estimate(mean, max(0.0, mean - half), min(1.0, mean + half), int(rows[0][3]))


if __name__ == "__main__":
    sys.exit(main())
