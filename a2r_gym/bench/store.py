"""Scores that survive: a table that grows with each video, so that a stopped run goes on where it was.

A row is found again by a hash of all that it depends on: model, video, instruction and number of frames. What changed
is scored anew, rows of other models stay.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2r_gym.bench.plan import Footage, Pair
from a2r_gym.errors import DataError
from a2r_gym.whole_file import whole_file

__all__ = ["PairScore", "ScoreStore"]

_HEAD: Final = ("key", "model", "video", "instruction", "similarity", "success", "steps", "steps_reversed")


class PairScore(NamedTuple):
    """Scores of one video under one instruction.

    Attributes:
        similarity: Of the whole video.
        success: Of the whole video.
        steps: float32 (T,), similarity of each prefix; empty where it was not asked or the video has one frame.
        steps_reversed: float32 (T,), the same of the video played backwards.
    """

    similarity: float
    success: float
    steps: NDArray[np.float32]
    steps_reversed: NDArray[np.float32]


class ScoreStore:
    """Keeps scores, in a file or in memory only.

    Args:
        path: ``scores.csv``; None: memory only.
        identities: Name of a model -> what tells its scores from those of others, for example a hash of its weights.
        max_frames: Frames of a video that are scored at most.

    Raises:
        DataError: The file is another kind of table.
    """

    def __init__(self, path: Path | None, identities: Mapping[str, str], max_frames: int) -> None:
        self._path, self._identities, self._max_frames = path, dict(identities), max_frames
        self._stamps: dict[str, str] = {}
        self._scores: dict[str, PairScore] = {}
        if path is not None:
            self._open(path)

    def get(self, model: str, footage: Footage, pair: Pair) -> PairScore | None:
        """Look a score up; None where it is not there yet."""
        return self._scores.get(self._key(model, footage, pair))

    def put(self, model: str, footage: Footage, scores: Mapping[Pair, PairScore]) -> None:
        """Keep scores of a video, on disk at once.

        Args:
            model: Its name.
            footage: The video.
            scores: Question -> answer.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        for pair, score in scores.items():
            key = self._key(model, footage, pair)
            self._scores[key] = score
            numbers = (score.similarity, score.success)
            curves = (" ".join(map(_digits, curve)) for curve in (score.steps, score.steps_reversed))
            writer.writerow([key, model, footage.name, pair.instruction, *map(_digits, numbers), *curves])
        if self._path is not None:
            with self._path.open("a", encoding="utf-8", newline="") as file:
                file.write(text.getvalue())

    def _open(self, path: Path) -> None:
        """Read what is there; a line that was cut off by a kill is taken out."""
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        lines = list(csv.reader(io.StringIO(whole, newline="")))
        if lines and tuple(lines[0]) != _HEAD:
            raise DataError(
                f"{path} is no table of a2r bench: its head is {','.join(lines[0])[:80]}; pass another --out"
            )
        kept = [line for line in lines[1:] if len(line) == len(_HEAD)]
        self._scores = {line[0]: _parse(line) for line in kept}
        if not lines or whole != text or len(kept) < len(lines) - 1:
            with whole_file(path) as part, part.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows([_HEAD, *kept])

    def _key(self, model: str, footage: Footage, pair: Pair) -> str:
        if footage.name not in self._stamps:
            self._stamps[footage.name] = _stamp(footage) if self._path is not None else ""
        told = [
            self._identities.get(model, model),
            footage.name,
            self._stamps[footage.name],
            pair.instruction,
            pair.steps,
            self._max_frames,
        ]
        return hashlib.blake2b(json.dumps(told).encode(), digest_size=8).hexdigest()


def _stamp(footage: Footage) -> str:
    """Tell a video's state: size and time of its files, or a hash of its frames."""
    if not isinstance(footage.video, Path):
        return hashlib.blake2b(np.ascontiguousarray(footage.video).tobytes(), digest_size=8).hexdigest()
    if not footage.video.exists():
        return ""
    files = sorted(footage.video.iterdir()) if footage.video.is_dir() else [footage.video]
    stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.blake2b(json.dumps(stats).encode(), digest_size=8).hexdigest()


def _digits(value: float) -> str:
    """Write a float32 so that it reads back the same."""
    return f"{value:.9g}"


def _parse(line: list[str]) -> PairScore:
    similarity, success = (float(np.float32(text)) for text in line[4:6])
    steps, steps_reversed = (np.asarray(text.split(), dtype=np.float32) for text in line[6:8])
    return PairScore(similarity, success, steps, steps_reversed)
