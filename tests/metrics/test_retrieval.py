"""Which instruction comes first, and what does not count as a hit."""

from __future__ import annotations

import numpy as np
import pytest

from a2r_gym.errors import MetricError
from a2r_gym.metrics.retrieval import first_of, retrieval_top1


def test_a_tie_at_the_top_is_no_hit() -> None:
    assert first_of([[0.5, 0.5], [0.6, 0.5]], [0, 0]).tolist() == [False, True]


def test_retrieval_ignores_instructions_that_are_no_candidates() -> None:
    estimate = retrieval_top1([[0.2, np.nan, 0.1], [0.2, 0.9, 0.1]], [0, 0])
    assert estimate.value == 0.5
    assert estimate.n == 2


def test_retrieval_rejects_a_right_instruction_without_a_score() -> None:
    with pytest.raises(MetricError, match="right instructions"):
        retrieval_top1([[np.nan, 0.2]], [0])
