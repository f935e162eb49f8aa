"""Run cells side by side: in processes here, or on the machines of a Dask cluster.

This process alone writes the ledger. A cell that fails is an outcome like any other; a process that dies takes its own
cell with it and no more.
"""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky.process_executor import BrokenProcessPool
from tqdm import tqdm

from a2r_gym.errors import DataError, MissingDependencyError, WeightsError
from a2r_train.worker_threads import one_thread_each
from benchmarks.cells import DONE, FAILED, NEEDS_WEIGHTS, Job, Outcome, Setup
from benchmarks.ledger import Ledger
from benchmarks.tables import find_table

__all__ = ["Execution", "run_cell", "run_jobs"]

LOGS: Final = "logs"


@dataclass(frozen=True, kw_only=True)
class Execution:
    """Where cells run.

    Attributes:
        workers: Processes on this machine; with Dask its workers count.
        backend: ``processes`` or ``dask``.
        scheduler: Address of Dask's, for example ``tcp://10.0.0.1:8786``.
    """

    workers: int = 2
    backend: str = "processes"
    scheduler: str = ""

    def __post_init__(self) -> None:
        """Check that they fit together.

        Raises:
            DataError: No workers, an unknown backend, or Dask without a scheduler.
            MissingDependencyError: Dask is not installed.
        """
        if self.workers < 1:
            raise DataError(f"workers must be at least 1, got {self.workers}")
        if self.backend not in ("processes", "dask"):
            raise DataError(f"backend must be processes or dask, got {self.backend!r}")
        if (self.backend == "dask") != bool(self.scheduler):
            raise DataError("Dask needs its scheduler: --backend dask --scheduler tcp://HOST:PORT; processes need none")
        if self.backend == "dask":
            try:
                import distributed  # noqa: F401
            except ImportError as error:
                raise MissingDependencyError("Dask is not installed: pip install 'a2r-gym[bench]'") from error

    @contextlib.contextmanager
    def activate(self) -> Iterator[None]:
        """Make joblib use it."""
        if self.backend == "dask":
            with parallel_config(backend="dask", scheduler_host=self.scheduler, wait_for_workers_timeout=60):
                yield
        else:
            with one_thread_each(), parallel_config(backend="loky", n_jobs=self.workers):
                yield


def run_jobs(jobs: Sequence[Job], setup: Setup, ledger: Ledger, execution: Execution) -> None:
    """Run what has no result yet, trainings first, and write every outcome as it comes.

    Args:
        jobs: See `benchmarks.plan.make_plan`.
        setup: Where they read and write.
        ledger: Where outcomes are kept.
        execution: Where they run.
    """
    left = [job for job in jobs if not ledger.is_done(job.id)]
    needed = {job.model_id for job in jobs if job.model_id}
    total = sum(job.seconds for job in left)
    form = "{l_bar}{bar}| {postfix[0]}/{postfix[1]} cells [{elapsed}<{remaining}]"
    with execution.activate(), tqdm(total=total, bar_format=form, postfix=[0, len(left)]) as bar:
        for stage in (
            [job for job in left if job.id in needed],
            [job for job in left if job.id not in needed],
        ):
            ready = []
            for job in stage:
                if job.model_id and not ledger.is_done(job.model_id):
                    _note(job, _without_model(job, ledger), ledger, bar)
                else:
                    ready.append(job)
            for job, outcome in _outcomes(ready, setup, execution):
                _note(job, outcome, ledger, bar)


def _without_model(job: Job, ledger: Ledger) -> Outcome:
    found = ledger.outcome(job.model_id)
    reason = found.error.splitlines()[0] if found is not None and found.error else "it was not run"
    return Outcome(FAILED if found is None else found.status, {}, f"its training failed: {reason}")


def _note(job: Job, outcome: Outcome, ledger: Ledger, bar: tqdm[None]) -> None:
    ledger.append(job, outcome, find_table(job.cell.table).VERSION)
    if outcome.status != DONE:
        bar.write(f"{job.cell}: {outcome.status}: {outcome.error}")
    bar.postfix[0] += 1
    bar.update(job.seconds)


def _outcomes(jobs: Sequence[Job], setup: Setup, execution: Execution) -> Iterator[tuple[Job, Outcome]]:
    """Yield outcomes as they come; where a process has died, the rest runs cell by cell, to find out whose it was."""
    waiting = {job.id: job for job in jobs}
    try:
        for job, outcome in _parallel(jobs, setup):
            yield waiting.pop(job.id), outcome
    except BrokenProcessPool:
        for job in list(waiting.values()):
            begin = time.monotonic()
            try:
                with parallel_config(backend="loky", n_jobs=2):  # one alone would run in this process
                    yield from _parallel([job], setup)
            except BrokenProcessPool as error:
                told = f"its process died (killed, or out of memory?): {error}".splitlines()[0]
                yield job, Outcome(FAILED, {}, told, time.monotonic() - begin)


def _parallel(jobs: Iterable[Job], setup: Setup) -> Iterator[tuple[Job, Outcome]]:
    found: Iterator[tuple[Job, Outcome]] = Parallel(return_as="generator_unordered", batch_size=1)(
        delayed(run_cell)(job, setup) for job in jobs
    )
    return found


def run_cell(job: Job, setup: Setup) -> tuple[Job, Outcome]:
    """Run a cell in a worker; what it prints goes to a log of its own.

    Args:
        job: The cell.
        setup: Where it reads and writes.

    Returns:
        The job and what became of it.
    """
    log = setup.out / LOGS / f"{job.id}.txt"
    log.parent.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    with log.open("a") as file, contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
        try:
            result, status, error = find_table(job.cell.table).run(job.cell, setup), DONE, ""
        except (WeightsError, MissingDependencyError) as missing:
            result, status, error = {}, NEEDS_WEIGHTS, str(missing)
        except Exception as failure:
            file.write(traceback.format_exc())
            result, status, error = {}, FAILED, f"{type(failure).__name__}: {failure} (see {_beside(log, setup.out)})"
    return job, Outcome(status, result, error, round(time.monotonic() - begin, 1))


def _beside(path: Path, root: Path) -> str:
    return str(path.relative_to(root))
