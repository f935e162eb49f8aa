"""Candidates from one start, and the one that a model chooses: what all stored pools share.

A take is a collection of one candidate of every task from every start; takes differ by what they set out to do and by
their noise. A collection that was cut off goes on, and its seed alone tells what is in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from a2r_gym.errors import NonFiniteRewardError
from a2r_gym.protocols import MatrixModel, RewardModel
from a2r_train.collect import collect
from a2r_train.collect_plan import CollectConfig, EpisodeRequest
from a2r_train.data.clips import ClipSet

__all__ = ["TAKES", "chosen", "collect_takes", "similarities", "take_folders"]

FIRST_SEED: Final = 9_500
"""Test seeds: other sessions of training, validation and evaluation have others."""
TAKES: Final = ("success", "random", "missed", "random", "stopped_short", "success", "undone", "random", "success",
                "missed", "random", "stopped_short", "success", "random", "undone")  # fmt: skip
"""What each take of a task sets out to do."""
KEPT_FRAMES: Final = 8
BATCH: Final = 64
"""Clips a call of a model."""


def take_folders(data: Path, settings: Sequence[str], seeds: int, takes: int) -> list[Path]:
    """Return where pools lie: one folder a take, each with every task from every start.

    Args:
        data: Of all pools of a family.
        settings: Names of the scenes.
        seeds: Starts of each scene.
        takes: Candidates of each task, at most as many as there are `TAKES`.
    """
    return [data / f"{'-'.join(settings)}-{seeds}" / f"take-{take:02d}" for take in range(min(takes, len(TAKES)))]


def collect_takes(
    folders: Sequence[Path], family: str, scenes: Sequence[str], tasks: Sequence[str], seeds: int, *, workers: int
) -> None:
    """Collect what is missing.

    Args:
        folders: One a take.
        family: Of the environments.
        scenes: As `EpisodeRequest` names them.
        tasks: Of that family.
        seeds: Starts of each scene.
        workers: Processes.
    """
    for take, (folder, source) in enumerate(zip(folders, TAKES, strict=False)):
        each: dict[str, Any] = {"family": family, "sources": ((source, seeds),), "first_seed": FIRST_SEED}
        requests = [EpisodeRequest(task=task, scene=scene, **each) for scene in scenes for task in tasks]
        config = CollectConfig(requests=tuple(requests), kept_frames=KEPT_FRAMES, seed=1_000 + take)
        collect(config, folder, workers=workers)


def similarities(
    model: RewardModel, clips: ClipSet, instructions: Sequence[str], *, progress: bool = True
) -> NDArray[np.float32]:
    """Score every clip against every instruction: float32 (N, number of instructions)."""
    rows = []
    for begin in tqdm(range(0, len(clips), BATCH), desc="scoring pools", unit="batch", disable=not progress):
        videos = [np.asarray(video) for video in clips.frames[begin : begin + BATCH]]
        if isinstance(model, MatrixModel):
            rows.append(model.score_matrix(videos, instructions).similarity)
        else:
            columns = [model.score(videos, [said] * len(videos)).similarity for said in instructions]
            rows.append(np.stack(columns, axis=1))
    found = np.concatenate(rows)
    if not np.isfinite(found).all():
        raise NonFiniteRewardError(f"scores must be finite, got {found[~np.isfinite(found)][:4]}")
    return found


def chosen(similarity: NDArray[np.float32], solved: NDArray[np.bool_], draw: Sequence[int]) -> dict[str, Any]:
    """Take the most similar candidate of a pool.

    Args:
        similarity: float32 (N,), of the candidates.
        solved: bool (N,), which of them succeed.
        draw: Seeds the draw among equals: the same for all models.

    Returns:
        ``candidates``, their number; ``success`` of the one taken; ``floor``, that of one drawn at random; ``ceiling``,
        whether there is any.
    """
    best = np.random.default_rng(draw).choice(np.flatnonzero(similarity == similarity.max()))
    return {
        "candidates": len(solved), "success": bool(solved[best]), "floor": float(solved.mean()),
        "ceiling": bool(solved.any()),
    }  # fmt: skip
