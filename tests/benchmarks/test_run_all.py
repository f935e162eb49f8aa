"""The tables in miniature: everything is made once, and a run that is repeated changes nothing."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("joblib", reason="needs the bench extra")
pytest.importorskip("metaworld", reason="needs the metaworld extra")
pytest.importorskip("stable_baselines3", reason="needs the sb3 extra")

ROOT = Path(__file__).resolve().parents[2]
C2R = ("c2r",) if importlib.util.find_spec("pybullet") else ()
TABLES = ("environments", "tasks", "ablations", "offline", "planning", "chains", "curves", *C2R)


def _run(out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "benchmarks/run_all.py", "--preset", "smoke", "--out", str(out), *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def _entry(folder: Path) -> str:
    """Write down the toy that the README shows."""
    text = (ROOT / "benchmarks/README.md").read_text()
    found = re.search(r"```python\n(.+?)```", text, flags=re.DOTALL)
    assert found is not None
    (folder / "motion.py").write_text(found[1])
    return f"{folder / 'motion.py'}:Motion"


def test_a_dry_run_lists_cells_and_hours_and_makes_nothing(tmp_path: Path) -> None:
    done = _run(tmp_path / "out", "--dry-run", "--only", "environments", "planning", "--preset", "small")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    names = [line.split()[0] for line in lines if ": " in line and " min " in line]
    assert len(names) == len(set(names)) == int(lines[-2].split()[0])
    assert re.search(r"training: ours-human-6, fit, seed 0", done.stdout)
    assert re.search(r"environments: dvd-robot-only, viewpoint, seed 0", done.stdout)
    assert re.search(r"about \d+\.\d\d hours on 2 workers", lines[-1])
    assert not (tmp_path / "out").exists()


def test_seeds_may_be_chosen(tmp_path: Path) -> None:
    done = _run(tmp_path / "out", "--dry-run", "--only", "ablations", "--preset", "protocol", "--seeds", "1")
    assert done.returncode == 0, done.stderr
    trained = [line for line in done.stdout.splitlines() if "training: " in line]
    assert trained
    assert all(line.endswith("seed 1") for line in trained)


def test_an_unknown_table_is_named_with_those_that_there_are(tmp_path: Path) -> None:
    done = _run(tmp_path, "--dry-run", "--only", "enviroments")
    assert done.returncode != 0
    assert "environments" in done.stderr.splitlines()[-1]


@pytest.mark.timeout(1800)  # other processes may share the cores; alone it takes a minute or so
def test_every_table_is_made_once_with_an_entry_of_ones_own(tmp_path: Path) -> None:
    entry = _entry(tmp_path)
    out = tmp_path / "out"
    first = _run(out, "--entry", entry)
    assert first.returncode == 0, first.stdout[-3000:] + first.stderr[-3000:]
    ledger, table = (out / "ledger.jsonl").read_text(), (out / "results.csv").read_text()
    rows = [json.loads(line) for line in ledger.splitlines()]
    assert len({row["id"] for row in rows}) == len(rows)
    assert {row["cell"]["table"] for row in rows} == {*TABLES, "training"}
    status = {(row["cell"]["method"], row["status"]) for row in rows}
    assert {state for method, state in status if method == "vlm-rm"} == {"needs weights"}
    assert {state for method, state in status if method != "vlm-rm"} == {"done"}
    _check_report(out, list(csv.DictReader(table.splitlines())))

    assert _run(out, "--entry", entry).returncode == 0
    again = [json.loads(line) for line in (out / "ledger.jsonl").read_text().splitlines()[len(rows) :]]
    assert {row["cell"]["method"] for row in again} == {"vlm-rm"}  # what lacks weights is tried again, nothing else
    assert (out / "results.csv").read_text() == table

    ledger = (out / "ledger.jsonl").read_text()
    assert _run(out, "--entry", entry, "--report").returncode == 0
    assert (out / "ledger.jsonl").read_text() == ledger  # nothing is run
    assert (out / "results.csv").read_text() == table


def _check_report(out: Path, records: list[dict[str, str]]) -> None:
    for name in TABLES:
        assert {record["kind"] for record in records if record["table"] == name} == {"method", "floor", "ceiling"}
    mine = {record["table"] for record in records if record["row"] == "motion.py:Motion" and record["value"]}
    assert mine == {"environments", "tasks", "offline", *C2R}
    assert {record["text"] for record in records if record["row"] == "vlm-rm"} == {"needs weights"}
    [told] = [
        r["text"] for r in records if r["table"] == "tasks" and r["row"] == "ours" and r["column"].endswith("+ 6")
    ]
    assert told == "0.6933"
    report, page = (out / "report.md").read_text(), (out / "report.html").read_text()
    for text in (report, page):
        assert "Human clips are rendered hands that stand in for Something-Something V2." in text
        assert "What differs: human clips" in text
        assert "Hardware: " in text
    assert page.count("<svg") == len(TABLES) + 1  # the agents' curves
    assert not re.search(r"(src|href)=[\"']http", page)
