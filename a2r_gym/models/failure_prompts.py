"""Failure prompts: K learned vectors sequences per training task, one for each way to fail.

Source: Adapt2Reward, ECCV 2024, section on failure prompts: prompt P[task, k] is concatenated with the
task's instruction and encoded by the text encoder to t[task, k].
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["FailurePrompts"]


class FailurePrompts(nn.Module):
    """The table of failure prompts.

    Args:
        num_tasks: Number of training tasks.
        num_failure_modes: K.
        length: L_p, vectors per prompt.
        width: D_text, size of a word embedding.
    """

    def __init__(self, *, num_tasks: int, num_failure_modes: int, length: int, width: int) -> None:
        super().__init__()
        self.num_failure_modes = num_failure_modes
        self.prompts_GKLD = nn.Parameter(torch.randn(num_tasks, num_failure_modes, length, width) * 0.05)

    def forward(self, task_B: Tensor) -> Tensor:
        """Look up all K prompts of B tasks.

        Args:
            task_B: int (B,).

        Returns:
            float (B * K, L_p, D_text), the K of a task side by side.
        """
        return self.prompts_GKLD[task_B].flatten(0, 1)
