"""The protocol's columns: each from the clips that it names, and seeds pooled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.tabletop.tasks import TASKS
from a2r_gym.metrics import Estimate
from a2r_gym.protocols import RewardStream, Scores
from a2r_train.data.clips import ClipSet
from benchmarks.protocol import COLUMNS, measure, pool_seeds
from tests.training.synthetic import make_clips

NAMES = tuple(f"tabletop/{task}" for task in TASKS)


class _Reader:
    """Knows the clips that say they are successes, of some tasks only; of the others it says the opposite."""

    def __init__(self, known: Sequence[str]) -> None:
        self._known = {TASKS[task].instruction for task in known}

    def score(self, videos: NDArray[np.uint8], instructions: Sequence[str]) -> Scores:
        told = np.array([int(video[0, 0, 0, 0] == 255) for video in videos])
        knows = np.array([instruction in self._known for instruction in instructions])
        success = np.where(knows, told, 1 - told).astype(np.float32)
        return Scores(2 * success - 1, success, np.full(len(told), -1), np.zeros((len(told), 0), dtype=np.float32))

    def score_steps(self, video: NDArray[np.uint8], instruction: str) -> Scores:
        raise NotImplementedError

    def stream(self, instructions: Sequence[str]) -> RewardStream:
        raise NotImplementedError


def _clips() -> ClipSet:
    clips = make_clips(NAMES, per_source=10)
    clips.frames[:, 0, 0, 0, 0] = np.where(clips.source == "success", 255, 0)
    return replace(clips, scene=np.where(np.arange(len(clips)) % 2, "train", "recolor"))


def test_trained_tasks_are_measured_scene_by_scene_and_the_others_where_training_was() -> None:
    found = measure(_Reader(("drawer-close", "mug-away", "mug-right")), _clips())
    assert set(COLUMNS) <= set(found)
    assert found["train"][0] == found["recolor"][0] == 1.0
    assert found["left out"][0] == found["left out, near"][0] == 0.0
    assert found["left out: tabletop/faucet-left"][0] == 0.0
    assert np.isnan(found["viewpoint"][0])
    assert found["Brier"][0] == found["ECE"][0] == 0.0


def test_calibration_and_retrieval_are_of_scenes_that_training_never_showed() -> None:
    wrong = measure(_Reader(("drawer-open",)), _clips())
    assert wrong["Brier"][0] == 1.0
    assert wrong["left out: tabletop/drawer-open"][0] == 1.0
    assert wrong["first of 7"][3] == 35  # half of the successes of seven tasks


def test_seeds_widen_an_interval_and_one_alone_keeps_its_own() -> None:
    assert pool_seeds([[-0.2, -0.3, 0.1, 7]]) == Estimate(-0.2, -0.3, 0.1, 7)
    pooled = pool_seeds([[0.4, 0.3, 0.5, 10], [0.6, 0.5, 0.7, 10]])
    assert abs(pooled.value - 0.5) < 1e-12
    assert pooled.high - pooled.low > 0.2
