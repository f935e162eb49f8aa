"""Recipes: a name, and a function that returns everything that fixes a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from a2r_gym.errors import unknown_name
from a2r_gym.models.backbones import DEFAULT_BACKBONE
from a2r_train.collect_presets import C2R_TASKS, PAPER_TASKS
from a2r_train.human_relations import HUMAN_SETS
from a2r_train.human_sampler import HumanSamplerConfig
from a2r_train.methods.concept2robot import Concept2RobotLossConfig
from a2r_train.methods.dvd import DVDLossConfig
from a2r_train.methods.liv import LIVLossConfig
from a2r_train.methods.roboclip import RoboCLIPLossConfig
from a2r_train.sampler import SamplerConfig
from a2r_train.step_losses import LossConfig
from a2r_train.trainer import TrainerConfig

__all__ = ["C2R_LABELS", "PAPER_LABELS", "RECIPES", "HumanData", "MethodLosses", "Recipe", "get_recipe"]

MethodLosses = LossConfig | DVDLossConfig | LIVLossConfig | Concept2RobotLossConfig | RoboCLIPLossConfig
"""What a recipe may learn by: each kind is one method's, and says which."""

PAPER_LABELS: Final = tuple(f"tabletop/{task}" for task in PAPER_TASKS)
"""What the robot does in the paper's protocol; no label of another task is read."""
C2R_LABELS: Final = tuple(f"c2r/{task}" for task in C2R_TASKS)
"""What it does in Concept2Robot's environments, likewise."""
UNRELATED: Final = (6, 27, 106, 158, 164, 171)
"""Six templates that none of the table-top's tasks is like: a control."""


@dataclass(frozen=True, kw_only=True)
class HumanData:
    """Which human clips a run takes in.

    Attributes:
        templates: SS-V2's ids; empty: all that there are.
        shuffled: Whether the labels are dealt out at random among the clips: a control.
        matching: How a robot task finds its template, one of `MATCHINGS`.
        num_augmentations: Feature maps kept per clip, the first without change; these clips vary more to begin with.
        sampler: Composition of their part of a step.
    """

    templates: tuple[int, ...] = ()
    shuffled: bool = False
    matching: str = "text"
    num_augmentations: int = 2
    sampler: HumanSamplerConfig = field(default_factory=HumanSamplerConfig)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A whole run.

    Attributes:
        name: As it is called on the command line.
        backbone: A name of the backbone registry.
        num_failure_modes: K.
        num_augmentations: Feature maps kept per clip, the first without change.
        sampler: Composition of a step.
        losses: The method, by the kind of its losses, and which of them.
        trainer: Length and step size.
        labels: ``family/task`` of the labels that are read; empty: all that the data have.
        human: Human clips; None: none are taken in, and L_CDC is off.
        demonstrations: Human clips of each task that the model keeps to compare with; 0: the method compares with none.
    """

    name: str
    backbone: str = DEFAULT_BACKBONE
    num_failure_modes: int = 3
    num_augmentations: int = 2
    sampler: SamplerConfig = field(default_factory=SamplerConfig)
    losses: MethodLosses = field(default_factory=LossConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    labels: tuple[str, ...] = ()
    human: HumanData | None = None
    demonstrations: int = 0


def _a2r_small() -> Recipe:
    """The bundled checkpoint: Meta-World and table-top, generated scenes, human clips."""
    return Recipe(
        name="a2r-small",
        sampler=SamplerConfig(family_weights=(("tabletop", 0.5),), generic=0.15),
        losses=LossConfig(order=1.0),
        trainer=TrainerConfig(num_steps=4000, epoch_steps=500),
        human=HumanData(sampler=HumanSamplerConfig(clips=12, undone=4)),
    )


def _a2r_small_refined() -> Recipe:
    """A second run that begins from a checkpoint and takes in episodes of agents."""
    return replace(
        _a2r_small(),
        trainer=TrainerConfig(num_steps=800, epoch_steps=400, learning_rate=6e-4),
    )


_PUBLISHED: Final = LossConfig(order=0.0, paraphrase=0.0)


def _published(human: HumanData | None) -> Recipe:
    """Adapt2Reward as published, on our backbone: 8 human clips, 8 successes and 8 failures a step, nothing of ours."""
    return Recipe(
        name="",
        sampler=SamplerConfig(prefixes=False, family_weights=()),
        losses=_PUBLISHED,
        labels=PAPER_LABELS,
        human=human,
    )


def _ours(human: HumanData | None) -> Recipe:
    """The paper's data, with our losses and what a clip shows when it is cut off, played backwards or mirrored."""
    human = (
        None
        if human is None
        else replace(human, num_augmentations=3, sampler=HumanSamplerConfig(clips=16, undone=8, robot_prompt=0.5))
    )
    return Recipe(
        name="",
        num_augmentations=6,
        sampler=SamplerConfig(tasks_per_step=6, family_weights=(), generic=0.25, opposites=True),
        labels=PAPER_LABELS,
        human=human,
        trainer=TrainerConfig(num_steps=500, epoch_steps=100),
    )


def _baseline(losses: MethodLosses, *, demonstrations: int = 0) -> Callable[[HumanData | None], Recipe]:
    """Return another method on the data of `_ours`, with its augmentation, steps and about as many clips a step.

    Clips are whole, as in the other methods' papers: what is cut off or played backwards is part of ours.
    """

    def make(human: HumanData | None) -> Recipe:
        ours = _ours(human)
        people = None if ours.human is None else replace(ours.human, sampler=HumanSamplerConfig(clips=16))
        return replace(
            ours,
            num_failure_modes=0,
            sampler=SamplerConfig(tasks_per_step=16, prefixes=False, family_weights=(), opposites=True),
            losses=losses,
            human=people,
            demonstrations=demonstrations,
        )

    return make


def _rows() -> dict[str, HumanData | None]:
    """Return the rows of the paper's protocol: no human clips, and those of 3 to 12 templates."""
    return {
        "robot-only": None,
        **{f"human-{count}": HumanData(templates=templates) for count, templates in HUMAN_SETS.items()},
    }


def _named(
    make: Callable[[HumanData | None], Recipe], rows: dict[str, HumanData | None]
) -> dict[str, Callable[[], Recipe]]:
    return {row: lambda data=data: make(data) for row, data in rows.items()}  # type: ignore[misc]


def _protocol(make: Callable[[HumanData | None], Recipe]) -> dict[str, Callable[[], Recipe]]:
    """Return the rows of the paper's protocol with their controls."""
    rows = _rows()
    rows["human-6-by-hand"] = HumanData(templates=HUMAN_SETS[6], matching="hand")
    rows["unrelated"] = HumanData(templates=UNRELATED)
    rows["shuffled"] = HumanData(templates=HUMAN_SETS[6], shuffled=True)
    return _named(make, rows)


_DEMONSTRATIONS: Final = 8
_BASELINES: Final = {
    "dvd": _baseline(DVDLossConfig(), demonstrations=_DEMONSTRATIONS),
    "dvd-failures": _baseline(DVDLossConfig(failures=True), demonstrations=_DEMONSTRATIONS),
    "liv": _baseline(LIVLossConfig()),
    "clip-ours": _baseline(LIVLossConfig(temporal=0.0)),
    "concept2robot": _baseline(Concept2RobotLossConfig()),
    "roboclip-ours": _baseline(RoboCLIPLossConfig()),
    "bce": _baseline(
        LossConfig(video_language=0.0, failure_video_language=0.0, cross_domain=0.0, order=0.0, paraphrase=0.0)
    ),
}
"""Methods to compare with; ``bce`` is our network that learns success against failure and nothing else."""


_C2R_HUMAN: Final = HumanData(templates=(5, 27, 41, 44, 46, 93, 94, 106, 158), matching="hand")
"""Templates of Concept2Robot's six tasks and of the opposites that their clips show; its tasks are templates."""


def _in_c2r(make: Callable[[HumanData | None], Recipe]) -> Callable[[], Recipe]:
    """Return a method on the six tasks of Concept2Robot's environments.

    Clips are twice as many as in the paper's protocol: half the augmentations are as many pictures, and space on disk.
    """
    return lambda: replace(make(_C2R_HUMAN), labels=C2R_LABELS, num_augmentations=3)


def _without(**off: float) -> Callable[[], Recipe]:
    """Return the published method on six human tasks with other weights of its losses."""

    def make() -> Recipe:
        return replace(_published(HumanData(templates=HUMAN_SETS[6])), losses=replace(_PUBLISHED, **off))

    return make


def _without_failures() -> Recipe:
    """Return the published method on six human tasks without any clip that fails."""
    recipe = _without(success=0.0, failure_video_language=0.0)()
    return replace(recipe, num_failure_modes=0, sampler=replace(recipe.sampler, failures=False))


RECIPES: Final[dict[str, Callable[[], Recipe]]] = {
    "a2r-small": _a2r_small,
    "a2r-small-refined": _a2r_small_refined,
    "paper": lambda: replace(_published(None), labels=()),
    **{f"paper-{row}": make for row, make in _protocol(_published).items()},
    **{f"ours-{row}": make for row, make in _protocol(_ours).items()},
    **{
        f"{baseline}-{row}": make
        for baseline, method in _BASELINES.items()
        for row, make in _named(method, _rows()).items()
    },
    "paper-without-failures": _without_failures,
    "c2r-ours": _in_c2r(_ours),
    **{f"c2r-{baseline}": _in_c2r(_BASELINES[baseline]) for baseline in ("concept2robot", "dvd", "liv")},
    "paper-without-bce": _without(success=0.0),
    "paper-without-prompts": _without(failure_video_language=0.0),
    "paper-without-cross-domain": _without(cross_domain=0.0),
}
"""All recipes by name."""


def get_recipe(name: str) -> Recipe:
    """Return a recipe.

    Raises:
        UnknownNameError: There is no such recipe.
    """
    if name not in RECIPES:
        raise unknown_name("recipe", name, RECIPES)
    return replace(RECIPES[name](), name=name)
