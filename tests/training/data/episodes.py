"""Episodes and small data sets made of a few numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from a2r_train.data.lerobot import DatasetInfo, EpisodeRecord, ShardWriter, finish_dataset

WIDTH, HEIGHT, KEPT = 24, 16, 4
LABELS = ("toy/open", "toy/close", "toy/lift")
SENTENCES = {"open": "open it", "close": "close it", "lift": "lift it"}
INFO = DatasetInfo(
    width=WIDTH, height=HEIGHT, kept_frames=KEPT, label_names=LABELS, instructions=tuple(SENTENCES.values())
)


def make_frames(seed: int, count: int = KEPT) -> NDArray[np.uint8]:
    """Make smooth pictures in which a bright square moves: what a codec is made for."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    ground = np.stack([rows * 6, columns * 4, (rows + columns) * 3], axis=-1) + 7 * seed % 90
    frames = np.repeat(ground[None], count, axis=0)
    for frame in range(count):
        frames[frame, 4:10, 2 + 4 * frame : 8 + 4 * frame] = (240, 40 + 20 * (seed % 5), 30)
    return frames.astype(np.uint8)


def make_episode(seed: int, task: str = "open", *, source: str = "success", length: int = 10) -> EpisodeRecord:
    """Make an episode; its own task is done in the last frame if it set out to, ``lift`` is undecided."""
    own = LABELS.index(f"toy/{task}")
    success = np.zeros((KEPT, len(LABELS)), np.int8)
    success[-1, own] = source == "success"
    success[:, 2] = -1
    ambiguous = np.zeros(success.shape, np.bool_)
    ambiguous[1, own] = True
    rng = np.random.default_rng(seed)
    actions = rng.normal(size=(length + 1, 2)).astype(np.float32)
    actions[-1] = np.nan
    return EpisodeRecord(
        family="toy", task=task, instruction=SENTENCES[task], scene="train", seed=seed, source=source, rewound=False,
        steps=np.rint(np.linspace(0, length, KEPT)).astype(np.int64), frames=make_frames(seed), success=success,
        ambiguous=ambiguous, progress=np.where(success < 0, np.nan, success * 0.9).astype(np.float32),
        states=rng.normal(size=(length + 1, 3)).astype(np.float32), actions=actions,
    )  # fmt: skip


def write_shard(root: Path, shard: int, first: int, episodes: list[EpisodeRecord], info: DatasetInfo = INFO) -> None:
    """Write one shard."""
    with ShardWriter(root, info, shard=shard, first_episode=first) as writer:
        for episode in episodes:
            writer.append(episode)


def write_dataset(
    root: Path, seeds: tuple[int, ...] = (1, 2, 3, 4, 5), info: DatasetInfo = INFO
) -> list[EpisodeRecord]:
    """Write a data set of two shards; every second episode fails, every third has the task ``close``."""
    episodes = [
        make_episode(
            seed, "close" if place % 3 == 2 else "open", source="random" if place % 2 else "success", length=9 + place
        )
        for place, seed in enumerate(seeds)
    ]
    half = len(episodes) // 2
    write_shard(root, 0, 0, episodes[:half], info)
    write_shard(root, 1, half, episodes[half:], info)
    finish_dataset(root, info, num_shards=2, num_episodes=len(episodes), extra={"seed": 7})
    return episodes
