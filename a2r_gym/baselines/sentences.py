"""For methods that read no text: which of the tasks they know an instruction means.

Shape suffixes: M sentences, D embedding.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from a2r_gym.models.backbones.interface import TextTower
from a2r_gym.models.task_lookup import plain_sentence

__all__ = ["SentenceTable"]


class SentenceTable:
    """Finds the group of sentences that an instruction belongs to.

    A sentence of a group is found by its words. Any other belongs to the group of the sentence that is nearest to it by
    the backbone's text tower as it comes, which hardly tells left from right: the method itself has learned no text.

    Args:
        groups: The sentences of each group.
        text: The text tower.
    """

    def __init__(self, groups: Sequence[Sequence[str]], text: TextTower) -> None:
        self._text = text
        self._sentences = [(sentence, number) for number, group in enumerate(groups) for sentence in group]
        self._group_of = {plain_sentence(sentence): number for sentence, number in reversed(self._sentences)}
        self._embedded: Tensor | None = None

    def find(self, instruction: str) -> int:
        """Return the number of an instruction's group; -1 where there are no groups."""
        known = self._group_of.get(plain_sentence(instruction))
        if known is not None or not self._sentences:
            return -1 if known is None else known
        if self._embedded is None:
            self._embedded = self._encode([sentence for sentence, _ in self._sentences])
        nearest = int((self._embedded @ self._encode([instruction])[0]).argmax())
        self._group_of[plain_sentence(instruction)] = self._sentences[nearest][1]
        return self._sentences[nearest][1]

    @torch.inference_mode()
    def _encode(self, sentences: list[str]) -> Tensor:
        """Embed M sentences: float (M, D), unit length."""
        return torch.nn.functional.normalize(self._text(sentences), dim=-1)
