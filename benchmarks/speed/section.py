"""What a section of the throughput benchmark is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.speed.clock import Timing

__all__ = ["FULL", "QUICK", "TASK", "Run", "Section", "Size"]

TASK = "drawer-close"
"""Meta-World's task that all loops run."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured.

    Attributes:
        rounds: Of every section that times.
        steps: Of the fast arms in each round.
        slow_steps: Of the arms that render as Gymnasium does.
        lengths: Of episodes, steps.
        envs: In one batch.
        instructions: For one video.
        seconds: Of each run of the worker processes.
        frames: Over which memory must stay flat.
        cycles: Of opening and closing an environment, likewise.
        clips: Of the training epoch.
        tasks: Whose episodes the runtimes are compared on.
        population: Candidates of a plan.
    """

    rounds: int = 7
    steps: int = 40
    slow_steps: int = 2
    lengths: tuple[int, ...] = (50, 500, 5000)
    envs: tuple[int, ...] = (1, 2, 4, 8)
    instructions: tuple[int, ...] = (1, 10, 100)
    seconds: float = 4.0
    frames: int = 50_000
    cycles: int = 200
    clips: int = 96
    tasks: int = 12
    population: int = 100


FULL = Size()
QUICK = Size(
    rounds=1, steps=2, slow_steps=1, lengths=(3, 6), envs=(1, 2), instructions=(1, 2), seconds=0.2, frames=20,
    cycles=2, clips=24, tasks=1, population=2,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Section:
    """What a section measured.

    Attributes:
        title: Headline of its table.
        unit: What one unit of its timings is.
        timings: By arm.
        numbers: Everything else, by name.
        notes: What one must know to read it.
    """

    title: str
    unit: str = "step"
    timings: Mapping[str, Timing] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {
            "title": self.title,
            "unit": self.unit,
            "timings": {name: timing.record() for name, timing in self.timings.items()},
            "numbers": dict(self.numbers),
            "notes": list(self.notes),
        }


Run = Callable[[Size], Section]
