"""What a method gives to the training loop, and what it gets of a run.

Shape suffixes: B robot clips, L labels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from a2r_gym.models.reward_network import NetworkConfig, TaskEntry
from a2r_train.demonstrations import Demonstrations
from a2r_train.features import FeatureStore
from a2r_train.human_sampler import HumanBatch
from a2r_train.labels import LabelledTask
from a2r_train.sampler import Batch
from a2r_train.step_losses import HumanPart

if TYPE_CHECKING:
    from a2r_train.recipes import Recipe

__all__ = ["Losses", "RunSetting", "TrainingMethod", "no_finish", "success_rows"]


class Losses(Protocol):
    """A method's named losses of a step.

    Attributes:
        clusters_failures: Whether failures are to be clustered at each epoch's end.
    """

    clusters_failures: bool

    def __call__(self, batch: Batch, human: HumanBatch | None, mode_B: NDArray[np.int64]) -> dict[str, Tensor]:
        """Return the weighted losses by name.

        Args:
            batch: Robot clips.
            human: Human clips; None where the run has no human domain.
            mode_B: int64 (B,), cluster of each robot clip that is a failure shown to its end, else -1.
        """
        ...


class RunSetting(NamedTuple):
    """What a method may know of a run.

    Attributes:
        recipe: The recipe; its ``losses`` are the method's own.
        entries: The network's tasks.
        tasks: The same tasks with what is known of them, one per label.
        store: Feature maps of the robot clips.
        human: The human domain; None: there is none.
        templates: SS-V2's ids of the human clips.
        judged: ``family/task`` of the clips that the model is calibrated on.
        demonstrations: Human clips to be compared with; None: the recipe asks for none.
    """

    recipe: Recipe
    entries: tuple[TaskEntry, ...]
    tasks: tuple[LabelledTask, ...]
    store: FeatureStore
    human: HumanPart | None
    templates: tuple[int, ...]
    judged: tuple[str, ...]
    demonstrations: Demonstrations | None = None


class TrainingMethod(NamedTuple):
    """How a method is trained.

    Attributes:
        config: Its network's config.
        losses: Its losses, of the network.
        finish: Called with the trained network, before it is used.
    """

    config: Callable[[RunSetting], NetworkConfig]
    losses: Callable[[Any, RunSetting], Losses]
    finish: Callable[[Any, RunSetting], None]


def no_finish(network: object, setting: RunSetting) -> None:
    """Leave the trained network as it is."""


def success_rows(batch: Batch) -> NDArray[np.int64]:
    """Return the robot clips that do one of the step's tasks: int64, rows of the batch."""
    return np.flatnonzero((batch.labels == 1).any(axis=1))
