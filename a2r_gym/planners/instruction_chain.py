"""Instructions one after the other: when is one done, and the next one's turn?

Ours: the paper knows single instructions only. Who acts, and on which reward, is left to the caller: a planner
(`a2r_gym.planners.vmpc.VMPC`) takes the instruction of the moment, an agent's environment a reward for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from a2r_gym.errors import InstructionError, NonFiniteRewardError

__all__ = ["HOLD", "THRESHOLD", "InstructionChain"]

THRESHOLD = 0.5
"""Success from which on a model itself says that an instruction is done: `Scores.failure_mode` is -1 from there."""
HOLD = 2
"""Looks in a row: a single one may be a moment's mistake, and each one more costs the time until the next."""


class InstructionChain:
    """Goes on to the next instruction once the present one was seen to succeed several times in a row.

    Attributes:
        place: Number of the present instruction; that of all of them once the last is done.

    Args:
        instructions: The sentences, in their order.
        threshold: Success from which on a look counts, in (0, 1].
        hold: Looks in a row that it takes, >= 1.

    Raises:
        InstructionError: There are no instructions.
        ValueError: A number is out of range.

    Example:
        >>> chain = InstructionChain(["open the drawer", "push the mug to the left"])
        >>> [chain.see(success) for success in (0.2, 0.9, 0.3, 0.8, 0.9)]
        [False, False, False, False, True]
        >>> chain.instruction
        'push the mug to the left'
    """

    def __init__(self, instructions: Sequence[str], threshold: float = THRESHOLD, hold: int = HOLD) -> None:
        if isinstance(instructions, str) or not instructions:
            raise InstructionError(f"expected a list of at least one instruction, got {instructions!r}")
        if not 0.0 < threshold <= 1.0:
            raise ValueError(f"threshold must be in (0, 1], got {threshold}")
        if hold < 1:
            raise ValueError(f"hold must be at least 1, got {hold}")
        self.instructions = tuple(instructions)
        self.place = 0
        self._threshold, self._hold = threshold, hold
        self._seen = 0

    @property
    def is_finished(self) -> bool:
        """Whether the last instruction is done."""
        return self.place == len(self.instructions)

    @property
    def instruction(self) -> str:
        """The instruction whose turn it is; the last one once all are done."""
        return self.instructions[min(self.place, len(self.instructions) - 1)]

    def see(self, success: float) -> bool:
        """Take in how surely the present instruction is done, judged by what was seen since its turn began.

        Args:
            success: In [0, 1], for example `Scores.success`, or 1.0 and 0.0 by a rule.

        Returns:
            Whether it is done now: `instruction` is the next one from here on.

        Raises:
            NonFiniteRewardError: ``success`` is not finite.
            InstructionError: All instructions were done already.
        """
        if not math.isfinite(success):
            raise NonFiniteRewardError(f"success must be finite, got {success} for {self.instruction!r}")
        if self.is_finished:
            raise InstructionError(f"all {len(self.instructions)} instructions are done: begin another chain")
        self._seen = self._seen + 1 if success >= self._threshold else 0
        if self._seen < self._hold:
            return False
        self.place += 1
        self._seen = 0
        return True
