"""The rows of an evaluation: each measurement on each group of clips, and what is asked of it.

Rules that hold for all rows: a clip's label is its own task's rule at the last frame; clips near a threshold are
left out and counted; tasks weigh equally; AUROC is on `Scores.success`, order over instructions and over prefixes
on `Scores.similarity`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2r_gym.metrics import (
    Estimate,
    TaskScores,
    brier,
    expected_calibration_error,
    mean_auroc,
    mean_auroc_fall,
    mean_voc,
    task_auroc,
    wilson,
)
from a2r_train.courses import Courses
from a2r_train.floors import mean_floor
from a2r_train.probes import PROBES, Probes
from a2r_train.report import Requirement, Row
from a2r_train.retrieval import retrieval
from a2r_train.scored_clips import ScoredClips

__all__ = [
    "REQUIRED",
    "ClipGroup",
    "auroc_rows",
    "calibration_rows",
    "clip_groups",
    "floor_rows",
    "paraphrase_row",
    "probe_rows",
    "retrieval_row",
    "voc_rows",
]

REQUIRED: Mapping[tuple[str, str], Requirement] = {
    ("tabletop/train", "auroc"): Requirement(">=", 0.95),
    ("tabletop/train", "near"): Requirement(">=", 0.90),
    ("metaworld/visible", "auroc"): Requirement(">=", 0.90),
    ("metaworld/visible", "lowest"): Requirement(">=", 0.70),
    ("metaworld/visible", "near"): Requirement(">=", 0.80),
    ("tabletop/train", "length"): Requirement("<=", 0.60),
    ("tabletop/train", "motion"): Requirement("<=", 0.60),
    ("metaworld/visible", "length"): Requirement("<=", 0.60),
    ("metaworld/visible", "motion"): Requirement("<=", 0.60),
    ("tabletop/train", "first"): Requirement(">=", 0.90),
    ("metaworld", "first"): Requirement(">=", 0.60),
    ("all", "first of object"): Requirement(">=", 0.80),
    ("all", "voc"): Requirement(">=", 0.80),
    ("all", "voc reversed"): Requirement("<=", -0.50),
    **{("all", probe): Requirement(">=", 0.90) for probe in PROBES},
    ("all", "paraphrases"): Requirement("<=", 0.03),
    ("all", "held-out paraphrases"): Requirement("<=", 0.03),
}
"""(group, measurement) -> what a bundled checkpoint must reach; all else is printed only."""
_CHANGES = ("default view", "viewpoints", "distractors", "viewpoints and distractors")


class ClipGroup(NamedTuple):
    """Clips that are measured together.

    Attributes:
        key: ``tabletop/<scene>``, ``c2r/<change of scene>``, ``metaworld/visible``, ``metaworld/marker``,
            ``metaworld`` or ``all``, as in `REQUIRED`.
        title: For people.
        mask: bool (E,).
    """

    key: str
    title: str
    mask: NDArray[np.bool_]


def clip_groups(scored: ScoredClips) -> dict[str, ClipGroup]:
    """Split clips into the groups that the report tells apart.

    Table-top clips go by scene (all seeds of the generator together), those of Concept2Robot's environments by whether
    the viewpoint, distractors or both are new, Meta-World's by whether the target is visible or only a marker.
    ``metaworld`` holds both; ``all`` holds the table-top's ``train`` scene (any
    scene where that one is absent) and the tasks with visible targets.

    Args:
        scored: The scored clips.

    Returns:
        Key -> group, empty ones left out.
    """
    family = scored.clips.family
    scene = np.array(["generated" if str(name).isdigit() else str(name) for name in scored.clips.scene])
    marker = np.array([scored.info(str(name)).marker for name in scored.name])
    groups = []
    for name in np.unique(scene[family == "tabletop"]):
        title = "generated scenes" if name == "generated" else f"{name} scene"
        groups.append(ClipGroup(f"tabletop/{name}", f"table-top, {title}", (family == "tabletop") & (scene == name)))
    changes = np.array([_change(str(name)) for name in scored.clips.scene])
    for name in _CHANGES:
        groups.append(ClipGroup(f"c2r/{name}", f"Concept2Robot, {name}", (family == "c2r") & (changes == name)))
    metaworld = family == "metaworld"
    groups.append(ClipGroup("metaworld/visible", "Meta-World, visible targets", metaworld & ~marker))
    groups.append(ClipGroup("metaworld/marker", "Meta-World, marker tasks", metaworld & marker))
    groups.append(ClipGroup("metaworld", "Meta-World, all tasks", metaworld))
    tabletop = (family == "tabletop") & ((scene == "train") | ~((family == "tabletop") & (scene == "train")).any())
    groups.append(ClipGroup("all", "table-top and visible Meta-World", tabletop | (metaworld & ~marker)))
    groups.sort(key=lambda group: group.key != "tabletop/train")
    return {group.key: group for group in groups if group.mask.any()}


def _change(scene: str) -> str:
    """Tell what a variant changes of the default view, by the name of its scene."""
    view, others = (re.search(rf"{name}=[1-9]", scene) is not None for name in ("viewpoint", "distractors"))
    return _CHANGES[view + 2 * others]


def auroc_rows(scored: ScoredClips, group: ClipGroup, rng: np.random.Generator) -> list[Row]:
    """AUROC with half random and half near-success failures; near-successes alone; the lowest task.

    Args:
        scored: The scored clips.
        group: Which of them.
        rng: Of the bootstrap.

    Returns:
        Three rows.
    """
    both = _by_task(scored, group, ("random", "near"))
    near = _by_task(scored, group, ("near",))
    counts = {
        kind: int((group.mask & (scored.kind == kind)).sum()) for kind in ("random", "near", "ambiguous", "other")
    }
    note = f"{_count(both, scored, group)}; {counts['random']} random, {counts['near']} near-success failures"
    note += f"; {counts['ambiguous']} clips near a threshold left out"
    if counts["other"]:
        note += f"; {counts['other']} failures of other sources left out"
    rows = [
        _row(group, "auroc", f"AUROC, {group.title}", mean_auroc(list(both.values()), rng), note),
        _row(
            group,
            "near",
            f"AUROC, near-successes alone, {group.title}",
            mean_auroc(list(near.values()), rng),
            _count(near, scored, group),
        ),
    ]
    values = {name: task_auroc(scores) for name, scores in both.items()}
    lowest = min(values, key=values.__getitem__, default=None)
    if lowest is not None:
        low = [name for name, value in sorted(values.items(), key=lambda item: item[1]) if value < 0.7]
        note = f"{lowest}; under 0.70: {', '.join(low) or 'none'}"
        rows.append(_row(group, "lowest", f"AUROC, lowest task, {group.title}", mean_auroc([both[lowest]], rng), note))
    return rows


def calibration_rows(scored: ScoredClips, group: ClipGroup, rng: np.random.Generator) -> list[Row]:
    """Measure expected calibration error and Brier score of `Scores.success` for the own task's instruction."""
    rows = group.mask & np.isin(scored.kind, ("success", "random", "near"))
    if not rows.any():
        return []
    chances, labels = np.clip(scored.own(scored.success)[rows], 0.0, 1.0), scored.kind[rows] == "success"
    note = f"{labels.mean():.0%} successes"
    return [
        _row(group, "ece", f"ECE, {group.title}", expected_calibration_error(chances, labels, rng, 200), note),
        _row(group, "brier", f"Brier score, {group.title}", brier(chances, labels, rng), note),
    ]


def floor_rows(scored: ScoredClips, group: ClipGroup, rng: np.random.Generator) -> list[Row]:
    """Classifiers on clip length, motion energy and its course, successes against near-successes."""
    features: dict[str, tuple[str, NDArray[np.float64]]] = {
        "length": ("clip length only", scored.clips.length.astype(np.float64)),
        "motion": ("motion energy only", scored.motion.sum(axis=1, dtype=np.float64)),
        "motion course": ("motion energy of each step", scored.motion.astype(np.float64)),
    }
    rows = []
    for key, (title, values) in features.items():
        tasks = []
        for name in scored.tasks(group.mask):
            mine = group.mask & (scored.name == name) & np.isin(scored.kind, ("success", "near"))
            tasks.append((values[mine], scored.kind[mine] == "success"))
        estimate, used = mean_floor(tasks, rng)
        note = f"{used} of {len(tasks)} tasks; logistic regression, 5-fold cross-validated"
        rows.append(_row(group, key, f"{title}, near-successes, {group.title}", estimate, note))
    return rows


def retrieval_row(scored: ScoredClips, group: ClipGroup, *, same_object: bool = False) -> Row:
    """Right instruction first, among the family's or among those that share the object."""
    found = retrieval(scored, group.mask, same_object=same_object)
    among = "tasks that share the object" if same_object else f"{found.num_candidates.max(initial=0)}"
    note = "clips that satisfy one task and did not at their start"
    if len(found.hit):
        note += f"; {len(np.unique(found.right))} tasks; chance {np.mean(1 / found.num_candidates):.2f}"
    estimate = wilson(int(found.hit.sum()), len(found.hit))
    key = "first of object" if same_object else "first"
    return _row(group, key, f"right instruction first among {among}, {group.title}", estimate, note)


def voc_rows(scored: ScoredClips, group: ClipGroup, courses: Courses, rng: np.random.Generator) -> list[Row]:
    """VOC on success videos, on their reversals, up to the first success, and of a frame counter."""
    mine = [courses[name] for name in scored.tasks(group.mask) if name in courses]
    mine = [[course for course in task if group.mask[course.clip]] for task in mine]
    note = f"{sum(map(bool, mine))} tasks, scripted successes, {scored.clips.frames.shape[1]} frames each"
    begun = [[c.forwards[: c.first_success + 1] for c in task if c.first_success >= 2] for task in mine]
    measured = {
        "voc": ("VOC, success videos", [[c.forwards for c in task] for task in mine], note),
        "voc reversed": ("VOC, the same reversed", [[c.backwards for c in task] for task in mine], note),
        "voc begun": ("VOC up to the first success", begun, "frames after the success cut off"),
        "counter": ("VOC of a frame counter", [[c.counter for c in task] for task in mine], "the same reversed"),
    }
    return [
        _row(group, key, f"{title}, {group.title}", mean_voc(values, rng), remark)
        for key, (title, values, remark) in measured.items()
    ]


def probe_rows(scored: ScoredClips, group: ClipGroup, probes: Mapping[str, Sequence[Probes]]) -> list[Row]:
    """How often a success scores above the same with its words or its time changed, one row for each change."""
    mine = [probe for name in scored.tasks(group.mask) for probe in probes.get(name, ()) if group.mask[probe.clip]]
    lower = np.array([probe.lower for probe in mine], dtype=np.float64).reshape(len(mine), len(PROBES))
    rows = []
    for column, change in enumerate(PROBES):
        known = lower[:, column][np.isfinite(lower[:, column])]
        estimate = wilson(int(known.sum()), len(known))
        rows.append(_row(group, change, f"{change} scores lower, {group.title}", estimate, "scripted successes"))
    return rows


def paraphrase_row(
    scored: ScoredClips,
    group: ClipGroup,
    rng: np.random.Generator,
    held_out: Mapping[str, Sequence[str]] | None = None,
) -> Row:
    """How far AUROC falls when the clips are scored with paraphrases, mean over a task's paraphrases.

    Args:
        scored: The scored clips.
        group: Which of them.
        rng: Of the bootstrap.
        held_out: Paraphrases by task to use instead of the task table's.

    Returns:
        One row; tasks without paraphrases are left out.
    """
    tasks, variants = [], []
    for name in scored.tasks(group.mask):
        spoken = scored.info(name).paraphrases if held_out is None else held_out.get(name, ())
        scores = scored.task_scores(name, group.mask)
        if scores is not None and spoken:
            tasks.append(scores)
            others = [scored.task_scores(name, group.mask, sentence=sentence) for sentence in spoken]
            variants.append([other for other in others if other is not None])
    fall = mean_auroc_fall(tasks, variants, rng)
    kind = "paraphrases" if held_out is None else "held-out paraphrases"
    note = f"{len(tasks)} tasks, {sum(map(len, variants))} sentences"
    return _row(group, kind, f"AUROC falls with {kind}, {group.title}", fall, note)


def _by_task(scored: ScoredClips, group: ClipGroup, kinds: Sequence[str]) -> dict[str, TaskScores]:
    found = {name: scored.task_scores(name, group.mask, kinds=kinds) for name in scored.tasks(group.mask)}
    return {name: scores for name, scores in found.items() if scores is not None}


def _count(used: Mapping[str, TaskScores], scored: ScoredClips, group: ClipGroup) -> str:
    """Tell how many tasks count, and name those that lack clips."""
    lacking = [name for name in scored.tasks(group.mask) if name not in used]
    text = f"mean of {len(used)} tasks"
    return text + (f" (too few clips: {', '.join(lacking)})" if lacking else "")


def _row(group: ClipGroup, key: str, name: str, estimate: Estimate, note: str) -> Row:
    return Row(name=name, estimate=estimate, asked=REQUIRED.get((group.key, key)), note=note)
