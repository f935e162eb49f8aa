"""What every trained reward network is made of: a frozen image trunk, a frame compressor, a text tower, its tasks.

Adapt2Reward and the baselines stand on it, so that they see the same pictures through the same backbone, are trained by
one loop and stored in one way.

Shape suffixes: N frames, H W picture, F frame feature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from a2r_gym.models.backbones import DEFAULT_BACKBONE, load_backbone
from a2r_gym.models.backbones.interface import Backbone, FrozenTrunk
from a2r_gym.models.temporal import FrameCompressor, MotionReader, TemporalHead

__all__ = ["DOMAINS", "FrameEncoder", "NetworkConfig", "RewardNetwork", "TaskEntry", "build_head"]

DOMAINS = ("robot", "human")
"""Domain prompts of the video side, in the order of their index."""


@dataclass(frozen=True, kw_only=True)
class TaskEntry:
    """A training task as the checkpoint remembers it.

    Attributes:
        name: ``family/task``, for example ``"tabletop/drawer-close"``.
        instructions: The sentence it was trained with, then its paraphrases.
        failure_modes: A readable name for each failure mode; empty until they are named.
        num_failure_modes: How many of the network's failure modes it has; None: all of them.
    """

    name: str
    instructions: tuple[str, ...]
    failure_modes: tuple[str, ...] = ()
    num_failure_modes: int | None = None


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Everything that fixes a network's tensors; methods add what they need.

    Attributes:
        tasks: Training tasks.
        backbone: A name in the backbone registry.
        num_frames: T, frames that the head sees.
        place_features: Features that are kept of each place of a frame's map.
        mix_width: Width at which a place's features and their changes are mixed.
        num_slots: Learned queries that look for something in every frame.
        slot_features: Features that each of them reports.
        width: Width of the temporal transformer.
        depth: Its layers.
        embedding: D, length of the joint embedding.
        num_failure_modes: K, the most that a task may have; 0: the method knows none.
        dropout: Dropout of the temporal head in training.
    """

    tasks: tuple[TaskEntry, ...]
    backbone: str = DEFAULT_BACKBONE
    num_frames: int = 8
    place_features: int = 32
    mix_width: int = 96
    num_slots: int = 32
    slot_features: int = 12
    width: int = 256
    depth: int = 3
    embedding: int = 256
    num_failure_modes: int = 0
    dropout: float = 0.1
    task_names: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check sizes and that task names differ."""
        names = tuple(task.name for task in self.tasks)
        if len(set(names)) != len(names):
            raise ValueError(f"task names must differ, got {names}")
        sizes = ("place_features", "mix_width", "num_slots", "slot_features", "width", "depth", "embedding")
        for size in ("num_frames", *sizes):
            if getattr(self, size) < 1:
                raise ValueError(f"{size} must be >= 1, got {getattr(self, size)}")
        if self.num_failure_modes < 0:
            raise ValueError(f"num_failure_modes must be >= 0, got {self.num_failure_modes}")
        for task in self.tasks:
            if not 0 <= (task.num_failure_modes or 0) <= self.num_failure_modes:
                raise ValueError(
                    f"num_failure_modes of {task.name} must be in [0, {self.num_failure_modes}], the network's, "
                    f"got {task.num_failure_modes}"
                )
        object.__setattr__(self, "task_names", names)

    @property
    def mode_counts(self) -> tuple[int, ...]:
        """Number of failure modes of each task."""
        given = (task.num_failure_modes for task in self.tasks)
        return tuple(self.num_failure_modes if count is None else count for count in given)


def build_head(config: NetworkConfig, grid: int) -> TemporalHead:
    """Build the temporal head of a config's sizes, for maps of grid x grid places."""
    return TemporalHead(
        MotionReader(
            grid=grid,
            place_features=config.place_features,
            mix_width=config.mix_width,
            num_slots=config.num_slots,
            slot_features=config.slot_features,
        ),
        num_frames=config.num_frames,
        width=config.width,
        depth=config.depth,
        embedding=config.embedding,
        num_domains=len(DOMAINS),
        dropout=config.dropout,
    )


class RewardNetwork(nn.Module):
    """Image trunk, frame compressor and text tower; a method's network adds what reads them.

    A subclass builds its own parts, then calls `note_trained`.

    Args:
        config: Sizes and tasks.
        image_weights: See `load_backbone`.

    Attributes:
        trained_names: Parameters that training changes.
    """

    method: ClassVar[str]
    """Name of the method, a key of `a2r_gym.models.methods.METHODS`."""

    def __init__(self, config: NetworkConfig, *, image_weights: bool = True) -> None:
        super().__init__()
        self.config = config
        self.backbone = load_backbone(config.backbone, image_weights=image_weights)
        self.image = self.backbone.image
        self.text = self.backbone.text
        self.compressor = FrameCompressor(channels=self.backbone.channels, place_features=config.place_features)
        self.trained_names: frozenset[str] = frozenset()

    def note_trained(self) -> None:
        """Take down what training changes: a network that is frozen for scoring is still saved with all of it."""
        self.trained_names = frozenset(name for name, value in self.named_parameters() if value.requires_grad)

    @property
    def frame_features(self) -> int:
        """F, length of a frame feature."""
        return self.backbone.grid**2 * self.config.place_features

    def describe_tasks(self, tasks: Sequence[TaskEntry]) -> None:
        """Take down what training has found out about the tasks: number and names of their failure modes.

        Args:
            tasks: The same tasks in the same order.

        Raises:
            ValueError: They are other tasks.
        """
        names = tuple(task.name for task in tasks)
        if names != self.config.task_names:
            raise ValueError(f"expected the tasks {self.config.task_names}, got {names}")
        self.config = replace(self.config, tasks=tuple(tasks))

    def trainable_state(self) -> dict[str, Tensor]:
        """Tensors that training changes: all parameters that the towers did not freeze."""
        return {name: value.detach() for name, value in self.named_parameters() if name in self.trained_names}


class FrameEncoder(nn.Module):
    """What is computed once per frame: uint8 picture to frame feature. Runtimes export this module."""

    def __init__(self, network: RewardNetwork) -> None:
        super().__init__()
        self.pictures = _Pictures(network.backbone)
        self.image, self.compressor = network.image, network.compressor

    def forward(self, frames_NHWC: Tensor) -> Tensor:
        """Encode N pictures (N, S, S, 3), uint8, into (N, F)."""
        features: Tensor = self.compressor(self.image(self.pictures(frames_NHWC)))
        return features

    def parts(self) -> tuple[nn.Module, ...]:
        """Return modules that together do the same; all but the last cannot bear to be rounded, see `FrozenTrunk`."""
        trunk = self.image.parts() if isinstance(self.image, FrozenTrunk) else ()
        if not trunk:
            return (self,)
        early, late = trunk
        return nn.Sequential(self.pictures, early), nn.Sequential(late, self.compressor)


class _Pictures(nn.Module):
    """From uint8 pictures (N, S, S, 3) to what a trunk takes, as `Backbone.normalise`."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        mean, std = torch.tensor(backbone.mean), torch.tensor(backbone.std)
        self.register_buffer("scale", 1.0 / (255.0 * std), persistent=False)
        self.register_buffer("shift", -mean / std, persistent=False)
        self.scale: Tensor
        self.shift: Tensor

    def forward(self, frames_NHWC: Tensor) -> Tensor:
        """Normalise, channels first."""
        return (frames_NHWC.float() * self.scale + self.shift).permute(0, 3, 1, 2)
