"""What the throughput benchmark runs in processes of their own; one JSON line each.

python -m benchmarks.speed.worker loop CORE SECONDS    # runs when it reads a line, stops after the seconds
python -m benchmarks.speed.worker busy CORE            # computes until it is ended
python -m benchmarks.speed.worker frames CORE COUNT    # the whole loop over so many frames, and its memory
python -m benchmarks.speed.worker cycles CORE COUNT    # opens and closes an environment so many times
python -m benchmarks.speed.worker envs CORE COUNT      # memory of environments that share a model
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "LP_NUM_THREADS": "0"}

import numpy as np
import psutil

from benchmarks.speed.clock import pin

__all__ = ["main"]

_SAMPLES = 10
"""Points at which memory is read."""


def main() -> None:
    """Do what the command line says."""
    what, core, amount = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
    pin(core)
    tell = {"loop": _loop, "busy": _busy, "frames": _frames, "cycles": _cycles, "envs": _envs}[what](amount)
    print(json.dumps(tell), flush=True)


def _busy(_: float) -> dict[str, Any]:
    matrix = np.random.default_rng(0).standard_normal((256, 256))
    while True:
        matrix = np.tanh(matrix @ matrix)


def _loop(seconds: float) -> dict[str, Any]:
    """Run the loop for some seconds, each time a line comes in."""
    import torch

    from benchmarks.speed.loops import OurLoop

    torch.set_num_threads(1)
    loop = OurLoop()
    loop.run(20)
    print(json.dumps({"ready": True}), flush=True)
    for _ in sys.stdin:
        steps, wall, cpu = 0, time.perf_counter(), time.process_time()
        while time.perf_counter() - wall < seconds:
            loop.run(5)
            steps += 5
        passed = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        print(json.dumps({"steps": steps, **passed}), flush=True)
    return {"ended": True}


def _frames(count: float) -> dict[str, Any]:
    import torch

    from benchmarks.speed.loops import OurLoop

    torch.set_num_threads(1)
    loop = OurLoop(100)
    return _watch(loop.run, int(count))


def _cycles(count: float) -> dict[str, Any]:
    import torch

    from benchmarks.speed.loops import OurLoop, reward_model

    torch.set_num_threads(1)
    reward_model()

    def cycle(times: int) -> None:
        for _ in range(times):
            loop = OurLoop()
            loop.run(2)
            loop.env.close()

    return _watch(cycle, int(count))


def _envs(count: float) -> dict[str, Any]:
    import torch

    from benchmarks.speed.loops import OurLoop, reward_model

    torch.set_num_threads(1)
    reward_model()
    memory, loops = [], []
    for _ in range(int(count)):
        loops.append(OurLoop())
        loops[-1].run(20)
        memory.append(_memory())
    return {"memory_mb": memory, "each_mb": (memory[-1] - memory[0]) / (len(memory) - 1)}


def _watch(run: Callable[[int], None], count: int) -> dict[str, Any]:
    """Run in parts; memory after each, the first tenth being left to warm up."""
    part = max(1, count // _SAMPLES)
    memory = []
    for _ in range(_SAMPLES):
        run(part)
        memory.append(_memory())
        print(f"{len(memory)}/{_SAMPLES}", file=sys.stderr, flush=True)
    return {"memory_mb": memory, "grown_mb": memory[-1] - memory[0], "count": part * _SAMPLES}


def _memory() -> float:
    """Return this process's resident memory in MB."""
    return float(psutil.Process().memory_info().rss) / 1e6


if __name__ == "__main__":
    main()
