"""Recipes: a name, and a function that returns everything that fixes a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from a2r_gym.errors import unknown_name
from a2r_gym.models.backbones import DEFAULT_BACKBONE
from a2r_train.sampler import SamplerConfig
from a2r_train.trainer import LossConfig, TrainerConfig

__all__ = ["RECIPES", "Recipe", "get_recipe"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A whole run.

    Attributes:
        name: As it is called on the command line.
        backbone: A name of the backbone registry.
        num_failure_modes: K.
        num_augmentations: Feature maps kept per clip, the first without change.
        sampler: Composition of a step.
        losses: Which losses.
        trainer: Length and step size.
    """

    name: str
    backbone: str = DEFAULT_BACKBONE
    num_failure_modes: int = 3
    num_augmentations: int = 2
    sampler: SamplerConfig = field(default_factory=SamplerConfig)
    losses: LossConfig = field(default_factory=LossConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)


def _a2r_small() -> Recipe:
    """The first run of the bundled checkpoint: Meta-World and table-top, generated scenes."""
    return Recipe(name="a2r-small", losses=LossConfig(paraphrase=0.0))


def _a2r_small_refined() -> Recipe:
    """Its second run: begins from ``a2r-small``, parts left from right, takes in rollouts of agents."""
    return Recipe(
        name="a2r-small-refined",
        sampler=SamplerConfig(family_weights=(("tabletop", 0.6),)),
        losses=LossConfig(paraphrase=1.0),
        trainer=TrainerConfig(num_steps=800, epoch_steps=200, learning_rate=5e-4, adapted_learning_rate=5e-4),
    )


def _paper() -> Recipe:
    """Adapt2Reward as published, on our backbone: 8 successes and 8 failures a step, no prefixes, no order loss."""
    return Recipe(
        name="paper",
        sampler=SamplerConfig(prefixes=False, family_weights=()),
        losses=LossConfig(order=0.0, paraphrase=0.0),
    )


def _without_bce() -> Recipe:
    """The published method without L_BCE: the source both lists it and reports that alone it hurts."""
    return replace(_paper(), name="paper-without-bce", losses=LossConfig(order=0.0, paraphrase=0.0, success=0.0))


def _without_failure_prompts() -> Recipe:
    """No failure prompts: contrast and L_BCE alone."""
    return replace(
        _paper(), name="paper-without-prompts", losses=LossConfig(order=0.0, paraphrase=0.0, failure_video_language=0.0)
    )


RECIPES: Final[dict[str, Callable[[], Recipe]]] = {
    "a2r-small": _a2r_small,
    "a2r-small-refined": _a2r_small_refined,
    "paper": _paper,
    "paper-without-bce": _without_bce,
    "paper-without-prompts": _without_failure_prompts,
}
"""All recipes by name."""


def get_recipe(name: str) -> Recipe:
    """Return a recipe.

    Raises:
        UnknownNameError: There is no such recipe.
    """
    if name not in RECIPES:
        raise unknown_name("recipe", name, RECIPES)
    return RECIPES[name]()
