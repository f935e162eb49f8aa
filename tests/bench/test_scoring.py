"""Scoring: each video read once, and what goes wrong loses nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from a2r_gym.bench.clips import Clip
from a2r_gym.bench.plan import BenchConfig, Plan, make_plan
from a2r_gym.bench.score_only import as_reward_model
from a2r_gym.bench.scoring import BadRow, PairScores, UnreadableVideosError, refuse, score_plan
from a2r_gym.bench.store import ScoreStore
from a2r_gym.errors import NonFiniteRewardError, RewardModelError
from tests.bench.videos import CLOSE, OPEN, StepReader, video


def plan_of(*rows: tuple[Any, str, bool]) -> Plan:
    return make_plan([Clip(*row) for row in rows], BenchConfig())


def run(
    plan: Plan, model: Any, store: ScoreStore | None = None, max_frames: int = 64
) -> tuple[PairScores, list[BadRow]]:
    store = store or ScoreStore(None, {}, max_frames)
    models = {"model": as_reward_model(model)}
    found, bad = score_plan(models, plan, store, max_frames=max_frames, progress=False)
    return found["model"], bad


def test_whole_videos_prefixes_and_reversals_are_scored() -> None:
    scores, bad = run(plan_of((video(0, 50, 90), CLOSE, True), (video(5), OPEN, True)), StepReader())
    assert bad == []
    probe = scores["clip 0", CLOSE]
    assert (probe.similarity, probe.success) == pytest.approx((0.9, 0.9))
    assert probe.steps.tolist() == pytest.approx([0.0, 0.5, 0.9])
    assert probe.steps_reversed.tolist() == pytest.approx([0.9, 0.5, 0.0])
    assert scores["clip 0", OPEN].success == pytest.approx(0.1)
    assert len(scores["clip 0", OPEN].steps) == 0
    assert len(scores["clip 1", OPEN].steps) == 0  # one frame has no course


def test_long_videos_are_thinned_evenly_with_both_ends() -> None:
    scores, _ = run(plan_of((video(*range(0, 101, 10)), CLOSE, True)), StepReader(), max_frames=3)
    assert scores["clip 0", CLOSE].steps.tolist() == pytest.approx([0.0, 0.5, 1.0])


def test_a_matrix_is_asked_where_there_is_one() -> None:
    class Matrix(NamedTuple):
        similarity: np.ndarray
        success: np.ndarray

    class Fast(StepReader):
        def score_matrix(self, videos: Sequence[np.ndarray], instructions: Sequence[str]) -> Matrix:
            table = np.array([[0.6, 0.7]])
            return Matrix(table, table)

        def score_steps(self, frames: np.ndarray, instruction: str) -> list[float]:
            return [0.5] * len(frames)

        def stream(self, instructions: Sequence[str]) -> None: ...

    scores, _ = run(plan_of((video(0, 90), CLOSE, True), (video(1), OPEN, False)), Fast())
    assert [scores["clip 0", said].success for said in (CLOSE, OPEN)] == pytest.approx([0.6, 0.7])


def test_a_nan_is_told_and_costs_only_its_own_pair() -> None:
    class OpenFails(StepReader):
        def score(self, videos: Sequence[np.ndarray], instructions: Sequence[str]) -> list[float]:
            return [np.nan if said == OPEN else 0.5 for said in instructions]

    plan = plan_of((video(1, 2), CLOSE, True), (video(3), OPEN, False), (video(4), CLOSE, False))
    scores, bad = run(plan, OpenFails())
    assert set(scores) == {("clip 0", CLOSE), ("clip 2", CLOSE)}
    assert {(row.video, row.instruction) for row in bad} == {("clip 0", OPEN), ("clip 1", OPEN)}


def test_a_floor_never_has_scores_that_the_model_lacks() -> None:
    plan, store = plan_of((video(50), CLOSE, True), (video(60), CLOSE, True)), ScoreStore(None, {}, 64)
    models = {"model": as_reward_model(StepReader(nan_at=50)), "floor": as_reward_model(StepReader())}
    for _ in range(2):  # the second time the floor's score is in the store
        found, _ = score_plan(models, plan, store, max_frames=64, progress=False)
        assert set(found["model"]) == set(found["floor"]) == {("clip 1", CLOSE)}


def test_videos_that_cannot_be_read_are_all_named_and_the_rest_is_scored(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    rows = [(tmp_path / name, CLOSE, True) for name in ("gone.mp4", "empty.mp4")]
    scores, bad = run(plan_of(*rows, (video(7), CLOSE, False), (np.zeros((2, 3)), CLOSE, False)), StepReader())
    assert set(scores) == {("clip 2", CLOSE)}
    error = refuse(bad, 1)
    assert isinstance(error, UnreadableVideosError)
    for told in (
        "gone.mp4",
        "does not exist",
        "empty.mp4",
        "0 bytes",
        "clip 3",
        "1 other scores are kept",
        "--skip-bad",
    ):
        assert told in str(error)


def test_nan_alone_is_its_own_error_and_both_are_told_together() -> None:
    nan, gone = BadRow("a", CLOSE, "scores must be finite"), BadRow("b", "", "is empty")
    assert isinstance(refuse([nan], 0), NonFiniteRewardError)
    both = refuse([nan, gone], 0)
    assert isinstance(both, UnreadableVideosError)
    assert "1 got no score from the model" in str(both)
    assert "and 30 more" in str(refuse([gone._replace(video=str(number)) for number in range(50)], 0))


def test_a_second_run_asks_only_what_failed_or_is_new(tmp_path: Path) -> None:
    first = plan_of((video(10, 20), CLOSE, True), (video(50), CLOSE, False))
    run(first, StepReader(nan_at=50), ScoreStore(tmp_path / "scores.csv", {}, 64))
    model = StepReader()
    scores, bad = run(first, model, ScoreStore(tmp_path / "scores.csv", {}, 64))
    assert (len(scores), bad, len(model.calls)) == (2, [], 1)


def test_a_stop_midway_keeps_what_was_scored(tmp_path: Path) -> None:
    class Stopped(StepReader):
        def score(self, videos: Sequence[np.ndarray], instructions: Sequence[str]) -> list[float]:
            if len(self.calls) == 2:
                raise KeyboardInterrupt
            return super().score(videos, instructions)

    plan, path = plan_of(*((video(step), CLOSE, False) for step in (1, 2, 3, 4))), tmp_path / "scores.csv"
    with pytest.raises(KeyboardInterrupt):
        run(plan, Stopped(), ScoreStore(path, {}, 64))
    model = StepReader()
    assert len(run(plan, model, ScoreStore(path, {}, 64))[0]) == 4
    assert len(model.calls) == 2


def test_a_model_that_gives_no_scores_is_not_blamed_on_a_video() -> None:
    class Wrong(StepReader):
        def score(self, videos: Sequence[np.ndarray], instructions: Sequence[str]) -> list[float]:
            return [50.0] * len(videos)

    with pytest.raises(RewardModelError, match=r"\[0, 1\]"):
        run(plan_of((video(1), CLOSE, True)), Wrong())
