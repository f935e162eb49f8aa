"""DVD's training: pairs of clips, do they show the same task?

Source: Chen et al. 2021 (arXiv 2103.16817), section 4. The released code draws triplets of an anchor, a clip of its
task and one of another; ours takes all pairs of a step, both answers weighing the same. Failures take no part, as in
the paper, or where the recipe says so are of another task than the successes and the people that do it.

Shape suffixes: R robot clips that take part, N human clips, A = R + N all, T frames, M sentences, D embedding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from a2r_gym.baselines.dvd import DVDConfig, DVDNetwork
from a2r_gym.errors import DataError
from a2r_gym.models.window import spread
from a2r_train.human_sampler import HumanBatch
from a2r_train.methods.interface import RunSetting, TrainingMethod, success_rows
from a2r_train.sampler import Batch
from a2r_train.step_losses import compress_maps, done_templates, embed_clips, precision, relations

__all__ = ["METHOD", "DVDLossConfig", "DVDLosses", "pair_loss"]


@dataclass(frozen=True, kw_only=True)
class DVDLossConfig:
    """What DVD learns from.

    Attributes:
        failures: Whether failures are negatives of their own task; the paper has none.
    """

    failures: bool = False

    method: ClassVar[str] = "dvd"


class DVDLosses:
    """Computes the loss of a step's pairs.

    Args:
        network: The network.
        setting: The run.
        failures: See `DVDLossConfig`.
    """

    clusters_failures = False

    def __init__(self, network: DVDNetwork, setting: RunSetting, *, failures: bool) -> None:
        self._network, self._store, self._human = network, setting.store, setting.human
        self._failures = failures

    def __call__(self, batch: Batch, human: HumanBatch | None, mode_B: NDArray[np.int64]) -> dict[str, Tensor]:
        """See `a2r_train.methods.interface.Losses`."""
        del mode_B
        rows = self._taking_part(batch)
        videos = [embed_clips(self._network, self._store, batch, rows)]
        if human is not None and self._human is not None:
            videos.append(embed_clips(self._network, self._human.store, human))
        video_AD = torch.cat(videos)
        with precision():
            logits_AA = self._network.same_task(video_AD, video_AD).float()
        return {"pairs": pair_loss(logits_AA, torch.from_numpy(self._same(batch, rows, human)))}

    def _taking_part(self, batch: Batch) -> NDArray[np.int64]:
        failed = batch.labels[np.arange(len(batch.clips)), batch.task_column] == 0
        done = success_rows(batch)
        return np.union1d(done, np.flatnonzero(failed)) if self._failures else done

    def _same(self, batch: Batch, rows: NDArray[np.int64], human: HumanBatch | None) -> NDArray[np.int64]:
        """Tell which pairs show the same task: int64 (A, A), 1 same, 0 not, -1 unknown."""
        does, lacks = batch.labels[rows] == 1, batch.labels[rows] == 0
        shared, parted = does.astype(int) @ does.T.astype(int), does.astype(int) @ lacks.T.astype(int)
        robots_RR = np.where(shared > 0, 1, np.where(parted + parted.T > 0, 0, -1))
        if human is None or self._human is None:
            return robots_RR
        template_of_label = self._human.template_of_label
        across_RN = relations(done_templates(batch, template_of_label)[rows], human.templates)
        own_R = template_of_label[batch.tasks[batch.task_column[rows]]]
        failed_R = lacks[np.arange(len(rows)), batch.task_column[rows]] & ~does.any(axis=1)
        across_RN[failed_R[:, None] & (relations(own_R, human.templates) == 1)] = 0
        people_NN = relations(human.templates, human.templates)
        people_NN = np.where(people_NN == people_NN.T, people_NN, np.maximum(people_NN, people_NN.T))
        return np.block([[robots_RR, across_RN], [across_RN.T, people_NN]])


def pair_loss(logits_AA: Tensor, same_AA: Tensor) -> Tensor:
    """Cross-entropy of "the same task?" over all pairs of different clips; both answers weigh the same.

    Args:
        logits_AA: float (A, A), symmetric.
        same_AA: int (A, A): 1 same, 0 not, -1 unknown.

    Returns:
        Scalar; 0 where no pair is known.
    """
    upper = torch.ones_like(same_AA, dtype=torch.bool).triu(diagonal=1)
    total = logits_AA.sum() * 0.0
    for answer in (0, 1):
        chosen = logits_AA[upper & (same_AA == answer)]
        if len(chosen):
            wanted = torch.full_like(chosen, float(answer))
            total = total + 0.5 * functional.binary_cross_entropy_with_logits(chosen, wanted)
    return total


def _config(setting: RunSetting) -> DVDConfig:
    found = setting.demonstrations
    if found is None:
        raise DataError("DVD compares with demonstrations: the recipe's demonstrations must be at least 3")
    counts = {task.name: len(rows) for task, rows in zip(found.tasks, found.rows, strict=True)}
    if lacking := [name for name in setting.judged if not counts.get(name)]:
        raise DataError(
            f"there are no human demonstrations of {', '.join(lacking)}: no clips of a template that fits in the "
            "validation split of --human, which DVD is compared with"
        )
    return DVDConfig(
        tasks=setting.entries,
        backbone=setting.recipe.backbone,
        sentences=tuple(task.sentences for task in found.tasks),
        demonstrations=tuple(counts.values()),
    )


def _losses(network: DVDNetwork, setting: RunSetting) -> DVDLosses:
    config = setting.recipe.losses
    assert isinstance(config, DVDLossConfig)
    return DVDLosses(network, setting, failures=config.failures)


@torch.no_grad()
def _finish(network: DVDNetwork, setting: RunSetting) -> None:
    """Embed the demonstrations with what was learned."""
    found = setting.demonstrations
    assert found is not None, "checked by _config"
    network.eval()
    frames = spread(found.store.maps.shape[2], network.config.num_frames)
    for group, rows in enumerate(found.rows):
        if len(rows):
            maps = found.store.maps[np.zeros_like(rows)[:, None], rows[:, None], frames[None]]
            features_NTF = compress_maps(network, maps).float()
            network.demonstrations_GND[group, : len(rows)] = network.head(features_NTF)


METHOD: Final = TrainingMethod(_config, _losses, _finish)
"""See `a2r_train.methods`."""
