"""The data of a benchmark: made where they are missing, and told from others by a fingerprint.

A finished data set that is there is used as it is, whatever made it; its fingerprint is part of the cells' names.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from a2r_gym.envs.tabletop.tasks import TASKS
from a2r_gym.errors import DataError
from a2r_train.collect import collect
from a2r_train.collect_plan import CollectConfig, EpisodeRequest
from a2r_train.collect_presets import PAPER_SEEDS, PAPER_TASKS, PRESETS, TEST_SEEDS, VALIDATION_SEEDS
from a2r_train.data.hands.dataset import HandsConfig, make_hands
from a2r_train.data.something_something import SomethingSomething
from benchmarks.c2r_pools import c2r_pool_folders, collect_c2r_pools
from benchmarks.candidates import take_folders
from benchmarks.cells import Setup
from benchmarks.pools import collect_pools

__all__ = ["SOURCES", "fingerprint", "folders", "human_source", "prepare"]

HUMAN: Final = "human"
_C2R: Final = ("c2r", "c2r-validation")
SOURCES: Final = ("paper", "validation-scenes", "paper-test", "pools", *_C2R, "c2r-pools", HUMAN)
"""Robot clips of the paper's protocol to train, to calibrate and to report on; candidates; those of Concept2Robot's
environments; human clips."""
_HUMAN_CLIPS: Final = 7_200
_HUMAN_TEMPLATES: Final = (5, 41, 44, 46, 93, 94, 86, 87, 170, 27, 106, 158, 6, 164, 171)
_TINY: Final = (("success", 3), ("random", 2), ("missed", 2))
_TINY_HUMAN: Final = HandsConfig(num_clips=24, templates=(5, 41, 93))


def folders(setup: Setup, source: str) -> list[Path]:
    """Return where a source lies."""
    if source == HUMAN:
        return [setup.human]
    preset = setup.preset
    if source == "pools":
        return take_folders(setup.data / "pools", preset.scenes, preset.pool_starts, preset.pool_takes)
    if source == "c2r-pools":
        return c2r_pool_folders(setup.data / source, preset.c2r_settings, preset.c2r_starts, preset.c2r_takes)
    return [setup.data / source]


def fingerprint(setup: Setup, source: str) -> str:
    """Hash what tells a source from others; ``to be made`` where it is not there yet.

    Raises:
        DataError: There is no such source.
    """
    if source not in SOURCES:
        raise DataError(f"expected a source among {', '.join(SOURCES)}, got {source!r}")
    found = hashlib.sha256()
    for folder in folders(setup, source):
        marks = _human_marks(folder) if source == HUMAN else [folder / "meta/files.json"]
        if not marks or not all(mark.exists() for mark in marks):
            return "to be made"
        for mark in marks:
            found.update(_hashed(mark, mark.stat().st_mtime_ns))
    return found.hexdigest()[:16]


@functools.lru_cache(maxsize=1024)
def _hashed(mark: Path, changed: int) -> bytes:
    """Hash a file; it is read again when it has changed."""
    del changed
    return hashlib.sha256(mark.read_bytes()).digest()


def _human_marks(folder: Path) -> list[Path]:
    """Find SS-V2's index, in either of the places where people put it."""
    return [*sorted(folder.glob("labels/*.json")), *sorted(folder.glob("something-something-v2-*.json"))]


def human_source(setup: Setup) -> str:
    """Name the human clips: ``hands`` for rendered ones; empty where there are none."""
    return SomethingSomething(setup.human).source if fingerprint(setup, HUMAN) != "to be made" else ""


def prepare(setup: Setup, sources: Iterable[str], workers: int) -> None:
    """Make what is missing; what was cut off goes on.

    Args:
        setup: Where the data lie.
        sources: Which of `SOURCES`.
        workers: Processes.

    Raises:
        DataError: A folder holds something else.
        WorkerError: A worker failed.
    """
    for source in sources:
        if fingerprint(setup, source) == "to be made":
            _makers(setup, workers)[source]()


def _makers(setup: Setup, workers: int) -> dict[str, Callable[[], object]]:
    preset = setup.preset
    tiny = _tiny_collections(preset.scenes)
    configs = {name: PRESETS[name]() for name in (*tiny, *_C2R)} | (tiny if preset.own_data else {})
    human = HandsConfig(num_clips=_HUMAN_CLIPS, templates=_HUMAN_TEMPLATES)
    makers: dict[str, Callable[[], object]] = {
        name: lambda name=name: collect(configs[name], setup.data / name, workers=workers)  # type: ignore[misc]
        for name in configs
    }
    makers[HUMAN] = lambda: make_hands(_TINY_HUMAN if preset.own_data else human, setup.human, workers=workers)
    makers["pools"] = lambda: collect_pools(
        setup.data / "pools", preset.scenes, preset.pool_starts, preset.pool_takes, workers=workers
    )
    makers["c2r-pools"] = lambda: collect_c2r_pools(
        setup.data / "c2r-pools", preset.c2r_settings, preset.c2r_tasks, preset.c2r_starts, preset.c2r_takes,
        workers=workers,
    )  # fmt: skip
    return makers


def _tiny_collections(scenes: tuple[str, ...]) -> dict[str, CollectConfig]:
    """Return collections in miniature: of no use but to see that everything runs."""
    plans = {
        "paper": (PAPER_TASKS, ("train",), PAPER_SEEDS.start),
        "validation-scenes": (PAPER_TASKS, ("1000",), VALIDATION_SEEDS.start + 8_000),
        "paper-test": (tuple(TASKS), scenes, TEST_SEEDS.start),
    }
    return {
        name: CollectConfig(
            requests=tuple(
                EpisodeRequest(family="tabletop", task=task, scene=scene, sources=_TINY, first_seed=first)
                for scene in places
                for task in tasks
            ),
            kept_frames=8,
        )
        for name, (tasks, places, first) in plans.items()
    }
