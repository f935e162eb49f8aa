"""The Adapt2Reward network: a video-language dual encoder with failure prompts in its text side.

Source: Adapt2Reward (ECCV 2024, arXiv 2407.14872). Ours differs in its towers (small, frozen image trunk;
adapted sentence encoder), in that frames enter one by one so that a running episode is encoded
incrementally, and in how it reads movements, see `a2r_gym.models.temporal`.

Shape suffixes: B videos, T frames of a video, F frame feature, M sentences, K failure modes, D embedding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from a2r_gym.models.failure_prompts import FailurePrompts
from a2r_gym.models.reward_network import NetworkConfig, RewardNetwork, TaskEntry, build_head

__all__ = ["Adapt2RewardNetwork", "ModelConfig"]


@dataclass(frozen=True, kw_only=True)
class ModelConfig(NetworkConfig):
    """Everything that fixes the network's tensors, see `NetworkConfig`; each task owns failure prompts.

    Attributes:
        num_failure_modes: K, the most that a task may have; 3 is the paper's.
        prompt_length: L_p, vectors per failure prompt.
    """

    num_failure_modes: int = 3
    prompt_length: int = 4


class Adapt2RewardNetwork(RewardNetwork):
    """Video side, text side, failure prompts and the scale of their similarity.

    Args:
        config: Sizes and tasks.
        image_weights: See `load_backbone`.
    """

    method: ClassVar[str] = "adapt2reward"
    config: ModelConfig

    def __init__(self, config: ModelConfig, *, image_weights: bool = True) -> None:
        super().__init__(config, image_weights=image_weights)
        self.head = build_head(config, self.backbone.grid)
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
        self.note_trained()

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
        """Take down what training has found out about the tasks; their live failure prompts follow."""
        super().describe_tasks(tasks)
        self.failure_prompts.counts_G.copy_(torch.tensor(self.config.mode_counts))
