"""What has been measured: a file of JSON lines that only grows."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from benchmarks.cells import DONE, Job, Outcome

__all__ = ["Ledger"]


class Ledger:
    """The outcomes of cells, by their names.

    One process writes. A last line that was cut off when that was killed is dropped: its cell is run again.

    Args:
        path: The file; made with its folder where it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._outcomes: dict[str, Outcome] = {}
        whole = path.read_bytes() if path.exists() else b""
        if whole and not whole.endswith(b"\n"):
            with path.open("rb+") as file:  # or the next line would be glued to the rest of this one
                file.truncate(whole.rfind(b"\n") + 1)
        for line in whole[: whole.rfind(b"\n") + 1].splitlines():
            row = json.loads(line)
            self._outcomes[row["id"]] = Outcome(**{field: row[field] for field in Outcome._fields})

    def outcome(self, job_id: str) -> Outcome | None:
        """Return what became of a cell at last; None: it was not run."""
        return self._outcomes.get(job_id)

    def is_done(self, job_id: str) -> bool:
        """Tell whether a cell has a result; one that failed or lacked weights is tried again."""
        found = self.outcome(job_id)
        return found is not None and found.status == DONE

    def append(self, job: Job, outcome: Outcome, version: int) -> None:
        """Write what became of a cell; it is on the disk when this returns."""
        row: dict[str, Any] = {"id": job.id, "cell": job.cell._asdict(), "version": version, **outcome._asdict()}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._outcomes[job.id] = outcome
