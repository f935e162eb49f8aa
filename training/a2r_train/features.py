"""Feature maps of every clip under several augmentations, computed once by the frozen image trunk.

Training then never touches a picture: a step reads maps from a memory-mapped file. The file is written in chunks by
worker processes; chunks that are done are marked, so a killed run goes on where it stopped.

Shape suffixes: A augmentations, E clips, T kept frames, C channels, H W feature map.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from a2r_gym.errors import DataError
from a2r_train.augmentation import Augmentation
from a2r_train.data.clips import ClipSet
from a2r_train.data.human_clips import HumanClipSet
from a2r_train.file_lock import locked

__all__ = ["FeatureStore", "JoinedMaps", "cache_features", "join_stores"]

CHUNK: Final = 32
"""Clips of one unit of work."""


@dataclass(frozen=True, kw_only=True)
class FeatureStore:
    """Feature maps of a clip set.

    Attributes:
        maps: float16 (A, E, T, C, H, W), memory-mapped; augmentation 0 is none.
        flips: bool (A, E), whether the pictures were mirrored.
    """

    maps: NDArray[np.float16] | JoinedMaps
    flips: NDArray[np.bool_]


class JoinedMaps:
    """Maps of several clip sets, read as one array; each stays in its own file.

    Attributes:
        shape: (A, E, T, C, H, W).
    """

    def __init__(self, parts: Sequence[NDArray[np.float16]]) -> None:
        """Join them in order; they agree in all but E."""
        self._parts = tuple(parts)
        self._ends = np.cumsum([part.shape[1] for part in parts])
        self.shape = (parts[0].shape[0], int(self._ends[-1]), *parts[0].shape[2:])

    def __len__(self) -> int:
        """Return A."""
        return int(self.shape[0])

    def __getitem__(self, index: tuple[Any, Any, Any]) -> NDArray[np.float16]:
        """Read maps by augmentation, clip and frame, integers of one broadcast shape (...): float16 (..., C, H, W)."""
        augmentations, clips, frames = np.broadcast_arrays(*index)
        out = np.empty((*clips.shape, *self.shape[3:]), dtype=np.float16)
        owner = np.searchsorted(self._ends, clips, side="right")
        for number, part in enumerate(self._parts):
            mine = owner == number
            begin = self._ends[number] - part.shape[1]
            out[mine] = part[augmentations[mine], clips[mine] - begin, frames[mine]]
        return out


def join_stores(stores: Sequence[FeatureStore]) -> FeatureStore:
    """Put the stores of several clip sets one behind the other.

    Raises:
        DataError: They differ in augmentations, kept frames or maps.
    """
    shapes = {(store.maps.shape[0], *store.maps.shape[2:]) for store in stores}
    if len(shapes) != 1:
        raise DataError(f"feature maps of several data sets must have one shape, got {sorted(shapes)}")
    if len(stores) == 1:
        return stores[0]
    maps = []
    for store in stores:
        assert isinstance(store.maps, np.ndarray), "stores are joined once"
        maps.append(store.maps)
    return FeatureStore(maps=JoinedMaps(maps), flips=np.concatenate([store.flips for store in stores], axis=1))


def _augmentation(seed: int, number: int, clip: int) -> tuple[Augmentation | None, np.random.Generator]:
    rng = np.random.default_rng([seed, number, clip])
    return (None if number == 0 else Augmentation.draw(rng)), rng


def cache_features(
    clips: ClipSet | HumanClipSet, backbone: str, folder: Path, *, num_augmentations: int, seed: int, workers: int
) -> FeatureStore:
    """Compute the feature maps, or read those that an earlier call has computed.

    Args:
        clips: The clips.
        backbone: A name of the backbone registry; its image tower is the trunk.
        folder: Where the files of all clip sets stand.
        num_augmentations: A, >= 1; the first is the clip as it is.
        seed: Of the augmentations.
        workers: Processes; 1 works in this one.

    Returns:
        The store, read-only.
    """
    from a2r_gym.models.backbones import load_backbone

    tower = load_backbone(backbone)
    shape = (num_augmentations, *clips.frames.shape[:2], tower.channels, tower.grid, tower.grid)
    last_frames = hashlib.sha256()
    for clip in clips.frames:
        last_frames.update(clip[-1].tobytes())
    weights = backbone if tower.weights_sha256 is None else f"{backbone} {tower.weights_sha256}"
    sample = repr(Augmentation.draw(np.random.default_rng(seed)))  # changes with the way in which they are drawn
    key = json.dumps([weights, list(shape), seed, sample, last_frames.hexdigest()])
    place = folder / f"features-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    with locked(place / ".lock"):  # another training on the same data may be at it
        _complete(place, shape, clips.frames, backbone, seed, workers)
    flips = np.zeros(shape[:2], dtype=np.bool_)
    for number in range(1, shape[0]):
        for clip in range(shape[1]):
            drawn, _ = _augmentation(seed, number, clip)
            flips[number, clip] = drawn is not None and drawn.flip
    return FeatureStore(maps=np.load(place / "maps.npy", mmap_mode="r"), flips=flips)


def _complete(
    place: Path, shape: tuple[int, ...], frames: NDArray[np.uint8], backbone: str, seed: int, workers: int
) -> None:
    """Compute the feature maps that are missing in a folder."""
    chunks = [(number, start) for number in range(shape[0]) for start in range(0, shape[1], CHUNK)]
    for name, dtype, size in (("maps", np.float16, shape), ("done", np.bool_, (len(chunks),))):
        if not (place / f"{name}.npy").exists():
            fresh = place / f".{name}.npy"
            np.lib.format.open_memmap(fresh, mode="w+", dtype=dtype, shape=size).flush()
            os.replace(fresh, place / f"{name}.npy")
    done = np.lib.format.open_memmap(place / "done.npy", mode="r+")
    left = [index for index in range(len(chunks)) if not done[index]]
    if left:
        jobs = [(index, *chunks[index]) for index in left]
        with (
            _encoded(jobs, backbone, place, frames, seed, workers) as indices,
            tqdm(total=len(chunks), initial=len(chunks) - len(left), desc="encoding clips", unit="chunk") as bar,
        ):
            for index in indices:
                done[index] = True
                done.flush()
                bar.update()


@contextlib.contextmanager
def _encoded(
    jobs: Sequence[tuple[int, int, int]],
    backbone: str,
    place: Path,
    frames: NDArray[np.uint8],
    seed: int,
    workers: int,
) -> Iterator[Iterable[int]]:
    """Encode chunks, in this process where there is one worker; gives their indices as they are done."""
    if workers == 1:
        worker = _Worker(backbone, place, frames, seed)
        yield (worker.encode_chunk(job) for job in jobs)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, _begin, (backbone, place, _where(frames), seed)) as pool:
        yield pool.imap_unordered(_encode, jobs)


class _Worker:
    """What encodes chunks: what is held between them."""

    def __init__(self, backbone: str, place: Path, frames: NDArray[np.uint8], seed: int) -> None:
        from torch import Tensor, nn

        from a2r_gym.models.backbones import load_backbone
        from a2r_gym.models.runtime import make_runtime

        tower = load_backbone(backbone)

        class Trunk(nn.Module):
            """From uint8 pictures to feature maps."""

            def __init__(self) -> None:
                super().__init__()
                self.image = tower.image

            def forward(self, frames_NHWC: Tensor) -> Tensor:
                maps: Tensor = self.image(tower.normalise(frames_NHWC))
                return maps

        self.encode = make_runtime(Trunk(), tower.image_size)
        self.size = tower.image_size
        self.maps = np.load(place / "maps.npy", mmap_mode="r+")
        self.frames, self.seed = frames, seed

    def encode_chunk(self, job: tuple[int, int, int]) -> int:
        """Write the feature maps of a chunk (index, augmentation, first clip); returns its index."""
        from a2r_gym.models.frames import resize_frames

        index, number, start = job
        for clip in range(start, min(start + CHUNK, len(self.frames))):
            video = np.asarray(self.frames[clip])
            drawn, rng = _augmentation(self.seed, number, clip)
            video = video if drawn is None else drawn(video, rng)
            maps = self.encode(resize_frames(video, self.size))
            if not np.isfinite(maps).all() or np.abs(maps).max() > 6e4:
                raise DataError(f"clip {clip}: its feature maps are not finite in float16")
            self.maps[number, clip] = maps
        return index


_worker: _Worker | None = None


def _where(frames: NDArray[np.uint8]) -> NDArray[np.uint8] | tuple[str, int, tuple[int, ...]]:
    """Name the file, offset and shape of a mapped array, which would otherwise travel to each worker whole."""
    if isinstance(frames, np.memmap) and str(frames.filename).endswith(".npy"):
        whole = np.load(str(frames.filename), mmap_mode="r")
        if whole.shape == frames.shape:  # a slice would have its whole's offset
            return str(frames.filename), int(whole.offset), whole.shape
    return np.asarray(frames)


def _begin(backbone: str, place: Path, frames: NDArray[np.uint8] | tuple[str, int, tuple[int, ...]], seed: int) -> None:
    import torch

    global _worker  # a pool's initializer has nowhere else to put it
    torch.set_num_threads(1)
    if isinstance(frames, tuple):
        name, offset, shape = frames
        frames = np.memmap(name, dtype=np.uint8, mode="r", offset=offset, shape=shape)
    _worker = _Worker(backbone, place, frames, seed)


def _encode(job: tuple[int, int, int]) -> int:
    assert _worker is not None
    return _worker.encode_chunk(job)
