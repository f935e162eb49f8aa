"""A table that is ready to be printed: labelled rows of estimates and words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from a2r_gym.metrics import Estimate

__all__ = ["Curve", "Curves", "Rendered", "Row", "Value", "mean_of"]

Value = Estimate | str | None
"""An entry; None prints as a dash."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of a table.

    Attributes:
        label: What it is about.
        values: One for each column.
        kind: ``method``, ``floor`` or ``ceiling``.
    """

    label: str
    values: tuple[Value, ...]
    kind: str = "method"


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A line of a figure.

    Attributes:
        label: What it is about.
        points: Where and what, in their order.
        kind: As of `Row`.
    """

    label: str
    points: tuple[tuple[float, Estimate], ...]
    kind: str = "method"


@dataclass(frozen=True, kw_only=True)
class Curves:
    """A figure of lines over a number, such as steps of training.

    Attributes:
        x: What it is.
        y: What the lines show.
        lines: The lines.
    """

    x: str
    y: str
    lines: tuple[Curve, ...]

    @property
    def places(self) -> list[float]:
        """All numbers at which some line has a point, rising."""
        return sorted({place for line in self.lines for place, _ in line.points})


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A table.

    Attributes:
        name: As it is called on the command line.
        title: Headline.
        columns: Their names; that of the rows' labels is not among them.
        rows: The lines.
        notes: What one must know to read it.
        curves: What stands below it; None: nothing.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    curves: Curves | None = None

    def records(self) -> list[dict[str, Any]]:
        """Flatten for CSV: a record an entry, and one a point of a curve."""
        entries = [
            (row.label, row.kind, column, value)
            for row in self.rows
            for column, value in zip(self.columns, row.values, strict=True)
            if value is not None
        ]
        if self.curves is not None:
            entries += [
                (line.label, line.kind, f"{self.curves.y} after {place:g} {self.curves.x}", value)
                for line in self.curves.lines
                for place, value in line.points
            ]
        return [
            {"table": self.name, "row": label, "kind": kind, "column": column, **_record(value)}
            for label, kind, column, value in entries
        ]


def mean_of(values: list[Value]) -> Value:
    """Average estimates of independent trials; where one is missing, say why.

    The distance of the mean's limits is the root of the sum of the squared distances of the parts' limits, over their
    number, so that Wilson's intervals stay lopsided (Zou and Donner, Statistics in Medicine 2008).

    Args:
        values: The estimates.
    """
    words = [value for value in values if not isinstance(value, Estimate)]
    if words or not values:
        return words[0] if words else None
    estimates = [value for value in values if isinstance(value, Estimate)]
    mean = sum(estimate.value for estimate in estimates) / len(estimates)
    below = math.hypot(*(estimate.value - estimate.low for estimate in estimates)) / len(estimates)
    above = math.hypot(*(estimate.high - estimate.value for estimate in estimates)) / len(estimates)
    return Estimate(mean, mean - below, mean + above, sum(estimate.n for estimate in estimates))


def _record(value: Estimate | str) -> dict[str, Any]:
    if isinstance(value, Estimate):
        numbers = {name: f"{getattr(value, name):.6g}" for name in ("value", "low", "high")}
        return {**numbers, "n": value.n, "text": ""}
    return {"value": "", "low": "", "high": "", "n": "", "text": value}
