"""The piece of work of a benchmark: one number, or a few, of one method in one setting with one seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from benchmarks.presets import Preset
from benchmarks.rendered import Rendered, Value

__all__ = ["DONE", "FAILED", "NEEDS_WEIGHTS", "Cell", "Job", "Outcome", "Results", "Setup", "Table", "identity"]

DONE, FAILED, NEEDS_WEIGHTS = "done", "failed", "needs weights"
"""What can have become of a cell."""


class Cell(NamedTuple):
    """A piece of work.

    Attributes:
        table: Name of its table.
        method: A recipe, a checkpoint, a baseline's name, or ``entry:path.py:ClassName``.
        setting: What the method is measured in.
        seed: Of its training, or of a block of trials.
    """

    table: str
    method: str
    setting: str
    seed: int

    def __str__(self) -> str:
        """Print as ``tasks: ours-human-6, train, seed 0``."""
        return f"{self.table}: {self.method}, {self.setting}, seed {self.seed}"


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Where a benchmark reads and writes.

    Attributes:
        preset: Its size.
        out: Folder of the ledger, the models and the report; with Dask all machines must see it.
        data: Folder of the robot's collections, likewise.
        human: Something-Something V2 or the output of ``a2r hands``, likewise.
        threads: Of each training.
    """

    preset: Preset
    out: Path
    data: Path
    human: Path
    threads: int = 1


class Job(NamedTuple):
    """A cell with its name in the ledger.

    Attributes:
        id: A hash of all that its result follows from.
        cell: The cell.
        seconds: About how long it takes.
        model_id: Name of the training that it needs; empty: none.
    """

    id: str
    cell: Cell
    seconds: float
    model_id: str = ""


class Outcome(NamedTuple):
    """What became of a cell.

    Attributes:
        status: `DONE`, `FAILED` or `NEEDS_WEIGHTS`.
        result: What the table measured, JSON.
        error: Why there is no result.
        seconds: How long it took.
    """

    status: str
    result: dict[str, Any]
    error: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Results:
    """What a table is drawn from.

    Attributes:
        preset: The size.
        outcomes: What became of the table's cells; those that were not run are missing.
        human_source: Which data the human clips are: ``hands`` or ``something-something-v2``.
    """

    preset: Preset
    outcomes: Mapping[Cell, Outcome]
    human_source: str = ""

    def done(self, method: str, setting: str) -> list[dict[str, Any]]:
        """Return the results of all seeds."""
        return [self.outcomes[cell].result for cell in self._cells(method, setting, DONE)]

    def settings(self, setting: str) -> list[dict[str, Any]]:
        """Return the results of all methods in a setting."""
        return [
            outcome.result
            for cell, outcome in self.outcomes.items()
            if cell.setting == setting and outcome.status == DONE
        ]

    def missing(self, method: str, setting: str) -> str:
        """Say why there is no result."""
        for status in (NEEDS_WEIGHTS, FAILED):
            if self._cells(method, setting, status):
                return status
        return "not run"

    def pooled(self, method: str, setting: str, key: str) -> Value:
        """Pool an estimate over seeds, or say why there is none; None where the clips are too few for it."""
        from benchmarks.protocol import pool_seeds

        done = self.done(method, setting)
        if not done:
            return self.missing(method, setting)
        found = [result[key] for result in done if result.get(key) is not None]
        return pool_seeds(found) if found else None

    def _cells(self, method: str, setting: str, status: str) -> list[Cell]:
        return [
            cell
            for cell, outcome in self.outcomes.items()
            if (cell.method, cell.setting) == (method, setting) and outcome.status == status
        ]


class Table(Protocol):
    """What a module of `benchmarks.tables` holds."""

    NAME: str
    """As it is called on the command line."""
    VERSION: int
    """Rises when the meaning of a number changes: cells of an earlier one are then run again."""
    DATA: tuple[str, ...]
    """Sources that its cells read, names of `benchmarks.data.SOURCES`."""

    def cells(self, preset: Preset) -> list[Cell]:
        """List its cells."""

    def config(self, cell: Cell, preset: Preset) -> Mapping[str, Any]:
        """Return what of the preset a cell's result follows from."""

    def seconds(self, cell: Cell, preset: Preset) -> float:
        """Estimate how long a cell takes on one core."""

    def run(self, cell: Cell, setup: Setup) -> dict[str, Any]:
        """Measure a cell."""

    def render(self, results: Results) -> Rendered:
        """Draw the table."""


def identity(cell: Cell, version: int, config: Mapping[str, Any], data: Sequence[str], weights: Any) -> str:
    """Name a cell by all that its result follows from.

    Args:
        cell: The cell.
        version: Of its table.
        config: See `Table.config`.
        data: Fingerprints of its data.
        weights: What tells its model from others.

    Returns:
        16 hexadecimal digits.
    """
    whole = {**cell._asdict(), "version": version, "config": dict(config), "data": list(data), "weights": weights}
    return hashlib.sha256(json.dumps(whole, sort_keys=True, default=_plain).encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    return asdict(value) if hasattr(value, "__dataclass_fields__") else str(value)
