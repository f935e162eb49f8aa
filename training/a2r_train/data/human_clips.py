"""Human clips in memory, as the trainer wants them: evenly spread frames in a cache, templates, sentences.

Letters: E clips, K kept frames, S side of the picture.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from a2r_gym.errors import DataError
from a2r_train.data.something_something import HumanClip, SomethingSomething
from a2r_train.data.webm import decode_webm, evenly_spread
from a2r_train.file_lock import locked

__all__ = ["HumanClipSet", "join_human_clips", "load_human_clips"]

_CACHE_FORMAT: Final = 1


@dataclass(frozen=True, kw_only=True)
class HumanClipSet:
    """Clips with their labels.

    Attributes:
        frames: uint8 (E, K, S, S, 3), memory-mapped.
        clip_id: int64 (E,), the file's number.
        template: int64 (E,), SS-V2's id.
        instruction: str (E,), the sentence with its placeholders filled in.
        steps: int32 (E, K), which of the clip's frames was kept.
        length: int32 (E,), frames of the whole clip.
        progress: float32 (E, K), share of the action that is done; NaN where nobody knows, as in the real SS-V2.
        done: bool (E, K), the action is done at that frame; for the real SS-V2 only the last frame says so.
        source: Which data these are: ``hands`` or ``something-something-v2``.
    """

    frames: NDArray[np.uint8]
    clip_id: NDArray[np.int64]
    template: NDArray[np.int64]
    instruction: NDArray[np.str_]
    steps: NDArray[np.int32]
    length: NDArray[np.int32]
    progress: NDArray[np.float32]
    done: NDArray[np.bool_]
    source: str

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self.template)

    def select(self, which: NDArray[Any]) -> HumanClipSet:
        """Return some of the clips; their frames are copied into memory.

        Args:
            which: bool (E,) or indices.
        """
        arrays = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "source"}
        return replace(self, **{name: values[which] for name, values in arrays.items()})


def join_human_clips(parts: Sequence[HumanClipSet]) -> HumanClipSet:
    """Put clip sets one behind the other, without their pictures: for training on cached features.

    Args:
        parts: Clips of one source, with equally many kept frames.

    Returns:
        All clips; ``frames`` is uint8 (E, K, 0, 0, 3).

    Raises:
        DataError: Rendered and real clips would be mixed.
    """
    if len(sources := {part.source for part in parts}) != 1:
        raise DataError(f"expected human clips of one source, got {sorted(sources)}")
    names = [field.name for field in fields(HumanClipSet) if field.name not in ("frames", "source")]
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    frames = np.zeros((*columns["steps"].shape, 0, 0, 3), dtype=np.uint8)
    return HumanClipSet(frames=frames, source=parts[0].source, **columns)


def load_human_clips(
    root: Path | str,
    templates: Iterable[int | str] | None = None,
    *,
    split: str = "train",
    frames: int = 16,
    size: int = 128,
    limit: int | None = None,
    cache_dir: Path | None = None,
) -> HumanClipSet:
    """Read clips of some templates, decoded once into a cache.

    Args:
        root: Something-Something V2, or the output of ``a2r hands``.
        templates: Ids or names; None: all.
        split: ``train`` or ``validation``.
        frames: Kept of each clip, evenly spread, first and last included.
        size: Side of the square pictures: the shorter side is scaled to it, the middle is cut out.
        limit: Largest number of clips of a template, the ones with the lowest numbers; None: all.
        cache_dir: Where decoded frames lie; None: ``root/cache``.

    Raises:
        DataError: Nothing is left, a file is missing or cannot be decoded; ``a2r check-human`` lists all such files.
    """
    if frames < 1 or size < 1:
        raise DataError(f"frames and size must be at least 1, got {frames} and {size}")
    data = SomethingSomething(root)
    clips = _limited([clip for clip in data.select(templates=templates, split=split) if clip.template >= 0], limit)
    if not clips:
        raise DataError(f"{data.root} has no clips of these templates in its split {split!r}")
    cache = Path(cache_dir) if cache_dir is not None else data.root / "cache"
    pictures, length = _cached(data, clips, (frames, size), cache)
    steps = np.stack([evenly_spread(int(count), frames) for count in length]).astype(np.int32)
    progress, done = _progress(data, clips, steps, length)
    return HumanClipSet(
        frames=pictures,
        clip_id=np.array([clip.id for clip in clips], dtype=np.int64),
        template=np.array([clip.template for clip in clips], dtype=np.int64),
        instruction=np.array([clip.sentence for clip in clips], dtype=np.str_),
        steps=steps,
        length=length,
        progress=progress,
        done=done,
        source=data.source,
    )


def _limited(clips: Sequence[HumanClip], limit: int | None) -> list[HumanClip]:
    if limit is None:
        return list(clips)
    count: dict[int, int] = {}
    kept = []
    for clip in sorted(clips, key=lambda clip: clip.id):
        count[clip.template] = count.get(clip.template, 0) + 1
        if count[clip.template] <= limit:
            kept.append(clip)
    return kept


def _progress(
    data: SomethingSomething, clips: Sequence[HumanClip], steps: NDArray[np.int32], length: NDArray[np.int32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    progress = np.full(steps.shape, np.nan, dtype=np.float32)
    done = steps == (length - 1)[:, None]
    for row, clip in enumerate(clips):
        facts = data.facts.get(clip.id)
        if facts is not None:
            progress[row] = np.array(facts["progress"], dtype=np.float32)[steps[row]]
            done[row] = (steps[row] >= facts["done_frame"]) & (facts["done_frame"] >= 0)
    return progress, done


def _cached(
    data: SomethingSomething, clips: Sequence[HumanClip], shape: tuple[int, int], cache: Path
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Map the decoded frames and the clips' lengths; decode them first where that was not done yet."""
    files = [data.path(clip) for clip in clips]
    missing = [str(clip.id) for clip, path in zip(clips, files, strict=True) if not path.exists()]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(clips)} clips are missing in {data.root}, first {', '.join(missing[:5])}: "
            f"a2r check-human --data {data.root} lists them all"
        )
    marks = [(clip.id, path.stat().st_size) for clip, path in zip(clips, files, strict=True)]
    key = hashlib.sha256(json.dumps([_CACHE_FORMAT, shape, marks]).encode()).hexdigest()[:20]
    frames_path, length_path = cache / f"human-{key}.npy", cache / f"human-{key}-length.npy"
    if not (frames_path.exists() and length_path.exists()):
        with locked(cache / ".lock"):  # another training on the same clips may be at it
            if not (frames_path.exists() and length_path.exists()):
                _decode(files, shape, frames_path, length_path)
    frames: NDArray[np.uint8] = np.load(frames_path, mmap_mode="r")
    length: NDArray[np.int32] = np.load(length_path)
    expected = (len(clips), shape[0], shape[1], shape[1], 3)
    if frames.shape != expected:
        raise DataError(f"{frames_path} holds frames of shape {frames.shape}, expected {expected}; remove it")
    return frames, length


def _decode(files: Sequence[Path], shape: tuple[int, int], frames_path: Path, length_path: Path) -> None:
    kept, size = shape
    handle, name = tempfile.mkstemp(dir=frames_path.parent, prefix=frames_path.stem, suffix=".part")
    os.close(handle)
    part = Path(name)
    try:
        array = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=(len(files), kept, size, size, 3))
        length = np.zeros(len(files), dtype=np.int32)

        def work(row: int) -> None:
            video = decode_webm(files[row], size=size)
            length[row] = len(video)
            array[row] = video[evenly_spread(len(video), kept)]

        with ThreadPoolExecutor(os.cpu_count()) as pool:  # decoding leaves the interpreter free
            for _ in tqdm(pool.map(work, range(len(files))), total=len(files), desc="decode clips", unit="clip"):
                pass
        array.flush()
        with length_path.with_suffix(".part").open("wb") as file:
            np.save(file, length)
        os.replace(length_path.with_suffix(".part"), length_path)
        os.replace(part, frames_path)
    finally:
        part.unlink(missing_ok=True)
