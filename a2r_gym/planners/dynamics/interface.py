"""What all dynamics share: from a moment and candidate actions to what would be seen.

Shape suffixes: N candidates, H steps of a plan, A action, W wanted steps, F frame feature, T frames so far.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Dynamics", "Moment", "Prediction", "TellsTouch"]


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Where an episode stands.

    Attributes:
        state: float64 (S,), the simulator's; learned dynamics do not look at it.
        frames: uint8 (T, H, W, 3), all that was seen so far, the present last.
        features: float32 (T, F), those frames as the reward model encodes them; None where it gives no features.
    """

    state: NDArray[np.float64]
    frames: NDArray[np.uint8]
    features: NDArray[np.float32] | None = None


class Prediction(NamedTuple):
    """What N candidates would lead to, as pictures or as features.

    Attributes:
        frames: uint8 (N, W, H, W, 3); None where features are predicted, or nothing was wanted.
        features: float32 (N, W, F); None where pictures are.
        success: bool (N,), whether the task's rule holds at the end; None where the dynamics cannot know.
        ever: bool (N,), whether it held at any step; None likewise.
        progress: float32 (N,), how far the task has come at the end, in [0, 1]; None likewise.
    """

    frames: NDArray[np.uint8] | None
    features: NDArray[np.float32] | None
    success: NDArray[np.bool_] | None = None
    ever: NDArray[np.bool_] | None = None
    progress: NDArray[np.float32] | None = None


class Dynamics(Protocol):
    """Predicts what candidate actions would lead to."""

    def predict(self, moment: Moment, actions_NHA: NDArray[np.float32], steps: NDArray[np.int64]) -> Prediction:
        """Predict.

        Args:
            moment: Where the episode stands.
            actions_NHA: float32 (N, H, A), within the environment's bounds.
            steps: int64 (W,), rising: after which of the H steps, counted from 1, something is to be seen.

        Returns:
            The prediction.
        """
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


@runtime_checkable
class TellsTouch(Protocol):
    """Dynamics that can tell at little cost which things candidates move."""

    def touched(self, moment: Moment, actions_NHA: NDArray[np.float32]) -> NDArray[np.bool_] | None:
        """Tell for each of N candidates which of M things it moves: bool (N, M); None where nobody knows."""
        ...
