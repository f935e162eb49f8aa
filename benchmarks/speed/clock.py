"""Seconds of arms that run in turn on one core, and how much of that core others took meanwhile.

An arm's own CPU seconds stay right on a busy machine but for its caches; wall seconds do not. Ratios are taken within a
round, in which every arm runs once, so that both sides meet the same neighbours.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from tqdm import tqdm

__all__ = ["CORES", "Arm", "Timing", "core_seconds", "interleave", "own_core", "pin", "ratio", "repeat"]


class Arm(NamedTuple):
    """Something that is timed.

    Attributes:
        name: In tables and in the JSON file.
        run: Does it; called once in each round.
        units: How many units one call does, steps or frames.
    """

    name: str
    run: Callable[[], object]
    units: int = 1


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What the rounds gave, for one unit each.

    Attributes:
        cpu: Own CPU seconds.
        wall: Seconds.
        others: Share of the core that other processes took, in [0, 1].
    """

    cpu: tuple[float, ...]
    wall: tuple[float, ...]
    others: tuple[float, ...]

    @property
    def median(self) -> float:
        """Own CPU seconds of a unit, median over rounds."""
        return float(np.median(self.cpu))

    def record(self) -> dict[str, Any]:
        """Return it as JSON holds it, in milliseconds, with medians and quartiles."""
        low, middle, high = np.percentile(self.cpu, [25, 50, 75]) * 1e3
        return {
            "cpu_ms": middle,
            "cpu_ms_quartiles": [low, high],
            "wall_ms": float(np.median(self.wall)) * 1e3,
            "others": float(np.mean(self.others)),
            "rounds": asdict(self),
        }


def repeat(count: int, call: Callable[[], object]) -> Callable[[], None]:
    """Make one call of many, so that an arm lasts longer than the clock's tick."""

    def run() -> None:
        for _ in range(count):
            call()

    return run


CORES: Final = tuple(sorted(os.sched_getaffinity(0)))
"""Cores that this process was given when it started."""


def own_core() -> int:
    """Return the core that this process is pinned to, or the first of those that it may use."""
    return min(os.sched_getaffinity(0))


def pin(core: int) -> None:
    """Pin this process to a core: its threads, and those that they start."""
    for thread in Path("/proc/self/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})


def core_seconds(core: int) -> float:
    """Return how long a core was busy since the machine started, time stolen by its host included; in seconds."""
    line = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith(f"cpu{core} "))
    ticks = [int(field) for field in line.split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")  # not idle, not waiting for a disk


def interleave(arms: Sequence[Arm], rounds: int, what: str) -> dict[str, Timing]:
    """Run all arms in turn, once to warm them up and then in each round.

    Args:
        arms: They differ in name.
        rounds: >= 1.
        what: Shown beside the bar.
    """
    samples: dict[str, list[tuple[float, float, float]]] = {arm.name: [] for arm in arms}
    for arm in arms:
        arm.run()
    with tqdm(total=rounds * len(arms), desc=what, unit="arm", mininterval=1.0) as bar:
        for number in range(rounds):
            turn = number % len(arms)
            for arm in (*arms[turn:], *arms[:turn]):
                samples[arm.name].append(_time(arm))
                bar.update()
    return {
        name: Timing(cpu=tuple(cpu), wall=tuple(wall), others=tuple(others))
        for name, rows in samples.items()
        for cpu, wall, others in [zip(*rows, strict=True)]
    }


def _time(arm: Arm) -> tuple[float, float, float]:
    core = own_core()
    busy, wall, cpu = core_seconds(core), time.perf_counter(), time.process_time()
    arm.run()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    others = (core_seconds(core) - busy - cpu) / wall
    return cpu / arm.units, wall / arm.units, float(np.clip(others, 0.0, 1.0))


def ratio(slow: Timing, fast: Timing) -> float:
    """Return how many times as long one takes as another: the median of the rounds' ratios of CPU seconds."""
    return float(np.median(np.divide(slow.cpu, fast.cpu)))
