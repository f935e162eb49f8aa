"""A bench's result: one line per metric with the model and the floors side by side, as Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from a2r_gym.metrics import Estimate
from a2r_gym.whole_file import whole_file

__all__ = ["Cell", "Report", "Row"]

Cell = str | int | float | Estimate
_DASH: Final = "\u2013"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One metric.

    Attributes:
        name: What was measured.
        estimate: The model's number.
        floors: Name of a floor -> its number on the same clips.
        note: What one must know to read it.
    """

    name: str
    estimate: Estimate
    floors: Mapping[str, Estimate]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """All metrics of a model.

    Attributes:
        title: Headline.
        model: What the model is called.
        facts: Lines that say what was measured and how.
        rows: The metrics.
        left_out: Name of a metric -> why it is not defined on these clips.
        instructions: One mapping per instruction with equal keys, worst first.
        bad: Lines that name the videos that could not be read or scored.
    """

    title: str
    model: str
    facts: Sequence[str]
    rows: Sequence[Row]
    left_out: Mapping[str, str]
    instructions: Sequence[Mapping[str, Cell]]
    bad: Sequence[str] = ()

    def __getitem__(self, name: str) -> Estimate:
        """Return the model's number of a row by its name.

        Raises:
            KeyError: There is no such row; the message tells which there are, or why this one was left out.
        """
        for row in self.rows:
            if row.name == name:
                return row.estimate
        raise KeyError(f"no row {name!r}: {self.left_out.get(name, f'there are {[row.name for row in self.rows]}')}")

    def to_markdown(self) -> str:
        """Render facts, metrics, what was left out, and instructions."""
        floors = list(self.rows[0].floors) if self.rows else []
        table: list[dict[str, Cell]] = [
            {
                "metric": row.name,
                f"{self.model} [95 %]": row.estimate,
                **{floor: row.floors[floor].value for floor in floors},
                "n": row.estimate.n,
                "note": row.note,
            }
            for row in self.rows
        ]
        parts = [f"# {self.title}", _list(self.facts), _table(table)]
        if self.left_out:
            parts += ["Left out:", _list([f"{name}: {reason}" for name, reason in self.left_out.items()])]
        if self.bad:
            parts += ["Not measured:", _list(self.bad)]
        parts += ["## Instructions, worst first", _table(self.instructions)]
        return "\n\n".join(parts) + "\n"

    def to_csv(self) -> str:
        """Render the metrics: a line for each metric and model, floors included."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["metric", "model", "value", "low", "high", "n", "note"])
        for row in self.rows:
            for model, estimate in ((self.model, row.estimate), *row.floors.items()):
                writer.writerow([row.name, model, *estimate, row.note])
        return text.getvalue()

    def to_json(self) -> str:
        """Render all of it; NaN becomes null."""
        content = {
            "title": self.title,
            "model": self.model,
            "facts": list(self.facts),
            "rows": [
                {"metric": row.name, "note": row.note, "models": {self.model: row.estimate, **row.floors}}
                for row in self.rows
            ],
            "left_out": dict(self.left_out),
            "instructions": [dict(line) for line in self.instructions],
            "bad": list(self.bad),
        }
        return json.dumps(_plain(content), indent=1, allow_nan=False) + "\n"

    def save(self, folder: Path) -> list[Path]:
        """Write report.md, report.csv and report.json, each whole or not at all.

        Args:
            folder: Made where missing.

        Returns:
            The files.
        """
        texts = {"report.md": self.to_markdown(), "report.csv": self.to_csv(), "report.json": self.to_json()}
        for name, text in texts.items():
            with whole_file(folder / name) as part:
                part.write_text(text, encoding="utf-8")
        return [folder / name for name in texts]


def _plain(value: Any) -> Any:
    """Make a value fit for strict JSON."""
    if isinstance(value, Estimate):
        return _plain(value._asdict())
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {' '.join(line.split())}" for line in lines)


def _table(lines: Sequence[Mapping[str, Cell]]) -> str:
    if not lines:
        return "(none)"
    head = list(lines[0])
    body = [[_shown(line[key]) for key in head] for line in lines]
    return "\n".join(
        "| " + " | ".join(cells) + " |" for cells in ([_shown(key) for key in head], ["---"] * len(head), *body)
    )


def _shown(cell: Cell) -> str:
    if isinstance(cell, Estimate):
        return _DASH if math.isnan(cell.value) else str(cell)
    if isinstance(cell, float):
        return _DASH if math.isnan(cell) else f"{cell:.3f}"
    return " ".join(str(cell).split()).replace("|", "\\|")
