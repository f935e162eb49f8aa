"""Concept2Robot's training: which template of Something-Something V2 does a clip show?

Source: Shao et al. 2020 (RSS 2020), section IV-A: cross-entropy on human videos. Ours adds the robot's successes as
clips of the template that their task is matched with; both domains weigh the same. Failures take no part.

Shape suffixes: B robot clips, C classes, L labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from a2r_gym.baselines.concept2robot import Concept2RobotConfig, Concept2RobotNetwork
from a2r_train.data.ssv2_templates import MIRRORS, TEMPLATES
from a2r_train.features import FeatureStore
from a2r_train.human_sampler import HumanBatch
from a2r_train.known_tasks import known_tasks
from a2r_train.methods.interface import RunSetting, TrainingMethod, no_finish
from a2r_train.sampler import Batch
from a2r_train.step_losses import done_templates, embed_clips, precision
from a2r_train.template_match import matched_template

__all__ = ["METHOD", "Concept2RobotLossConfig", "Concept2RobotLosses", "class_templates"]


@dataclass(frozen=True, kw_only=True)
class Concept2RobotLossConfig:
    """There is nothing to choose."""

    method: ClassVar[str] = "concept2robot"


class Concept2RobotLosses:
    """Computes the classifier's loss of a step.

    Args:
        network: The network.
        setting: The run.
    """

    clusters_failures = False

    def __init__(self, network: Concept2RobotNetwork, setting: RunSetting) -> None:
        self._network, self._store, self._human = network, setting.store, setting.human
        self._template_of_label = np.array(robot_templates(setting), dtype=np.int64)
        self._class_of = {template: number for number, template in enumerate(class_templates(setting))}

    def __call__(self, batch: Batch, human: HumanBatch | None, mode_B: NDArray[np.int64]) -> dict[str, Tensor]:
        """See `a2r_train.methods.interface.Losses`."""
        del mode_B
        templates = done_templates(batch, self._template_of_label)
        named = {"robot": self._classified(self._store, batch, templates)}
        if human is not None and self._human is not None:
            named["human"] = self._classified(self._human.store, human, human.templates)
        return named

    def _classified(self, store: FeatureStore, batch: Batch | HumanBatch, templates: NDArray[np.int64]) -> Tensor:
        """Return the cross-entropy of the clips whose template has a class; 0 where none has."""
        classes = np.array([self._class_of.get(int(template), -1) for template in templates])
        rows = np.flatnonzero(classes >= 0)
        if not len(rows):
            return next(self._network.classify.parameters()).sum() * 0.0
        videos_BD = embed_clips(self._network, store, batch, rows)
        with precision():
            logits_BC = self._network.class_logits(videos_BD).float()
        return functional.cross_entropy(logits_BC, torch.from_numpy(classes[rows]))


def robot_templates(setting: RunSetting) -> list[int]:
    """Return the template of each label, of all that SS-V2 has: robot clips may teach one that no human clip shows."""
    matching = "text" if setting.recipe.human is None else setting.recipe.human.matching
    return [matched_template(task.info.instruction, range(len(TEMPLATES)), matching) for task in setting.tasks]


def class_templates(setting: RunSetting) -> tuple[int, ...]:
    """Return the templates that the run's clips show, mirrored ones too, which are the classes in this order."""
    shown = {*setting.templates, *(template for template in robot_templates(setting) if template >= 0)}
    return tuple(sorted(shown | {MIRRORS[template] for template in setting.templates if template in MIRRORS}))


def _config(setting: RunSetting) -> Concept2RobotConfig:
    templates = class_templates(setting)
    matching = "text" if setting.recipe.human is None else setting.recipe.human.matching
    families = sorted({task.family for task in setting.tasks})
    known = known_tasks(families, range(len(TEMPLATES)), matching)
    names = tuple(TEMPLATES[template].name for template in templates)
    own = [templates.index(task.template) if task.template in templates else -1 for task in known]
    return Concept2RobotConfig(
        tasks=setting.entries,
        backbone=setting.recipe.backbone,
        templates=names,
        sentences=(*(task.sentences for task in known), *((name,) for name in names)),
        classes=(*own, *range(len(names))),
    )


def _losses(network: Concept2RobotNetwork, setting: RunSetting) -> Concept2RobotLosses:
    return Concept2RobotLosses(network, setting)


METHOD: Final = TrainingMethod(_config, _losses, no_finish)
"""See `a2r_train.methods`."""
