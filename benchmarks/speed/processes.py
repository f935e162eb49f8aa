"""Worker processes: two against one, one beside a busy process, and what memory they take."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.speed.clock import CORES, core_seconds
from benchmarks.speed.section import Section, Size

__all__ = ["memory", "workers"]

_ROOT = Path(__file__).resolve().parents[2]
_ENVS = 5
"""Environments whose memory is compared with one's."""


def workers(size: Size) -> Section:
    """Run the loop in one process, in two on a core each, and in one that shares its core with a busy process."""
    one_core, other_core = CORES[0], CORES[-1]
    rows: dict[str, list[dict[str, float]]] = {"one": [], "two": [], "busy": []}
    with _worker("loop", one_core, size.seconds) as one, _worker("loop", other_core, size.seconds) as two:
        _read(one), _read(two)
        for _ in tqdm(range(min(size.rounds, 3)), desc="workers", unit="round"):
            rows["one"].append(_together([one], [one_core]))
            rows["two"].append(_together([one, two], [one_core, other_core]))
            with _worker("busy", one_core):
                rows["busy"].append(_together([one], [one_core]))
    pace = {name: np.array([row["steps"] / row["wall"] for row in many]) for name, many in rows.items()}
    cost = {name: np.array([row["cpu"] / row["steps"] for row in many]) for name, many in rows.items()}
    numbers = {
        "steps a second, one worker": float(np.median(pace["one"])),
        "steps a second, two workers": float(np.median(pace["two"])),
        "two workers against one": float(np.median(pace["two"] / pace["one"])),
        "two workers against one, by CPU seconds": float(np.median(2 * cost["one"] / cost["two"])),
        "lost beside a busy process": float(np.median(1.0 - cost["one"] / cost["busy"])),
        "others, one worker": float(np.mean([row["others"] for row in rows["one"]])),
        "others, two workers": float(np.mean([row["others"] for row in rows["two"]])),
    }
    return Section(
        title="Worker processes",
        numbers=numbers,
        notes=(
            "By the clock; by CPU seconds it is what two workers would make were nothing else running. The busy "
            "process multiplies matrices on the worker's own core; the loss is in steps for each CPU second.",
        ),
    )


def memory(size: Size) -> Section:
    """Read the memory of processes that run for long; they use all cores, for nothing is timed."""
    one_core, other_core = CORES[0], CORES[-1]
    with (
        _worker("frames", other_core, size.frames) as frames,
        _worker("cycles", one_core, size.cycles) as cycles,
    ):
        opened = _read(cycles)
        with _worker("envs", one_core, _ENVS) as envs:
            several = _read(envs)
        looped = _read(frames)
    numbers = {
        "MB of each further environment": several["each_mb"],
        "MB of a process with one environment": several["memory_mb"][0],
        f"MB grown over {looped['count']} frames": looped["grown_mb"],
        f"MB grown over {opened['count']} opened and closed": opened["grown_mb"],
    }
    return Section(
        title="Memory",
        numbers=numbers,
        notes=("Resident memory; growth is from the end of the first tenth to the end.",),
    )


@contextmanager
def _worker(what: str, core: int, amount: float | None = None) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.speed.worker", what, str(core)]
    command += [] if amount is None else [str(amount)]
    with ExitStack() as stack:
        process = subprocess.Popen(command, cwd=_ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        stack.callback(process.wait)
        stack.callback(process.kill)
        yield process


def _together(processes: Sequence[subprocess.Popen[str]], cores: Sequence[int]) -> dict[str, float]:
    """Let workers run at once; returns their steps and CPU seconds in all, the longest wall time, what others took."""
    before = sum(map(core_seconds, cores))
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    rows = [_read(process) for process in processes]
    wall, cpu = max(row["wall"] for row in rows), sum(row["cpu"] for row in rows)
    others = (sum(map(core_seconds, cores)) - before - cpu) / (wall * len(cores))
    return {"steps": sum(row["steps"] for row in rows), "wall": wall, "cpu": cpu, "others": max(0.0, others)}


def _read(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"a worker ended without an answer, exit status {process.wait()}: {process.args}")
    answer: dict[str, Any] = json.loads(line)
    return answer
