"""Every table of the paper, in one command.

    python benchmarks/run_all.py --preset smoke                    # a few minutes, data of its own, numbers of no worth
    python benchmarks/run_all.py --preset small --dry-run          # cells and hours
    python benchmarks/run_all.py --preset small --only environments tasks
    python benchmarks/run_all.py --preset full --backend dask --scheduler tcp://HOST:8786
    python benchmarks/run_all.py --preset small --entry their/model.py:TheirModel

Run it again to go on: what the ledger holds is not run twice. The exit status is 1 where a cell failed, and 0 else; a
cell that lacks weights has not failed. README.md beside this file tells more.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the tables are a package beside this file

from benchmarks.cells import DONE, FAILED, Job, Results, Setup
from benchmarks.data import human_source, prepare
from benchmarks.execution import Execution, run_jobs
from benchmarks.ledger import Ledger
from benchmarks.methods import TRAINING, is_recipe
from benchmarks.paper import DIFFERS, HANDS
from benchmarks.plan import make_plan, needed_sources
from benchmarks.presets import PRESETS, Preset, get_preset
from benchmarks.report import Report, hardware, versions
from benchmarks.tables import TABLES, find_table


def main(argv: Sequence[str] | None = None) -> int:
    """Make what is missing of data and cells, write the report.

    Args:
        argv: Arguments of the command line; None: the process's own.

    Returns:
        1 where a cell failed, else 0.
    """
    args = _parser().parse_args(argv)
    setup = _setup(args)
    tables = _tables(args.only or [name for name in TABLES if name != TRAINING], setup.preset)
    execution = Execution(workers=args.workers, backend=args.backend, scheduler=args.scheduler)
    if args.dry_run:
        _print_plan(make_plan(tables, setup), setup, tables, args)
        return 0
    if not args.report:
        prepare(setup, needed_sources(tables, setup), args.workers)
    jobs = make_plan(tables, setup)
    ledger = Ledger(setup.out / "ledger.jsonl")
    if not args.report:
        run_jobs(jobs, setup, ledger, execution)
    report = _report(jobs, tables, setup, ledger, ["python", *sys.argv] if argv is None else ["run_all", *argv])
    print(report.to_markdown())
    print("wrote " + ", ".join(map(str, report.save(setup.out))))
    return int(any(outcome.status == FAILED for job in jobs if (outcome := ledger.outcome(job.id))))


def _tables(asked: Sequence[str], preset: Preset) -> list[str]:
    """Name each table once; those that a preset leaves out are told."""
    cells = {name: find_table(name).cells(preset) for name in asked}
    if without := [name for name, mine in cells.items() if not mine]:
        print(f"left out, without cells in preset {preset.name}: {', '.join(without)}")
    return [name for name, mine in cells.items() if mine]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="smoke", choices=PRESETS, help="how much")
    parser.add_argument("--only", nargs="+", metavar="TABLE", help=f"of {', '.join(TABLES)}; default: all")
    parser.add_argument("--dry-run", action="store_true", help="list cells and hours, run nothing")
    parser.add_argument("--report", action="store_true", help="run nothing, report what the ledger holds")
    parser.add_argument("--out", type=Path, help="default: runs/tables-PRESET")
    parser.add_argument("--data", type=Path, default=Path("data"), help="robot collections; made where missing")
    parser.add_argument("--human", type=Path, help="SS-V2 or hands; default: DATA/hands-protocol, made where missing")
    parser.add_argument("--seeds", nargs="+", type=int, metavar="SEED", help="of training; default: the preset's")
    parser.add_argument("--entry", action="append", default=[], metavar="PATH.py:CLASS", help="a model of your own")
    parser.add_argument("--weights", metavar="ARCH/PATH", help="open_clip's, for baselines without training")
    parser.add_argument("--workers", type=int, default=2, help="processes on this machine")
    parser.add_argument("--threads", type=int, default=1, help="of each training")
    parser.add_argument("--backend", default="processes", choices=("processes", "dask"))
    parser.add_argument("--scheduler", default="", metavar="ADDRESS", help="of Dask, for example tcp://HOST:8786")
    return parser


def _setup(args: argparse.Namespace) -> Setup:
    preset = get_preset(args.preset).with_weights(args.weights)
    preset = replace(preset, entries=tuple(str(Path(entry).resolve()) for entry in args.entry))
    preset = replace(preset, seeds=tuple(dict.fromkeys(args.seeds))) if args.seeds else preset
    out = (args.out or Path(f"runs/tables-{preset.name}")).resolve()
    data = out / "data" if preset.own_data else args.data.resolve()
    human = args.human.resolve() if args.human and not preset.own_data else data / "hands-protocol"
    return Setup(preset=preset, out=out, data=data, human=human, threads=args.threads)


def _print_plan(jobs: Sequence[Job], setup: Setup, tables: Sequence[str], args: argparse.Namespace) -> None:
    path = setup.out / "ledger.jsonl"
    ledger = Ledger(path) if path.exists() else None
    left = 0.0
    for job in jobs:
        done = ledger is not None and ledger.is_done(job.id)
        left += 0.0 if done else job.seconds
        print(f"{job.id}  {'done' if done else f'{job.seconds / 60:5.1f} min'}  {job.cell}")
    print(f"{len(jobs)} cells of {', '.join(tables)} and their trainings, on the data {needed_sources(tables, setup)}")
    print(f"about {left / 3600 / args.workers:.2f} hours on {args.workers} workers, without the making of data")


def _report(jobs: Sequence[Job], tables: Sequence[str], setup: Setup, ledger: Ledger, command: list[str]) -> Report:
    outcomes = {job.cell: (job, found) for job in jobs if (found := ledger.outcome(job.id))}
    source = human_source(setup)
    trained = any(is_recipe(job.cell.method) for job in jobs)
    drawn = []
    for name in dict.fromkeys([*([TRAINING] if trained else []), *tables]):
        table = find_table(name)
        mine = {cell: outcome for cell, (job, outcome) in outcomes.items() if cell.table == table.NAME}
        rendered = table.render(Results(preset=setup.preset, outcomes=mine, human_source=source))
        hands = [HANDS] if source == "hands" and any(is_recipe(cell.method) for cell in mine) else []
        drawn.append(replace(rendered, notes=(*rendered.notes, *hands)))
    done = sum(outcome.status == DONE for _, outcome in outcomes.values())
    minutes = sum(outcome.seconds for _, outcome in outcomes.values()) / 60
    facts = [
        f"Command: `{' '.join(command)}`",
        f"{done} of {len(jobs)} cells have results, {minutes:.1f} minutes of work; preset {setup.preset.name}, "
        f"training seeds {', '.join(map(str, setup.preset.seeds))}, {setup.preset.steps or 'all'} steps",
        "Versions: " + ", ".join(f"{package} {number}" for package, number in versions().items()),
        f"Hardware: {hardware()}",
        DIFFERS,
        *([HANDS] if source == "hands" else []),
        *(
            ["This preset only shows that everything runs: its numbers are of no worth."]
            if setup.preset.own_data
            else []
        ),
    ]
    troubles = [
        f"{cell}: {outcome.status}: {outcome.error}"
        for cell, (_, outcome) in outcomes.items()
        if outcome.status != DONE
    ]
    return Report(title=f"Tables, preset {setup.preset.name}", facts=facts, tables=drawn, troubles=troubles)


if __name__ == "__main__":
    sys.exit(main())
