"""Planning in the smallest environment: the point gets to its goal, and nothing is encoded twice."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from a2r_gym.errors import UnknownNameError
from a2r_gym.planners.cem import BoundsError, CEMConfig
from a2r_gym.planners.dynamics.interface import Moment, Prediction
from a2r_gym.planners.plan_scorer import PlanningError
from a2r_gym.planners.vmpc import VMPC, VMPCConfig, chosen_by_touch
from tests.planners.point_env import PointEnv, PointFeatureModel, PointModel

CONFIG = VMPCConfig(num_plans=2, plan_steps=10, action_hold=5, cem=CEMConfig(population_size=40, num_iterations=2))


class PointDynamics:
    """Rolls out a point of its own; remembers what was asked for."""

    def __init__(self) -> None:
        self.env = PointEnv()
        self.wanted: list[list[int]] = []

    def predict(self, moment: Moment, actions: np.ndarray, steps: np.ndarray) -> Prediction:
        self.wanted.append(steps.tolist())
        frames = []
        for row in actions:
            self.env.set_state(moment.state)
            for step, action in enumerate(row, start=1):
                self.env.step(action)
                if step in steps:
                    frames.append(self.env.render())
        if not frames:
            return Prediction(None, None)
        return Prediction(np.stack(frames).reshape(len(actions), len(steps), 4, 4, 3), None)

    def close(self) -> None:
        pass


def planner(model: PointModel | None, dynamics: PointDynamics, config: VMPCConfig = CONFIG) -> VMPC:
    return VMPC(model, dynamics, PointEnv.instruction, PointEnv().action_space, config)  # type: ignore[arg-type]


class TestRun:
    @pytest.mark.parametrize("model", [PointModel(), PointFeatureModel()])
    def test_reaches_the_goal_from_every_start(self, model: PointModel) -> None:
        for seed in range(4):
            episode = planner(model, PointDynamics()).run(PointEnv(), seed=seed)
            assert episode.is_success[-1]
            assert episode.frames.shape == (21, 4, 4, 3)
            assert episode.actions.shape == (20, 2)
            assert len(episode.plans) == len(episode.moments) == 2

    def test_the_same_seed_plans_the_same(self) -> None:
        first, second = (planner(PointModel(), PointDynamics()).run(PointEnv(), seed=3) for _ in range(2))
        np.testing.assert_array_equal(first.actions, second.actions)

    def test_drawn_actions_are_held(self) -> None:
        episode = planner(PointModel(), PointDynamics()).run(PointEnv(), seed=0)
        held = episode.actions.reshape(4, 5, 2)
        assert (held == held[:, :1]).all()

    def test_each_plan_is_reported(self) -> None:
        seen: list[int] = []
        planner(PointModel(), PointDynamics()).run(PointEnv(), seed=0, report=lambda number, _: seen.append(number))
        assert seen == [0, 1]


class TestWhatIsLookedAt:
    def test_only_what_the_head_sees_is_predicted(self) -> None:
        dynamics = PointDynamics()
        planner(PointFeatureModel(), dynamics).run(PointEnv(), seed=0)
        # five frames of 11 (0 is the present), then five of 21, of which the first 11 were seen before
        assert dynamics.wanted[0] == [2, 5, 8, 10]
        assert dynamics.wanted[-1] == [5, 10]

    def test_a_frame_is_encoded_once(self) -> None:
        model = PointFeatureModel()
        planner(model, PointDynamics()).run(PointEnv(), seed=0)
        populations = CONFIG.cem.num_iterations + 1
        assert model.encoded == 11 + populations * 40 * (4 + 2)

    def test_a_model_without_features_is_shown_short_videos(self) -> None:
        model = PointModel()
        planner(model, PointDynamics()).run(PointEnv(), seed=0)
        assert set(model.lengths) == {8}


class TestScreening:
    def test_half_is_chosen_so_that_each_thing_is_moved_by_as_many(self) -> None:
        touched = np.zeros((100, 3), dtype=bool)
        touched[10:40, 0] = touched[50:54, 1] = True  # nothing moves the third
        chosen = chosen_by_touch(touched, 20)
        assert len(set(chosen.tolist())) == len(chosen) == 20
        assert touched[chosen].sum(axis=0).tolist() == [6, 4, 0]  # ten of twenty
        assert chosen[10:].tolist() == list(range(10))  # the others as they were drawn

    def test_one_candidate_that_moves_two_things_is_chosen_once(self) -> None:
        touched = np.ones((8, 2), dtype=bool)
        assert sorted(chosen_by_touch(touched, 8).tolist()) == list(range(8))

    def test_more_are_drawn_than_scored_where_dynamics_tell_what_moves(self) -> None:
        class Touching(PointDynamics):
            def touched(self, moment: Moment, actions: np.ndarray) -> np.ndarray:
                self.asked = len(actions)
                return actions[:, 0, :1] > 0.5

        dynamics, scored = Touching(), []
        predict = dynamics.predict
        dynamics.predict = lambda moment, actions, steps: (scored.append(actions), predict(moment, actions, steps))[1]  # type: ignore[method-assign]
        config = VMPCConfig(
            num_plans=1, plan_steps=10, action_hold=5, screening=3, cem=CEMConfig(population_size=40, num_iterations=1)
        )
        planner(PointModel(), dynamics, config).run(PointEnv(), seed=0)
        assert dynamics.asked == 120
        assert [len(actions) for actions in scored] == [40, 40]
        assert (scored[0][:, 0, 0] > 0.5).sum() >= 20


class TestMistakes:
    @pytest.mark.parametrize("space", [gym.spaces.Box(-np.inf, np.inf, (2,)), gym.spaces.Discrete(3)])
    def test_actions_without_finite_bounds_are_refused(self, space: gym.Space) -> None:
        with pytest.raises(BoundsError, match="RescaleAction"):
            VMPC(PointModel(), PointDynamics(), "go", space, CONFIG)  # type: ignore[arg-type]

    def test_an_unknown_measure_is_told(self) -> None:
        with pytest.raises(UnknownNameError, match="similarity"):
            planner(PointModel(), PointDynamics(), VMPCConfig(measure="similarit"))

    def test_the_margin_needs_a_model_with_failure_texts(self) -> None:
        with pytest.raises(PlanningError, match="failure texts"):
            planner(PointModel(), PointDynamics(), VMPCConfig(measure="margin"))
        config = VMPCConfig(measure="margin", cem=CEMConfig(population_size=4))
        without = planner(PointFeatureModel(), PointDynamics(), config)
        with pytest.raises(PlanningError, match="failure texts"):
            without.run(PointEnv(), seed=0)

    def test_the_true_progress_needs_dynamics_that_know_it(self) -> None:
        blind = planner(None, PointDynamics(), VMPCConfig(measure="progress"))
        with pytest.raises(PlanningError, match="simulator"):
            blind.run(PointEnv(), seed=0)

    def test_a_reward_model_may_be_missing_only_where_none_is_asked(self) -> None:
        with pytest.raises(PlanningError, match="needs a reward model"):
            planner(None, PointDynamics())

    def test_a_hold_that_does_not_divide_the_plan_is_refused(self) -> None:
        with pytest.raises(ValueError, match="multiple"):
            VMPCConfig(plan_steps=20, action_hold=7)

    def test_predicted_features_need_a_model_that_takes_them(self) -> None:
        class Blind(PointDynamics):
            def predict(self, moment: Moment, actions: np.ndarray, steps: np.ndarray) -> Prediction:
                return Prediction(None, np.zeros((len(actions), len(steps), 1), dtype=np.float32))

        with pytest.raises(PlanningError, match="pictures only"):
            planner(PointModel(), Blind()).run(PointEnv(), seed=0)
