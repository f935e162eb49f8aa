"""Ready-made collections: those of the bundled checkpoint and those of the paper's protocol.

Seeds of the environment's reset, none of them shared: tests have 9000-9999 (and read them only there), training
`PRODUCT_SEEDS`, `PAPER_SEEDS` and `C2R_SEEDS`, validation `VALIDATION_SEEDS`. Scenes of the generator: training
2000-2299, validation 1000-1029; the named shifted scenes and seeds from 9000 on are for benchmarks only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from a2r_gym.envs.tabletop.scene import SCENES
from a2r_gym.envs.tabletop.tasks import TASKS
from a2r_gym.errors import DataError
from a2r_train.collect_plan import CollectConfig, EpisodeRequest, task_table

__all__ = [
    "C2R_SEEDS",
    "C2R_TASKS",
    "DYNAMICS_SEEDS",
    "NEAR",
    "PAPER_SEEDS",
    "PAPER_TASKS",
    "PRESETS",
    "PRODUCT_SEEDS",
    "TEST_SEEDS",
    "VALIDATION_SEEDS",
    "c2r_config",
    "c2r_test_config",
    "c2r_validation_config",
    "new_scenes_config",
    "paper_config",
    "paper_test_config",
    "product_config",
    "test_config",
    "validation_config",
    "validation_scenes_config",
]

TEST_SEEDS: Final = range(9_000, 10_000)
PRODUCT_SEEDS: Final = range(100_000, 200_000)
PAPER_SEEDS: Final = range(200_000, 300_000)
C2R_SEEDS: Final = range(300_000, 400_000)
VALIDATION_SEEDS: Final = range(900_000, 910_000)
DYNAMICS_SEEDS: Final = range(300_000, 400_000)
"""Seeds of the environment's reset."""
PAPER_TASKS: Final = ("drawer-close", "mug-away", "mug-right")
"""What the robot does in the paper's protocol (DVD's run); the table-top's other tasks are left out of training."""
C2R_TASKS: Final = ("push-right", "move-away", "drawer-close", "put-into", "tip-over", "lift")
"""What is trained on in Concept2Robot's environments; their other tasks are left out."""
C2R_VIEWPOINTS: Final = (0, 1, 2, 3)
C2R_DISTRACTORS: Final = (0, 2, 4)
"""Variants that are tested."""
PRODUCT_SCENES: Final = range(2000, 2300)
VALIDATION_SCENES: Final = range(1000, 1030)
TEST_SCENES: Final = range(9000, 9060)
"""Scenes of the table-top's generator."""
NEAR: Final = ("missed", "stopped_short", "undone")
"""Near-successes, in equal parts."""
PER_SCENE: Final = 3
"""Episodes of a task in each generated scene."""
_ROUND: Final = ("success", "random", "success", "missed", "success", "random", "success", "stopped_short", "success",
                 "random", "success", "undone")  # fmt: skip
"""Sources of successive episodes where a scene holds only a few of each task."""


def _counts(success: int, random: int, near: int, scale: float) -> tuple[tuple[str, int], ...]:
    """Return the number of episodes by source: near-successes in equal parts, at least one of each."""
    pairs = [("success", success), ("random", random), *((source, near / len(NEAR)) for source in NEAR)]
    return tuple((source, max(1, round(count * scale))) for source, count in pairs)


def _default_scenes(counts: Mapping[str, tuple[tuple[str, int], ...]], first_seed: int) -> list[EpisodeRequest]:
    """Request episodes of every task of each family in its default scene."""
    scenes = {"metaworld": "default", "tabletop": "train"}
    return [
        EpisodeRequest(family=family, task=task, scene=scenes[family], sources=sources, first_seed=first_seed)
        for family, sources in counts.items()
        for task in task_table(family)
    ]


def _tabletop_request(task: str, scene: str, sources: tuple[tuple[str, int], ...], first: int) -> EpisodeRequest:
    return EpisodeRequest(family="tabletop", task=task, scene=scene, sources=sources, first_seed=first)


def _generated_scenes(scenes: range, first_seed: int) -> list[EpisodeRequest]:
    """Request `PER_SCENE` episodes of every table-top task in each scene, the sources balanced over the scenes."""
    requests = []
    for place, scene in enumerate(scenes):
        for number, task in enumerate(task_table("tabletop")):
            begin = PER_SCENE * (place + number)
            picked = [_ROUND[(begin + offset) % len(_ROUND)] for offset in range(PER_SCENE)]
            sources = tuple((source, picked.count(source)) for source in dict.fromkeys(picked))
            first = first_seed + PER_SCENE * place
            requests.append(
                EpisodeRequest(family="tabletop", task=task, scene=str(scene), sources=sources, first_seed=first)
            )
    return requests


def _scaled(scenes: range, scale: float) -> range:
    return scenes[: max(1, round(len(scenes) * scale))]


def product_config(scale: float = 1.0) -> CollectConfig:
    """Return what the bundled checkpoint is trained on: some 100 episodes a task in Meta-World, 750 on the table-top.

    Args:
        scale: Multiplies the numbers of episodes and of scenes.
    """
    _check_scale(scale)
    counts = {"metaworld": _counts(58, 24, 24, scale), "tabletop": _counts(78, 36, 36, scale)}
    first = PRODUCT_SEEDS.start
    generated = _generated_scenes(_scaled(PRODUCT_SCENES, scale), first + 10_000)
    return CollectConfig(requests=(*_default_scenes(counts, first), *generated))


def validation_config(scale: float = 1.0) -> CollectConfig:
    """Return what training is watched and calibrated on.

    Args:
        scale: Multiplies the numbers of episodes and of scenes.
    """
    _check_scale(scale)
    counts = {"metaworld": _counts(8, 3, 3, scale), "tabletop": _counts(24, 12, 12, scale)}
    first = VALIDATION_SEEDS.start
    generated = _generated_scenes(_scaled(VALIDATION_SCENES, scale), first + 5_000)
    return CollectConfig(requests=(*_default_scenes(counts, first), *generated))


def test_config(scale: float = 1.0) -> CollectConfig:  # noqa: PT028 - no test
    """Return what the reported numbers are measured on.

    At least 20 successes, 10 random and 10 near failures of each Meta-World task, 80, 40 and 40 of each of the
    table-top's; a few more are asked for, because some plans turn out otherwise.

    Args:
        scale: Multiplies the numbers of episodes.
    """
    _check_scale(scale)
    counts = {"metaworld": _counts(27, 12, 12, scale), "tabletop": _counts(88, 44, 45, scale)}
    return CollectConfig(requests=tuple(_default_scenes(counts, TEST_SEEDS.start)))


def validation_scenes_config(scale: float = 1.0) -> CollectConfig:
    """Return what the paper's protocol is watched and calibrated on: all tasks in scenes that training never shows.

    Args:
        scale: Multiplies the number of scenes.
    """
    _check_scale(scale)
    requests = _generated_scenes(_scaled(VALIDATION_SCENES, scale), VALIDATION_SEEDS.start + 8_000)
    return CollectConfig(requests=tuple(requests))


def new_scenes_config(scale: float = 1.0) -> CollectConfig:
    """Return clips of scenes that the generator has not shown before, to report on.

    Args:
        scale: Multiplies the number of scenes.
    """
    _check_scale(scale)
    requests = _generated_scenes(_scaled(TEST_SCENES, scale), TEST_SEEDS.start)
    return CollectConfig(requests=tuple(requests))


def paper_config(scale: float = 1.0) -> CollectConfig:
    """Return what the paper's protocol trains on: 560 episodes of three tasks in one scene, half of them failures.

    Args:
        scale: Multiplies the numbers of episodes.
    """
    _check_scale(scale)
    sources, first = _counts(280, 140, 140, scale), PAPER_SEEDS.start
    return CollectConfig(requests=tuple(_tabletop_request(task, "train", sources, first) for task in PAPER_TASKS))


def paper_test_config(scale: float = 1.0) -> CollectConfig:
    """Return what the paper's protocol reports on: all tasks in the trained scene, the shifted ones and all at once.

    Args:
        scale: Multiplies the numbers of episodes.
    """
    _check_scale(scale)
    sources, first = _counts(44, 22, 23, scale), TEST_SEEDS.start
    return CollectConfig(
        requests=tuple(_tabletop_request(task, scene, sources, first) for scene in SCENES for task in TASKS)
    )


def _c2r_requests(
    tasks: Iterable[str], scene: str, sources: tuple[tuple[str, int], ...], first: int
) -> list[EpisodeRequest]:
    return [EpisodeRequest(family="c2r", task=task, scene=scene, sources=sources, first_seed=first) for task in tasks]


def c2r_config(scale: float = 1.0) -> CollectConfig:
    """Return what the reward model of Concept2Robot's environments trains on: default view, no distractors.

    Args:
        scale: Multiplies the numbers of episodes, 560 a task.
    """
    _check_scale(scale)
    sources = _counts(280, 140, 140, scale)
    return CollectConfig(requests=tuple(_c2r_requests(C2R_TASKS, "default", sources, C2R_SEEDS.start)))


def c2r_validation_config(scale: float = 1.0) -> CollectConfig:
    """Return what that training is watched and calibrated on.

    Args:
        scale: Multiplies the numbers of episodes.
    """
    _check_scale(scale)
    sources = _counts(24, 12, 12, scale)
    return CollectConfig(requests=tuple(_c2r_requests(C2R_TASKS, "default", sources, VALIDATION_SEEDS.start)))


def c2r_test_config(scale: float = 1.0) -> CollectConfig:
    """Return what it reports on: all tasks, from all viewpoints, with and without distractors.

    Args:
        scale: Multiplies the numbers of episodes.
    """
    _check_scale(scale)
    sources, requests = _counts(8, 4, 3, scale), []
    for viewpoint in C2R_VIEWPOINTS:
        for distractors in C2R_DISTRACTORS:
            scene = f"viewpoint={viewpoint},distractors={distractors}"
            requests += _c2r_requests(task_table("c2r"), scene, sources, TEST_SEEDS.start)
    return CollectConfig(requests=tuple(requests))


for _config in (test_config, paper_test_config, c2r_test_config):
    _config.__test__ = False  # type: ignore[attr-defined]  # pytest would take it for a test


PRESETS: Final = {
    "product": product_config,
    "validation": validation_config,
    "test": test_config,
    "new-scenes": new_scenes_config,
    "paper": paper_config,
    "paper-test": paper_test_config,
    "validation-scenes": validation_scenes_config,
    "c2r": c2r_config,
    "c2r-validation": c2r_validation_config,
    "c2r-test": c2r_test_config,
}
"""The collections of ``a2r collect --preset``."""


def _check_scale(scale: float) -> None:
    if not 0.0 < scale <= 10.0:
        raise DataError(f"scale must be above 0 and at most 10, got {scale}")
