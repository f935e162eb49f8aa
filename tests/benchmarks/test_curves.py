"""Agents beside each other: what each is trained on, what is pooled, and that no agent is trained twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("joblib", reason="needs the bench extra")
pytest.importorskip("metaworld", reason="needs the metaworld extra")
pytest.importorskip("stable_baselines3", reason="needs the sb3 extra")

from a2r_gym.metrics import iqm, wilson
from a2r_gym.rl.agent import load_run
from benchmarks.cells import DONE, FAILED, Cell, Outcome, Results, Setup
from benchmarks.presets import get_preset
from benchmarks.tables import curves

TASKS = ("drawer-close", "door-close")
PRESET = replace(get_preset("smoke"), agent_tasks=TASKS, seeds=(0, 1), agent_steps=5, agent_episodes=2)
MEASURED = ("a2r-small", "dense", "sparse", "random-reward")
DENSE = "Meta-World's dense reward"


def found(method: str, rates: dict[tuple[str, int], int]) -> dict[Cell, Outcome]:
    """Write down agents by their successes of 2; a curve goes there in two points."""
    return {
        Cell("curves", method, task, seed): Outcome(
            DONE, {"success": list(wilson(hits, 2)), "curve": [[0.0, 0.0], [5.0, hits / 2]]}
        )
        for (task, seed), hits in rates.items()
    }


def drawn(outcomes: dict[Cell, Outcome]) -> Any:
    return curves.render(Results(preset=PRESET, outcomes=outcomes))


def row(table: Any, label: str) -> tuple[Any, ...]:
    [values] = [line.values for line in table.rows if line.label == label]
    return tuple(values)


class TestCells:
    def test_every_task_and_seed_is_trained_on_each_reward_and_floors_and_ceiling_are_measured_once(self) -> None:
        cells = curves.cells(PRESET)
        agents = [cell for cell in cells if cell.method not in ("random-actions", "scripted")]
        assert {(cell.method, cell.setting, cell.seed) for cell in agents} == {
            (method, task, seed) for method in MEASURED for task in TASKS for seed in (0, 1)
        }
        assert len(cells) == len(set(cells)) == len(agents) + 4

    def test_rewards_differ_and_nothing_else_does(self) -> None:
        agents = [curves.config(Cell("curves", method, TASKS[0], 0), PRESET) for method in MEASURED]
        assert len({str(agent) for agent in agents}) == 4
        assert len({(agent["steps"], agent["episodes"], agent["action_repeat"]) for agent in agents}) == 1

    def test_a_preset_may_leave_it_out(self) -> None:
        assert curves.cells(replace(PRESET, agent_tasks=())) == []


class TestRun:
    def setup(self, out: Path) -> Setup:
        return Setup(preset=PRESET, out=out, data=out, human=out)

    def test_an_agent_leaves_its_curve_and_is_not_trained_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cell = Cell("curves", "sparse", "drawer-close", 1)
        first = curves.run(cell, self.setup(tmp_path))
        assert [step for step, _ in first["curve"]] == [0, 1, 2, 3, 4, 5]
        assert first["success"][-1] == 2
        [folder] = (tmp_path / "agents").iterdir()
        config = load_run(folder)
        assert config is not None
        assert (config.reward, config.seed, config.env) == ("sparse", 1, "A2R-MetaWorld-drawer-close-v1")

        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("it learns again")

        monkeypatch.setattr("stable_baselines3.SAC.learn", refuse)
        assert curves.run(cell, self.setup(tmp_path)) == first

    def test_policies_are_measured_on_as_many_episodes_as_all_seeds(self, tmp_path: Path) -> None:
        scripted = curves.run(Cell("curves", "scripted", "door-close", 0), self.setup(tmp_path))
        assert scripted == {"success": list(wilson(4, 4))}
        floor = curves.run(Cell("curves", "random-actions", "door-close", 0), self.setup(tmp_path))
        assert floor["success"][0] < 1.0


class TestTable:
    def test_seeds_are_pooled_and_tasks_stand_for_themselves(self) -> None:
        rates = {(TASKS[0], 0): 2, (TASKS[0], 1): 1, (TASKS[1], 0): 0, (TASKS[1], 1): 2}
        table = drawn(found("dense", rates))
        pooled, *tasks = row(table, DENSE)
        assert pooled == iqm([[1.0, 0.0], [0.5, 1.0]], np.random.default_rng(0))
        assert [(task.value, task.n) for task in tasks] == [(0.75, 2), (0.5, 2)]  # the same episodes for both seeds
        assert tasks[1].high - tasks[1].low > wilson(1, 2).high - wilson(1, 2).low  # one seed fails, one does not
        assert [kind.kind for kind in table.rows] == ["method"] * 3 + ["floor"] * 2 + ["ceiling"]

    def test_curves_are_pooled_point_by_point(self) -> None:
        rates = {(task, seed): 2 - seed for task in TASKS for seed in (0, 1)}
        [line] = drawn(found("dense", rates)).curves.lines
        assert line.label == DENSE
        assert [(step, value.value) for step, value in line.points] == [(0.0, 0.0), (5.0, 0.75)]
        assert line.points[1][1].low < 0.75 < line.points[1][1].high

    def test_only_seeds_that_all_tasks_have_are_pooled(self) -> None:
        table = drawn(found("dense", {(TASKS[0], 0): 2, (TASKS[1], 0): 1, (TASKS[0], 1): 0}))
        pooled, *tasks = row(table, DENSE)
        assert (pooled.value, pooled.n) == (0.75, 2)
        assert [(task.value, task.n) for task in tasks] == [(0.5, 2), (0.5, 2)]

    def test_what_is_missing_is_said(self) -> None:
        outcomes = found("dense", {(TASKS[0], 0): 2})
        outcomes[Cell("curves", "dense", TASKS[1], 0)] = Outcome(FAILED, {}, "broke")
        table = drawn(outcomes)
        assert row(table, DENSE) == ("failed", wilson(2, 2), "failed")
        assert row(table, "sparse reward: success") == ("not run",) * 3
        assert table.curves.lines == ()
