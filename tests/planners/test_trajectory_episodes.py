"""Episodes of one decision: what is seen, what is rewarded, what is refused."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from a2r_gym.errors import NonFiniteRewardError, UnknownNameError
from a2r_gym.planners.cem import BoundsError
from a2r_gym.planners.plan_scorer import PlanningError
from a2r_gym.planners.trajectory_episodes import Sight, TrajectoryEpisodes
from a2r_gym.planners.trajectory_run import make_env
from a2r_gym.planners.waypoints import FewWaypoints, TrajectoryControlError, arcsine_draw, sweep_draw
from a2r_gym.protocols import Scores
from tests.planners.bandit_env import SIZE, BanditEnv, BanditModel, PictureModel, small


def episodes(env: Any = None, model: Any = None, **more: Any) -> TrajectoryEpisodes:
    return TrajectoryEpisodes(env or BanditEnv(), model or BanditModel(), instruction="hit the target", **more)


def test_each_episode_has_the_next_seed_and_a_given_one_does_not_count() -> None:
    one, two = episodes(first_seed=7), episodes(first_seed=7)
    two.episode = 1
    first = one.reset()[0]
    one.reset(seed=99)
    np.testing.assert_array_equal(one.reset()[0]["frame"], two.reset()[0]["frame"])
    assert not np.array_equal(first["frame"], one.reset()[0]["frame"])


@pytest.mark.parametrize("model", [BanditModel(), PictureModel()])
def test_the_learned_reward_is_the_score_of_the_video(model: Any) -> None:
    env = episodes(model=model)
    obs, _ = env.reset(seed=3)
    assert env.observation_space.contains(obs)
    _, reward, terminated, _, info = env.step(np.zeros(SIZE, dtype=np.float32))
    assert terminated
    assert reward == pytest.approx(float(model.score([env.video()], ["x"]).similarity[0]))
    assert info["is_success"] is False


def test_the_true_reward_is_one_at_success_and_else_zero() -> None:
    env = episodes(reward="true")
    env.reset(seed=3)
    goal = np.concatenate([env.env.unwrapped._target, np.full(SIZE - 2, 0.3)])  # type: ignore[attr-defined]
    assert env.step(goal.astype(np.float32))[1] == 1.0
    assert env.step(-np.ones(SIZE, dtype=np.float32))[1] == 0.0


def test_sentences_of_other_words_are_told_apart_by_their_words() -> None:
    sight, frame = Sight(PictureModel()), np.zeros((9, 7, 3), dtype=np.uint8)
    left, right = (sight.observe(frame, f"push it {way}")["instruction"] for way in ("left", "right"))
    assert np.linalg.norm(left) == pytest.approx(1.0)
    assert not np.array_equal(left, right)
    assert sight.observe(frame, "push it left")["frame"].shape == (3, 64, 64)


class _Infinite(BanditEnv):
    def __init__(self) -> None:
        super().__init__()
        self.action_space = gym.spaces.Box(-np.inf, np.inf, (SIZE,), np.float32)


class _Steps(BanditEnv):
    control = "step"


class _Endless(BanditEnv):
    ends = False


class _Broken(BanditModel):
    def score_features(self, features: np.ndarray, instructions: Any) -> tuple[Scores, np.ndarray]:
        scores, margin = super().score_features(features, instructions)
        return scores._replace(similarity=scores.similarity * np.nan), margin


class TestRefusals:
    def test_infinite_bounds(self) -> None:
        with pytest.raises(BoundsError, match="expected finite bounds"):
            episodes(_Infinite())

    def test_an_env_that_is_driven_by_steps(self) -> None:
        with pytest.raises(TrajectoryControlError, match="control='trajectory'"):
            episodes(_Steps())

    def test_an_episode_that_is_not_over_after_a_step(self) -> None:
        env = episodes(_Endless())
        env.reset()
        with pytest.raises(TrajectoryControlError, match="end with its first step"):
            env.step(np.zeros(SIZE, dtype=np.float32))

    def test_unknown_rewards(self) -> None:
        with pytest.raises(UnknownNameError, match=r"unknown reward 'dense'.*learned, true"):
            episodes(reward="dense")
        with pytest.raises(UnknownNameError, match=r"unknown reward_mode 'sucess'.*Did you mean 'success'"):
            episodes(reward_mode="sucess")
        with pytest.raises(UnknownNameError, match="unknown reward"):
            small(reward="dense")

    def test_a_margin_that_the_model_does_not_have(self) -> None:
        with pytest.raises(PlanningError, match="margin"):
            episodes(model=PictureModel(), reward_mode="margin")

    def test_a_reward_that_is_not_finite(self) -> None:
        env = episodes(model=_Broken())
        env.reset()
        with pytest.raises(NonFiniteRewardError, match="finite"):
            env.step(np.zeros(SIZE, dtype=np.float32))

    def test_an_id_without_trajectories(self) -> None:
        with pytest.raises(TrajectoryControlError, match="take an A2R-C2R id"):
            make_env(small(env="A2R-MetaWorld-drawer-close-v1"))


class _Takes48(BanditEnv):
    def __init__(self) -> None:
        super().__init__()
        self.action_space = gym.spaces.Box(-1.0, 1.0, (48,), np.float32)


class TestWaypoints:
    def test_the_last_one_is_held(self) -> None:
        env = FewWaypoints(_Takes48(), 2)
        assert env.action_space.shape == (12,)
        rows = env.action(np.linspace(0.1, 0.9, 12, dtype=np.float32)).reshape(8, 6)
        np.testing.assert_allclose(rows[:2].ravel(), np.linspace(0.1, 0.9, 12), rtol=1e-6)
        assert not rows[2:, :4].any()
        assert (rows[2:, 4:] == rows[1, 4:]).all()

    def test_numbers_and_spaces_that_do_not_fit_are_named(self) -> None:
        with pytest.raises(TrajectoryControlError, match="1 to 8 waypoints, got 9"):
            FewWaypoints(_Takes48(), 9)
        with pytest.raises(TrajectoryControlError, match=r"shape \(6,\)"):
            FewWaypoints(BanditEnv(), 3)

    @pytest.mark.parametrize("count", range(1, 9))
    def test_sweeps_are_inside_the_bounds_and_cover_the_table(self, count: int) -> None:
        rng = np.random.default_rng(0)
        drawn = np.stack([sweep_draw(count)(rng) for _ in range(100)])
        assert drawn.shape == (100, 6 * count)
        assert drawn.dtype == np.float32
        assert (np.abs(drawn) <= 1.0).all()
        assert (drawn[:, 1] > 0.3).any()
        assert (drawn[:, 1] < -0.3).any()

    def test_the_arcsine_law_favours_the_ends(self) -> None:
        rng = np.random.default_rng(0)
        assert np.mean([np.abs(arcsine_draw(50)(rng)) > 0.7 for _ in range(20)]) > 0.45
