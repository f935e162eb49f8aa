"""The report's tables for those who look for the cause: one line per task, one per clip."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from a2r_gym.metrics import TaskScores, mean_auroc, mean_voc, task_auroc, wilson
from a2r_train.courses import Courses
from a2r_train.measurements import ClipGroup
from a2r_train.report import Cell
from a2r_train.retrieval import retrieval
from a2r_train.scored_clips import NEAR_SOURCES, ScoredClips

__all__ = ["clip_lines", "task_lines"]


def task_lines(
    scored: ScoredClips, groups: Mapping[str, ClipGroup], courses: Mapping[str, Courses], rng: np.random.Generator
) -> list[dict[str, Cell]]:
    """Tell each task of each group apart, lowest AUROC first, tasks without AUROC last.

    Args:
        scored: The scored clips.
        groups: As `clip_groups` gives them.
        courses: Group key -> courses of its tasks.
        rng: Of the bootstrap.

    Returns:
        Lines with equal keys: AUROC over half random, half near-success failures and against each source
        alone; numbers of clips; how often the right instruction comes first among the family's and which is
        taken for it; VOC forwards and reversed.
    """
    lines: list[tuple[float, dict[str, Cell]]] = []
    for key, group in groups.items():
        if key not in ("all", "metaworld"):
            found = retrieval(scored, group.mask)
            for name in scored.tasks(group.mask):
                scores = scored.task_scores(name, group.mask)
                auroc = mean_auroc([] if scores is None else [scores], rng)
                line: dict[str, Cell] = {"task": name, "clips": group.key, "AUROC": auroc}
                line |= _against_sources(scored, group, name)
                mine = found.right == name
                misses, counts = np.unique(found.first[mine & ~found.hit], return_counts=True)
                runs = courses[key].get(name, ())
                line |= {
                    "first": wilson(int(found.hit[mine].sum()), int(mine.sum())).value,
                    "confused with": f"{misses[counts.argmax()]} ({counts.max()})" if len(misses) else "",
                    "VOC": mean_voc([[run.forwards for run in runs]], rng).value,
                    "reversed": mean_voc([[run.backwards for run in runs]], rng).value,
                }
                lines.append((auroc.value, line))
    return [line for _, line in sorted(lines, key=lambda pair: np.nan_to_num(pair[0], nan=2.0))]


def _against_sources(scored: ScoredClips, group: ClipGroup, name: str) -> dict[str, Cell]:
    """AUROC of one task against each failure source alone, and how many clips there are."""
    mine = group.mask & (scored.name == name)
    line: dict[str, Cell] = {}
    own = scored.own(scored.success).astype(np.float64)
    successes = own[mine & (scored.kind == "success")]
    failed = mine & np.isin(scored.kind, ("random", "near"))
    near = own[failed & (scored.kind == "near")]
    sources = {"near": near} | {
        source: own[failed & (scored.clips.source == source)] for source in ("random", *NEAR_SOURCES)
    }
    for source, failures in sources.items():
        usable = min(len(successes), len(failures)) > 0
        column = "failed success" if source == "success" else source
        line[column] = task_auroc(TaskScores(successes, (failures,))) if usable else None
    counts = {kind: int((mine & (scored.kind == kind)).sum()) for kind in ("success", "random", "near", "ambiguous")}
    return line | {f"n {kind}": count for kind, count in counts.items()}


def clip_lines(scored: ScoredClips) -> list[dict[str, Cell]]:
    """Tell each clip's origin, kind, floors and scores for its own task.

    Args:
        scored: The scored clips.

    Returns:
        One line per clip, in order.
    """
    clips = scored.clips
    success, similarity = scored.own(scored.success), scored.own(scored.similarity)
    columns = (scored.name, clips.scene, clips.seed, clips.source, scored.kind, clips.length)
    return [
        {
            "task": str(name),
            "scene": str(scene),
            "seed": int(seed),
            "source": str(source),
            "kind": str(kind),
            "length": int(length),
            "motion": float(scored.motion[row].sum()),
            "success": float(success[row]),
            "similarity": float(similarity[row]),
        }
        for row, (name, scene, seed, source, kind, length) in enumerate(zip(*columns, strict=True))
    ]
