"""Can somebody who has not seen the labels name what human clips show?

    python benchmarks/blind_reading.py draw --human data/hands --out runs/blind    # sheets, answers.csv
    python benchmarks/blind_reading.py grade runs/blind/answers.csv --human data/hands

Fill ``answers.csv`` in with the number of one of Something-Something V2's templates for each clip, then grade it. An
answer counts only where it is the very template; several templates fit many clips.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from a2r_gym.contact_sheet import draw_sheet
from a2r_gym.errors import DataError
from a2r_gym.metrics import Estimate, wilson
from a2r_gym.whole_file import whole_file
from a2r_train.data.something_something import HumanClip, SomethingSomething
from a2r_train.data.ssv2_templates import TEMPLATES

__all__ = ["draw", "grade", "main"]

_FRAMES: Final = 8
_SIZE: Final = (220, 132)
_A_SHEET: Final = 10


def draw(human: Path, out: Path, *, clips: int = 60, seed: int = 0) -> list[Path]:
    """Draw clips without their labels, and a table to fill in.

    Args:
        human: Something-Something V2 or the output of ``a2r hands``.
        out: Folder.
        clips: How many.
        seed: Of the choice.

    Returns:
        The sheets.

    Raises:
        DataError: There are answers already, or fewer clips.
    """
    answers = out / "answers.csv"
    if answers.exists():
        raise DataError(f"{answers} is there already: grade it, or draw into another folder")
    data = SomethingSomething(human)
    known = data.select()
    if len(known) < clips:
        raise DataError(f"{human} has {len(known)} training clips, asked for {clips}")
    picked = [known[place] for place in np.random.default_rng(seed).choice(len(known), clips, replace=False)]
    sheets = []
    for begin in range(0, clips, _A_SHEET):
        shown = picked[begin : begin + _A_SHEET]
        captions = [f"clip {clip.id}" for clip in shown]
        sheets.append(draw_sheet(np.stack([_strip(data, clip) for clip in shown]), captions, out / f"{begin:03d}.png"))
    with whole_file(answers) as part:
        part.write_text("".join(["clip,template\n", *(f"{clip.id},\n" for clip in picked)]), encoding="utf-8")
    return sheets


def _strip(data: SomethingSomething, clip: HumanClip) -> NDArray[np.uint8]:
    video = data.video(clip)
    places = np.rint(np.linspace(0, len(video) - 1, _FRAMES)).astype(int)
    return np.stack([np.asarray(Image.fromarray(video[place]).resize(_SIZE)) for place in places])


def grade(answers: Path, human: Path) -> tuple[Estimate, list[str]]:
    """Compare answers with the labels.

    Args:
        answers: The table, filled in.
        human: The clips' folder.

    Returns:
        The share that is right, and a line for each that is wrong.

    Raises:
        DataError: A clip is unknown, or an answer is no template's number.
    """
    known = {clip.id: clip for clip in SomethingSomething(human).select()}
    names = {template.id: template.name for template in TEMPLATES}
    wrong, count = [], 0
    with answers.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            count += 1
            try:
                clip, said = known[int(row["clip"])], names[int(row["template"])]
            except (KeyError, ValueError, TypeError) as error:
                raise DataError(f"{answers}: {row} names no clip of {human} and one of 174 templates") from error
            if said != names[clip.template]:
                wrong.append(f"clip {clip.id}: {said!r}, and it is {clip.sentence!r}")
    return wilson(count - len(wrong), count), wrong


def main(argv: Sequence[str] | None = None) -> int:
    """Draw or grade."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    drawing = verbs.add_parser("draw", help="sheets without labels and a table to fill in")
    drawing.add_argument("--out", type=Path, default=Path("runs/blind"))
    drawing.add_argument("--clips", type=int, default=60)
    drawing.add_argument("--seed", type=int, default=0)
    grading = verbs.add_parser("grade", help="compare a table that was filled in with the labels")
    grading.add_argument("answers", type=Path)
    for verb in (drawing, grading):
        verb.add_argument("--human", type=Path, default=Path("data/hands"))
    args = parser.parse_args(argv)
    if args.verb == "draw":
        sheets = draw(args.human, args.out, clips=args.clips, seed=args.seed)
        print(f"{len(sheets)} sheets and {args.out / 'answers.csv'}, to be filled in with numbers of templates")
        return 0
    share, wrong = grade(args.answers, args.human)
    print("\n".join([*wrong, f"{share.value:.3f} [{share.low:.3f}, {share.high:.3f}] of {share.n} are right"]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
