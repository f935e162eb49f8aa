"""What the paper's protocol measures of one model: robot data of three tasks in one scene, all else unseen.

A column of scenes is the mean AUROC over the three trained tasks there, ``left out`` over those that the robot never
did, in the trained scene.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from a2r_gym.envs.tabletop.scene import SCENES
from a2r_gym.metrics import Estimate, brier, expected_calibration_error, mean_auroc, wilson
from a2r_gym.protocols import RewardModel
from a2r_train.data.clips import ClipSet
from a2r_train.evaluate import task_tables
from a2r_train.recipes import PAPER_LABELS
from a2r_train.retrieval import retrieval
from a2r_train.scored_clips import ScoredClips, score_clips

__all__ = ["COLUMNS", "auroc", "measure", "pool_seeds"]

COLUMNS: Final = (*SCENES, "left out", "left out, near", "first of 7", "ECE", "Brier")
"""What stands in tables; `measure` gives each left-out task besides."""


def measure(model: RewardModel, clips: ClipSet) -> dict[str, list[float]]:
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
