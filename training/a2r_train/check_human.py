"""``a2r check-human``: say which clips of Something-Something V2, or of the stand-in, are missing or damaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from a2r_train.data.dataset_files import write_json
from a2r_train.data.integrity import check_integrity

__all__ = ["CheckArgs", "main"]


@dataclass(frozen=True, kw_only=True)
class CheckArgs:
    """Check human clips, for example ``a2r check-human --data data/something-something-v2 --out report.json``.

    Ends with 0 where every clip is there, has its frames and can be decoded, else with 1.

    Attributes:
        data: Folder in Something-Something V2's layout.
        out: JSON file for the whole report; None: it is only printed, with the first ids of each kind.
        sample: Decode only that many clips, drawn at random; 0: all. Missing files are looked for in any case.
        seed: Of the draw.
    """

    data: Path
    out: Path | None = None
    sample: int = 0
    seed: int = 0


def main(argv: Sequence[str] | None = None) -> int:
    """Check and print.

    Args:
        argv: Arguments of the command line; None: the process's own.

    Returns:
        0 where all is whole, else 1.
    """
    import tyro

    args = tyro.cli(CheckArgs, args=argv, prog="a2r check-human")
    report = check_integrity(args.data, sample=args.sample, seed=args.seed)
    print(report)
    if args.out is not None:
        write_json(report.as_json(), args.out)
    return 0 if report.is_whole else 1


if __name__ == "__main__":
    raise SystemExit(main())
