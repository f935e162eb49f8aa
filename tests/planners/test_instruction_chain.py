"""A chain goes on when it has seen enough, and not before."""

from __future__ import annotations

import math

import pytest

from a2r_gym.errors import InstructionError, NonFiniteRewardError
from a2r_gym.planners.instruction_chain import InstructionChain


def test_success_must_be_seen_in_a_row() -> None:
    chain = InstructionChain(["first", "second"], threshold=0.5, hold=3)
    assert [chain.see(success) for success in (0.9, 0.9, 0.49, 0.5, 0.5)] == [False] * 5
    assert chain.instruction == "first"
    assert chain.see(0.5)
    assert chain.instruction == "second"
    assert not chain.is_finished


def test_looks_at_one_instruction_do_not_count_for_the_next() -> None:
    chain = InstructionChain(["first", "second"], hold=2)
    assert [chain.see(1.0) for _ in range(4)] == [False, True, False, True]
    assert chain.is_finished
    assert (chain.place, chain.instruction) == (2, "second")


def test_one_look_is_enough_where_it_is_to_be_believed() -> None:
    chain = InstructionChain(["only"], hold=1)
    assert not chain.see(0.0)
    assert chain.see(1.0)
    with pytest.raises(InstructionError, match="begin another chain"):
        chain.see(1.0)


@pytest.mark.parametrize("success", [math.nan, math.inf])
def test_a_success_that_is_no_number_is_refused(success: float) -> None:
    with pytest.raises(NonFiniteRewardError, match="'first'"):
        InstructionChain(["first"]).see(success)


@pytest.mark.parametrize("instructions", [[], "open the drawer"])
def test_a_chain_is_a_list_of_sentences(instructions: list[str]) -> None:
    with pytest.raises(InstructionError, match="list of at least one"):
        InstructionChain(instructions)


@pytest.mark.parametrize(
    ("threshold", "hold", "words"), [(0.0, 1, "threshold"), (1.1, 1, "threshold"), (0.5, 0, "hold")]
)
def test_numbers_out_of_range_are_named(threshold: float, hold: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        InstructionChain(["first"], threshold, hold)
