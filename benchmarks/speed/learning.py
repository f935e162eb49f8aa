"""An epoch of training with feature maps that were computed once, against one that encodes its pictures each time."""

from __future__ import annotations

import contextlib
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from a2r_gym.models.adapt2reward import Adapt2RewardNetwork, ModelConfig
from a2r_gym.models.backbones import DEFAULT_BACKBONE, load_backbone
from a2r_gym.models.reward_network import TaskEntry
from a2r_train.augmentation import Augmentation
from a2r_train.data.clips import ClipSet
from a2r_train.features import FeatureStore
from a2r_train.labels import labelled_tasks, resolve_labels
from a2r_train.sampler import BatchSampler, SamplerConfig
from a2r_train.step_losses import LossConfig, StepLosses
from a2r_train.trainer import Trainer, TrainerConfig
from benchmarks.speed.clock import Arm, interleave, ratio
from benchmarks.speed.section import Section, Size

__all__ = ["learning"]

_NAMES = ("tabletop/drawer-close", "tabletop/drawer-open", "tabletop/mug-left", "tabletop/mug-right")
_KEPT, _SIDE, _BATCH = 16, 128, 24
_TRUNK = "trunk of one step, forward and backward"


class _Enough(Exception):
    """Breaks a run off between two steps."""


class _LiveMaps:
    """Feature maps that are computed when they are read: each clip is augmented, and its frames are encoded."""

    def __init__(self, network: Adapt2RewardNetwork, frames: NDArray[np.uint8], shape: tuple[int, ...]) -> None:
        self._network, self._frames, self.shape = network, frames, shape

    def __len__(self) -> int:
        return self.shape[0]

    @torch.no_grad()
    def __getitem__(self, index: tuple[Any, Any, Any]) -> NDArray[np.float16]:
        augmentations, clips, frames = np.broadcast_arrays(*index)
        maps = []
        for augmentation, clip, rows in zip(augmentations[:, 0], clips[:, 0], frames, strict=True):
            rng = np.random.default_rng([int(augmentation), int(clip)])
            drawn = Augmentation.draw(rng) if augmentation else None
            video = self._frames[clip] if drawn is None else drawn(self._frames[clip], rng)
            pictures = self._network.backbone.normalise(torch.from_numpy(video[rows]))
            maps.append(self._network.image(pictures).numpy().astype(np.float16))
        return np.stack(maps)


def learning(size: Size) -> Section:
    """Time epochs of the paper's training on clips of noise: losses, gradients and texts are those of real ones."""
    clips, steps = _clips(size.clips), max(1, size.clips // _BATCH)
    with tempfile.TemporaryDirectory() as folder:
        trainers = {
            name: _trainer(clips, Path(folder) / name, live=live)
            for name, live in (("cached features", False), ("pictures", True))
        }
        arms = [Arm(f"epoch, {name}", partial(_go_on, trainer, steps)) for name, trainer in trainers.items()]
        arms.append(Arm(_TRUNK, partial(_train_trunk, clips.frames[:_BATCH, ::2]), 1))
        timings = interleave(arms, min(size.rounds, 3), "training")
    cached = np.array(timings["epoch, cached features"].cpu)
    whole = cached + steps * np.array(timings[_TRUNK].cpu)
    return Section(
        title="Training",
        unit="epoch",
        timings=timings,
        numbers={
            "epoch without cached features": ratio(timings["epoch, pictures"], timings["epoch, cached features"]),
            "epoch that trains the trunk too": float(np.median(whole / cached)),
        },
        notes=(
            f"{len(clips)} clips of {_KEPT} kept frames at {_SIDE} px, {steps} steps of about {_BATCH} clips x 8 "
            "frames, the trunk frozen. Without cached features a step augments and encodes its frames in eager torch. "
            "One that trains the trunk is the sum of its parts.",
        ),
    )


def _clips(count: int) -> ClipSet:
    count = max(count, 3 * len(_NAMES))
    rows = [
        (_NAMES[row % len(_NAMES)], ("success", "random", "missed")[row // len(_NAMES) % 3]) for row in range(count)
    ]
    success = np.zeros((count, _KEPT, len(_NAMES)), np.int8)
    for row, (name, source) in enumerate(rows):
        success[row, _KEPT // 2 :, _NAMES.index(name)] = source == "success"
    return ClipSet(
        frames=np.random.default_rng(0).integers(0, 256, (count, _KEPT, _SIDE, _SIDE, 3), dtype=np.uint8),
        steps=np.tile(np.arange(_KEPT, dtype=np.int32), (count, 1)),
        family=np.array([name.split("/")[0] for name, _ in rows]),
        task=np.array([name.split("/")[1] for name, _ in rows]),
        scene=np.array(["train"] * count),
        seed=np.arange(count, dtype=np.int64),
        source=np.array([source for _, source in rows]),
        length=np.full(count, 60, np.int32),
        label_names=_NAMES,
        success=success,
        ambiguous=np.zeros(success.shape, np.bool_),
        progress=success.astype(np.float32),
    )


def _trainer(clips: ClipSet, folder: Path, *, live: bool) -> Trainer:
    torch.manual_seed(0)
    tasks = labelled_tasks(clips.label_names)
    entries = tuple(TaskEntry(name=task.name, instructions=(task.info.instruction,)) for task in tasks)
    network = Adapt2RewardNetwork(ModelConfig(tasks=entries, num_failure_modes=3))
    tower = network.backbone
    shape = (2, *clips.frames.shape[:2], tower.channels, tower.grid, tower.grid)
    maps: Any = (
        _LiveMaps(network, clips.frames, shape)
        if live
        else np.random.default_rng(0).standard_normal(shape, dtype=np.float32).astype(np.float16)
    )
    store = FeatureStore(maps=maps, flips=np.zeros(shape[:2], np.bool_))
    labels = np.arange(len(tasks))
    sampler = BatchSampler(
        clips, resolve_labels(clips, tasks), tasks, store,
        SamplerConfig(tasks_per_step=4, prefixes=True), num_frames=8, seed=0,
    )  # fmt: skip
    losses = StepLosses(network, store, labels, LossConfig(), None)
    config = TrainerConfig(num_steps=10**6, epoch_steps=10**9, save_every=10**9, num_threads=1)
    return Trainer(network, sampler, store, labels, losses, config, folder)


def _train_trunk(frames_BTHWC: NDArray[np.uint8]) -> None:
    """Run the trunk forward and backward on one step's frames, clip by clip."""
    tower = load_backbone(DEFAULT_BACKBONE)
    image = tower.image.requires_grad_(True).train()
    for video in frames_BTHWC:
        image(tower.normalise(torch.from_numpy(video))).sum().backward()


def _go_on(trainer: Trainer, steps: int) -> None:
    last = trainer.step + steps

    def report(step: int, losses: dict[str, float]) -> None:
        if step == last:
            raise _Enough

    with contextlib.suppress(_Enough):
        trainer.run(report)
