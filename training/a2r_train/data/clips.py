"""Collected clips in memory: frames decoded once into a memory-mapped cache, labels as arrays.

Letters: E clips, K kept frames, L labels.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from a2r_gym.errors import DataError
from a2r_train.data.dataset_files import check_hashes, read_info, read_manifest, read_parquet
from a2r_train.data.video import read_video

__all__ = ["ClipSet", "join_labels", "load_clips"]

_CACHE_FORMAT: Final = 1
_EMPTY: Final[dict[str, Any]] = {"success": -1, "ambiguous": False, "progress": np.nan}
"""What stands where a clip's scene does not decide a label."""


@dataclass(frozen=True, kw_only=True)
class ClipSet:
    """Clips with everything that is known about them.

    Attributes:
        frames: uint8 (E, K, H, W, 3), memory-mapped.
        steps: int32 (E, K), environment step of each kept frame.
        family: str (E,), ``"metaworld"`` or ``"tabletop"``.
        task: str (E,), the clip was collected for.
        scene: str (E,), name or generator seed.
        seed: int64 (E,), of the environment's reset.
        source: str (E,), what the controller set out to do.
        length: int32 (E,), of the episode, environment steps.
        label_names: ``family/task`` of each label.
        success: int8 (E, K, L): 1 the task's rule holds, 0 it does not, -1 the scene does not decide the task.
        ambiguous: bool (E, K, L), too close to a threshold to count.
        progress: float32 (E, K, L), in [0, 1]; NaN where not decided.
    """

    frames: NDArray[np.uint8]
    steps: NDArray[np.int32]
    family: NDArray[np.str_]
    task: NDArray[np.str_]
    scene: NDArray[np.str_]
    seed: NDArray[np.int64]
    source: NDArray[np.str_]
    length: NDArray[np.int32]
    label_names: tuple[str, ...]
    success: NDArray[np.int8]
    ambiguous: NDArray[np.bool_]
    progress: NDArray[np.float32]

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self.family)

    def select(self, which: NDArray[Any]) -> ClipSet:
        """Return some of the clips; their frames are copied into memory.

        Args:
            which: bool (E,) or indices.
        """
        arrays = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "label_names"}
        return replace(self, **{name: values[which] for name, values in arrays.items()})

    def with_labels(self, names: Sequence[str]) -> ClipSet:
        """Return the same clips with some of their labels, as if nothing else had been judged.

        Args:
            names: ``family/task`` of each label.

        Raises:
            DataError: A label is not there, or a clip's own task is not among them.
        """
        own = set(np.char.add(np.char.add(self.family.astype(str), "/"), self.task.astype(str)).tolist())
        if missing := sorted((set(names) - set(self.label_names)) | (own - set(names))):
            raise DataError(f"expected clips and labels of {', '.join(names)} alone; {', '.join(missing)} does not fit")
        columns = [self.label_names.index(name) for name in names]
        chosen = {name: getattr(self, name)[:, :, columns] for name in _EMPTY}
        return replace(self, label_names=tuple(names), **chosen)


def join_labels(parts: Sequence[ClipSet], names: Sequence[str] = ()) -> ClipSet:
    """Put clip sets one behind the other, without their pictures: for training on cached features.

    Args:
        parts: The clip sets; a label that one of them lacks is undecided there.
        names: The labels, among them all that the clip sets have; empty: those.

    Returns:
        All clips; ``frames`` is uint8 (E, K, 0, 0, 3).
    """
    names = tuple(names or dict.fromkeys(name for part in parts for name in part.label_names))
    columns = {}
    for field in fields(ClipSet):
        if field.name in _EMPTY:
            columns[field.name] = np.concatenate([_widened(part, field.name, names) for part in parts])
        elif field.name not in ("frames", "label_names"):
            columns[field.name] = np.concatenate([getattr(part, field.name) for part in parts])
    frames = np.zeros((*columns["steps"].shape, 0, 0, 3), dtype=np.uint8)
    return ClipSet(frames=frames, label_names=names, **columns)


def _widened(part: ClipSet, field: str, names: tuple[str, ...]) -> NDArray[Any]:
    """Lay a label array out over more label names."""
    own: NDArray[Any] = getattr(part, field)
    wide = np.full((*own.shape[:2], len(names)), _EMPTY[field], dtype=own.dtype)
    wide[:, :, [names.index(name) for name in part.label_names]] = own
    return wide


def load_clips(folders: Sequence[Path], cache_dir: Path | None = None) -> ClipSet:
    """Read the clips of one or several data sets.

    The frames are decoded once, into ``cache_dir``; the next call maps that file. Data sets with other label names are
    merged: a label that one of them lacks is undecided there.

    Args:
        folders: Data sets that ``a2r collect`` has written and finished.
        cache_dir: Where decoded frames lie; None: in the first folder.

    Raises:
        DataError: A folder holds no finished data set, a file is missing, cut or damaged, or frame sizes differ.
    """
    roots = [Path(folder) for folder in folders]
    if not roots:
        raise DataError("expected at least one folder of collected clips, got none")
    infos, manifests = [read_info(root) for root in roots], [read_manifest(root) for root in roots]
    shapes = [_shape(info) for info in infos]
    if len(set(shapes)) > 1:
        sizes = "; ".join(f"{root}: {shape}" for root, shape in zip(roots, shapes, strict=True))
        raise DataError(f"data sets must agree in kept frames and picture size, got {sizes}")
    names = tuple(dict.fromkeys(name for info in infos for name in info["a2r"]["label_names"]))
    parts = [_read_labels(root, info, names) for root, info in zip(roots, infos, strict=True)]
    columns = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    cache = Path(cache_dir) if cache_dir is not None else roots[0] / "cache"
    frames = _cached_frames(roots, manifests, (len(columns["family"]), *shapes[0]), cache)
    return ClipSet(frames=frames, label_names=names, **columns)


def _shape(info: dict[str, Any]) -> tuple[int, ...]:
    """Shape of a clip: kept frames, height, width, 3."""
    feature = next(feature for feature in info["features"].values() if feature["dtype"] == "video")
    return (int(info["a2r"]["kept_frames"]), *map(int, feature["shape"]))


def _read_labels(root: Path, info: dict[str, Any], names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Read a data set's tables into the columns of a `ClipSet`."""
    episodes = [read_parquet(path) for path in sorted((root / "meta/episodes").glob("*/*.parquet"))]
    rows = [read_parquet(path) for path in sorted((root / "data").glob("*/*.parquet"))]
    kept, own = int(info["a2r"]["kept_frames"]), info["a2r"]["label_names"]
    count = sum(table.num_rows for table in episodes)
    if count != info["total_episodes"] or sum(table.num_rows for table in rows) != count * kept:
        raise DataError(
            f"{root} holds {count} episodes and {sum(table.num_rows for table in rows)} rows, expected "
            f"{info['total_episodes']} and {info['total_episodes'] * kept}"
        )

    def column(name: str) -> NDArray[Any]:
        return np.array([value for table in episodes for value in table.column(name).to_pylist()])

    def labels(name: str, empty: Any, kind: Any) -> NDArray[Any]:
        flat = np.concatenate(
            [table.column(name).combine_chunks().flatten().to_numpy(zero_copy_only=False) for table in rows]
        )
        merged = np.full((count, kept, len(names)), empty, dtype=kind)
        merged[:, :, [names.index(label) for label in own]] = flat.reshape(count, kept, len(own))
        return merged

    steps = np.concatenate([table.column("step").to_numpy() for table in rows]).reshape(count, kept)
    text = {key: column(key).astype(np.str_) for key in ("family", "task", "scene", "source")}
    return text | {
        "steps": steps.astype(np.int32),
        "seed": column("seed").astype(np.int64),
        "length": column("steps").astype(np.int32),
        "success": labels("success", -1, np.int8),
        "ambiguous": labels("ambiguous", False, np.bool_),
        "progress": labels("progress", np.nan, np.float32),
    }


def _cached_frames(
    roots: list[Path], manifests: list[dict[str, dict[str, Any]]], shape: tuple[int, ...], cache: Path
) -> NDArray[np.uint8]:
    """Map the decoded frames, uint8 ``shape``; decode them first where that was not done yet."""
    key = hashlib.sha256(json.dumps([_CACHE_FORMAT, manifests]).encode()).hexdigest()[:20]
    path = cache / f"frames-{key}.npy"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _decode(roots, manifests, shape, path)
    frames: NDArray[np.uint8] = np.load(path, mmap_mode="r")
    if frames.shape != shape:
        raise DataError(f"{path} holds frames of shape {frames.shape}, expected {shape}; remove it")
    return frames


def _decode(roots: list[Path], manifests: list[dict[str, dict[str, Any]]], shape: tuple[int, ...], path: Path) -> None:
    """Decode all videos into one array file, which gets its name once it is whole."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
    os.close(handle)
    part = Path(name)
    try:
        array = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=shape)
        flat = array.reshape(-1, *shape[2:])
        begin, jobs = 0, []
        for root, manifest in zip(roots, manifests, strict=True):
            check_hashes(root, manifest, list(manifest))
            for table_path in sorted((root / "meta/episodes").glob("*/*.parquet")):
                count = read_parquet(table_path).num_rows * shape[1]
                video = next((root / "videos").glob(f"*/{table_path.parent.name}/{table_path.stem}.mp4"))
                jobs.append((video, flat[begin : begin + count]))
                begin += count
        with (
            ThreadPoolExecutor(os.cpu_count()) as pool,  # decoding leaves the interpreter free
            tqdm(total=len(flat), desc="decode clips", unit="frame") as bar,
        ):
            for done in as_completed([pool.submit(_decode_shard, *job) for job in jobs]):
                bar.update(done.result())
        array.flush()
        del array, flat, jobs
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _decode_shard(video: Path, out: NDArray[np.uint8]) -> int:
    """Decode one file into its place; returns the number of frames."""
    for place, frame in enumerate(read_video(video, len(out))):
        out[place] = frame
    return len(out)
