"""The tables, a file each; `TABLES` names them."""

from __future__ import annotations

import importlib
from typing import Final, cast

from a2r_gym.errors import unknown_name
from benchmarks.cells import Table

__all__ = ["TABLES", "find_table"]

_NAMES: Final = (
    "training", "environments", "tasks", "ablations", "offline", "planning", "chains", "curves", "c2r", "trajectories",
)  # fmt: skip
TABLES: Final = {name: f"benchmarks.tables.{name}" for name in _NAMES}
"""Name -> module, see `benchmarks.cells.Table`; the first trains what the others measure."""


def find_table(name: str) -> Table:
    """Import a table.

    Args:
        name: A key of `TABLES`, or the dotted name of a module of one's own.

    Raises:
        UnknownNameError: There is no such table.
    """
    if name not in TABLES and "." not in name:
        raise unknown_name("table", name, TABLES)
    return cast("Table", importlib.import_module(TABLES.get(name, name)))
