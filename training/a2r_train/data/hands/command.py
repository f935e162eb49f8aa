"""``a2r hands``: render a stand-in for Something-Something V2 in its exact layout."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from a2r_train.data.dataset_files import read_json
from a2r_train.data.hands.dataset import HandsConfig, make_hands
from a2r_train.data.something_something import SIDE_FILE
from a2r_train.data.ssv2_templates import TEMPLATES

__all__ = ["HandsArgs", "main"]


@dataclass(frozen=True, kw_only=True)
class HandsArgs:
    """Render human clips, for example ``a2r hands --out data/hands --seed 0 --clips 5000 --workers 2``.

    Hands open, close, push, lift, turn and cover things before cameras, in places and lights that are drawn anew for
    each clip. The folder has the layout of Something-Something V2, and everything that reads one reads the other.

    Attributes:
        out: Folder; a run that was cut off there goes on.
        seed: Other seeds give other clips.
        clips: How many.
        templates: Only these of SS-V2's templates, by id, for example 5 46.
        workers: Processes.
        sheets: Whether to draw contact sheets into ``out/sheets``.
    """

    out: Path
    seed: int = 0
    clips: int = 5000
    templates: tuple[int, ...] = ()
    workers: int = 2
    sheets: bool = True


def main(argv: Sequence[str] | None = None) -> int:
    """Render, and say what there is.

    Args:
        argv: Arguments of the command line; None: the process's own.

    Returns:
        0.
    """
    import tyro

    args = tyro.cli(HandsArgs, args=argv, prog="a2r hands")
    config = HandsConfig(seed=args.seed, num_clips=args.clips, templates=args.templates)
    begin = time.monotonic()
    made = make_hands(config, args.out, workers=args.workers)
    if made:
        pace = 60 * made / (time.monotonic() - begin)
        print(f"{made} clips rendered, {pace:.0f} a minute with {args.workers} worker(s)")
    print(_table(args.out))
    if args.sheets:
        from a2r_train.data.hands.sheets import draw_template_sheets

        print(f"contact sheets: {len(draw_template_sheets(args.out, args.out / 'sheets'))} in {args.out / 'sheets'}")
    return 0


def _table(out: Path) -> str:
    clips = read_json(out / SIDE_FILE)["clips"].values()
    templates = np.array([clip["template"] for clip in clips])
    lines = [
        f"{np.sum(templates == number):6d}  {number:3d}  {TEMPLATES[number].text}" for number in np.unique(templates)
    ]
    return "\n".join([" clips   id  template", *lines])
