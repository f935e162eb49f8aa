"""Human clips that a method compares with when it is used: some of each task, which no run trains on.

They come from the validation split, for tasks too that no robot has shown: at its use DVD is given videos of what it is
to do, in every row of the protocol.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.errors import DataError
from a2r_train.data.human_clips import HumanClipSet, load_human_clips
from a2r_train.data.something_something import SomethingSomething
from a2r_train.features import FeatureStore, cache_features
from a2r_train.known_tasks import KnownTask, known_tasks

__all__ = ["Demonstrations", "choose_demonstrations", "load_demonstrations"]

_SPLIT: Final = "validation"
_POOL: Final = 40
"""Clips of a template to choose from."""
_SIDES: Final = ("left", "right")


@dataclass(frozen=True, kw_only=True)
class Demonstrations:
    """The demonstrations of a run.

    Attributes:
        tasks: All tasks of the families.
        rows: For each of them int64, its clips in the store; empty where no template fits or too few clips are there.
        store: Feature maps of the clips, without augmentation.
    """

    tasks: tuple[KnownTask, ...]
    rows: tuple[NDArray[np.int64], ...]
    store: FeatureStore


def load_demonstrations(
    root: Path,
    families: Sequence[str],
    *,
    count: int,
    least: int,
    backbone: str,
    cache: Path | None,
    matching: str,
    seed: int,
    workers: int,
) -> Demonstrations:
    """Choose demonstrations of every task of some families, and encode them.

    Args:
        root: Something-Something V2 or the output of ``a2r hands``.
        families: Whose tasks.
        count: Clips of each task.
        least: With fewer a task has none.
        backbone: A name of the backbone registry.
        cache: Folder of decoded frames and feature maps; None: ``root/cache``.
        matching: How a task finds its template.
        seed: Of the choice.
        workers: Processes that encode the clips.

    Raises:
        DataError: No task has enough.
    """
    there = sorted({clip.template for clip in SomethingSomething(root).select(split=_SPLIT) if clip.template >= 0})
    tasks = known_tasks(families, there, matching) if there else ()
    wanted = sorted({task.template for task in tasks if task.template >= 0})
    if not wanted:
        raise DataError(f"{root} has no clips to demonstrate the tasks of {', '.join(families)} in its split {_SPLIT}")
    clips = load_human_clips(root, wanted, split=_SPLIT, limit=_POOL, cache_dir=cache)
    rows = choose_demonstrations(clips, tasks, count=count, least=least, seed=seed)
    chosen = np.unique(np.concatenate(rows))
    if not len(chosen):
        raise DataError(f"{root} has for no task at least {least} clips in its split {_SPLIT}")
    store = cache_features(
        clips.select(chosen), backbone, cache or root / "cache", num_augmentations=1, seed=0, workers=workers
    )
    return Demonstrations(tasks=tasks, rows=tuple(np.searchsorted(chosen, mine) for mine in rows), store=store)


def choose_demonstrations(
    clips: HumanClipSet, tasks: Sequence[KnownTask], *, count: int, least: int, seed: int
) -> tuple[NDArray[np.int64], ...]:
    """Draw clips of each task's template.

    SS-V2 has one template for twisting either way. Where an instruction names a side and the template's clips do so in
    their own sentences, as those of ``a2r hands`` do, only clips of that side count.

    Args:
        clips: To choose from.
        tasks: What they may show.
        count: Clips of a task, at most.
        least: With fewer a task has none.
        seed: Of the draw.

    Returns:
        For each task int64, indices of its clips.
    """
    words = [set(str(sentence).lower().split()) for sentence in clips.instruction]
    rows = []
    for number, task in enumerate(tasks):
        fitting = clips.template == task.template
        side = next((side for side in _SIDES if side in task.sentences[0].split()), None)
        sided = np.array([side in told for told in words], dtype=np.bool_)
        if side is not None and (fitting & sided).any():
            fitting &= sided
        found = np.flatnonzero(fitting)
        rng = np.random.default_rng([seed, number])
        rows.append(np.sort(rng.permutation(found)[:count]) if len(found) >= least else found[:0])
    return tuple(rows)
