"""DVD scores by its demonstrations, and says so where it has none."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from a2r_gym.baselines.dvd import DVD, DVDConfig, DVDNetwork
from a2r_gym.errors import InstructionError
from tests.baselines.conftest import DRAWER, FAUCET, SIZES, make_baseline, make_model, video


@pytest.fixture
def model() -> DVD:
    made = make_model(make_baseline("dvd"))
    assert isinstance(made, DVD)
    return made


def test_the_score_is_the_mean_probability_against_the_tasks_own_demonstrations(model: DVD) -> None:
    network = model.network
    film = video(6)
    embedded = network.head(torch.from_numpy(model.see([film])))
    shown = network.demonstrations_GND[0, :4]
    both = [network.pairs(np.sqrt(32) * torch.cat([embedded.expand(4, -1), shown], 1)),
            network.pairs(np.sqrt(32) * torch.cat([shown, embedded.expand(4, -1)], 1))]  # fmt: skip
    expected = 2 * torch.sigmoid((both[0] + both[1]) / 2).mean() - 1
    assert model.score([film], [DRAWER]).similarity[0] == pytest.approx(float(expected), abs=1e-6)


def test_what_does_not_count_of_the_table_does_not_matter(model: DVD) -> None:
    before = model.score([video(6)], ["push the mug to the left"]).similarity
    model.network.demonstrations_GND[1, 3:] = 7.0
    np.testing.assert_array_equal(model.score([video(6)], ["push the mug to the left"]).similarity, before)


def test_the_order_of_a_pair_does_not_matter(model: DVD) -> None:
    videos = torch.nn.functional.normalize(torch.randn(5, 32), dim=-1)
    logits = model.network.same_task(videos, videos)
    torch.testing.assert_close(logits, logits.T)
    assert logits.std() > 0


def test_a_paraphrase_is_compared_with_the_same_demonstrations(model: DVD) -> None:
    scores = model.score([video(6)] * 3, [DRAWER, "Push the drawer shut.", "push the drawer slowly shut"])
    assert scores.similarity[0] == scores.similarity[1] == scores.similarity[2]


def test_without_demonstrations_it_says_what_it_has_and_what_to_do(model: DVD) -> None:
    with pytest.raises(InstructionError, match=rf"no demonstrations of '{FAUCET}', only of: {DRAWER}, push the mug.*"):
        model.score([video(3)], [FAUCET])


def test_a_user_may_show_some_but_not_too_few(model: DVD) -> None:
    with pytest.raises(InstructionError, match="at least 3 demonstrations of 'turn the faucet', got 2"):
        model.demonstrate(FAUCET, [video(4), video(5)])
    model.demonstrate(FAUCET, [video(4, seed) for seed in range(3)])
    assert np.isfinite(model.score([video(4)], [FAUCET]).similarity).all()
    before = model.score([video(6)], [DRAWER]).similarity[0]
    model.demonstrate(DRAWER, [video(4, seed) for seed in range(3)])
    assert model.score([video(6)], [DRAWER]).similarity[0] != before


def test_fewer_than_three_of_a_task_are_refused() -> None:
    with pytest.raises(ValueError, match="0 or at least 3 demonstrations of a task, got 2"):
        DVDConfig(**SIZES, sentences=((DRAWER,),), demonstrations=(2,))  # type: ignore[arg-type]
    assert DVDNetwork(DVDConfig(**SIZES)).demonstrations_GND.shape == (0, 0, 32)  # type: ignore[arg-type]
