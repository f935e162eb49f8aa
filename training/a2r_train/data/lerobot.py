"""Rollouts on disk in the layout of LeRobotDataset v3 (huggingface/lerobot), written and read with pyarrow and PyAV.

One row and one video frame per *kept* frame of an episode. Shard k holds some whole episodes in four files::

    meta/episodes/chunk-000/file-k.parquet              one row per episode: task, source, seed, success ...
    data/chunk-000/file-k.parquet                       one row per kept frame: step, labels of every task
    videos/observation.images.scene/chunk-000/file-k.mp4
    full_rate/chunk-000/file-k.parquet                  one row per environment step: state, action

with ``meta/info.json``, ``meta/tasks.parquet`` and ``meta/files.json`` (size and SHA-256 of each file) for all. A
shard's episode table is written last, ``info.json`` after all shards: so what is there tells what is finished.
``length`` of LeRobot counts kept frames; ``steps`` is the episode's length in environment steps. What LeRobot does not
know (``full_rate``, ``files.json``, our columns of the episode table) it leaves alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from a2r_train.data.dataset_files import (
    CHUNK_SIZE,
    CODEBASE_VERSION,
    VIDEO_KEY,
    sha256_of,
    shard_files,
    write_json,
    write_parquet,
)
from a2r_train.data.video import FPS, PIXEL_FORMAT, VideoWriter

__all__ = ["DatasetInfo", "EpisodeRecord", "ShardWriter", "finish_dataset"]


@dataclass(frozen=True, kw_only=True)
class EpisodeRecord:
    """One episode. Letters: K kept frames, L labels, N environment steps.

    Attributes:
        family: ``"metaworld"`` or ``"tabletop"``.
        task: It was collected for.
        instruction: The task's sentence.
        scene: Name or generator seed.
        seed: Of the environment's reset.
        source: What the controller set out to do.
        rewound: Whether states were played back: then an action is missing (NaN) where time did not go on.
        steps: int (K,), environment step of each kept frame; the last is N.
        frames: uint8 (K, H, W, 3).
        success: int8 (K, L); -1 where the scene does not decide a task.
        ambiguous: bool (K, L).
        progress: float32 (K, L), NaN where not decided.
        states: float32 (N + 1, S), observation before each step and after the last.
        actions: float32 (N + 1, A), what was done next; NaN in the last row.
    """

    family: str
    task: str
    instruction: str
    scene: str
    seed: int
    source: str
    rewound: bool
    steps: NDArray[np.int64]
    frames: NDArray[np.uint8]
    success: NDArray[np.int8]
    ambiguous: NDArray[np.bool_]
    progress: NDArray[np.float32]
    states: NDArray[np.float32]
    actions: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class DatasetInfo:
    """What all shards of a data set share.

    Attributes:
        width: Pixels.
        height: Pixels.
        kept_frames: Frames of each episode.
        label_names: ``family/task`` of each label column.
        instructions: Every task's sentence, in the order of ``tasks.parquet``.
    """

    width: int
    height: int
    kept_frames: int
    label_names: tuple[str, ...]
    instructions: tuple[str, ...]


class ShardWriter:
    """Writes one shard, an episode at a time; nothing counts before the ``with`` block ends without an exception."""

    def __init__(self, root: Path, info: DatasetInfo, *, shard: int, first_episode: int) -> None:
        """Prepare the files.

        Args:
            root: The data set's folder.
            info: Shared by all shards.
            shard: Number of the shard.
            first_episode: ``episode_index`` of its first episode.
        """
        self._info, self._shard, self._first = info, shard, first_episode
        self._files = shard_files(root, shard)
        self._video = VideoWriter(
            self._files["video"], width=info.width, height=info.height, clip_length=info.kept_frames
        )
        self._episodes: list[dict[str, Any]] = []
        self._rows: list[pa.Table] = []
        self._full_rate: list[pa.Table] = []

    def __enter__(self) -> ShardWriter:
        """Open the video."""
        self._video.__enter__()
        return self

    def append(self, episode: EpisodeRecord) -> None:
        """Write an episode's frames and keep its rows."""
        self._video.append(episode.frames)
        index = self._first + len(self._episodes)
        self._rows.append(self._frame_rows(index, episode))
        self._full_rate.append(_step_rows(index, episode))
        self._episodes.append(self._episode_row(index, episode))

    def __exit__(self, *error: Any) -> None:
        """Write the tables, the one of the episodes last."""
        self._video.__exit__(*error)
        if error[0] is None:
            write_parquet(pa.concat_tables(self._rows), self._files["data"])
            write_parquet(pa.concat_tables(self._full_rate), self._files["full_rate"])
            write_parquet(pa.Table.from_pylist(self._episodes), self._files["episodes"])

    def _frame_rows(self, index: int, episode: EpisodeRecord) -> pa.Table:
        kept = self._info.kept_frames
        labels = len(self._info.label_names)
        frame = np.arange(kept)

        def listed(values: NDArray[Any], kind: pa.DataType) -> pa.Array:
            return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1), kind), labels)

        task = self._info.instructions.index(episode.instruction)
        return pa.table(
            {
                "timestamp": pa.array(frame / FPS, pa.float32()),
                "frame_index": pa.array(frame, pa.int64()),
                "episode_index": pa.array(np.full(kept, index), pa.int64()),
                "index": pa.array(index * kept + frame, pa.int64()),
                "task_index": pa.array(np.full(kept, task), pa.int64()),
                "step": pa.array(episode.steps, pa.int64()),
                "success": listed(episode.success, pa.int8()),
                "ambiguous": listed(episode.ambiguous, pa.bool_()),
                "progress": listed(episode.progress, pa.float32()),
            }
        )

    def _episode_row(self, index: int, episode: EpisodeRecord) -> dict[str, Any]:
        kept = self._info.kept_frames
        chunk, file = divmod(self._shard, CHUNK_SIZE)
        own = self._info.label_names.index(f"{episode.family}/{episode.task}")
        begin = (index - self._first) * kept
        return {
            "episode_index": index,
            "tasks": [episode.instruction],
            "length": kept,
            "dataset_from_index": index * kept,
            "dataset_to_index": (index + 1) * kept,
            "data/chunk_index": chunk,
            "data/file_index": file,
            f"videos/{VIDEO_KEY}/chunk_index": chunk,
            f"videos/{VIDEO_KEY}/file_index": file,
            f"videos/{VIDEO_KEY}/from_timestamp": begin / FPS,
            f"videos/{VIDEO_KEY}/to_timestamp": (begin + kept) / FPS,
            "meta/episodes/chunk_index": chunk,
            "meta/episodes/file_index": file,
            "family": episode.family,
            "task": episode.task,
            "scene": episode.scene,
            "seed": episode.seed,
            "source": episode.source,
            "rewound": episode.rewound,
            "steps": int(episode.steps[-1]),
            "success": bool(episode.success[-1, own] == 1),
            "ambiguous": bool(episode.ambiguous[-1, own]),
        }


def _step_rows(index: int, episode: EpisodeRecord) -> pa.Table:
    """Rows at full rate; lists, because state and action are not equally long in all families."""
    count = len(episode.states)

    def listed(values: NDArray[np.float32]) -> pa.Array:
        offsets = np.arange(count + 1, dtype=np.int32) * values.shape[1]
        return pa.ListArray.from_arrays(offsets, pa.array(values.reshape(-1), pa.float32()))

    return pa.table(
        {
            "episode_index": pa.array(np.full(count, index), pa.int64()),
            "step": pa.array(np.arange(count), pa.int64()),
            "observation.state": listed(episode.states),
            "action": listed(episode.actions),
        }
    )


def finish_dataset(
    root: Path, info: DatasetInfo, *, num_shards: int, num_episodes: int, extra: Mapping[str, Any]
) -> None:
    """Write what describes the whole data set, once all shards are there.

    Args:
        root: The data set's folder.
        info: Shared by all shards.
        num_shards: How many there are.
        num_episodes: In all of them.
        extra: Kept in ``info.json`` under ``"a2r"``.
    """
    tasks = {"task_index": list(range(len(info.instructions))), "task": list(info.instructions)}
    columns = (("task_index", "int64", "int64"), ("task", "unicode", "object"))
    pandas = {  # makes pandas take the sentence as the index, as LeRobot expects
        "index_columns": ["task"],
        "column_indexes": [],
        "columns": [
            {"name": name, "field_name": name, "pandas_type": kind, "numpy_type": numpy_kind, "metadata": None}
            for name, kind, numpy_kind in columns
        ],
    }
    table = pa.table(tasks).replace_schema_metadata({"pandas": json.dumps(pandas)})
    write_parquet(table, root / "meta/tasks.parquet")
    files = [path for shard in range(num_shards) for path in shard_files(root, shard).values()]
    manifest = {
        str(path.relative_to(root)): {"bytes": path.stat().st_size, "sha256": sha256_of(path)} for path in files
    }
    write_json(manifest, root / "meta/files.json")
    write_json(_info_json(info, num_episodes, extra), root / "meta/info.json")


def _info_json(info: DatasetInfo, num_episodes: int, extra: Mapping[str, Any]) -> dict[str, Any]:
    video = {
        "video.fps": FPS, "video.height": info.height, "video.width": info.width, "video.channels": 3,
        "video.codec": "h264", "video.pix_fmt": PIXEL_FORMAT, "video.is_depth_map": False, "has_audio": False,
    }  # fmt: skip
    features: dict[str, Any] = {
        VIDEO_KEY: {
            "dtype": "video",
            "shape": [info.height, info.width, 3],
            "names": ["height", "width", "channels"],
            "info": video,
        }
    }
    for name, kind in (("success", "int8"), ("ambiguous", "bool"), ("progress", "float32")):
        features[name] = {"dtype": kind, "shape": [len(info.label_names)], "names": list(info.label_names)}
    for name in ("step", "frame_index", "episode_index", "index", "task_index"):
        features[name] = {"dtype": "int64", "shape": [1], "names": None}
    features["timestamp"] = {"dtype": "float32", "shape": [1], "names": None}
    return {
        "codebase_version": CODEBASE_VERSION,
        "robot_type": "sawyer",
        "total_episodes": num_episodes,
        "total_frames": num_episodes * info.kept_frames,
        "total_tasks": len(info.instructions),
        "chunks_size": CHUNK_SIZE,
        "data_files_size_in_mb": 100,
        "video_files_size_in_mb": 100,
        "fps": FPS,
        "splits": {"train": f"0:{num_episodes}"},
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
        "features": features,
        "a2r": {"kept_frames": info.kept_frames, "label_names": list(info.label_names), **extra},
    }
