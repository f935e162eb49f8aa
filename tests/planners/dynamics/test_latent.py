"""Learned dynamics: shapes, blending between strides, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from a2r_gym.errors import CheckpointError
from a2r_gym.planners.dynamics.interface import Moment
from a2r_gym.planners.dynamics.latent import LatentConfig, LatentDynamics, LatentNetwork, load_latent, save_latent
from a2r_gym.planners.plan_scorer import PlanningError

CONFIG = LatentConfig(grid=3, place_features=4, action_size=2, stride=5, width=8, blocks=1, reward_sha256="abc")
FEATURES = 3 * 3 * 4


def dynamics(*, trained: bool = True) -> LatentDynamics:
    """Build some; trained ones do not stand still."""
    torch.manual_seed(0)
    network = LatentNetwork(CONFIG)
    if trained:
        for value in network.parameters():
            torch.nn.init.normal_(value, std=0.3)
    return LatentDynamics(network)


def moment(past: int = 7) -> Moment:
    features = np.random.default_rng(0).normal(size=(past, FEATURES)).astype(np.float32)
    return Moment(state=np.zeros(0), frames=np.zeros((past, 4, 4, 3), dtype=np.uint8), features=features)


def actions(count: int = 3, horizon: int = 10) -> np.ndarray:
    return np.random.default_rng(1).uniform(-1, 1, size=(count, horizon, 2)).astype(np.float32)


class TestPredict:
    def test_gives_features_for_every_wanted_step_and_no_pictures(self) -> None:
        predicted = dynamics().predict(moment(), actions(), np.array([3, 5, 8, 10]))
        assert predicted.frames is None
        assert predicted.success is None
        assert predicted.features is not None
        assert predicted.features.shape == (3, 4, FEATURES)
        assert predicted.features.dtype == np.float32

    def test_an_untrained_network_says_that_nothing_changes(self) -> None:
        now = moment()
        predicted = dynamics(trained=False).predict(now, actions(), np.array([1, 7, 10]))
        assert now.features is not None
        np.testing.assert_allclose(predicted.features, np.broadcast_to(now.features[-1], (3, 3, FEATURES)), atol=1e-6)

    def test_between_two_strides_features_are_blended(self) -> None:
        features = dynamics().predict(moment(), actions(), np.array([5, 7, 10])).features
        assert features is not None
        np.testing.assert_allclose(features[:, 1], 0.6 * features[:, 0] + 0.4 * features[:, 2], atol=1e-5)

    def test_only_actions_up_to_a_step_matter_for_it(self) -> None:
        first, other = actions(), actions()
        other[:, 5:] *= -1.0
        steps = np.array([5, 10])
        one, two = (dynamics().predict(moment(), drawn, steps).features for drawn in (first, other))
        assert one is not None
        assert two is not None
        np.testing.assert_allclose(one[:, 0], two[:, 0], atol=1e-6)
        assert np.abs(one[:, 1] - two[:, 1]).max() > 1e-3

    def test_an_episode_that_has_just_begun_has_no_before(self) -> None:
        assert dynamics().predict(moment(past=1), actions(), np.array([10])).features is not None

    def test_folding_and_unfolding_give_the_same(self) -> None:
        network = dynamics().network
        features = torch.randn(2, FEATURES)
        torch.testing.assert_close(network.to_features(network.to_grid(features)), features)


class TestMistakes:
    @pytest.mark.parametrize("wrong", [np.zeros((2, 7, 2)), np.zeros((2, 10, 3))])
    def test_plans_that_do_not_fit_are_refused(self, wrong: np.ndarray) -> None:
        with pytest.raises(PlanningError, match="strides of 5"):
            dynamics().predict(moment(), wrong.astype(np.float32), np.array([5]))

    def test_a_model_without_features_is_refused(self) -> None:
        blind = Moment(state=np.zeros(0), frames=np.zeros((1, 4, 4, 3), dtype=np.uint8))
        with pytest.raises(PlanningError, match="features"):
            dynamics().predict(blind, actions(), np.array([5]))


class TestFolder:
    def test_loads_what_was_saved(self, tmp_path: Path) -> None:
        saved = dynamics()
        save_latent(tmp_path, saved.network, {"scene": "tabletop/train"})
        loaded = load_latent(tmp_path, "abc")
        one, two = (model.predict(moment(), actions(), np.array([4, 10])).features for model in (saved, loaded))
        np.testing.assert_array_equal(one, two)

    def test_another_reward_models_dynamics_are_refused(self, tmp_path: Path) -> None:
        save_latent(tmp_path, dynamics().network, {})
        with pytest.raises(CheckpointError, match="another reward model"):
            load_latent(tmp_path, "abd")

    def test_a_flipped_byte_is_found(self, tmp_path: Path) -> None:
        save_latent(tmp_path, dynamics().network, {})
        content = bytearray((tmp_path / "model.safetensors").read_bytes())
        content[-1] ^= 1
        (tmp_path / "model.safetensors").write_bytes(bytes(content))
        with pytest.raises(CheckpointError, match="cut or changed"):
            load_latent(tmp_path, "abc")

    def test_an_empty_folder_says_what_to_do(self, tmp_path: Path) -> None:
        with pytest.raises(CheckpointError, match="a2r dynamics"):
            load_latent(tmp_path, "abc")
