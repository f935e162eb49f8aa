"""Trajectories beside each other: what each learns from, where, what is compared, and that none is learned twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("joblib", reason="needs the bench extra")
pytest.importorskip("pybullet", reason="needs the pybullet extra")
pytest.importorskip("stable_baselines3", reason="needs the sb3 extra")

import a2r_gym
from a2r_gym.metrics import wilson
from a2r_gym.planners.trajectory_run import load_run
from benchmarks.cells import DONE, Cell, Outcome, Results, Setup
from benchmarks.presets import get_preset
from benchmarks.tables import trajectories

PLACES = (("default view", "push-right"), ("default view", "lift"), ("viewpoint 1", "push-right"))
PRESET = replace(
    get_preset("smoke"), trajectory_runs=PLACES, seeds=(0, 1), trajectory_episodes=8, trajectory_tests=2
)  # fmt: skip
OURS, TRUE = "c2r-ours: learned reward alone", "true success: 1 or 0"


def found(method: str, hits: dict[tuple[str, int], int]) -> dict[Cell, Outcome]:
    """Write down learners by their successes of 20; a curve goes there in two points."""
    return {
        Cell("trajectories", method, place, seed): Outcome(
            DONE, {"success": list(wilson(count, 20)), "curve": [[4, 0.0], [8, count / 20]]}
        )
        for (place, seed), count in hits.items()
    }


def drawn(outcomes: dict[Cell, Outcome]) -> Any:
    return trajectories.render(Results(preset=PRESET, outcomes=outcomes))


class TestCells:
    def test_both_rewards_learn_where_the_reward_was_trained_and_ours_elsewhere_too(self) -> None:
        cells = trajectories.cells(PRESET)
        learners = {(cell.method, cell.setting) for cell in cells if cell.seed == 1}
        assert learners == {
            ("c2r-ours", "default view: push-right"),
            ("success", "default view: push-right"),
            ("c2r-ours", "default view: lift"),
            ("success", "default view: lift"),
            ("c2r-ours", "viewpoint 1: push-right"),
        }
        assert len(cells) == len(set(cells)) == 2 * len(learners) + 2 * len(PLACES)

    def test_a_preset_may_leave_it_out(self) -> None:
        assert trajectories.cells(replace(PRESET, trajectory_runs=())) == []


class TestRun:
    @pytest.fixture
    def setup(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setup:
        """Let the bundled checkpoint stand for the trained one."""
        monkeypatch.setattr(trajectories, "settle", lambda *_: a2r_gym.load_reward("a2r-small"))
        monkeypatch.setattr(trajectories, "train", lambda *_: Path("a2r-small"))
        return Setup(preset=PRESET, out=tmp_path, data=tmp_path, human=tmp_path)

    def test_a_learner_leaves_its_curve_and_learns_but_once(
        self, setup: Setup, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(trajectories, "_EVALUATIONS", 2)
        cell = Cell("trajectories", "c2r-ours", "viewpoint 1: push-right", 1)
        first = trajectories.run(cell, setup)
        assert [step for step, _ in first["curve"]] == [4, 8]
        assert first["success"][-1] == 2
        [folder] = (setup.out / "trajectories").iterdir()
        there = load_run(folder)
        assert there is not None
        assert (there.reward, there.viewpoint, there.distractors, there.seed) == ("learned", 1, 0, 1)

        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("it learns again")

        monkeypatch.setattr("a2r_gym.planners.ddpg_cem.DDPGCEM.learn", refuse)
        assert trajectories.run(cell, setup) == first

    def test_policies_that_learn_nothing_have_the_same_starts(self, setup: Setup) -> None:
        setup = replace(setup, preset=replace(PRESET, trajectory_tests=4))
        rates = {
            method: trajectories.run(Cell("trajectories", method, "default view: push-right", 0), setup)["success"]
            for method in ("random-trajectories", "scripted")
        }
        assert rates["scripted"][0] > 0.5 > rates["random-trajectories"][0]
        assert rates["scripted"][-1] == rates["random-trajectories"][-1] == 4


class TestRender:
    TWO = tuple(f"{setting}: {task}" for setting, task in PLACES[:2])

    def test_tasks_are_averaged_where_the_reward_was_trained(self) -> None:
        ours = {(place, seed): count for place, count in zip(self.TWO, (20, 10), strict=True) for seed in (0, 1)}
        theirs = {(place, seed): count for place, count in zip(self.TWO, (5, 5), strict=True) for seed in (0, 1)}
        table = drawn(found("c2r-ours", {**ours, ("viewpoint 1: push-right", 0): 2}) | found("success", theirs))
        rows = {row.label: row.values for row in table.rows}
        assert [rows[OURS][column].value for column in (0, 1, 2, 3)] == pytest.approx([0.75, 1.0, 0.5, 0.1])
        assert rows[TRUE][0].value == pytest.approx(0.25)
        assert rows[TRUE][3] is None
        assert "+0.500" in table.notes[-1]
        assert [line.label for line in table.curves.lines] == [OURS, TRUE]
        assert [point for point, _ in table.curves.lines[0].points] == [4, 8]
        assert table.curves.lines[0].points[-1][1].value == pytest.approx(0.75)

    def test_a_task_with_more_seeds_weighs_no_more_than_another(self) -> None:
        table = drawn(found("c2r-ours", {(self.TWO[0], 0): 20, (self.TWO[0], 1): 20, (self.TWO[1], 0): 10}))
        assert {row.label: row.values for row in table.rows}[OURS][0].value == pytest.approx(0.75)
        assert table.curves.lines[0].points[-1][1].value == pytest.approx(0.75)

    def test_nothing_is_compared_before_all_tasks_are_learned(self) -> None:
        table = drawn(found("c2r-ours", {(self.TWO[0], 0): 20}))
        rows = {row.label: row.values for row in table.rows}
        assert rows[OURS][0] == rows[TRUE][0] == "not run"
        assert table.notes[-1] == "The two rewards are compared where both have learned all tasks."
        assert not table.curves.lines
