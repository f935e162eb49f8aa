"""Videos whose pictures tell their step, and models that read it; what the tests of the bench share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from a2r_gym.testing import FrameCode, draw_code, read_code

CLOSE, OPEN = "close the drawer", "open the drawer"


def video(*steps: int) -> NDArray[np.uint8]:
    """Frames that say these steps, out of 100."""
    return np.stack([draw_code(FrameCode(0, 0, step)) for step in steps])


def write_video(folder: Path, *steps: int) -> Path:
    """Write a video as a folder of numbered pictures."""
    folder.mkdir(parents=True)
    for number, step in enumerate(steps):
        Image.fromarray(draw_code(FrameCode(0, 0, step))).save(folder / f"{number}.png")
    return folder


def write_labels(folder: Path, *lines: str) -> Path:
    """Write labels.csv below its usual head."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "labels.csv").write_text("\n".join(["video,instruction,success", *lines]) + "\n", encoding="utf-8")
    return folder


class StepReader:
    """Has nothing but ``score``: the last frame's step as a percentage; turned round where it is told to open.

    Attributes:
        calls: Instructions of each call.
        nan_at: Gives NaN where the last frame says this step; None: never.
    """

    def __init__(self, nan_at: int | None = None) -> None:
        self.calls: list[list[str]] = []
        self.nan_at = nan_at

    def score(self, videos: Sequence[NDArray[np.uint8]], instructions: Sequence[str]) -> list[float]:
        self.calls.append(list(instructions))
        steps = [read_code(frames[-1]).step for frames in videos]
        return [
            float("nan") if step == self.nan_at else (1 - step / 100 if "open" in said else step / 100)
            for step, said in zip(steps, instructions, strict=True)
        ]
