"""What every trained baseline must do as a reward model, and that it comes back from a checkpoint bit for bit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from a2r_gym.errors import CheckpointError, FrameError
from a2r_gym.models.checkpoint import CheckpointMeta, load_network, load_reward, save_checkpoint
from a2r_gym.models.reward_network import RewardNetwork
from a2r_gym.protocols import MatrixModel
from a2r_gym.wrappers.episode_rewards import RowStream
from tests.baselines.conftest import CALIBRATION, DRAWER, MUG, make_model, video


def test_streamed_stepped_and_stored_scores_agree(network: RewardNetwork) -> None:
    model = make_model(network)
    assert isinstance(model, MatrixModel)
    films = [video(70), video(70, 1)]
    steps = [model.score_steps(film, said).similarity for film, said in zip(films, (DRAWER, MUG), strict=True)]
    stream = model.stream([DRAWER, MUG])
    for step in range(70):
        pushed = stream.push(np.stack([film[step] for film in films]), np.full(2, step == 0))
        np.testing.assert_allclose(pushed.similarity, [row[step] for row in steps], atol=1e-5)
    whole = model.score([film[:33] for film in films], [DRAWER, MUG])
    np.testing.assert_allclose(whole.similarity, [row[32] for row in steps], atol=1e-5)


def test_the_matrix_holds_every_pair_and_success_is_calibrated(network: RewardNetwork) -> None:
    model, films = make_model(network), [video(5, seed) for seed in range(3)]
    matrix = model.score_matrix(films, [DRAWER, MUG])
    assert matrix.similarity.shape == (3, 2)
    for column, sentence in enumerate((DRAWER, MUG)):
        scores = model.score(films, [sentence] * 3)
        np.testing.assert_allclose(matrix.similarity[:, column], scores.similarity, atol=1e-6)
        np.testing.assert_allclose(scores.success, CALIBRATION(scores.similarity), atol=1e-6)
    assert len(np.unique(matrix.similarity)) > 3
    assert (np.abs(matrix.similarity) <= 1.0).all()


def test_episodes_of_a_vector_follow_their_own_steps(network: RewardNetwork) -> None:
    model = make_model(network)
    stream = model.stream([DRAWER, MUG])
    assert isinstance(stream, RowStream)
    film = video(4)
    stream.push_rows(np.array([0, 1, 0]), film[[0, 0, 1]], np.array([True, True, False]))
    last = stream.push_rows(np.array([0]), film[[2]], np.array([False]))
    expected = model.score([film[:3]], [DRAWER])
    np.testing.assert_allclose(last.similarity, expected.similarity, atol=1e-5)
    with pytest.raises(FrameError, match=r"reset_mask\[0\] = True"):
        model.stream([DRAWER]).push(film[:1], np.array([False]))


def test_there_are_no_failure_modes(network: RewardNetwork) -> None:
    scores = make_model(network).score([video(3)], [DRAWER])
    assert scores.failure_mode.tolist() == [-1]
    assert scores.failure_posterior.shape == (1, 0)


def test_a_checkpoint_gives_the_right_class_and_equal_scores(network: RewardNetwork, tmp_path: Path) -> None:
    model = make_model(network)
    save_checkpoint(tmp_path / "mine", network, CheckpointMeta(calibration=CALIBRATION), "# mine\n")
    assert json.loads((tmp_path / "mine/config.json").read_text())["method"] == network.method
    torch.manual_seed(9)  # what is not stored would be drawn anew
    loaded = load_reward(tmp_path / "mine", runtime="torch")
    assert type(loaded) is type(model)
    assert load_network(tmp_path / "mine")[0].config == network.config
    films = [video(5), video(80, 1)]
    for left, right in zip(model.score(films, [DRAWER, MUG]), loaded.score(films, [DRAWER, MUG]), strict=True):
        np.testing.assert_array_equal(left, right)


def test_what_a_method_does_not_train_is_not_stored(network: RewardNetwork, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "mine", network, CheckpointMeta(calibration=CALIBRATION), "")
    stored = load_file(tmp_path / "mine/model.safetensors").keys()
    assert ("text.change" in stored) is (network.method in ("liv", "roboclip"))
    assert "text.words" not in stored
    assert ("head.enter.weight" in stored) is (network.method != "liv")


def test_an_unknown_method_asks_for_an_update(network: RewardNetwork, tmp_path: Path) -> None:
    type_of = type(network)
    stranger = type("Stranger", (type_of,), {"method": "stranger"})
    network.__class__ = stranger
    save_checkpoint(tmp_path / "mine", network, CheckpointMeta(calibration=CALIBRATION), "")
    with pytest.raises(CheckpointError, match="method 'stranger', which this version does not know; update a2r-gym"):
        load_reward(tmp_path / "mine")
