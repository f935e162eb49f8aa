"""Cells are run once and none is lost, whatever becomes of a cell, of a process or of the whole run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("joblib", reason="needs the bench extra")

from a2r_gym.errors import DataError
from benchmarks.cells import Cell, Job, Setup, identity
from benchmarks.execution import Execution, run_jobs
from benchmarks.ledger import Ledger
from benchmarks.presets import get_preset
from tests.benchmarks import toy_table

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "training")])}
DRIVER = """
import sys
from pathlib import Path
from tests.benchmarks.test_execution import jobs, setup
from benchmarks.execution import Execution, run_jobs
from benchmarks.ledger import Ledger
here = setup(Path(sys.argv[1]), "slow", range(8))
run_jobs(jobs(here), here, Ledger(here.out / "ledger.jsonl"), Execution(workers=2))
"""


def setup(out: Path, methods: str, seeds: range) -> Setup:
    preset = replace(get_preset("smoke"), families=tuple(methods.split()), seeds=tuple(seeds))
    return Setup(preset=preset, out=out, data=out, human=out)


def jobs(here: Setup) -> list[Job]:
    cells = toy_table.cells(here.preset)
    return [Job(identity(cell, 1, toy_table.config(cell, here.preset), [], ""), cell, 1.0) for cell in cells]


def _ran(out: Path) -> Counter[str]:
    return Counter(path.name.rpartition("-")[0] for path in (out / "ran").iterdir())


def _ids(out: Path) -> list[str]:
    return [json.loads(line)["id"] for line in (out / "ledger.jsonl").read_text().splitlines()]


def test_a_name_changes_with_all_that_a_result_follows_from() -> None:
    cell = Cell("toy", "fine", "here", 0)
    names = {
        identity(cell, 1, {"steps": 3}, ["data"], "weights"),
        identity(cell._replace(seed=1), 1, {"steps": 3}, ["data"], "weights"),
        identity(cell, 2, {"steps": 3}, ["data"], "weights"),
        identity(cell, 1, {"steps": 4}, ["data"], "weights"),
        identity(cell, 1, {"steps": 3}, ["others"], "weights"),
        identity(cell, 1, {"steps": 3}, ["data"], "others"),
    }
    assert len(names) == 6
    assert identity(cell, 1, {"steps": 3}, ["data"], "weights") in names


def test_what_is_done_is_not_run_again_and_failures_are_named_while_the_rest_goes_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    here = setup(tmp_path, "raises weightless fine", range(1))
    planned = jobs(here)
    for _ in range(2):
        run_jobs(planned, here, Ledger(tmp_path / "ledger.jsonl"), Execution(workers=1))
    assert _ran(tmp_path) == {"raises-0": 2, "weightless-0": 2, "fine-0": 1}
    told = Ledger(tmp_path / "ledger.jsonl")
    outcomes = {job.cell.method: told.outcome(job.id) for job in planned}
    assert {method: outcome.status for method, outcome in outcomes.items() if outcome is not None} == {
        "raises": "failed", "weightless": "needs weights", "fine": "done",
    }  # fmt: skip
    assert outcomes["raises"] is not None
    assert outcomes["raises"].error.startswith("DataError: the toy breaks here (see logs/")
    printed = capfd.readouterr()
    assert "tests.benchmarks.toy_table: raises, here, seed 0: failed: DataError: the toy breaks here" in (
        printed.out + printed.err
    )
    assert "said by a cell" not in printed.out
    assert "said by a cell" in (tmp_path / f"logs/{planned[2].id}.txt").read_text()


def test_a_cell_whose_training_failed_is_not_run(tmp_path: Path) -> None:
    here = setup(tmp_path, "fine raises", range(1))
    fine, training = jobs(here)
    fine = fine._replace(model_id=training.id)
    ledger = Ledger(tmp_path / "ledger.jsonl")
    run_jobs([training, fine], here, ledger, Execution(workers=1))
    assert _ran(tmp_path) == {"raises-0": 1}
    found = ledger.outcome(fine.id)
    assert found is not None
    assert found.status == "failed"
    assert found.error.startswith("its training failed: DataError: the toy breaks here")


@pytest.mark.timeout(600)
def test_a_process_that_dies_takes_only_its_own_cell_with_it(tmp_path: Path) -> None:
    here = setup(tmp_path, "slow dies", range(2))
    ledger = Ledger(tmp_path / "ledger.jsonl")
    planned = jobs(here)
    run_jobs(planned, here, ledger, Execution(workers=2))
    for job in planned:
        found = ledger.outcome(job.id)
        assert found is not None
        assert found.status == ("failed" if job.cell.method == "dies" else "done")
        assert job.cell.method != "dies" or "its process died" in found.error
    assert sorted(_ids(tmp_path)) == sorted(job.id for job in planned)


@pytest.mark.timeout(600)
def test_a_killed_run_goes_on_with_no_cell_twice_and_none_lost(tmp_path: Path) -> None:
    command = [sys.executable, "-c", DRIVER, str(tmp_path)]
    ledger = tmp_path / "ledger.jsonl"
    process = subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    while process.poll() is None and (not ledger.exists() or ledger.read_text().count("\n") < 2):
        time.sleep(0.05)
    process.kill()
    process.wait()
    finished = set(_ids(tmp_path))
    assert 2 <= len(finished) < 8
    with ledger.open("a") as file:
        file.write('{"id": "cut o')
    subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, check=True, stderr=subprocess.DEVNULL)
    planned = jobs(setup(tmp_path, "slow", range(8)))
    assert sorted(_ids(tmp_path)) == sorted(job.id for job in planned)
    ran = _ran(tmp_path)
    assert all(ran[f"slow-{job.cell.seed}"] == 1 for job in planned if job.id in finished)
    assert len(ran) == 8


def test_dask_needs_a_scheduler_and_processes_need_none() -> None:
    with pytest.raises(DataError, match="--backend dask --scheduler"):
        Execution(backend="dask")
    with pytest.raises(DataError, match="--backend dask --scheduler"):
        Execution(scheduler="tcp://localhost:8786")


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """Start a scheduler and two workers, each a process of its own; gives the address."""
    pytest.importorskip("distributed", reason="needs the bench extra")
    file = tmp_path / "scheduler.json"
    start = {
        "dask_scheduler": ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"],
        "dask_worker": ["--nthreads", "1", "--no-nanny", "--no-dashboard"],
    }
    processes = []
    with (tmp_path / "dask.txt").open("w") as log:
        for part in ("dask_scheduler", "dask_worker", "dask_worker"):
            command = [sys.executable, "-m", f"distributed.cli.{part}", *start[part], "--scheduler-file", str(file)]
            processes.append(subprocess.Popen(command, cwd=tmp_path, env=ENVIRONMENT, stdout=log, stderr=log))
    try:
        while not file.exists() or not file.read_text():
            assert processes[0].poll() is None, (tmp_path / "dask.txt").read_text()
            time.sleep(0.1)
        yield json.loads(file.read_text())["address"]
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


@pytest.mark.timeout(600)
def test_dask_runs_cells_on_its_workers_over_tcp(tmp_path: Path, scheduler: str) -> None:
    from distributed import Client

    assert scheduler.startswith("tcp://")
    with Client(scheduler, set_as_default=False) as client:
        client.wait_for_workers(2)
    here = setup(tmp_path / "out", "slow raises", range(4))
    planned = jobs(here)
    ledger = Ledger(here.out / "ledger.jsonl")
    run_jobs(planned, here, ledger, Execution(backend="dask", scheduler=scheduler))
    assert sorted(_ids(here.out)) == sorted(job.id for job in planned)
    found = {job.cell: ledger.outcome(job.id) for job in planned}
    processes = {outcome.result["process"] for outcome in found.values() if outcome and outcome.status == "done"}
    assert len(processes) == 2
    assert os.getpid() not in processes
    assert [outcome.status for cell, outcome in found.items() if outcome and cell.method == "raises"] == ["failed"] * 4
