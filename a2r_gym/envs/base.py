"""What every simulated environment tells about its task and its state.

Light on purpose: task tables import it, and so does ``import a2r_gym``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from a2r_gym.errors import A2RError

__all__ = ["ActionError", "SimulatorEnv", "TaskInfo", "TaskLabel", "check_action"]


@dataclass(frozen=True, kw_only=True)
class TaskInfo:
    """One task as data.

    Attributes:
        name: As in the environment's id.
        instruction: The sentence.
        paraphrases: Three other ways to say it.
        opposite: The task in the same scene that undoes it, or None.
        marker: Whether only a marker shows where the target is.
        object: What it acts on; tasks with equal objects are told apart by their motion alone.
        max_episode_steps: Steps until truncation.
    """

    name: str
    instruction: str
    paraphrases: tuple[str, ...]
    opposite: str | None
    marker: bool
    object: str
    max_episode_steps: int


class TaskLabel(NamedTuple):
    """What the simulator's state says about one task at one moment.

    Attributes:
        success: Whether the task's rule holds.
        ambiguous: Whether the state is too close to the threshold to label a clip with.
        progress: How far the task has come, in [0, 1].
    """

    success: bool
    ambiguous: bool
    progress: float


class ActionError(A2RError, ValueError):
    """An action has another shape than the action space, or is not finite."""


def check_action(action: ArrayLike, size: int) -> NDArray[np.float64]:
    """Check one action.

    Args:
        action: What ``step`` was given.
        size: How many numbers it takes.

    Returns:
        float64 (size,), not clipped.

    Raises:
        ActionError: Another shape, or a NaN or infinity in it.
    """
    checked = np.asarray(action, dtype=np.float64)
    if checked.shape != (size,):
        hint = "; step a vector environment with a batch, a single one without" if checked.ndim > 1 else ""
        raise ActionError(f"expected an action of shape ({size},), got {checked.shape}{hint}")
    if not np.isfinite(checked).all():
        raise ActionError(f"expected an action of finite numbers in [-1, 1], got {checked.tolist()}")
    return checked


class SimulatorEnv(Protocol):
    """A Gymnasium environment whose state can be stored, gone back to and judged."""

    task: str
    instruction: str
    instructions: tuple[str, ...]
    max_episode_steps: int

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float64], dict[str, Any]]:
        """Start an episode."""
        ...

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float64], float, bool, bool, dict[str, Any]]:
        """Advance one step."""
        ...

    def render(self) -> NDArray[np.uint8]:
        """Return the picture, uint8 (H, W, 3)."""
        ...

    def close(self) -> None:
        """Free the renderer."""
        ...

    def get_state(self) -> NDArray[np.float64]:
        """Return all that physics, pictures and labels depend on, float64 (S,)."""
        ...

    def set_state(self, state: NDArray[np.float64]) -> None:
        """Go to a state that `get_state` gave."""
        ...

    def labels(self) -> dict[str, TaskLabel]:
        """Judge every task that the scene decides, at this moment."""
        ...
