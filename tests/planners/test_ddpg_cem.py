"""The learner: it finds what is rewarded, sees it in pictures or features, and refuses numbers out of range."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from a2r_gym.errors import A2RError, NonFiniteRewardError
from a2r_gym.planners.ddpg_cem import DDPGCEM, LearnerConfig, LearnerConfigError
from a2r_gym.planners.elite_replay import EliteReplayBuffer
from a2r_gym.planners.scene_extractor import fit_whitening
from a2r_gym.planners.trajectory_run import draw_for, make_episodes
from a2r_gym.planners.trajectory_training import as_policy, train
from tests.planners.bandit_env import BanditModel, PictureModel, bandit, small


def mean_reward(act: Any, episodes: int = 20) -> float:
    env = make_episodes(small(), BanditModel(), bandit)
    rewards = []
    for number in range(episodes):
        obs, _ = env.reset(seed=10**8 + number)
        rewards.append(env.step(act(obs))[1])
    return float(np.mean(rewards))


def random_policy() -> Any:
    draw, rng = draw_for(bandit(small())), np.random.default_rng(0)
    return lambda obs: draw(rng)


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> DDPGCEM:
    config = small(episodes=130, warm_up=60, gradient_steps=4)
    return train(config, tmp_path_factory.mktemp("learned"), BanditModel(), make=bandit, save_every=1_000)


def test_it_learns_from_the_learned_reward_and_beats_chance_clearly(learned: DDPGCEM) -> None:
    chance = mean_reward(random_policy())
    assert mean_reward(as_policy(learned)) > chance + 0.6 * (1.0 - chance)


def test_it_answers_to_the_picture(learned: DDPGCEM) -> None:
    env = make_episodes(small(), BanditModel(), bandit)
    seen = [env.reset(seed=10**8 + number)[0] for number in range(12)]
    targets = np.stack([obs["frame"][:2] for obs in seen])
    hits = np.stack([as_policy(learned)(obs)[:2] for obs in seen])
    assert all(np.corrcoef(targets[:, axis], hits[:, axis])[0, 1] > 0.7 for axis in range(2))


def test_a_batch_is_answered_as_its_rows_are_and_always_alike(learned: DDPGCEM) -> None:
    env = make_episodes(small(), BanditModel(), bandit)
    rows = [env.reset(seed=number)[0] for number in range(2)]
    batch = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    both = learned.predict(batch)[0]
    np.testing.assert_array_equal(both, np.stack([learned.predict(row)[0] for row in rows]))
    assert both.dtype == np.float32
    assert (np.abs(both) <= 1.0).all()


def test_elites_are_the_best_tenth_and_none_where_all_are_equal(learned: DDPGCEM) -> None:
    buffer = learned.replay_buffer
    assert isinstance(buffer, EliteReplayBuffer)
    elites, rewards = buffer.elites(), buffer.rewards[:130, 0]
    assert 13 <= len(elites) <= 20  # equal rewards share their place
    assert rewards[elites].min() > np.delete(rewards, elites).max()
    before = buffer.rewards.copy()
    buffer.rewards[:] = 0.0
    try:
        assert not len(buffer.elites())
        assert buffer.sample_elites(4) is None
        assert len(buffer.sample(8).rewards) == 8
    finally:
        buffer.rewards[:] = before


def test_a_model_without_features_has_its_pictures_seen_by_a_small_cnn(tmp_path: Path) -> None:
    config = small(episodes=6, warm_up=4, gradient_steps=1)
    learner = train(config, tmp_path, PictureModel(), make=bandit, eval_episodes=1)
    assert learner.observation_space["frame"].shape == (3, 64, 64)  # type: ignore[index]
    env = make_episodes(config, PictureModel(), bandit)
    assert as_policy(learner)(env.reset(seed=0)[0]).shape == env.action_space.shape


def test_a_loss_that_is_not_finite_raises(learned: DDPGCEM) -> None:
    buffer = learned.replay_buffer
    assert buffer is not None
    before = buffer.rewards.copy()
    state = {name: tensor.clone() for name, tensor in learned.policy.state_dict().items()}
    buffer.rewards[:] = np.inf
    try:
        with pytest.raises(NonFiniteRewardError, match="after 130 episodes"):
            learned.train(1, 8)
    finally:
        buffer.rewards[:] = before
        learned.policy.load_state_dict(state)


def test_whitened_features_are_uncorrelated_with_deviation_one() -> None:
    rng = np.random.default_rng(0)
    features = (rng.normal(size=(60, 3)) @ rng.normal(size=(3, 20)) + 5.0).astype(np.float32)
    whitening = fit_whitening(features)
    assert whitening.basis_FP.shape == (20, 3)
    seen = (features - whitening.mean_F) @ whitening.basis_FP
    np.testing.assert_allclose(np.cov(seen.T), np.eye(3), atol=1e-2)


def test_starts_that_all_look_alike_are_whitened_to_nothing() -> None:
    assert not fit_whitening(np.ones((5, 7), dtype=np.float32)).basis_FP.any()


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"warm_up": 0}, "warm_up must be a whole number >= 1, got 0"),
        ({"batch_size": 1}, "batch_size must be a whole number >= 2"),
        ({"random_share": 1.5}, r"random_share in \[0, 1\], got 1.5"),
        ({"spread": 0.0}, "spread and learning_rate > 0"),
    ],
)
def test_numbers_out_of_range_are_named(numbers: dict[str, Any], message: str) -> None:
    with pytest.raises(LearnerConfigError, match=message) as caught:
        LearnerConfig(**numbers)
    assert isinstance(caught.value, A2RError)
