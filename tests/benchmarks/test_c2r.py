"""Pools of Concept2Robot's environments and their table, in miniature."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from a2r_gym.errors import NonFiniteRewardError, UnknownNameError
from a2r_gym.metrics import Estimate
from a2r_gym.protocols import Scores
from a2r_train.data.clips import ClipSet, load_clips
from benchmarks.c2r_pools import C2R_SETTINGS, c2r_choices, collect_c2r_pools, scene_of
from benchmarks.candidates import TAKES, chosen, similarities
from benchmarks.cells import DONE, Cell, Outcome, Results, Setup
from benchmarks.data import folders
from benchmarks.methods import training_data, training_id
from benchmarks.plan import make_plan, needed_sources
from benchmarks.presets import Preset, get_preset
from benchmarks.tables import c2r
from tests.training.synthetic import make_clips

TASKS = ("push-right", "lift")
PRESET = Preset(
    name="mini", seeds=(0, 1), c2r_methods=("c2r-ours", "c2r-concept2robot", "frame-counter"),
    c2r_settings=C2R_SETTINGS[:2], c2r_tasks=TASKS[:1], c2r_starts=1, c2r_takes=2,
)  # fmt: skip


class ByBrightness:
    """The similarity is the first pixel of a video's last frame; NaN where that is 255."""

    def score(self, videos: Any, instructions: Any) -> Scores:
        level = np.array([video[-1, 0, 0, 0] for video in videos], dtype=np.float32)
        level[level == 255] = np.nan
        assert len(instructions) == len(level)
        return Scores(level, level, np.full(len(level), -1), np.zeros((len(level), 0), np.float32))


def _setup(out: Path, preset: Preset = PRESET) -> Setup:
    return Setup(preset=preset, out=out, data=out / "data", human=out / "human")


def _pools(brightness: list[int]) -> ClipSet:
    """Candidates of two tasks from one start: a success, then as many failures, all of a given brightness."""
    names = tuple(f"c2r/{task}" for task in TASKS)
    clips = make_clips(names, per_source=1)
    frames = clips.frames.copy()
    frames[:, -1, 0, 0, 0] = brightness
    return replace(
        clips, frames=frames, seed=np.full(len(clips), 9_500), scene=np.array([scene_of("viewpoint 1")] * len(clips))
    )


class TestChoosing:
    def test_the_most_similar_candidate_is_taken(self) -> None:
        similarity, solved = np.array([0.1, 0.9, 0.3], np.float32), np.array([True, False, False])
        found = chosen(similarity, solved, [9_500, 0])
        assert found == {"candidates": 3, "success": False, "floor": pytest.approx(1 / 3), "ceiling": True}
        assert chosen(-similarity, solved, [9_500, 0])["success"]

    def test_among_equals_all_models_draw_the_same(self) -> None:
        solved = np.array([True, False] * 8)
        draws = [chosen(np.full(16, level, np.float32), solved, [9_500, 3])["success"] for level in (0.0, 0.5)]
        assert draws[0] == draws[1]
        many = {chosen(np.zeros(16, np.float32), solved, [seed, 3])["success"] for seed in range(20)}
        assert many == {True, False}

    def test_a_pool_holds_one_tasks_candidates_from_one_start_in_one_setting(self) -> None:
        clips = _pools([90, 10, 20, 30, 80, 70])
        rows = c2r_choices(ByBrightness(), clips, "viewpoint 1", TASKS)  # type: ignore[arg-type]
        assert [(row["task"], row["candidates"], row["success"]) for row in rows] == [
            ("push-right", 3, True), ("lift", 3, False),
        ]  # fmt: skip
        assert {(row["scene"], row["seed"], row["ceiling"]) for row in rows} == {("viewpoint 1", 9_500, True)}

    def test_a_score_that_is_no_number_is_an_error(self) -> None:
        with pytest.raises(NonFiniteRewardError, match="finite"):
            similarities(ByBrightness(), _pools([255, 0, 0, 0, 0, 0]), ["lift"], progress=False)  # type: ignore[arg-type]


class TestSettings:
    def test_each_changes_one_thing_of_the_default_view(self) -> None:
        scenes = [scene_of(setting) for setting in C2R_SETTINGS]
        assert scenes[0] == "viewpoint=0,distractors=0"
        assert len(set(scenes)) == len(scenes)
        parts = [dict(part.split("=") for part in scene.split(",")) for scene in scenes]
        assert all("0" in part.values() for part in parts)

    def test_an_unknown_one_is_named_with_those_that_there_are(self) -> None:
        with pytest.raises(UnknownNameError, match="viewpoint 3"):
            scene_of("viewpoint 4")

    def test_takes_mix_what_succeeds_and_what_does_not(self) -> None:
        taken = TAKES[: get_preset("full").c2r_takes]
        assert set(taken) == {"success", "random", "missed", "stopped_short", "undone"}
        assert taken.count("success") * 4 == len(taken)


def test_pools_are_made_once_with_the_same_start_in_every_setting(tmp_path: Path) -> None:
    pytest.importorskip("pybullet")
    setup = _setup(tmp_path)

    def collected() -> tuple[ClipSet, list[float]]:
        collect_c2r_pools(
            setup.data / "c2r-pools", PRESET.c2r_settings, PRESET.c2r_tasks, PRESET.c2r_starts, PRESET.c2r_takes,
            workers=1,
        )  # fmt: skip
        made = folders(setup, "c2r-pools")
        return load_clips(made), [(folder / "meta/files.json").stat().st_mtime_ns for folder in made]

    clips, made = collected()
    assert sorted(zip(clips.scene, clips.source, clips.seed, strict=True)) == [
        (scene_of(setting), source, 9_500)
        for setting in PRESET.c2r_settings
        for source in sorted(TAKES[:2])
    ]  # fmt: skip
    assert clips.frames.shape[1:] == (8, 128, 128, 3)
    assert collected()[1] == made
    firsts: dict[str, list[NDArray[np.uint8]]] = {}
    for scene, frames in zip(clips.scene, clips.frames, strict=True):
        firsts.setdefault(str(scene), []).append(np.asarray(frames[0]).astype(int))
    for same in firsts.values():
        assert np.abs(same[0] - same[1]).mean() < 1.0  # two films of one start
    across = [same[0] for same in firsts.values()]
    assert np.abs(across[0] - across[1]).mean() > 5.0


class TestPlan:
    def test_recipes_are_trained_on_their_own_environments(self, tmp_path: Path) -> None:
        assert training_data("c2r-dvd") == ("c2r", "c2r-validation", "human")
        assert training_data("dvd-human-6") == ("paper", "validation-scenes", "human")
        setup = _setup(tmp_path)
        assert training_id("c2r-ours", 0, setup) != training_id("c2r-ours", 1, setup)
        assert needed_sources(["c2r"], setup) == ["c2r", "c2r-validation", "c2r-pools", "human"]

    def test_a_preset_without_settings_needs_nothing(self, tmp_path: Path) -> None:
        setup = _setup(tmp_path, replace(PRESET, c2r_settings=()))
        assert needed_sources(["c2r"], setup) == []
        assert make_plan(["c2r"], setup) == []

    def test_trained_methods_have_a_cell_a_seed_and_others_one(self) -> None:
        seeds: dict[str, list[int]] = {}
        for cell in c2r.cells(PRESET):
            if cell.setting == "viewpoint 1":
                seeds.setdefault(cell.method, []).append(cell.seed)
        assert seeds == {"c2r-ours": [0, 1], "c2r-concept2robot": [0, 1], "frame-counter": [0]}

    def test_a_miniature_is_left_out_without_the_simulator(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(c2r.importlib.util, "find_spec", lambda name: None)
        assert c2r.cells(replace(PRESET, own_data=True)) == []
        assert c2r.cells(PRESET)


def _outcome(setting: str, solved: dict[tuple[str, int], bool]) -> Outcome:
    rate = sum(solved.values()) / len(solved)
    rows = [
        {"scene": setting, "task": task, "seed": seed, "success": success} for (task, seed), success in solved.items()
    ]
    return Outcome(
        DONE,
        {
            "success": [rate, 0.0, 1.0, len(rows)], "floor": [0.25, 0.25, 0.25, len(rows)],
            "ceiling": [1.0, 0.5, 1.0, len(rows)], "choices": rows,
        },
    )  # fmt: skip


def _results(after: dict[str, list[bool]], preset: Preset = PRESET) -> Results:
    """Let every method succeed at all four starts in the default view, and as told in the other."""
    keys = [(task, seed) for task in TASKS for seed in (1, 2)]
    outcomes = {}
    for method, solved in after.items():
        for setting, row in zip(preset.c2r_settings, ([True] * 4, solved), strict=False):
            outcomes[Cell(c2r.NAME, method, setting, 0)] = _outcome(setting, dict(zip(keys, row, strict=True)))
    return Results(preset=preset, outcomes=outcomes)


class TestTable:
    def test_a_change_is_a_difference_on_the_same_starts(self) -> None:
        drawn = c2r.render(_results({"c2r-ours": [True] * 4, "frame-counter": [True, False, False, False]}))
        place = drawn.columns.index("change: viewpoint 1")
        changes = {row.label: row.values[place] for row in drawn.rows}
        assert changes["c2r-ours"] == Estimate(0.0, 0.0, 0.0, 4)
        fall = changes["frame-counter"]
        assert isinstance(fall, Estimate)
        assert (fall.value, fall.n) == (-0.75, 4)
        assert fall.low <= fall.value <= fall.high
        assert changes["c2r-concept2robot"] == "not run"

    def test_floor_ceiling_and_the_papers_claims_stand_beside_it(self) -> None:
        drawn = c2r.render(_results({"c2r-ours": [True] * 4}))
        assert [row.kind for row in drawn.rows] == ["floor", "ceiling", "method", "method", "method"]
        claims = {row.label: row.values[-2] for row in drawn.rows}
        assert claims["c2r-ours"] == "falls by less than 0.12"
        assert claims["c2r-concept2robot"] == "falls by 0.05 to 0.37"
        assert claims["frame-counter"] is None
        assert all("paper" in column for column in drawn.columns[-2:])

    def test_with_distractors_ours_is_compared_with_concept2robot(self) -> None:
        preset = replace(PRESET, c2r_settings=("default view", "distractors 2"))
        results = _results({"c2r-ours": [True] * 4, "c2r-concept2robot": [False] * 4}, preset)
        assert any("c2r-ours over c2r-concept2robot" in note and "+1.000" in note for note in c2r.render(results).notes)
