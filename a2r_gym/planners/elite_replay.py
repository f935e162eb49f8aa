"""A replay buffer that knows its best episodes and brings its own randomness."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.buffers import DictReplayBuffer
from stable_baselines3.common.type_aliases import DictReplayBufferSamples

__all__ = ["EliteReplayBuffer"]

ELITE_SHARE: Final = 0.1
"""Share of the episodes that are elites, where their rewards differ."""


class EliteReplayBuffer(DictReplayBuffer):
    """Half of each batch are elites: among a thousand episodes successes would else be seen too rarely.

    Its generator is a part of it, and is pickled with it: batches go on where they stopped.

    Args:
        arguments: As of `DictReplayBuffer`.
        seed: Of the batches.
        options: As of `DictReplayBuffer`.
    """

    def __init__(self, *arguments: Any, seed: int = 0, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._rng = np.random.default_rng([seed, 1])

    def elites(self) -> NDArray[np.int64]:
        """Number the best tenth of the episodes, those above the mean alone: none where all rewards are equal."""
        rewards = self.rewards[: self.size(), 0]
        if not len(rewards):
            return np.zeros(0, dtype=np.int64)
        least = np.quantile(rewards, 1.0 - ELITE_SHARE)
        return np.flatnonzero((rewards >= least) & (rewards > rewards.mean() + 1e-6))

    def sample(self, batch_size: int, env: Any = None) -> DictReplayBufferSamples:  # type: ignore[override]
        """Draw a batch, half of it elites where there are some.

        Args:
            batch_size: B.
            env: As of `DictReplayBuffer`.
        """
        chosen = self._rng.integers(self.size(), size=batch_size)
        elites = self.elites()
        if len(elites):
            chosen[: batch_size // 2] = self._rng.choice(elites, size=batch_size // 2)
        return self._get_samples(chosen, env=env)

    def sample_elites(self, count: int) -> DictReplayBufferSamples | None:
        """Draw elites alone; None where there are none.

        Args:
            count: How many.
        """
        elites = self.elites()
        return self._get_samples(self._rng.choice(elites, size=count)) if len(elites) else None
