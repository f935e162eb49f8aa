"""Chains of two instructions: what is judged, when the planner goes on, and what the table says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("joblib", reason="needs the bench extra")
pytest.importorskip("metaworld", reason="needs the metaworld extra")

from a2r_gym.envs.tabletop.tasks import Measures
from a2r_gym.metrics import wilson
from a2r_gym.planners.cem import CEMConfig
from a2r_gym.protocols import Scores
from benchmarks.cells import DONE, Cell, Outcome, Results
from benchmarks.chains import CHAINS, Planner, judge, run_trial
from benchmarks.presets import get_preset
from benchmarks.tables import chains

OPEN_THEN_LEFT = ("drawer-open", "mug-left")
TINY = CEMConfig(population_size=2, num_iterations=0)


def course(steps: int = 160, *, opened: int = -1, closed: int = -1, left: int = -1, back: int = -1) -> list[Measures]:
    """Write down an episode by the steps at which something happens; -1: never."""

    def since(first: int, last: int, step: int) -> bool:
        return 0 <= first <= step and not 0 <= last <= step

    return [
        Measures(0.1 * since(opened, closed, step), 0.0, 0.02 - 0.05 * since(left, back, step), 0.0)
        for step in range(steps + 1)
    ]


class TestJudgement:
    def test_the_second_counts_from_where_the_first_came_true(self) -> None:
        assert judge(OPEN_THEN_LEFT, course(opened=15, left=70), [40, 100])[:2] == (True, True)
        assert judge(OPEN_THEN_LEFT, course(opened=70, left=15), [])[:2] == (True, False)
        assert judge(OPEN_THEN_LEFT, course(left=15), [])[:2] == (False, False)

    def test_a_drawer_must_be_right_at_the_end_and_a_mug_at_any_step(self) -> None:
        assert judge(OPEN_THEN_LEFT, course(opened=15, left=70, back=90), [])[:2] == (True, True)
        turned = ("mug-left", "drawer-open")
        assert judge(turned, course(left=15, opened=70), [])[:2] == (True, True)
        assert judge(turned, course(left=15, opened=70, closed=90), [])[:2] == (True, False)

    def test_what_is_undone_later_has_come_true_all_the_same(self) -> None:
        assert judge(OPEN_THEN_LEFT, course(opened=15, closed=50, left=70), [40])[:2] == (True, True)

    @pytest.mark.parametrize(
        ("opened", "said", "word"),
        [
            (15, [40], "in time"),  # done in the first plan, seen after it and after the second
            (15, [20], "in time"),
            (20, [40], "in time"),
            (21, [60], "in time"),
            (15, [60], "late"),
            (15, [], "late"),
            (30, [20], "early"),
            (-1, [80], "early"),
            (-1, [], "none"),
        ],
    )
    def test_a_switch_is_early_late_or_in_time(self, opened: int, said: list[int], word: str) -> None:
        assert judge(OPEN_THEN_LEFT, course(opened=opened), said).switch == word


class Sure:
    """Believes in success from the first; remembers the videos that it was asked about one by one."""

    def __init__(self, success: float) -> None:
        self.success = success
        self.asked: list[tuple[str, int]] = []

    def score(self, videos: Sequence[Any], instructions: Sequence[str]) -> Scores:
        if len(videos) == 1:
            self.asked.append((instructions[0], len(videos[0])))
        same = np.full(len(videos), self.success, dtype=np.float32)
        return Scores(same, same, np.full(len(videos), -1), np.zeros((len(videos), 0), dtype=np.float32))


class TestTrial:
    def test_a_model_that_is_sure_goes_on_and_stops_and_sees_each_instruction_from_its_beginning(self) -> None:
        model = Sure(0.9)
        verdict = run_trial(OPEN_THEN_LEFT, 9_800, Planner(model, True, TINY, 8))  # type: ignore[arg-type]
        first, second = "open the drawer", "push the mug to the left"
        assert model.asked == [(first, 21), (first, 41), (second, 21), (second, 41)]
        assert verdict.said == [40, 80]
        assert verdict.switch == "early"

    def test_a_model_that_is_never_sure_stays_with_the_first_instruction(self) -> None:
        model = Sure(0.1)
        verdict = run_trial(OPEN_THEN_LEFT, 9_800, Planner(model, True, TINY, 2))  # type: ignore[arg-type]
        assert {instruction for instruction, _ in model.asked} == {"open the drawer"}
        assert verdict.said == []

    def test_the_same_seed_is_the_same_trial(self) -> None:
        planner = Planner(None, False, CEMConfig(population_size=4, num_iterations=0), 3)
        first, second = (run_trial(("mug-right", "drawer-close"), 9_801, planner) for _ in range(2))
        assert first == second


class TestTable:
    preset = replace(get_preset("smoke"), chain_trials=10, chain_models=("a2r-small",))

    def test_all_planners_have_the_same_trials(self) -> None:
        by_planner: dict[tuple[str, str], list[Any]] = {}
        for cell in chains.cells(self.preset):
            key = (cell.method, cell.setting.partition(",")[0])
            by_planner.setdefault(key, []).extend(chains.config(cell, self.preset)["trials"])
        assert len(by_planner) == 4
        trials = next(iter(by_planner.values()))
        assert all(found == trials for found in by_planner.values())
        assert [chain for chain, _ in trials[: len(CHAINS)]] == list(CHAINS)
        assert len(set(trials)) == 10

    def test_shares_are_drawn_and_only_a_switch_of_ones_own_is_judged(self) -> None:
        trials = [
            {"chain": ["drawer-open", "mug-left"], "first": True, "both": True, "switch": "in time"},
            {"chain": ["mug-left", "drawer-open"], "first": True, "both": False, "switch": "early"},
        ]
        outcomes = {
            Cell("chains", "a2r-small", f"{switch}, trials from 0", 0): Outcome(DONE, {"trials": trials})
            for switch in ("own switch", "oracle switch")
        }
        drawn = {row.label: row for row in chains.render(Results(preset=self.preset, outcomes=outcomes)).rows}
        assert [row.kind for row in drawn.values()] == ["floor", "ceiling", "method", "method"]
        assert drawn["floor: random actions"].values[0] == "not run"
        own, oracle = drawn["a2r-small, own switch"].values, drawn["a2r-small, oracle switch"].values
        assert own == (wilson(2, 2), wilson(1, 2), wilson(1, 1), wilson(0, 1), wilson(1, 2), wilson(0, 2))
        assert oracle == (*own[:4], None, None)

    def test_a_preset_may_leave_it_out(self) -> None:
        assert chains.cells(replace(self.preset, chain_trials=0)) == []
