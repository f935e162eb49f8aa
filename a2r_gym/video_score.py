"""``a2r score``: how well a video does what each of some sentences says, at its end and all along."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from tyro.conf import Positional, UseAppendAction

from a2r_gym.errors import InstructionError
from a2r_gym.protocols import FailureModes, RewardModel, Scores, known_failures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from a2r_gym.video_file import VideoClip

__all__ = ["ScoreArgs", "VideoScores", "draw_curves", "main", "score_clip"]

_FILM_FRAMES = 8
_FILM_HEIGHT = 96


@dataclass(frozen=True, kw_only=True)
class ScoreArgs:
    """Score a video, for example ``a2r score demo.mp4 --text "close the drawer" --text "open the drawer"``.

    Attributes:
        video: Video file (mp4, webm, gif, ...) or folder of numbered pictures.
        text: A sentence; give the option once for each.
        model: Reward model, a bundled name or a folder.
        out: Folder for ``curve.png`` and ``scores.csv``; None: out/score/NAME_OF_THE_VIDEO.
        max_frames: Of a longer video as many frames are scored, evenly spread, first and last included.
        runtime: Runtime of the frame encoder, ``torch`` or ``openvino``; None: the fastest that is installed.
        seed: Taken as by every verb; nothing in scoring is random.
        json: Print JSON instead of a table.
    """

    video: Positional[Path]
    text: Annotated[tuple[str, ...], UseAppendAction] = ()
    model: str = "a2r-small"
    out: Path | None = None
    max_frames: int = 128
    runtime: str | None = None
    seed: int = 0
    json: bool = False

    def __post_init__(self) -> None:
        """Check that there is something to score against.

        Raises:
            InstructionError: No sentence, an empty one, or one twice.
        """
        if not self.text:
            raise InstructionError('expected at least one sentence, got none: pass --text "close the drawer"')
        for sentence in self.text:
            if not sentence.strip():
                raise InstructionError("a sentence is empty: pass --text with words in it")
            if self.text.count(sentence) > 1:
                raise InstructionError(f"the sentence {sentence!r} is given twice: pass each once")


@dataclass(frozen=True, kw_only=True)
class VideoScores:
    """A clip's scores.

    Attributes:
        texts: The M sentences.
        curves: For each sentence its scores after each of the clip's T frames; the last row is the whole video's.
        modes: For each sentence its failure modes; None where the model tells of none.
    """

    texts: tuple[str, ...]
    curves: tuple[Scores, ...]
    modes: tuple[FailureModes | None, ...]

    @property
    def best(self) -> int:
        """Number of the sentence with the largest similarity at the end; the first of equals."""
        return int(np.argmax([curve.similarity[-1] for curve in self.curves]))

    def failure_name(self, number: int) -> str:
        """Readable name of the failure that a sentence ends in; empty where there is none."""
        modes = self.modes[number]
        return modes.name(int(self.curves[number].failure_mode[-1])) if modes is not None else ""


def score_clip(model: RewardModel, clip: VideoClip, texts: Sequence[str]) -> VideoScores:
    """Score a clip against sentences.

    Args:
        model: The reward model.
        clip: From `a2r_gym.video_file.read_clip`.
        texts: The sentences.

    Returns:
        Scores of every prefix.
    """
    return VideoScores(
        texts=tuple(texts),
        curves=tuple(model.score_steps(clip.frames, sentence) for sentence in texts),
        modes=tuple(known_failures(model, sentence) for sentence in texts),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Read the video, score it, print the scores and write curve and table.

    Args:
        argv: Arguments of the command line, see `ScoreArgs`; None: the process's own.

    Returns:
        0.

    Raises:
        VideoFileError: The video is missing, empty, cut or cannot be decoded.
        InstructionError: There is no sentence.
    """
    import tyro

    args = tyro.cli(ScoreArgs, args=argv, prog="a2r score")
    from a2r_gym.models.checkpoint import load_reward  # here: torch takes seconds, --help need not
    from a2r_gym.video_file import read_clip

    clip = read_clip(args.video, args.max_frames)
    scores = score_clip(load_reward(args.model, runtime=args.runtime), clip, args.text)
    out = args.out or Path("out/score") / args.video.resolve().stem
    files = _write(out, clip, scores)
    if args.json:
        print(json.dumps(_summary(args, clip, scores, files), indent=1))
    else:
        _print_table(args, clip, scores)
        print("wrote " + ", ".join(map(str, files)))
    return 0


# ---------------------------------------------------------------------- what is printed


def _print_table(args: ScoreArgs, clip: VideoClip, scores: VideoScores) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("", "sentence", box=None, header_style="bold")
    for name in ("similarity", "success", "failure mode"):
        table.add_column(name, justify="right")
    for number, (sentence, curve) in enumerate(zip(scores.texts, scores.curves, strict=True)):
        best = number == scores.best and len(scores.texts) > 1
        table.add_row(
            Text("best" if best else ""),
            Text(sentence),  # Text: a sentence in brackets is no markup
            f"{curve.similarity[-1]:+.3f}",
            f"{curve.success[-1]:.1%}",
            Text(_mode(curve, scores.failure_name(number))),
            style="bold green" if best else None,
        )
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    console.print(Text(f"{args.video}: {_length(clip)}, model {args.model}"))
    console.print(table)


def _length(clip: VideoClip) -> str:
    seconds = f" ({clip.num_frames / clip.fps:.1f} s)" if clip.fps else ""
    whole = f"{clip.num_frames} frame{'s' if clip.num_frames > 1 else ''}{seconds}"
    if len(clip.places) == clip.num_frames:
        return whole
    return f"{whole}, {len(clip.places)} of them scored, evenly spread (--max-frames)"


def _mode(curve: Scores, name: str) -> str:
    """Say which failure a video looks like; a dash where it succeeded or the model knows no modes."""
    mode = int(curve.failure_mode[-1])
    return "-" if mode < 0 else f"{name or mode} ({curve.failure_posterior[-1, mode]:.0%})"


def _summary(args: ScoreArgs, clip: VideoClip, scores: VideoScores, files: Sequence[Path]) -> dict[str, Any]:
    return {
        "video": str(args.video),
        "num_frames": clip.num_frames,
        "fps": round(clip.fps, 4),
        "model": args.model,
        "best": scores.texts[scores.best],
        "scores": [
            {
                "text": sentence,
                "similarity": float(curve.similarity[-1]),
                "success": float(curve.success[-1]),
                "failure_mode": int(curve.failure_mode[-1]),
                "failure_name": scores.failure_name(number),
                "failure_task": modes.task if modes is not None else "",
                "failure_posterior": curve.failure_posterior[-1].tolist(),
                "curve": {
                    "frame": clip.places.tolist(),
                    "similarity": curve.similarity.tolist(),
                    "success": curve.success.tolist(),
                },
            }
            for number, (sentence, curve, modes) in enumerate(
                zip(scores.texts, scores.curves, scores.modes, strict=True)
            )
        ],
        "files": [str(file) for file in files],
    }


# ---------------------------------------------------------------------- what is written


def _write(out: Path, clip: VideoClip, scores: VideoScores) -> list[Path]:
    """Write curve and table, each whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    picture = draw_curves(clip, scores)
    return [
        _move_in(out / "curve.png", lambda part: picture.savefig(part, dpi=120, format="png")),
        _move_in(out / "scores.csv", lambda part: part.write_text(_csv(clip, scores), encoding="utf-8")),
    ]


def _move_in(path: Path, write: Callable[[Path], object]) -> Path:
    part = path.with_name(path.name + ".part")
    write(part)
    os.replace(part, path)
    return path


def _csv(clip: VideoClip, scores: VideoScores) -> str:
    """One row for each sentence and frame."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["text", "frame", "second", "similarity", "success", "failure_mode"])
    for sentence, curve in zip(scores.texts, scores.curves, strict=True):
        for row, place in enumerate(clip.places.tolist()):
            second = f"{place / clip.fps:.3f}" if clip.fps else ""
            values = (f"{curve.similarity[row]:.6f}", f"{curve.success[row]:.6f}", int(curve.failure_mode[row]))
            writer.writerow([sentence, place, second, *values])
    return text.getvalue()


def draw_curves(clip: VideoClip, scores: VideoScores) -> Figure:
    """Draw a strip of frames, and below it similarity and success after each frame, a line for each sentence.

    Args:
        clip: The clip.
        scores: Its scores.

    Returns:
        The figure; nothing is written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 6.0 + 0.2 * len(scores.texts)), layout="constrained")
    film, similarity, success = figure.subplots(3, 1, height_ratios=(1.2, 2.0, 2.0))
    film.imshow(_film(clip))
    film.set_axis_off()
    unit = clip.fps or 1.0
    for number, (sentence, curve) in enumerate(zip(scores.texts, scores.curves, strict=True)):
        style = {"linewidth": 2.5 if number == scores.best else 1.3, "marker": "." if len(clip.places) < 40 else ""}
        # A dollar sign would begin a formula.
        similarity.plot(clip.places / unit, curve.similarity, label=sentence.replace("$", r"\$"), **style)
        success.plot(clip.places / unit, curve.success, **style)
    similarity.set(ylabel="similarity")
    success.set(ylabel="success", ylim=(-0.03, 1.03), xlabel="second" if clip.fps else "frame")
    for axes in (similarity, success):
        axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=1, frameon=False)
    return figure


def _film(clip: VideoClip) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Put evenly spread frames side by side."""
    from PIL import Image

    chosen = np.unique(np.rint(np.linspace(0, len(clip.frames) - 1, _FILM_FRAMES)).astype(int))
    height, width = clip.frames.shape[1:3]
    size = (max(1, round(width * _FILM_HEIGHT / height)), _FILM_HEIGHT)
    return np.concatenate([np.asarray(Image.fromarray(clip.frames[index]).resize(size)) for index in chosen], axis=1)
