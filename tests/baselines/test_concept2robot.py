"""Concept2Robot scores the probability of one class, chance where there is none."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from a2r_gym.baselines.concept2robot import Concept2Robot, Concept2RobotConfig
from tests.baselines.conftest import DRAWER, FAUCET, MUG, SIZES, make_baseline, make_model, video


@pytest.fixture
def model() -> Concept2Robot:
    made = make_model(make_baseline("concept2robot"))
    assert isinstance(made, Concept2Robot)
    return made


def test_the_score_is_the_probability_of_the_matched_template(model: Concept2Robot) -> None:
    film = video(6)
    with torch.inference_mode():
        logits = model.network.classify(np.sqrt(32) * model.network.head(torch.from_numpy(model.see([film]))))
    chances = logits.softmax(1)[0]
    scores = model.score([film] * 2, [DRAWER, MUG]).similarity
    np.testing.assert_allclose(scores, [2 * float(chances[0]) - 1, 2 * float(chances[2]) - 1], atol=1e-6)


def test_an_instruction_without_a_class_has_chance_whatever_is_seen(model: Concept2Robot) -> None:
    scores = model.score([video(6), video(3, 1)], [FAUCET] * 2).similarity
    np.testing.assert_allclose(scores, [2 / 3 - 1] * 2, atol=1e-6)
    assert model.template(FAUCET) is None
    assert model.template("push the drawer shut") == "Closing something"


def test_one_template_alone_cannot_be_told_from_anything() -> None:
    with pytest.raises(ValueError, match="at least two templates"):
        Concept2RobotConfig(**SIZES, templates=("Closing something",))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"class in \[-1, 2\)"):
        Concept2RobotConfig(**SIZES, templates=("a", "b"), sentences=((DRAWER,),), classes=(2,))  # type: ignore[arg-type]
