"""The Adapt2Reward network: a video-language dual encoder with failure prompts in its text side.

Source: Adapt2Reward (ECCV 2024, arXiv 2407.14872). Ours differs in its towers (small, frozen image trunk;
adapted sentence encoder), in that frames enter one by one so that a running episode is encoded
incrementally, and in how it reads movements, see `a2r_gym.models.temporal`.

Shape suffixes: N frames, H W picture, B videos, T frames of a video, F frame feature, M sentences,
K failure modes, D embedding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from a2r_gym.models.backbones import DEFAULT_BACKBONE, load_backbone
from a2r_gym.models.failure_prompts import FailurePrompts
from a2r_gym.models.temporal import FrameCompressor, MotionReader, TemporalHead

__all__ = ["DOMAINS", "Adapt2RewardNetwork", "FrameEncoder", "ModelConfig", "TaskEntry"]

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
class ModelConfig:
    """Everything that fixes the network's tensors.

    Attributes:
        tasks: Training tasks; each owns ``num_failure_modes`` prompts, of which it may use fewer.
        backbone: A name in the backbone registry.
        num_frames: T, frames that the head sees.
        place_features: Features that are kept of each place of a frame's map.
        mix_width: Width at which a place's features and their changes are mixed.
        num_slots: Learned queries that look for something in every frame.
        slot_features: Features that each of them reports.
        width: Width of the temporal transformer.
        depth: Its layers.
        embedding: D, length of the joint embedding.
        num_failure_modes: K, the most that a task may have; 3 is the paper's.
        prompt_length: L_p, vectors per failure prompt.
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
    num_failure_modes: int = 3
    prompt_length: int = 4
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


class FrameEncoder(nn.Module):
    """What is computed once per frame: uint8 picture to frame feature. Runtimes export this module."""

    def __init__(self, network: Adapt2RewardNetwork) -> None:
        super().__init__()
        self.image, self.compressor = network.image, network.compressor
        mean, std = torch.tensor(network.backbone.mean), torch.tensor(network.backbone.std)
        self.register_buffer("scale", 1.0 / (255.0 * std), persistent=False)
        self.register_buffer("shift", -mean / std, persistent=False)
        self.scale: Tensor
        self.shift: Tensor

    def forward(self, frames_NHWC: Tensor) -> Tensor:
        """Encode N pictures (N, S, S, 3), uint8, into (N, F)."""
        pictures = (frames_NHWC.float() * self.scale + self.shift).permute(0, 3, 1, 2)
        features: Tensor = self.compressor(self.image(pictures))
        return features


class Adapt2RewardNetwork(nn.Module):
    """Video side, text side, failure prompts and the scale of their similarity.

    Args:
        config: Sizes and tasks.
        image_weights: See `load_backbone`.
    """

    def __init__(self, config: ModelConfig, *, image_weights: bool = True) -> None:
        super().__init__()
        self.config = config
        self.backbone = load_backbone(config.backbone, image_weights=image_weights)
        self.image = self.backbone.image
        self.text = self.backbone.text
        self.compressor = FrameCompressor(channels=self.backbone.channels, place_features=config.place_features)
        self.head = TemporalHead(
            MotionReader(
                grid=self.backbone.grid,
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
        self.text_projection = nn.Sequential(
            nn.Linear(self.text.features, self.text.width), nn.GELU(), nn.Linear(self.text.width, config.embedding)
        )
        self.failure_prompts = FailurePrompts(
            num_tasks=len(config.tasks),
            num_failure_modes=config.num_failure_modes,
            length=config.prompt_length,
            width=self.text.width,
            counts=config.mode_counts,
        )
        self.log_logit_scale = nn.Parameter(torch.tensor(math.log(10.0)))
        self.logit_bias = nn.Parameter(torch.tensor(-3.0))
        # recorded now: a network that is frozen for scoring is still saved with all that training changed
        self.trained_names = frozenset(name for name, value in self.named_parameters() if value.requires_grad)

    @property
    def frame_features(self) -> int:
        """F, length of a frame feature."""
        return self.backbone.grid**2 * self.config.place_features

    @property
    def logit_scale(self) -> Tensor:
        """Factor from similarity to logit, at most 100 (as CLIP bounds it)."""
        return self.log_logit_scale.exp().clamp(max=100.0)

    def encode_video(self, frames_BTF: Tensor, domain_B: Tensor | None = None) -> Tensor:
        """Embed videos from their frame features.

        Args:
            frames_BTF: float (B, T, F).
            domain_B: int (B,), indices into `DOMAINS`; None: robot.

        Returns:
            float (B, D), unit length.
        """
        if domain_B is None:
            domain_B = torch.zeros(len(frames_BTF), dtype=torch.long, device=frames_BTF.device)
        embedded: Tensor = self.head(frames_BTF, domain_B)
        return embedded

    def encode_text(self, instructions: Sequence[str]) -> Tensor:
        """Embed M sentences: float (M, D), unit length."""
        return nn.functional.normalize(self.text_projection(self.text(instructions)), dim=-1)

    def encode_failures(self, instructions: Sequence[str], task_M: Tensor) -> Tensor:
        """Embed the K failure texts of M sentences; only the first ones of a task may be live.

        Args:
            instructions: M sentences.
            task_M: int (M,), the training task whose prompts to use.

        Returns:
            float (M, K, D), unit length.
        """
        modes = self.config.num_failure_modes
        repeated = [sentence for sentence in instructions for _ in range(modes)]
        embedded = self.text_projection(self.text(repeated, self.failure_prompts(task_M)))
        return nn.functional.normalize(embedded, dim=-1).reshape(len(instructions), modes, -1)

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
        self.failure_prompts.counts_G.copy_(torch.tensor(self.config.mode_counts))

    def trainable_state(self) -> dict[str, Tensor]:
        """Tensors that training changes: all parameters that the towers did not freeze."""
        return {name: value.detach() for name, value in self.named_parameters() if name in self.trained_names}
