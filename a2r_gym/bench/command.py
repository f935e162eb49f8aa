"""``a2r bench``: measure a reward model on a folder of labelled videos."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from a2r_gym.bench.clips import read_labels
from a2r_gym.bench.evaluation import evaluate, open_store
from a2r_gym.bench.model_file import load_model
from a2r_gym.bench.plan import BenchConfig

__all__ = ["SCORES", "BenchArgs", "main"]

SCORES = "scores.csv"


@dataclass(frozen=True, kw_only=True)
class BenchArgs:
    """Measure a reward model on your videos, for example ``a2r bench a2r-small --data my_videos``.

    DATA holds videos and ``labels.csv`` with the columns video, instruction, success:

        video,instruction,success
        run_01.mp4,close the drawer,1
        run_02.mp4,close the drawer,0

    A model of your own is one file with a class that has ``score(videos, instructions)``: for each of a list of uint8
    (T, H, W, 3) a probability of success, or Scores: ``a2r bench my_model.py:MyModel --data my_videos``. The file is
    run, so run only what you trust.

    Each row stands beside a random score and a frame counter. What was scored is kept in OUT/scores.csv: after a stop
    the same command goes on.

    Attributes:
        model: A bundled name, a folder, or ``path.py:ClassName``.
        data: Folder of videos with ``labels.csv``.
        out: Folder for report.md, report.csv, report.json and scores.csv; None: out/bench/DATA/MODEL.
        max_frames: Of a longer video as many frames are scored, evenly spread, first and last included.
        probe_clips: Successes of each instruction that are scored under every instruction, and after each frame
            forwards and backwards; 0: none.
        skip_bad: Measure without videos that cannot be read or scored, and name them in the report; else they are an
            error.
        runtime: Runtime of a checkpoint's frame encoder, ``torch`` or ``openvino``; None: the fastest that is there.
        seed: Of the draw of successes, of the bootstrap and of the random score.
        json: Print JSON instead of Markdown.
    """

    model: Positional[str]
    data: Path
    out: Path | None = None
    max_frames: int = BenchConfig.max_frames
    probe_clips: int = BenchConfig.probe_clips
    skip_bad: bool = False
    runtime: str | None = None
    seed: int = 0
    json: bool = False


def main(argv: Sequence[str] | None = None) -> int:
    """Read the labels, load the model, score what is not scored yet, measure, print and write the report.

    Args:
        argv: Arguments of the command line, see `BenchArgs`; None: the process's own.

    Returns:
        0.

    Raises:
        DataError: ``labels.csv`` or a column is missing, or lines are wrong.
        UnreadableVideosError: Videos cannot be read; all are named.
        NonFiniteRewardError: The model gave NaN; all such rows are named.
        RewardModelError: The model's file holds no model.
    """
    import tyro

    args = tyro.cli(BenchArgs, args=argv, prog="a2r bench")
    config = BenchConfig(
        max_frames=args.max_frames, probe_clips=args.probe_clips, seed=args.seed, skip_bad=args.skip_bad
    )
    clips = read_labels(args.data)
    loaded = load_model(args.model, args.runtime)
    label = re.sub(r"[^\w.-]+", "_", loaded.name)
    out = args.out or Path("out/bench") / (args.data.resolve().name or "data") / label
    store = open_store(out / SCORES, loaded.name, loaded.identity, config)
    report = evaluate(loaded.model, clips, config, name=loaded.name, store=store)
    files = report.save(out)
    print(report.to_json() if args.json else report.to_markdown(), end="")
    if not args.json:
        print("\nwrote " + ", ".join(map(str, [*files, out / SCORES])))
    return 0
