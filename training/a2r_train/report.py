"""An evaluation's result: rows with intervals and what was asked of them, as Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from a2r_gym.metrics import Estimate

__all__ = ["Cell", "Report", "Requirement", "Row", "write_text"]

_DASH: Final = "\u2013"
Cell = str | int | float | Estimate | None
"""One entry of a table; None and NaN print as a dash."""


@dataclass(frozen=True)
class Requirement:
    """What a row must reach.

    Attributes:
        sign: ``">="`` or ``"<="``.
        threshold: The bound.
    """

    sign: str
    threshold: float

    def met(self, value: float) -> bool:
        """Whether a value reaches the bound; NaN never does."""
        return value >= self.threshold if self.sign == ">=" else value <= self.threshold

    def __str__(self) -> str:
        """Print as ``>= 0.95``."""
        return f"{self.sign} {self.threshold:.2f}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measurement.

    Attributes:
        name: What was measured, and on which clips.
        estimate: The number and its interval.
        asked: What it must reach; None: printed only.
        note: What one must know to read it: number of tasks, chance level, what was left out.
    """

    name: str
    estimate: Estimate
    asked: Requirement | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the value reaches what was asked; None where nothing was."""
        return None if self.asked is None else self.asked.met(self.estimate.value)

    def record(self) -> dict[str, Cell | bool]:
        """Flatten for CSV and JSON."""
        value, low, high, n = self.estimate
        asked = "" if self.asked is None else str(self.asked)
        return {
            "name": self.name,
            "value": value,
            "low": low,
            "high": high,
            "asked": asked,
            "met": self.met,
            "n": n,
            "note": self.note,
        }


@dataclass(frozen=True, kw_only=True)
class Report:
    """All rows of an evaluation.

    Attributes:
        title: Headline.
        facts: Lines that say what was evaluated: model, data, calls, seconds.
        rows: The measurements.
        tasks: One mapping per task and clip group with equal keys, worst task first.
        clips: One mapping per clip, for those who look for the cause.
    """

    title: str
    facts: Sequence[str]
    rows: Sequence[Row]
    tasks: Sequence[Mapping[str, Cell]]
    clips: Sequence[Mapping[str, Cell]] = field(default=(), repr=False)

    @property
    def missed(self) -> list[Row]:
        """Rows that do not reach what was asked of them."""
        return [row for row in self.rows if row.met is False]

    def to_markdown(self) -> str:
        """Render the facts, the table of rows and the table of tasks."""
        marks = {True: "yes", False: "**no**", None: ""}
        rows: list[dict[str, Cell]] = [
            {
                "what": row.name,
                "value [95 %]": row.estimate,
                "asked": "" if row.asked is None else str(row.asked),
                "met": marks[row.met],
                "n": row.estimate.n,
                "note": row.note,
            }
            for row in self.rows
        ]
        facts = "\n".join(f"- {fact}" for fact in self.facts)
        return f"# {self.title}\n\n{facts}\n\n{_table(rows)}\n## Tasks, worst first\n\n{_table(self.tasks)}"

    def save(self, folder: Path) -> list[Path]:
        """Write report.md, report.csv, report.json, tasks.csv and clips.csv, each whole or not at all.

        Args:
            folder: Made where missing.

        Returns:
            The files.
        """
        tables = {"report.csv": [row.record() for row in self.rows], "tasks.csv": self.tasks, "clips.csv": self.clips}
        texts = {name: _csv([_flat(line) for line in lines]) for name, lines in tables.items() if lines}
        content = {
            "title": self.title,
            "facts": list(self.facts),
            "rows": [_plain(row.record()) for row in self.rows],
            "tasks": [_plain(_flat(task)) for task in self.tasks],
        }
        texts["report.md"] = self.to_markdown()
        texts["report.json"] = json.dumps(content, indent=1, allow_nan=False) + "\n"
        return [write_text(folder / name, text) for name, text in texts.items()]


def write_text(path: Path, text: str) -> Path:
    """Write a text file whole or not at all; its folder is made where missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
    return path


def _shown(cell: Cell) -> str:
    if isinstance(cell, Estimate):
        return _DASH if math.isnan(cell.value) else str(cell)
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return _DASH
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell).replace("|", "\\|")


def _table(lines: Sequence[Mapping[str, Cell]]) -> str:
    if not lines:
        return "(none)\n"
    head = list(lines[0])
    body = [[_shown(line[key]) for key in head] for line in lines]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in [head, ["---"] * len(head), *body])


def _flat(line: Mapping[str, Cell | bool]) -> dict[str, Cell | bool]:
    """Spread an estimate over three columns."""
    flat: dict[str, Cell | bool] = {}
    for key, cell in line.items():
        if isinstance(cell, Estimate):
            flat |= {key: cell.value, f"{key}_low": cell.low, f"{key}_high": cell.high}
        else:
            flat[key] = cell
    return flat


def _plain(line: Mapping[str, Cell | bool]) -> dict[str, Cell | bool]:
    """Make a line fit for strict JSON: NaN becomes null."""
    return {key: None if isinstance(cell, float) and math.isnan(cell) else cell for key, cell in line.items()}


def _csv(lines: Sequence[Mapping[str, Cell | bool]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()
