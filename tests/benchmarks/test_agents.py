from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _run(out: Path) -> str:
    command = [sys.executable, "benchmarks/agents.py", "--tasks", "drawer-close", "--rewards", "env", "--workers", "1"]
    command += ["--seeds", "0", "1", "--steps", "20", "--episodes", "2", "--out", str(out)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_cells_are_run_once_and_pooled_in_a_table(tmp_path: Path) -> None:
    first = _run(tmp_path)
    rows = [line for line in first.splitlines() if line.startswith("| drawer-close")]
    assert [[cell.strip() for cell in row.split("|")][2:4] for row in rows] == [["env", "2"], ["random actions", ""]]
    results = sorted(tmp_path.glob("*/result.json"))
    assert len(results) == 2
    seconds = [json.loads(path.read_text())["seconds"] for path in results]
    assert _run(tmp_path) == first
    assert [json.loads(path.read_text())["seconds"] for path in results] == seconds
    assert (tmp_path / "report.md").read_text() == first
