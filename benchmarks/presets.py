"""How large a benchmark is: which methods, scenes, seeds and trials."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from a2r_gym.errors import unknown_name
from a2r_train.collect_presets import C2R_TASKS
from benchmarks.c2r_pools import C2R_SETTINGS

__all__ = ["FLOORS", "PRESETS", "Preset", "get_preset", "recipe_name", "shown"]

FLOORS: Final = ("random", "frame-counter")
"""Models that look at nothing."""
_ZERO_SHOT: Final = ("vlm-rm", "roboclip")
"""Baselines without training; without weights their cells read "needs weights"."""
_SCENES: Final = ("train", "recolor", "viewpoint", "rearranged")


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A size.

    Attributes:
        name: Of the preset.
        families: Trained methods that are compared, by the first part of their recipes' names; ours comes first.
        seeds: Of training.
        steps: Of each training; None: the recipe's.
        scenes: Of environment generalisation.
        environment_human: Numbers of human tasks in that table; 0: robot data alone.
        task_human: Numbers of human tasks in the table of task generalisation.
        ablations: Recipes of the ablations.
        untrained: Models that are used as they are: the bundled checkpoint and baselines without training.
        entries: Third parties' models, ``path.py:ClassName``.
        pool_starts: Starts of each scene's pools.
        pool_takes: Candidates of each task from each start.
        voc_per_task: Success videos of each task whose prefixes are scored.
        planned: Trained recipes that plan in closed loop.
        planning_scenes: Where they do.
        trials: Of each planner in each scene.
        population: Candidates of each plan.
        iterations: Refinements of each plan.
        chain_models: Models that follow two instructions, one after the other.
        chain_plans: How many a trial has at most: three for each instruction, as in planning, and one more for each so
            that success can be seen twice.
        chain_trials: Of each of them; 0: that table is left out.
        agent_tasks: Meta-World tasks that agents are trained on, once with each of ``seeds``; none: likewise.
        agent_steps: Decisions of each agent.
        agent_episodes: Fresh episodes that each is measured on, at the end and at each point of its curve.
        c2r_methods: Models that are compared in Concept2Robot's environments; ours comes first.
        c2r_settings: Views and distractors there, of `benchmarks.c2r_pools.C2R_SETTINGS`; the first is what others are
            compared with. None: that table is left out.
        c2r_tasks: Tasks there.
        c2r_starts: Starts of each of them.
        c2r_takes: Candidates from each start.
        trajectory_runs: Settings and tasks there that trajectories are learned in, by DDPG with CEM; none: likewise.
        trajectory_episodes: Of each learner.
        trajectory_tests: Fresh episodes that each is measured on.
        own_data: Whether it makes tiny data of its own below the output folder.
    """

    name: str
    families: tuple[str, ...] = ("ours", "dvd", "liv", "concept2robot", "bce")
    seeds: tuple[int, ...] = (0,)
    steps: int | None = None
    scenes: tuple[str, ...] = _SCENES
    environment_human: tuple[int, ...] = (0, 6)
    task_human: tuple[int, ...] = (0, 3, 6, 9, 12)
    ablations: tuple[str, ...] = ()
    untrained: tuple[str, ...] = ("a2r-small", *FLOORS, *_ZERO_SHOT)
    entries: tuple[str, ...] = ()
    pool_starts: int = 12
    pool_takes: int = 15
    voc_per_task: int = 8
    planned: tuple[str, ...] = ("ours-human-6", "dvd-human-6")
    planning_scenes: tuple[str, ...] = _SCENES
    trials: int = 10
    population: int = 100
    iterations: int = 0
    chain_models: tuple[str, ...] = ("a2r-small",)
    chain_plans: int = 8
    chain_trials: int = 0
    agent_tasks: tuple[str, ...] = ()
    agent_steps: int = 10_000
    agent_episodes: int = 20
    c2r_methods: tuple[str, ...] = ()
    c2r_settings: tuple[str, ...] = ()
    c2r_tasks: tuple[str, ...] = C2R_TASKS
    c2r_starts: int = 12
    c2r_takes: int = 12
    trajectory_runs: tuple[tuple[str, str], ...] = ()
    trajectory_episodes: int = 1_000
    trajectory_tests: int = 30
    own_data: bool = False

    def with_weights(self, weights: str | None) -> Preset:
        """Let baselines without training use some weights.

        Args:
            weights: ``<arch>/<tag or path>`` of open_clip; None: they have none.
        """
        if weights is None:
            return self
        named = tuple(f"{method}:{weights}" if method in _ZERO_SHOT else method for method in self.untrained)
        return replace(self, untrained=named)


def recipe_name(family: str, human: int) -> str:
    """Return the recipe of a method and a number of human tasks.

    Example:
        >>> recipe_name("dvd", 6), recipe_name("ours", 0)
        ('dvd-human-6', 'ours-robot-only')
    """
    return f"{family}-human-{human}" if human else f"{family}-robot-only"


def shown(method: str) -> str:
    """Return what a method is called in a table: of a third party's model file and class alone.

    Example:
        >>> shown("entry:/their/folder/model.py:Mine")
        'model.py:Mine'
    """
    return method.rpartition("/")[2] if method.startswith("entry:") else method


_TRAJECTORIES: Final = (
    *((C2R_SETTINGS[0], task) for task in C2R_TASKS),
    *((setting, task) for setting in ("viewpoint 1", "distractors 4") for task in ("push-right", "drawer-close")),
)
"""All trained tasks as they were trained, two of them from another viewpoint and among other things."""
_LOSSES: Final = (
    "paper-human-6", "paper-without-failures", "paper-without-prompts", "paper-without-bce",
    "paper-without-cross-domain",
)  # fmt: skip
_CONTROLS: Final = ("ours-unrelated", "ours-shuffled", "ours-human-6-by-hand")

PRESETS: Final = {
    "smoke": Preset(
        name="smoke",
        families=("ours",),
        steps=3,
        scenes=("train", "recolor"),
        environment_human=(3,),
        task_human=(0, 3),
        ablations=("ours-robot-only", "ours-human-3"),
        untrained=("frame-counter", "vlm-rm"),
        pool_starts=1,
        pool_takes=2,
        voc_per_task=1,
        planned=("ours-human-3",),
        planning_scenes=("train",),
        trials=1,
        population=2,
        chain_plans=2,
        chain_trials=1,
        agent_tasks=("drawer-close",),
        agent_steps=5,
        agent_episodes=1,
        c2r_methods=("frame-counter",),
        c2r_settings=C2R_SETTINGS[:2],
        c2r_tasks=C2R_TASKS[:1],
        c2r_starts=1,
        c2r_takes=2,
        own_data=True,
    ),
    "small": Preset(
        name="small",
        families=("ours", "dvd", "liv", "concept2robot"),
        steps=500,
        task_human=(0, 6),
        ablations=(
            "ours-robot-only", "ours-human-6", "ours-unrelated", "ours-shuffled", "paper-human-6",
            "paper-without-failures", "paper-without-prompts", "paper-without-bce",
        ),
        planning_scenes=("train", "rearranged"),
        c2r_methods=("c2r-ours", "c2r-concept2robot", "c2r-dvd", "c2r-liv", "a2r-small", *FLOORS),
        c2r_settings=C2R_SETTINGS,
        c2r_starts=6,
        c2r_takes=8,
    ),
    "protocol": Preset(
        name="protocol",
        seeds=(0, 1, 2),
        steps=500,
        ablations=(
            "ours-robot-only", "ours-human-3", "ours-human-6", "ours-human-9", "ours-human-12", *_CONTROLS,
            "paper-robot-only", *_LOSSES,
        ),
        trajectory_runs=_TRAJECTORIES,
    ),
    "full": Preset(
        name="full",
        families=("ours", "paper", "dvd", "liv", "concept2robot", "bce"),
        seeds=(0, 1, 2),
        environment_human=(0, 3, 6, 9, 12),
        ablations=(
            "ours-robot-only", "ours-human-6", *_CONTROLS, "paper-robot-only", *_LOSSES, "paper-unrelated",
            "paper-shuffled", "bce-human-6", "dvd-human-6", "dvd-failures-human-6", "clip-ours-human-6",
            "roboclip-ours-human-6",
        ),
        pool_starts=30,
        planned=("ours-human-6", "dvd-human-6", "liv-human-6", "concept2robot-human-6"),
        trials=210,
        iterations=1,
        chain_trials=80,
        agent_tasks=(
            "drawer-close", "door-close", "faucet-close", "plate-slide-side", "faucet-open", "window-close",
        ),
        c2r_methods=("c2r-ours", "c2r-concept2robot", "c2r-dvd", "c2r-liv", "a2r-small", *FLOORS),
        c2r_settings=C2R_SETTINGS,
        trajectory_runs=_TRAJECTORIES,
    ),
}  # fmt: skip
"""The sizes by name."""


def get_preset(name: str) -> Preset:
    """Return a preset.

    Raises:
        UnknownNameError: There is no such preset.
    """
    if name not in PRESETS:
        raise unknown_name("preset", name, PRESETS)
    return PRESETS[name]
