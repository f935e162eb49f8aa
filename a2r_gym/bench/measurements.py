"""From scores to numbers: each row of a bench, for the model and for the floors alike.

Rules that hold for all rows: instructions weigh equally; success against failure is judged by `Scores.success` of whole
videos, order over instructions and over prefixes by `Scores.similarity`; what the labels do not allow is left out with
its reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from a2r_gym.bench.plan import Plan
from a2r_gym.bench.scoring import PairScores
from a2r_gym.metrics import (
    Estimate,
    TaskScores,
    auroc,
    brier,
    confusion_margin,
    expected_calibration_error,
    mean_auprc,
    mean_auroc,
    retrieval_top1,
    split_by_label,
    stratified_mean,
    tau_a,
    voc_both_ways,
    wilson,
)

__all__ = ["Measured", "instruction_lines", "measure"]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Numbers of one model.

    Attributes:
        estimates: Name of a row -> the number.
        notes: Name of a row -> what one must know to read it.
        left_out: Name of a row -> why the clips do not allow it.
    """

    estimates: dict[str, Estimate] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, estimate: Estimate, note: str = "") -> None:
        """Add a row."""
        self.estimates[name] = estimate
        self.notes[name] = note


def measure(plan: Plan, scores: PairScores, seed: int) -> Measured:
    """Measure one model.

    Args:
        plan: What was scored.
        scores: The model's; pairs that it lacks are left out.
        seed: Of the bootstrap.

    Returns:
        The numbers.
    """
    measured, rng = Measured(), np.random.default_rng(seed)
    _add_ranking(measured, plan, scores, rng)
    _add_probabilities(measured, plan, scores, rng)
    _add_courses(measured, plan, scores, rng)
    _add_instructions(measured, plan, scores, rng)
    return measured


def instruction_lines(plan: Plan, scores: PairScores, seed: int) -> list[dict[str, str | int | float | Estimate]]:
    """Tabulate a model's scores for each instruction, the worst first and those without an AUROC last.

    Args:
        plan: What was scored.
        scores: The model's.
        seed: Of the bootstrap.

    Returns:
        A mapping per instruction: numbers of clips, AUROC, mean ``success`` of successes and failures.
    """
    rng = np.random.default_rng(seed)
    lines: list[tuple[float, dict[str, str | int | float | Estimate]]] = []
    for instruction, (values, labels) in _by_instruction(plan, scores).items():
        both = 0 < labels.sum() < len(labels)
        found = auroc(values, labels, rng) if both else Estimate(float("nan"), float("nan"), float("nan"), 0)
        line: dict[str, str | int | float | Estimate] = {
            "instruction": instruction,
            "successes": int(labels.sum()),
            "failures": int((~labels).sum()),
            "AUROC [95 %]": found,
            "mean success, successes": float(values[labels].mean()) if labels.any() else float("nan"),
            "mean success, failures": float(values[~labels].mean()) if not labels.all() else float("nan"),
        }
        lines.append((found.value if both else np.inf, line))
    return [line for _, line in sorted(lines, key=lambda item: item[0])]


def _by_instruction(plan: Plan, scores: PairScores) -> dict[str, tuple[NDArray[np.float64], NDArray[np.bool_]]]:
    """Instruction -> ``success`` and labels of its scored clips, (n,) each; instructions without any are left out."""
    found: dict[str, list[tuple[float, bool]]] = {instruction: [] for instruction in plan.instructions}
    for (name, instruction), label in plan.labels.items():
        if (name, instruction) in scores:
            found[instruction].append((scores[name, instruction].success, label))
    return {
        instruction: (np.asarray([value for value, _ in clips]), np.asarray([label for _, label in clips], dtype=bool))
        for instruction, clips in found.items()
        if clips
    }


def _add_ranking(measured: Measured, plan: Plan, scores: PairScores, rng: np.random.Generator) -> None:
    groups = _by_instruction(plan, scores)
    tasks: list[TaskScores] = [
        split_by_label(values, labels) for values, labels in groups.values() if 0 < labels.sum() < len(labels)
    ]
    if not tasks:
        everything = np.concatenate([labels for _, labels in groups.values()])
        if everything.all() or not everything.any():
            reason = f"all {len(everything)} clips are {'successes' if everything.all() else 'failures'}: there is " + (
                "nothing to rank them against; add clips of the other kind"
            )
        else:
            reason = "no instruction has both successes and failures; add clips of the other kind to some"
        measured.left_out.update({"AUROC": reason, "AUPRC": reason})
        return
    of = f"mean of {len(tasks)} instruction{'s' * (len(tasks) > 1)}"
    if len(tasks) < len(groups):
        of += f", {len(groups) - len(tasks)} left out: only successes or only failures"
    share = float(np.mean([len(task.successes) / (len(task.successes) + len(task.failures[0])) for task in tasks]))
    measured.add("AUROC", mean_auroc(tasks, rng), f"{of}; chance 0.5")
    measured.add("AUPRC", mean_auprc(tasks, rng), f"{of}; chance {share:.2f}, the share of successes")


def _add_probabilities(measured: Measured, plan: Plan, scores: PairScores, rng: np.random.Generator) -> None:
    groups = _by_instruction(plan, scores).values()
    values = np.concatenate([found for found, _ in groups])
    labels = np.concatenate([found for _, found in groups])
    right = int(((values >= 0.5) == labels).sum())
    measured.add("right at success >= 0.5", wilson(right, len(labels)), f"{labels.mean():.0%} of clips are successes")
    measured.add("ECE", expected_calibration_error(values, labels, rng), "15 bins of equal mass; 0 is perfect")
    measured.add("Brier score", brier(values, labels, rng), "0 is perfect, 0.25 is always saying 0.5")


def _add_courses(measured: Measured, plan: Plan, scores: PairScores, rng: np.random.Generator) -> None:
    """VOC and tau_a, each beside its reversal: without it a clock would look perfect."""
    names = ("VOC", "VOC reversed", "VOC gap", "tau_a", "tau_a reversed")
    tasks: dict[str, list[tuple[NDArray[np.float32], NDArray[np.float32]]]] = {}
    for name, instruction in plan.probes.items():
        score = scores.get((name, instruction))
        if score is not None and len(score.steps) > 1:
            tasks.setdefault(instruction, []).append((score.steps, score.steps_reversed))
    if not tasks:
        reason = "no clip of two or more frames is a success of exactly one instruction, or probe_clips is 0"
        measured.left_out.update(dict.fromkeys(names, reason))
        return
    ahead, back = ([[both[way] for both in task] for task in tasks.values()] for way in (0, 1))
    found = voc_both_ways(ahead, back, rng)
    count = f"{found.voc.n} successes"
    notes = (
        f"{count}; rank correlation of prefix score and time; a clock has 1",
        "the same videos played backwards; a clock has 1 too, a model that sees them undone < 0",
        "VOC - VOC reversed; a clock has 0",
        f"{count}; pairs of frames in order - out of order; a clock has 1",
        "the same videos played backwards",
    )
    taus = [stratified_mean(_taus(way), rng) for way in (ahead, back)]
    for name, estimate, note in zip(names, (*found, *taus), notes, strict=True):
        measured.add(name, estimate, note)


def _taus(curves: Sequence[Sequence[NDArray[np.float32]]]) -> list[list[float]]:
    return [[tau_a(curve, np.arange(len(curve))) for curve in task] for task in curves]


def _add_instructions(measured: Measured, plan: Plan, scores: PairScores, rng: np.random.Generator) -> None:
    names = ("right instruction first", "confusion margin")
    probes = {
        name: plan.instructions.index(instruction)
        for name, instruction in plan.probes.items()
        if all((name, other) in scores for other in plan.instructions)
    }
    if len(plan.instructions) < 2 or not probes:
        lacking = (
            "there is only one instruction" if len(plan.instructions) < 2 else "no clip is a success of exactly one"
        )
        measured.left_out.update(dict.fromkeys(names, f"{lacking}, so nothing can be confused"))
        return
    rows = [[scores[name, instruction] for instruction in plan.instructions] for name in probes]
    right = list(probes.values())
    among = f"{len(probes)} successes under each of {len(plan.instructions)} instructions"
    similarity = [[score.similarity for score in row] for row in rows]
    success = [[score.success for score in row] for row in rows]
    measured.add(
        names[0], retrieval_top1(similarity, right), f"{among}; chance {1 / len(plan.instructions):.2f}, ties lose"
    )
    measured.add(names[1], confusion_margin(success, right, rng), "mean success of its own - of other instructions")
