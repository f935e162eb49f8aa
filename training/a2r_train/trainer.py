"""The training loop: batches of feature maps in, named losses, clusters at each epoch's end, exact resume.

A run's whole state is its step, weights, optimizer and clusters; batches and dropout are drawn from (seed, step), so a
run that was killed goes on bit for bit on the CPU.

Shape suffixes: E clips, L labels, G tasks, D embedding.
"""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from a2r_gym.errors import CheckpointError, NonFiniteRewardError
from a2r_gym.models.adapt2reward import Adapt2RewardNetwork
from a2r_gym.models.reward_network import RewardNetwork
from a2r_gym.models.window import spread
from a2r_train.failure_clusters import FailureClusters
from a2r_train.features import FeatureStore
from a2r_train.human_sampler import HumanSampler
from a2r_train.methods.interface import Losses
from a2r_train.ranks import average_gradients, is_first
from a2r_train.sampler import BatchSampler
from a2r_train.step_losses import compress_maps, embed_frames

__all__ = ["Trainer", "TrainerConfig"]

_STATE = "state.pt"
_EMBED_BATCH = 64
_COURSE = (0.3, 0.55, 0.8, 1.0)
"""Shares of a clip whose embeddings are clustered together."""


@dataclass(frozen=True, kw_only=True)
class TrainerConfig:
    """Length and step size of a run.

    Attributes:
        num_steps: Steps.
        epoch_steps: Steps between two clusterings of the failures.
        learning_rate: Of the layers that start from nothing.
        adapted_learning_rate: Of the text tower's low-rank changes and of the failure prompts.
        weight_decay: Of AdamW.
        warmup_steps: Steps until the full rate; a cosine to 2 % follows.
        save_every: Steps between two saved states.
        seed: Of everything.
        num_threads: Of torch; bit-equal resume needs the same number.
        adaptive_failure_modes: Choose each task's number of failure modes by silhouette, at most the network's; the
            paper's is the same for all.
    """

    num_steps: int = 2000
    epoch_steps: int = 250
    learning_rate: float = 8e-4
    adapted_learning_rate: float = 4e-4
    weight_decay: float = 0.02
    warmup_steps: int = 50
    save_every: int = 100
    seed: int = 0
    num_threads: int = 2
    adaptive_failure_modes: bool = False

    def __post_init__(self) -> None:
        """Check ranges."""
        for name in ("num_steps", "epoch_steps", "save_every", "num_threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")

    def rate(self, step: int) -> float:
        """Return the factor on the learning rates at a step, in (0, 1]."""
        if step < self.warmup_steps:
            return (step + 1) / self.warmup_steps
        part = (step - self.warmup_steps) / max(1, self.num_steps - self.warmup_steps)
        return 0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * min(part, 1.0)))


class Trainer:
    """Trains a network on cached feature maps.

    Args:
        network: The network; changed in place.
        sampler: Draws batches.
        store: Feature maps of the clips.
        task_of_label: int64 (L,), the network's task of each label; -1 for none.
        losses: The method's losses of the network.
        config: Length and step size.
        folder: Where the state is kept.
        human: Draws the human domain's part of each step, if there is one.
    """

    def __init__(
        self,
        network: RewardNetwork,
        sampler: BatchSampler,
        store: FeatureStore,
        task_of_label: NDArray[np.int64],
        losses: Losses,
        config: TrainerConfig,
        folder: Path,
        human: HumanSampler | None = None,
    ) -> None:
        self.network, self._sampler, self._store = network.train(), sampler, store
        self._task_of_label, self._config, self._folder = task_of_label, config, folder
        self._human, self._step_losses = human, losses
        self.step = 0
        torch.set_num_threads(config.num_threads)
        self._optimizer = torch.optim.AdamW(_groups(network, config), weight_decay=config.weight_decay)
        tasks = network.config.tasks
        self.clusters = FailureClusters(
            len(sampler.own_task),
            network.config.num_failure_modes,
            adaptive=config.adaptive_failure_modes,
            given={label: tasks[task].num_failure_modes or 0 for label, task in enumerate(task_of_label) if task >= 0},
            seed=config.seed,
        )

    @property
    def own_task(self) -> NDArray[np.int64]:
        """int64 (E,), label index of each clip's own task."""
        return self._sampler.own_task

    # ------------------------------------------------------------------ state

    def save(self) -> None:
        """Write the whole state, in one move; of several ranks the first does."""
        if not is_first():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        state = {
            "step": self.step,
            "weights": self.network.trainable_state(),
            "optimizer": self._optimizer.state_dict(),
            "modes": torch.from_numpy(self.clusters.modes),
            "centroids": {task: torch.from_numpy(rows) for task, rows in self.clusters.centroids.items()},
        }
        fresh = self._folder / f".{_STATE}"
        torch.save(state, fresh)
        os.replace(fresh, self._folder / _STATE)

    def resume(self) -> bool:
        """Go to the saved state if there is one.

        Returns:
            Whether there was.

        Raises:
            CheckpointError: The state is of another network or another data set.
        """
        path = self._folder / _STATE
        if not path.is_file():
            return False
        state = torch.load(path, weights_only=True)
        expected = self.network.trainable_state()
        fits = {name: value.shape for name, value in expected.items()} == {
            name: value.shape for name, value in state["weights"].items()
        }
        if not fits or len(state["modes"]) != len(self.clusters.modes):
            raise CheckpointError(f"{path} is of another network or data set; use another folder, or remove it")
        self.network.load_state_dict(state["weights"], strict=False)
        self._optimizer.load_state_dict(state["optimizer"])
        self.clusters.modes = state["modes"].numpy()
        self.clusters.centroids = {task: rows.numpy() for task, rows in state["centroids"].items()}
        self._keep_live()
        self.step = int(state["step"])
        return True

    # ------------------------------------------------------------------ the loop

    def run(self, report: Callable[[int, dict[str, float]], None]) -> None:
        """Train to the last step.

        Args:
            report: Called after each step with its number and its losses.

        Raises:
            NonFiniteRewardError: A loss is NaN or infinite; the last saved state stays.
        """
        config = self._config
        while self.step < config.num_steps:
            if self.step % config.epoch_steps == 0 and self.step > 0 and self._step_losses.clusters_failures:
                self._cluster()
            torch.manual_seed(config.seed * 1_000_003 + self.step)
            for group in self._optimizer.param_groups:
                group["lr"] = group["base"] * config.rate(self.step)
            named = self._losses(self.step)
            total = torch.stack(list(named.values())).sum()
            if not torch.isfinite(total):
                values = {name: float(value.detach()) for name, value in named.items()}
                raise NonFiniteRewardError(f"loss at step {self.step} is not finite: {values}; lower the learning rate")
            self._optimizer.zero_grad(set_to_none=True)
            total.backward()  # type: ignore[no-untyped-call]
            average_gradients(self.network.parameters())
            norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
            if not torch.isfinite(norm):
                raise NonFiniteRewardError(f"gradient at step {self.step} is not finite; lower the learning rate")
            self._optimizer.step()
            self.step += 1
            report(self.step, {name: float(value.detach()) for name, value in named.items()})
            if self.step % config.save_every == 0 or self.step == config.num_steps:
                self.save()

    def _losses(self, step: int) -> dict[str, Tensor]:
        batch = self._sampler.batch(step)
        human = None if self._human is None else self._human.batch(step)
        return self._step_losses(batch, human, np.where(batch.failure_clip, self.clusters.modes[batch.clips], -1))

    # ------------------------------------------------------------------ clusters

    def _cluster(self) -> None:
        """Cluster each task's failures anew; what is then known of their number decides which prompts are live."""
        failures = self._sampler.failures
        self.clusters.update(failures, self._sampler.own_task[failures], self.courses(failures), self.step)
        self._keep_live()

    def _keep_live(self) -> None:
        if not isinstance(self.network, Adapt2RewardNetwork):
            return  # no other method has prompts
        counts_G = self.network.failure_prompts.counts_G
        for label, centroids in self.clusters.centroids.items():
            if self._task_of_label[label] >= 0:
                counts_G[self._task_of_label[label]] = len(centroids)

    def final_clusters(self) -> FailureClusters:
        """Cluster the failures once more as they are now, with as many modes as each task's prompts have learned.

        Returns:
            The clusters; tasks that training never clustered have none. The run's own stay as they are.
        """
        last = copy.deepcopy(self.clusters)
        failures = self._sampler.failures
        learned = failures[np.isin(self._sampler.own_task[failures], list(last.centroids))]
        if len(learned):
            last.update(learned, self._sampler.own_task[learned], self.courses(learned), self.step)
        return last

    @torch.no_grad()
    def courses(self, clips: NDArray[np.int64]) -> NDArray[np.float32]:
        """Embed how clips go on: their beginnings of growing length, side by side, the whole clip last.

        What went wrong is in the course, not in the end alone: a thing that was moved and moved back ends as one that
        was never touched.

        Args:
            clips: int64 (E,).

        Returns:
            float32 (E, D * number of beginnings), unit length.
        """
        assert isinstance(self.network, Adapt2RewardNetwork), "no other method clusters failures"
        self.network.eval()
        kept, count = self._store.maps.shape[2], self.network.config.num_frames
        ends = sorted({max(1, round(part * kept)) for part in _COURSE})
        parts = []
        for rows in np.split(clips, range(_EMBED_BATCH, len(clips), _EMBED_BATCH)):
            frames_EKF = compress_maps(self.network, self._store.maps[0, rows[:, None], np.arange(kept)])
            beginnings = [embed_frames(self.network, frames_EKF[:, spread(end, count).tolist()]) for end in ends]
            embedded = torch.cat(beginnings, dim=1)
            parts.append(torch.nn.functional.normalize(embedded, dim=1).numpy())
        self.network.train()
        return np.concatenate(parts)


def _groups(network: RewardNetwork, config: TrainerConfig) -> list[dict[str, object]]:
    """Split the parameters by learning rate."""
    adapted = [
        value
        for name, value in network.named_parameters()
        if value.requires_grad and (name.startswith(("text.", "failure_prompts.")))
    ]
    known = {id(value) for value in adapted}
    fresh = [value for value in network.parameters() if value.requires_grad and id(value) not in known]
    return [
        {"params": fresh, "lr": config.learning_rate, "base": config.learning_rate},
        {
            "params": adapted,
            "lr": config.adapted_learning_rate,
            "base": config.adapted_learning_rate,
            "weight_decay": 0.0,
        },
    ]
