"""Which training task an instruction is about: its failure prompts are the instruction's.

Sentences of training are found by their words. Any other has the failure prompts of the nearest task that has some, by
the model's own text embedding: training has parted opposites there that a frozen sentence encoder takes for one. They
are those of one task and no average over several, for each task numbers its modes on its own and the average of two
tasks' first modes is nothing that could be named.

Shape suffixes: D embedding, G tasks that have failure modes.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from a2r_gym.models.adapt2reward import Adapt2RewardNetwork

__all__ = ["TaskLookup", "TaskMatch", "plain_sentence"]


class TaskMatch(NamedTuple):
    """A training task, and how near it is.

    Attributes:
        task: Its number in the network's config.
        similarity: Cosine of the instruction and the task's own sentence; 1.0 for a sentence of training.
    """

    task: int
    similarity: float


class TaskLookup:
    """Finds the training task whose failure modes an instruction has.

    Args:
        network: The network; what it knows of its tasks may change no more.
    """

    def __init__(self, network: Adapt2RewardNetwork) -> None:
        self._network = network
        tasks = network.config.tasks
        self._with_modes = [index for index, count in enumerate(network.config.mode_counts) if count]
        self._task_of = {
            plain_sentence(sentence): index
            for index in reversed(self._with_modes)
            for sentence in tasks[index].instructions
        }
        self._nearest: Tensor | None = None

    def find(self, instruction: str, text_D: Tensor) -> TaskMatch | None:
        """Find an instruction's task.

        Args:
            instruction: The sentence.
            text_D: float (D,), its embedding, unit length.

        Returns:
            The task: the first of those with equal sentences. None where no task has failure modes.
        """
        if not self._with_modes:
            return None
        trained = self._task_of.get(plain_sentence(instruction))
        if trained is not None:
            return TaskMatch(trained, 1.0)
        similarity_G = self._own_sentences() @ text_D
        best = int(similarity_G.argmax())
        return TaskMatch(self._with_modes[best], float(similarity_G[best]))

    @torch.inference_mode()
    def _own_sentences(self) -> Tensor:
        """Embed the tasks' own sentences once, when they are first needed: float (G, D)."""
        if self._nearest is None:
            tasks = self._network.config.tasks
            self._nearest = self._network.encode_text([tasks[index].instructions[0] for index in self._with_modes])
        return self._nearest


def plain_sentence(sentence: str) -> str:
    """Fold a sentence for look-up: case, outer spaces and the full stop do not matter."""
    return " ".join(sentence.lower().split()).rstrip(".!")
