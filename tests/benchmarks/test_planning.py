"""Closed-loop planning and pools in miniature: a trial is run once, and a table is printed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("metaworld", reason="needs the metaworld extra")

ROOT = Path(__file__).parents[2]


def _run(script: str, *options: str) -> str:
    command = [sys.executable, f"benchmarks/{script}.py", *options, "--workers", "1"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_trials_are_run_once_and_pooled_in_a_table(tmp_path: Path) -> None:
    options = ["--scenes", "train", "--tasks", "drawer-close", "--trials", "2", "--population", "4"]
    options += ["--iterations", "0", "--planners", "random", "progress", "--out", str(tmp_path)]
    first = _run("planning", *options)
    rows = [line for line in first.splitlines() if line.startswith("| train")]
    assert [[cell.strip() for cell in row.split("|")][2:4] for row in rows] == [["random", "2"], ["progress", "2"]]
    ledger = (tmp_path / "trials.jsonl").read_text()
    assert len(ledger.splitlines()) == 4
    with (tmp_path / "trials.jsonl").open("a") as file:
        file.write('{"cell": ["train", "dra')  # a run that was killed while it wrote
    assert _run("planning", *options) == first
    assert len((tmp_path / "trials.jsonl").read_text().splitlines()) == 5


def test_models_choose_from_the_same_pools(tmp_path: Path) -> None:
    options = ["--scenes", "train", "--seeds", "1", "--takes", "2", "--models", "a2r-small"]
    options += ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    first = _run("pools", *options)
    cells = [cell.strip() for cell in first.splitlines()[2].split("|")]
    assert cells[1:3] == ["a2r-small", "train"]
    floor, ceiling, pools = float(cells[5]), float(cells[6]), int(cells[7])
    assert 0.0 <= floor <= ceiling <= 1.0
    assert pools == 7
    assert _run("pools", *options) == first  # nothing is collected again
