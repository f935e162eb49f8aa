"""Floors see nothing, and say the same streamed and stored."""

from __future__ import annotations

import numpy as np
import pytest

from a2r_gym.baselines.floors import FrameCounter, RandomScore
from a2r_gym.errors import FrameError, InstructionError
from a2r_gym.protocols import MatrixModel
from tests.baselines.conftest import DRAWER, MUG, video


@pytest.mark.parametrize("model", [RandomScore(), FrameCounter()], ids=lambda model: str(model.name))
def test_streamed_stepped_and_stored_scores_agree(model: MatrixModel) -> None:
    assert isinstance(model, MatrixModel)
    films = [video(9), video(9, 1)]
    stream = model.stream([DRAWER, MUG])
    steps = [model.score_steps(film, said) for film, said in zip(films, (DRAWER, MUG), strict=True)]
    for _ in range(2):  # a second episode begins anew
        for step in range(9):
            pushed = stream.push(np.stack([film[step] for film in films]), np.full(2, step == 0))
            np.testing.assert_array_equal(pushed.similarity, [row.similarity[step] for row in steps])
    matrix = model.score_matrix(films, [DRAWER, MUG])
    np.testing.assert_array_equal(matrix.success.diagonal(), [row.success[-1] for row in steps])


def test_random_scores_are_uniform_and_foreign_to_each_other() -> None:
    still = np.repeat(video(1, size=8), 2000, axis=0)  # a picture that stands still is drawn anew
    drawn = RandomScore().score_steps(still, DRAWER).success
    assert 0.47 < drawn.mean() < 0.53
    assert abs(drawn.std() - 12**-0.5) < 0.02
    other = RandomScore().score_steps(still, MUG).success
    assert abs(np.corrcoef(drawn, other)[0, 1]) < 0.1
    assert abs(np.corrcoef(drawn, RandomScore(1).score_steps(still, DRAWER).success)[0, 1]) < 0.1
    np.testing.assert_array_equal(drawn, RandomScore().score_steps(still, DRAWER).success)


def test_the_counter_rises_whatever_is_shown() -> None:
    black = np.zeros((20, 8, 8, 3), np.uint8)
    assert (np.diff(FrameCounter().score_steps(black, DRAWER).similarity) > 0).all()


def test_mistakes_are_errors() -> None:
    with pytest.raises(FrameError, match="one frame for each of 1 episodes, got 2"):
        RandomScore().stream([DRAWER]).push(video(2), np.array([True, True]))
    with pytest.raises(InstructionError, match="1 videos, 2 instructions"):
        RandomScore().score([video(2)], [DRAWER, MUG])
