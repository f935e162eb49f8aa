"""The files of a data set in the layout of LeRobotDataset v3: where they are, how they are written and checked.

Every file is written under a temporary name and renamed when it is whole, so that a killed process leaves no half file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from a2r_gym.errors import DataError

__all__ = [
    "CHUNK_SIZE",
    "CODEBASE_VERSION",
    "VIDEO_KEY",
    "check_hashes",
    "read_info",
    "read_json",
    "read_manifest",
    "read_parquet",
    "sha256_of",
    "shard_files",
    "shard_is_finished",
    "write_json",
    "write_parquet",
]

VIDEO_KEY: Final = "observation.images.scene"
CODEBASE_VERSION: Final = "v3.0"
CHUNK_SIZE: Final = 1000
"""Files in a folder at most."""
_PATHS: Final = {
    "episodes": "meta/episodes/chunk-{chunk:03d}/file-{file:03d}.parquet",
    "data": "data/chunk-{chunk:03d}/file-{file:03d}.parquet",
    "video": f"videos/{VIDEO_KEY}/chunk-{{chunk:03d}}/file-{{file:03d}}.mp4",
    "full_rate": "full_rate/chunk-{chunk:03d}/file-{file:03d}.parquet",
}


def shard_files(root: Path, shard: int) -> dict[str, Path]:
    """Name the four files of a shard by kind: ``episodes``, ``data``, ``video``, ``full_rate``."""
    chunk, file = divmod(shard, CHUNK_SIZE)
    return {kind: root / path.format(chunk=chunk, file=file) for kind, path in _PATHS.items()}


def shard_is_finished(root: Path, shard: int, num_episodes: int) -> bool:
    """Tell whether a shard is complete.

    Raises:
        DataError: Its episode table is there, but does not hold ``num_episodes``, or another of its files is missing.
    """
    files = shard_files(root, shard)
    if not files["episodes"].exists():
        return False
    found = read_parquet(files["episodes"]).num_rows
    if found != num_episodes:
        raise DataError(f"{files['episodes']} holds {found} episodes, expected {num_episodes}; remove it to redo it")
    for path in files.values():
        if not path.exists():
            raise DataError(f"{path} is missing though its shard was finished; remove {files['episodes']} to redo it")
    return True


def read_info(root: Path) -> dict[str, Any]:
    """Read ``info.json`` of a finished data set.

    Raises:
        DataError: There is none, or it is not ours.
    """
    path = root / "meta/info.json"
    if not path.exists():
        state = "the collection is not finished: run it again" if (root / "meta").is_dir() else "no data set is there"
        raise DataError(f"{path} is missing: {state}")
    info = read_json(path)
    if info.get("codebase_version") != CODEBASE_VERSION or "a2r" not in info:
        raise DataError(f"{path} is no LeRobotDataset {CODEBASE_VERSION} written by a2r collect")
    return info


def read_manifest(root: Path) -> dict[str, dict[str, Any]]:
    """Read ``files.json`` and check that every file is there and has its size.

    Raises:
        DataError: A file is missing or has another size.
    """
    manifest: dict[str, dict[str, Any]] = read_json(root / "meta/files.json")
    for name, entry in manifest.items():
        path = root / name
        if not path.exists():
            raise DataError(f"{path} is missing")
        if path.stat().st_size != entry["bytes"]:
            raise DataError(f"{path} has {path.stat().st_size} bytes, expected {entry['bytes']}: the file is cut")
    return manifest


def check_hashes(root: Path, manifest: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> None:
    """Compare files with their SHA-256.

    Raises:
        DataError: One differs.
    """
    for name in names:
        if sha256_of(root / name) != manifest[name]["sha256"]:
            raise DataError(f"{root / name} differs from its SHA-256 in meta/files.json: the file is damaged")


def sha256_of(path: Path) -> str:
    """Hash a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        DataError: The file is missing, broken or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path}: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path} must hold a JSON object")
    return content


def write_json(content: Mapping[str, Any], path: Path) -> None:
    """Write a JSON file in one go."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(part, path)


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write a parquet file in one go."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    pq.write_table(table, part, compression="zstd")
    os.replace(part, path)


def read_parquet(path: Path) -> pa.Table:
    """Read a parquet file.

    Raises:
        DataError: It is missing or broken.
    """
    try:
        return pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"cannot read {path}: {error}") from error
