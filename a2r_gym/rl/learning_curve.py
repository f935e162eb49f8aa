"""The learning curve of a run: a CSV row per evaluation, and its picture."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from a2r_gym.whole_file import whole_file

__all__ = ["CURVE", "CurvePoint", "draw_learning", "read_curve", "write_curve"]

CURVE: Final = "curve.csv"


class CurvePoint(NamedTuple):
    """One evaluation.

    Attributes:
        step: Environment steps learned from before it.
        success_rate: Share of its episodes that succeeded, in [0, 1].
        episodes: How many.
        mean_reward: Of a step in the last episodes of training, as the agent saw it; NaN before the first one's end.
        seconds: Since training began; pauses between resumptions do not count.
    """

    step: float
    success_rate: float
    episodes: float
    mean_reward: float
    seconds: float


def read_curve(out: Path) -> list[CurvePoint]:
    """Read the evaluations of a run.

    Args:
        out: Its folder.

    Returns:
        One point per evaluation, in their order; none where there was none.
    """
    path = out / CURVE
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return [CurvePoint(*(float(row[name]) for name in CurvePoint._fields)) for row in csv.DictReader(file)]


def write_curve(out: Path, points: Sequence[CurvePoint]) -> None:
    """Write the evaluations of a run in the place of those that were there.

    Args:
        out: Its folder.
        points: In their order.
    """
    with whole_file(out / CURVE) as part, part.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CurvePoint._fields)
        writer.writerows([f"{value:.10g}" for value in point] for point in points)


def draw_learning(points: Sequence[CurvePoint], title: str, path: Path) -> Path:
    """Draw success and mean reward over the steps of a run.

    Args:
        points: Its evaluations.
        title: What it was.
        path: Of the PNG.

    Returns:
        ``path``.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0, 3.6), layout="constrained")
    axes = figure.add_subplot()
    steps = [point.step for point in points]
    axes.plot(steps, [point.success_rate for point in points], "o-", color="tab:green", label="success (true)")
    axes.set(xlabel="environment steps", ylabel="success", ylim=(-0.05, 1.05), title=title)
    other = axes.twinx()
    other.plot(steps, [point.mean_reward for point in points], "s--", color="tab:blue", label="reward (what it saw)")
    other.set(ylabel="mean reward of a step")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    with whole_file(path) as part:
        figure.savefig(part, dpi=120)
    return path
