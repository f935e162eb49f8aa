"""Failure prompts: K learned vectors sequences per training task, one for each way to fail.

Source: Adapt2Reward, ECCV 2024, section on failure prompts: prompt P[task, k] is concatenated with the
task's instruction and encoded by the text encoder to t[task, k]. Ours may have fewer modes for a task than
K: its first ones are live, the rest take no part.

Shape suffixes: B tasks looked up, G training tasks, K failure modes, L vectors of a prompt, D their size.
"""

from __future__ import annotations

from collections.abc import Sequence

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
        counts: For each task its number of live modes, in [0, K]; None: K for all.

    Attributes:
        counts_G: int64 (G,), live modes of each task.
    """

    def __init__(
        self, *, num_tasks: int, num_failure_modes: int, length: int, width: int, counts: Sequence[int] | None = None
    ) -> None:
        super().__init__()
        self.num_failure_modes = num_failure_modes
        self.prompts_GKLD = nn.Parameter(torch.randn(num_tasks, num_failure_modes, length, width) * 0.05)
        counts = [num_failure_modes] * num_tasks if counts is None else counts
        # the checkpoint's config holds them: no tensor of it, so older checkpoints load
        self.register_buffer("counts_G", torch.tensor(counts, dtype=torch.long), persistent=False)
        self.counts_G: Tensor

    def forward(self, task_B: Tensor) -> Tensor:
        """Look up all K prompts of B tasks.

        Args:
            task_B: int (B,).

        Returns:
            float (B * K, L_p, D_text), the K of a task side by side.
        """
        return self.prompts_GKLD[task_B].flatten(0, 1)

    def live(self, task_B: Tensor) -> Tensor:
        """Tell which modes of B tasks take part.

        Args:
            task_B: int (B,).

        Returns:
            bool (B, K).
        """
        modes_K = torch.arange(self.num_failure_modes, device=self.counts_G.device)
        return modes_K < self.counts_G[task_B][:, None]
