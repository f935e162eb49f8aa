"""``a2r evaluate``: measure a reward model on collected clips it has not seen.

Every AUROC, near-success, instruction, VOC, paraphrase and floor row of the model card comes from here.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from a2r_gym.errors import DataError
from a2r_gym.protocols import RewardModel
from a2r_train.courses import Course, Courses, score_courses, success_videos
from a2r_train.held_out_paraphrases import HELD_OUT_PARAPHRASES
from a2r_train.measurements import (
    ClipGroup,
    auroc_rows,
    calibration_rows,
    clip_groups,
    floor_rows,
    paraphrase_row,
    probe_rows,
    retrieval_row,
    voc_rows,
)
from a2r_train.probes import Probes, score_probes
from a2r_train.report import Report, Row
from a2r_train.scored_clips import ScoredClips, TaskTables, score_clips
from a2r_train.task_table import clip_lines, task_lines

if TYPE_CHECKING:
    from a2r_train.data.clips import ClipSet

__all__ = ["EvaluateArgs", "Evaluation", "evaluate", "main", "read_paraphrases", "task_tables"]


@dataclass(frozen=True, kw_only=True)
class EvaluateArgs:
    """Measure a reward model on clips, for example ``a2r evaluate --model a2r-small --data rollouts/test``.

    Attributes:
        data: Folders of collected clips.
        model: Name or folder of a checkpoint.
        out: Folder for the report, its tables and pictures.
        runtime: Runtime of the frame encoder, ``torch`` or ``openvino``; None: chosen by the model.
        sheets: Folder for contact sheets of the worst-ranked clips of each task; None: none are drawn.
        paraphrases: JSON file, ``family/task`` -> sentences that the model was not trained with; None:
            `HELD_OUT_PARAPHRASES`.
        cache_dir: Where decoded frames are cached; None: beside the data.
        voc_per_task: Success videos of each task whose prefixes are scored.
        batch_size: Clips per call of the model.
        seed: Of the bootstrap, the folds and the draw of success videos.
        card: Write the report into the checkpoint's card.
    """

    data: tuple[Path, ...]
    model: str = "a2r-small"
    out: Path = Path("out/evaluation")
    runtime: str | None = None
    sheets: Path | None = None
    paraphrases: Path | None = None
    cache_dir: Path | None = None
    voc_per_task: int = 8
    batch_size: int = 64
    seed: int = 0
    card: bool = False

    def __post_init__(self) -> None:
        """Check that there is something to do."""
        if not self.data:
            raise DataError("expected at least one folder of collected clips, got none: pass --data FOLDER")
        if self.voc_per_task < 1 or self.batch_size < 1:
            raise DataError(f"voc_per_task and batch_size must be >= 1, got {self.voc_per_task}, {self.batch_size}")


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A report with what it was made from, for pictures.

    Attributes:
        report: Rows and tables.
        scored: Clips with their scores.
        groups: Key -> clips measured together.
    """

    report: Report
    scored: ScoredClips
    groups: Mapping[str, ClipGroup]


def main(argv: Sequence[str] | None = None) -> int:
    """Load the model and the clips, measure, write the report and print it.

    Args:
        argv: Arguments of the command line, see `EvaluateArgs`; None: the process's own.

    Returns:
        0; a missed threshold is in the report and is no failure of the command.
    """
    import tyro

    from a2r_gym.models.checkpoint import find_checkpoint, load_reward, update_card
    from a2r_train.contact_sheets import draw_histograms, draw_sheets
    from a2r_train.data.clips import load_clips

    args = tyro.cli(EvaluateArgs, args=argv, prog="a2r evaluate")
    held_out = HELD_OUT_PARAPHRASES if args.paraphrases is None else read_paraphrases(args.paraphrases)
    clips = load_clips(list(args.data), args.cache_dir)
    done = evaluate(
        load_reward(args.model, runtime=args.runtime),
        clips,
        task_tables(),
        title=f"Evaluation of {args.model}",
        held_out=held_out,
        voc_per_task=args.voc_per_task,
        batch_size=args.batch_size,
        seed=args.seed,
    )
    files = done.report.save(args.out)
    for key, group in done.groups.items():
        if key not in ("all", "metaworld"):
            name = f"histograms_{key.replace('/', '_')}.png"
            files.append(draw_histograms(done.scored, group.mask, group.title, args.out / name))
            if args.sheets is not None:
                draw_sheets(done.scored, group.mask, args.sheets / key.replace("/", "_"))
    if args.card:
        update_card(find_checkpoint(args.model), re.sub("^#", "##", done.report.to_markdown(), flags=re.MULTILINE))
    print(done.report.to_markdown())
    print("wrote " + ", ".join(map(str, files)))
    for row in done.report.missed:
        print(f"missed: {row.name}: {row.estimate}, asked {row.asked}")
    return 0


def evaluate(
    model: RewardModel,
    clips: ClipSet,
    tables: TaskTables,
    *,
    title: str = "Evaluation",
    held_out: Mapping[str, Sequence[str]] | None = None,
    voc_per_task: int = 8,
    batch_size: int = 64,
    seed: int = 0,
    progress: bool = True,
) -> Evaluation:
    """Measure a reward model on clips.

    Args:
        model: The model; one with ``score_matrix`` is much faster.
        clips: Clips it has not seen.
        tables: Family -> task -> `TaskInfo`.
        title: Headline of the report.
        held_out: Paraphrases by ``family/task`` that no model was trained with; they get a row of their own.
        voc_per_task: Success videos of each task and group whose prefixes are scored.
        batch_size: Clips per call.
        seed: Of the bootstrap, the folds and the draw of success videos.
        progress: Whether to draw bars.

    Returns:
        The report and what it was made from.

    Raises:
        DataError: No clips, or clips without the labels of their own task.
        NonFiniteRewardError: The model gave NaN or Inf.
    """
    start = time.perf_counter()
    rng = np.random.default_rng(seed)
    scored = score_clips(model, clips, tables, held_out=held_out, batch_size=batch_size, progress=progress)
    groups = clip_groups(scored)
    courses: dict[str, Courses] = {}
    probes: dict[str, list[Probes]] = {}
    for key, group in groups.items():
        if key not in ("all", "metaworld"):
            videos = success_videos(scored, group.mask, voc_per_task, rng)
            courses[key] = score_courses(model, scored, videos, progress=progress)
            for name, probed in score_probes(model, scored, videos, rng, progress=progress).items():
                probes.setdefault(name, []).extend(probed)
    scoring = time.perf_counter() - start
    rows = _rows(scored, groups, _merged(courses), probes, held_out, rng)
    num_courses = sum(len(task) for found in courses.values() for task in found.values())
    facts = [
        f"{len(clips.family)} clips of {len(np.unique(scored.name))} tasks; {_kind_counts(scored)}",
        f"{scored.num_pairs} pairs of clip and sentence in {scored.num_calls} calls, "
        f"prefixes of {num_courses} success videos in both directions in {2 * num_courses} calls",
        f"scoring took {scoring:.0f} s, measuring {time.perf_counter() - start - scoring:.0f} s",
        "a clip's label is its task's rule at the last frame; failures count half random, half near-success",
        f"intervals are 95 %: bootstrap over clips inside each task (seed {seed}), Wilson for shares",
    ]
    tasks = task_lines(scored, groups, courses, rng)
    report = Report(title=title, facts=facts, rows=rows, tasks=tasks, clips=clip_lines(scored))
    return Evaluation(report=report, scored=scored, groups=groups)


def task_tables() -> TaskTables:
    """Import the task tables of all families: family -> task -> `TaskInfo`."""
    from a2r_gym.envs import metaworld_tasks
    from a2r_gym.envs.c2r import tasks as c2r_tasks
    from a2r_gym.envs.tabletop import tasks as tabletop_tasks

    return {"metaworld": metaworld_tasks.TASKS, "tabletop": tabletop_tasks.TASKS, "c2r": c2r_tasks.TASKS}


def read_paraphrases(path: Path) -> dict[str, tuple[str, ...]]:
    """Read held-out paraphrases.

    Args:
        path: JSON object, ``family/task`` -> list of sentences.

    Returns:
        The same with tuples.

    Raises:
        DataError: The file is missing or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read paraphrases from {path}: {error}") from error
    if not isinstance(content, dict) or not all(
        isinstance(spoken, list) and all(isinstance(sentence, str) for sentence in spoken)
        for spoken in content.values()
    ):
        raise DataError(f"{path} must hold a JSON object of task -> list of sentences")
    return {task: tuple(spoken) for task, spoken in content.items()}


def _rows(
    scored: ScoredClips,
    groups: Mapping[str, ClipGroup],
    courses: Courses,
    probes: Mapping[str, Sequence[Probes]],
    held_out: Mapping[str, Sequence[str]] | None,
    rng: np.random.Generator,
) -> list[Row]:
    """All rows, in the order in which they are asked for; without clips only those of which something is asked."""
    parts = [group for key, group in groups.items() if key not in ("all", "metaworld")]
    wholes = [groups["all"], *parts] if "all" in groups else parts
    rows = [row for group in parts for row in auroc_rows(scored, group, rng)]
    rows += [row for group in parts for row in floor_rows(scored, group, rng)]
    ranked = [group for group in groups.values() if group.key not in ("all", "metaworld/marker")]
    rows += [retrieval_row(scored, group) for group in ranked]
    rows += [retrieval_row(scored, group, same_object=True) for group in wholes]
    rows += [row for group in wholes for row in voc_rows(scored, group, courses, rng)]
    rows += [row for group in wholes for row in probe_rows(scored, group, probes)]
    rows += [paraphrase_row(scored, group, rng) for group in wholes]
    if held_out is not None:
        rows += [paraphrase_row(scored, group, rng, held_out) for group in wholes]
    rows += [row for group in parts for row in calibration_rows(scored, group, rng)]
    return [row for row in rows if row.estimate.n > 0 or row.asked is not None]


def _merged(courses: Mapping[str, Courses]) -> Courses:
    """Join the groups' courses: a table-top task has some in each scene."""
    merged: dict[str, list[Course]] = {}
    for found in courses.values():
        for name, task in found.items():
            merged.setdefault(name, []).extend(task)
    return merged


def _kind_counts(scored: ScoredClips) -> str:
    kinds, counts = np.unique(scored.kind, return_counts=True)
    return ", ".join(f"{count} {kind}" for kind, count in zip(kinds, counts, strict=True))
