"""Clips written to disk as ``a2r collect`` writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from a2r_train.data.clips import ClipSet
from a2r_train.data.lerobot import DatasetInfo, EpisodeRecord, ShardWriter, finish_dataset
from a2r_train.labels import labelled_tasks


def write_clips(clips: ClipSet, root: Path) -> Path:
    """Write clips as a collected data set."""
    tasks = labelled_tasks(clips.label_names)
    sentence = {task.name: task.info.instruction for task in tasks}
    kept, height, width = clips.frames.shape[1:4]
    info = DatasetInfo(
        width=width, height=height, kept_frames=kept, label_names=clips.label_names,
        instructions=tuple(sentence.values()),
    )  # fmt: skip
    with ShardWriter(root, info, shard=0, first_episode=0) as writer:
        for row in range(len(clips)):
            name = f"{clips.family[row]}/{clips.task[row]}"
            writer.append(
                EpisodeRecord(
                    family=str(clips.family[row]), task=str(clips.task[row]), instruction=sentence[name],
                    scene="train", seed=int(clips.seed[row]), source=str(clips.source[row]), rewound=False,
                    steps=clips.steps[row].astype(np.int64), frames=clips.frames[row], success=clips.success[row],
                    ambiguous=clips.ambiguous[row], progress=clips.progress[row],
                    states=np.zeros((kept, 1), np.float32), actions=np.zeros((kept, 1), np.float32),
                )
            )  # fmt: skip
    finish_dataset(root, info, num_shards=1, num_episodes=len(clips), extra={})
    return root
