"""``a2r failures``: look at the ways in which a model has learned that tasks fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm
from tyro.conf import Positional

from a2r_gym.errors import CheckpointError, DataError
from a2r_gym.models.checkpoint import find_checkpoint, load_reward
from a2r_gym.models.scoring import Adapt2Reward
from a2r_train.data.clips import ClipSet, load_clips
from a2r_train.failure_modes import FailureRows, describe_modes, source_information
from a2r_train.failure_sheets import draw_modes

__all__ = ["FailuresArgs", "find_failures", "main"]

_BATCH = 64


@dataclass(frozen=True, kw_only=True)
class FailuresArgs:
    """Draw exemplar clips of each failure mode, for example ``a2r failures a2r-small --data data/validation``.

    Attributes:
        checkpoint: Name or folder of a checkpoint.
        data: Folders of collected clips; their failures are shown.
        out: Folder for the index and the sheets; None: out/failures/NAME_OF_THE_CHECKPOINT.
        count: Clips on a sheet, those nearest to the mode's failure text.
        runtime: Runtime of the frame encoder, ``torch`` or ``openvino``; None: the fastest that is installed.
        cache_dir: Where decoded frames are cached; None: beside the data.
        seed: Taken as by every verb; nothing here is random.
    """

    checkpoint: Positional[str]
    data: tuple[Path, ...] = ()
    out: Path | None = None
    count: int = 6
    runtime: str | None = None
    cache_dir: Path | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the number of clips."""
        if self.count < 1:
            raise DataError(f"expected --count >= 1, clips on a sheet, got {self.count}")


def main(argv: Sequence[str] | None = None) -> int:
    """Find the failures among the clips, and write sheets and index.

    Args:
        argv: Arguments of the command line, see `FailuresArgs`; None: the process's own.

    Returns:
        0.

    Raises:
        CheckpointError: The model has no failure modes.
        DataError: There are no clips, or none that fails at a task of the model.
        UnknownNameError: There is no such checkpoint.
    """
    import tyro

    args = tyro.cli(FailuresArgs, args=argv, prog="a2r failures")
    folder = find_checkpoint(args.checkpoint)
    if not args.data:
        raise DataError(_no_data(folder))
    model = load_reward(args.checkpoint, runtime=args.runtime)
    if not isinstance(model, Adapt2Reward):
        raise CheckpointError(f"{args.checkpoint} is of a method without failure modes: {type(model).__name__}")
    counts = dict(zip(model.network.config.task_names, model.network.config.mode_counts, strict=True))
    if not any(counts.values()):
        raise CheckpointError(
            f"{args.checkpoint} has no failure modes: train one by a recipe whose failure_video_language is not 0, "
            "with more steps than an epoch has"
        )
    clips = load_clips(list(args.data), args.cache_dir)
    rows = find_failures(model, clips)
    shown = {name: count for name, count in counts.items() if count and name in _tasks(clips, rows)}
    names = {task.name: task.failure_modes for task in model.network.config.tasks}
    modes = describe_modes(clips, rows, shown, names=names, num_exemplars=args.count)
    out = args.out or Path("out/failures") / folder.resolve().name
    files = draw_modes(modes, clips, lambda chosen: np.asarray(clips.frames[chosen]), out)
    for mode in modes:
        print(f"{mode.task} {mode.mode}: {mode.name} ({mode.facts.num_clips} clips)")
    known = source_information(clips, rows)
    told = "" if known is None else f", normalised mutual information with the clips' sources {known:.2f}"
    print(f"{len(rows.clips)} failures of {len(shown)} tasks{told}")
    if unnamed := [task for task in shown if not names[task]]:
        print(f"{args.checkpoint} has no names for the modes of {len(unnamed)} tasks: these clips gave them")
    print(f"wrote {files[0]}, {files[1]} and {len(files) - 2} sheets")
    return 0


def find_failures(model: Adapt2Reward, clips: ClipSet) -> FailureRows:
    """Find the clips that fail at a task of the model, and the likeliest failure mode of each.

    Args:
        model: The model.
        clips: The clips.

    Returns:
        The failures; closeness is the cosine of clip and failure text.

    Raises:
        DataError: There are none.
    """
    config = model.network.config
    name = np.char.add(np.char.add(clips.family.astype(str), "/"), clips.task.astype(str))
    found = []
    with_modes = [index for index, count in enumerate(config.mode_counts) if count]
    for index in tqdm(with_modes, desc="finding failures", unit="task"):
        task = config.tasks[index]
        if task.name not in clips.label_names:
            continue
        label = clips.label_names.index(task.name)
        failed = (clips.success[:, -1, label] == 0) & ~clips.ambiguous[:, -1, label]
        mine = np.flatnonzero((name == task.name) & failed)
        if len(mine):
            closeness = _closeness(model, clips, mine, index)
            own = np.full(len(mine), label, dtype=np.int64)
            mode = closeness.argmax(axis=1)
            found.append(FailureRows(clips=mine, label=own, mode=mode, closeness=closeness.max(axis=1)))
    if not found:
        raise DataError(
            f"no clip fails at a task of {model.name}: expected clips of {', '.join(config.task_names[:3])}, ...; "
            "collect some with: a2r collect --preset validation --scale 0.2 --out data/validation"
        )
    columns = ("clips", "label", "mode", "closeness")
    return FailureRows(**{column: np.concatenate([getattr(part, column) for part in found]) for column in columns})


def _closeness(model: Adapt2Reward, clips: ClipSet, mine: NDArray[np.int64], task: int) -> NDArray[np.float32]:
    """Cosine of clips to each of a task's live failure texts, float32 (F, K)."""
    config = model.network.config
    with torch.inference_mode():
        texts_KD = model.network.encode_failures([config.tasks[task].instructions[0]], torch.tensor([task]))[0]
        texts_KD = texts_KD[: config.mode_counts[task]]
        parts = [
            (model.embed_videos(np.asarray(clips.frames[part])) @ texts_KD.T).cpu().numpy()
            for part in np.split(mine, range(_BATCH, len(mine), _BATCH))
        ]
    return np.concatenate(parts)


def _tasks(clips: ClipSet, rows: FailureRows) -> set[str]:
    return {clips.label_names[label] for label in np.unique(rows.label)}


def _no_data(folder: Path) -> str:
    """Say that exemplars need clips, and where those of training are if ``a2r fit`` has left them."""
    message = (
        "a checkpoint holds no pictures, so exemplars need clips: pass --data FOLDER (a2r collect --preset validation "
        "--scale 0.2 --out FOLDER makes one)"
    )
    written = folder.parent / "failures" / "index.md"
    return (
        f"{message}; 'a2r fit' has shown those of its own training clips in {written}" if written.is_file() else message
    )
