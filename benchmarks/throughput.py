"""How fast is the reward loop? Steps, pictures, encoder, head and the whole, against what others do.

    python benchmarks/throughput.py                        # everything, about ten minutes on two quiet cores
    python benchmarks/throughput.py --only loop parts      # some sections; the others' results stay
    python benchmarks/throughput.py --resume               # what an earlier run has not measured
    python benchmarks/throughput.py --quick --out out/try  # a miniature: numbers of no worth

Everything runs on one core and one thread, arms in turn. Times are CPU seconds of the process, so that they hold beside
others; how much of the core these took stands beside them. OUT holds results.json, report.md and loop.svg.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "LP_NUM_THREADS": "0"}
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the sections are a package beside this file

from a2r_gym.whole_file import whole_file
from benchmarks.report import hardware, versions
from benchmarks.speed.clock import CORES, pin
from benchmarks.speed.demands import demands_table
from benchmarks.speed.report import draw, section_table
from benchmarks.speed.section import FULL, QUICK, Size

SECTIONS: Final = {
    "parts": "benchmarks.speed.parts:parts",
    "pictures": "benchmarks.speed.parts:pictures",
    "loop": "benchmarks.speed.whole_loop:whole_loop",
    "fidelity": "benchmarks.speed.fidelity:fidelity",
    "episodes": "benchmarks.speed.growth:episodes",
    "batches": "benchmarks.speed.growth:batches",
    "plans": "benchmarks.speed.plans:plans",
    "training": "benchmarks.speed.learning:learning",
    "workers": "benchmarks.speed.processes:workers",
    "memory": "benchmarks.speed.processes:memory",
}
"""Section -> "module:function"."""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure the sections, each written as soon as it is done.

    Args:
        argv: Arguments of the command line; None: the process's own.

    Returns:
        0.
    """
    args = _parser().parse_args(argv)
    warnings.simplefilter("ignore")
    path = args.out / "results.json"
    results: dict[str, Any] = json.loads(path.read_text()) if path.exists() and (args.resume or args.only) else {}
    sections: dict[str, Any] = results.setdefault("sections", {})
    results |= {"hardware": hardware(), "versions": dict(versions()), "quick": args.quick}
    size = QUICK if args.quick else FULL
    size = replace(size, rounds=args.rounds or size.rounds, frames=args.frames or size.frames)
    pin(CORES[0])
    _one_thread()
    for name in args.only or SECTIONS:
        if args.resume and name in sections:
            continue
        sections[name] = _measure(name, size)
        print("\n" + "\n".join(section_table(sections[name])), flush=True)
        with whole_file(path) as part:
            part.write_text(json.dumps(results, indent=1))
    lines = _report(results)
    (args.out / "report.md").write_text(lines)
    draw(sections, args.out / "loop.svg")
    print(lines.split("## ", 1)[0] + f"wrote {path} and the report beside it")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, help="sections to measure (again)")
    parser.add_argument("--resume", action="store_true", help="leave out what OUT holds already")
    parser.add_argument("--quick", action="store_true", help="a miniature that shows that everything runs")
    parser.add_argument("--rounds", type=int, help=f"of each section; default: {FULL.rounds}")
    parser.add_argument("--frames", type=int, help=f"that memory must stay flat over; default: {FULL.frames}")
    parser.add_argument("--out", type=Path, default=Path("runs/throughput"))
    return parser


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _measure(name: str, size: Size) -> dict[str, Any]:
    module, function = SECTIONS[name].split(":")
    start = time.perf_counter()
    section = getattr(importlib.import_module(module), function)(size)
    return {**section.record(), "seconds": time.perf_counter() - start}


def _report(results: dict[str, Any]) -> str:
    sections = results["sections"]
    lines = [
        "# Throughput",
        "",
        f"- Hardware: {results['hardware']}; one core, one thread",
        "- Versions: " + ", ".join(f"{package} {number}" for package, number in results["versions"].items()),
        "- Ratios are medians over rounds of CPU seconds, all arms interleaved",
        *(["- A miniature: these numbers are of no worth"] if results["quick"] else []),
        "",
        *demands_table(sections),
        "",
    ]
    for name in SECTIONS:
        if name in sections:
            lines += section_table(sections[name])
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
