"""Clips and feature maps made of a few numbers: what succeeds moves one way, what fails another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from a2r_gym.models.adapt2reward import Adapt2RewardNetwork, ModelConfig
from a2r_gym.models.backbones import BACKBONES
from a2r_gym.models.reward_network import TaskEntry
from a2r_train.data.clips import ClipSet
from a2r_train.data.human_clips import HumanClipSet
from a2r_train.features import FeatureStore
from a2r_train.human_sampler import HumanSampler, HumanSamplerConfig
from a2r_train.labels import labelled_tasks, resolve_labels
from a2r_train.sampler import BatchSampler, SamplerConfig
from a2r_train.step_losses import HumanPart, LossConfig, StepLosses
from a2r_train.trainer import Trainer, TrainerConfig
from tests.tiny_backbone import CHANNELS, ENTRY, GRID, TINY

KEPT = 16
DONE_AT = 10
"""Kept frame from which a success is one."""
TABLETOP = ("tabletop/drawer-close", "tabletop/drawer-open", "tabletop/mug-left", "tabletop/mug-right")
SOURCES = ("success", "random", "missed")


def make_clips(
    names: tuple[str, ...] = TABLETOP, *, per_source: int = 6, sources: tuple[str, ...] = SOURCES, size: int = 4
) -> ClipSet:
    """Make clips of each task and source; a scene decides all tasks of its family."""
    rows = [(name, source) for name in names for source in sources for _ in range(per_source)]
    count, family = len(rows), [name.split("/")[0] for name, _ in rows]
    success = np.full((count, KEPT, len(names)), -1, np.int8)
    for row, (name, source) in enumerate(rows):
        for column, label in enumerate(names):
            if label.split("/")[0] == family[row]:
                success[row, :, column] = 0
        if source == "success":
            success[row, DONE_AT:, names.index(name)] = 1
    return ClipSet(
        frames=np.random.default_rng(0).integers(0, 256, (count, KEPT, size, size, 3), dtype=np.uint8),
        steps=np.tile(np.arange(KEPT, dtype=np.int32), (count, 1)),
        family=np.array(family),
        task=np.array([name.split("/")[1] for name, _ in rows]),
        scene=np.array(["train"] * count),
        seed=np.arange(count, dtype=np.int64),
        source=np.array([source for _, source in rows]),
        length=np.full(count, 60, np.int32),
        label_names=names,
        success=success,
        ambiguous=np.zeros(success.shape, np.bool_),
        progress=np.where(success < 0, np.nan, success).astype(np.float32),
    )


def make_store(clips: ClipSet, *, flipped: bool = False) -> FeatureStore:
    """Make maps that move along a direction of the task and of the way it fails; augmentation 1 may be mirrored."""
    rng = np.random.default_rng(7)
    names = [f"{family}/{task}" for family, task in zip(clips.family, clips.task, strict=True)]
    ways = {name: rng.normal(size=(4, CHANNELS, GRID, GRID)) for name in sorted(set(names))}
    time = np.linspace(0.0, 1.0, KEPT)[:, None, None, None]
    maps = rng.normal(size=(CHANNELS, GRID, GRID)) + 0.1 * rng.normal(size=(2, len(clips), KEPT, CHANNELS, GRID, GRID))
    for clip, name in enumerate(names):
        way = 0 if clips.source[clip] == "success" else 1 + clip % 3
        maps[:, clip] += 2.0 * time * ways[name][way]
    flips = np.zeros((2, len(clips)), np.bool_)
    flips[1] = flipped
    return FeatureStore(maps=maps.astype(np.float16), flips=flips)


HUMAN = {
    5: "closing a drawer",
    46: "opening a drawer",
    93: "pushing a cup from left to right",
    6: "covering a cup with a cloth",
}
"""Templates of the human clips with their sentence."""


def make_human_clips(per_template: int = 4, *, size: int = 4) -> HumanClipSet:
    """Make human clips whose action is done at `DONE_AT`."""
    template = np.repeat(np.array(list(HUMAN)), per_template)
    progress = np.tile(np.clip(np.arange(KEPT) / DONE_AT, 0.0, 1.0).astype(np.float32), (len(template), 1))
    return HumanClipSet(
        frames=np.random.default_rng(1).integers(0, 256, (len(template), KEPT, size, size, 3), dtype=np.uint8),
        clip_id=np.arange(len(template)),
        template=template,
        instruction=np.array([HUMAN[int(number)] for number in template]),
        steps=np.tile(np.arange(KEPT, dtype=np.int32), (len(template), 1)),
        length=np.full(len(template), KEPT, np.int32),
        progress=progress,
        done=progress >= 1.0,
        source="hands",
    )


def make_human_part(
    config: HumanSamplerConfig | None = None, *, clips: HumanClipSet | None = None, flipped: bool = False, seed: int = 0
) -> HumanPart:
    """Make a human domain of random feature maps; its templates are matched with `TABLETOP`."""
    clips = clips or make_human_clips()
    maps = np.random.default_rng(3).normal(size=(2, len(clips), KEPT, CHANNELS, GRID, GRID)).astype(np.float16)
    store = FeatureStore(maps=maps, flips=np.array([[False], [flipped]]) & np.ones((2, len(clips)), np.bool_))
    sampler = HumanSampler(clips, store, config or HumanSamplerConfig(), num_frames=8, seed=seed)
    return HumanPart(sampler, store, np.array([5, 46, -1, 93]))


def make_sampler(
    clips: ClipSet, store: FeatureStore, config: SamplerConfig | None = None, seed: int = 0
) -> BatchSampler:
    """Make a sampler of 8 frames."""
    tasks = labelled_tasks(clips.label_names)
    labels = resolve_labels(clips, tasks)
    return BatchSampler(clips, labels, tasks, store, config or SamplerConfig(), num_frames=8, seed=seed)


def tiny_network(names: tuple[str, ...] = TABLETOP, *, num_failure_modes: int = 3) -> Adapt2RewardNetwork:
    """Make a network of the tiny backbone, of seed 0."""
    BACKBONES[TINY] = ENTRY
    torch.manual_seed(0)
    entries = tuple(TaskEntry(name=name, instructions=(name,)) for name in names)
    return Adapt2RewardNetwork(
        ModelConfig(
            tasks=entries, backbone=TINY, place_features=24, mix_width=64, num_slots=16, slot_features=8, width=64,
            depth=1,
            embedding=32, prompt_length=2, num_failure_modes=num_failure_modes,
        )
    )  # fmt: skip


def make_trainer(
    folder: Path,
    *,
    network: Adapt2RewardNetwork | None = None,
    losses: LossConfig | None = None,
    num_steps: int = 6,
    epoch_steps: int = 2,
    save_every: int = 3,
    learning_rate: float = 2e-3,
    maps: NDArray[np.float16] | None = None,
    adaptive: bool = False,
    human: HumanPart | None = None,
) -> Trainer:
    """Make a trainer on synthetic clips; equal arguments give equal runs."""
    clips = make_clips()
    store = make_store(clips)
    if maps is not None:
        store = FeatureStore(maps=maps, flips=store.flips)
    config = TrainerConfig(
        num_steps=num_steps, epoch_steps=epoch_steps, save_every=save_every, learning_rate=learning_rate,
        warmup_steps=2, num_threads=1, adaptive_failure_modes=adaptive,
    )  # fmt: skip
    sampler = make_sampler(clips, store, SamplerConfig(tasks_per_step=4))
    made, labels = network or tiny_network(), np.arange(len(TABLETOP))
    step_losses = StepLosses(made, store, labels, losses or LossConfig(), human)
    people = None if human is None else human.sampler
    return Trainer(made, sampler, store, labels, step_losses, config, folder, people)
