"""What is scored: labelled pairs, and for some successes everything else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from a2r_gym.bench.clips import Clip
from a2r_gym.bench.plan import BenchConfig, Pair, make_plan
from a2r_gym.errors import DataError
from tests.bench.videos import CLOSE, OPEN, video


def clips(*rows: tuple[str, str, bool]) -> list[Clip]:
    return [Clip(Path(name), instruction, success) for name, instruction, success in rows]


def test_a_probe_is_asked_every_instruction_and_its_own_step_by_step() -> None:
    plan = make_plan(clips(("a", CLOSE, True), ("b", CLOSE, False), ("c", OPEN, False)), BenchConfig())
    pairs = {item.name: set(item.pairs) for item in plan.footage}
    assert pairs == {
        "a": {Pair(CLOSE, True), Pair(OPEN, False)},
        "b": {Pair(CLOSE, False)},
        "c": {Pair(OPEN, False)},
    }
    assert plan.probes == {"a": CLOSE}


def test_a_success_of_two_instructions_is_no_probe() -> None:
    plan = make_plan(clips(("a", CLOSE, True), ("a", OPEN, True), ("b", OPEN, True)), BenchConfig())
    assert plan.probes == {"b": OPEN}


def test_probes_are_drawn_by_the_seed_and_not_by_the_order_of_the_clips() -> None:
    rows = clips(*((f"{number:02}", CLOSE, True) for number in range(30)))
    drawn = [set(make_plan(rows, BenchConfig(probe_clips=5, seed=seed)).probes) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] == set(make_plan(rows[::-1], BenchConfig(probe_clips=5)).probes)
    assert len(drawn[0]) == 5
    assert drawn[0] != drawn[2]
    assert make_plan(rows, BenchConfig(probe_clips=0)).probes == {}


def test_videos_that_are_not_there_come_first(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    plan = make_plan(clips((str(tmp_path / "here"), CLOSE, True), (str(tmp_path / "gone"), CLOSE, True)), BenchConfig())
    assert [Path(item.name).name for item in plan.footage] == ["gone", "here"]


def test_the_same_frames_under_two_instructions_are_one_video() -> None:
    frames = video(1, 2)
    plan = make_plan(
        [Clip(frames, CLOSE, True), Clip(frames, OPEN, False), Clip(video(1, 2), OPEN, True)], BenchConfig()
    )
    assert [(item.name, len(item.pairs)) for item in plan.footage] == [("clip 0", 2), ("clip 2", 2)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "at least one"),
        (clips(("a", CLOSE, True), ("a", CLOSE, False)), "both a success and a failure"),
        (clips(("a", CLOSE, "0")), "label 0 or 1"),  # type: ignore[arg-type]
        (clips(("a", " ", True)), "a sentence"),
    ],
)
def test_labels_that_contradict_are_refused(rows: list[Clip], message: str) -> None:
    with pytest.raises(DataError, match=message):
        make_plan(rows, BenchConfig())


def test_numpys_labels_are_labels() -> None:
    assert make_plan([Clip(Path("a"), CLOSE, np.bool_(True))], BenchConfig()).labels == {("a", CLOSE): True}


@pytest.mark.parametrize("wrong", [{"max_frames": 1}, {"max_frames": 10**6}, {"probe_clips": -1}, {"seed": -1}])
def test_ranges_are_checked(wrong: dict[str, int]) -> None:
    with pytest.raises(DataError):
        BenchConfig(**wrong)
