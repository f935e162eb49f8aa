"""All 174 templates with SS-V2's ids; opposites, mirrors and pretences are relations between existing ones."""

from __future__ import annotations

import pytest

from a2r_gym.errors import DataError, UnknownNameError
from a2r_train.data.ssv2_templates import (
    MIRRORS,
    OPPOSITES,
    PRETENCES,
    TEMPLATES,
    filled,
    mirrored_sentence,
    template_ids,
)


def test_there_are_174_and_each_has_its_own_name() -> None:
    assert [template.id for template in TEMPLATES] == list(range(174))
    assert len({template.name for template in TEMPLATES}) == 174


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (5, "Closing something"),
        (41, "Moving something away from the camera"),
        (44, "Moving something towards the camera"),
        (46, "Opening something"),
        (93, "Pushing something from left to right"),
        (94, "Pushing something from right to left"),
        (160, "Touching (without moving) part of something"),
        (173, "Wiping something off of something"),
    ],
)
def test_the_ids_are_those_of_the_data_set(number: int, name: str) -> None:
    assert TEMPLATES[number].name == name


def test_brackets_are_balanced_and_hold_something() -> None:
    for template in TEMPLATES:
        assert template.text.count("[") == template.text.count("]")
        assert template.num_placeholders >= (0 if "camera" in template.text else 1), template.text


@pytest.mark.parametrize("table", [OPPOSITES, PRETENCES])
def test_relations_go_both_ways(table: dict[int, tuple[int, ...]]) -> None:
    for first, others in table.items():
        for second in others:
            assert first in table[second]
            assert first != second


def test_closing_is_the_opposite_of_opening_and_left_mirrors_right() -> None:
    assert OPPOSITES[5] == (46,)
    assert 94 in OPPOSITES[93]
    assert MIRRORS[93] == 94
    assert MIRRORS[94] == 93


def test_every_template_whose_words_turn_round_in_a_mirror_is_in_the_table() -> None:
    turned = {template.id for template in TEMPLATES if mirrored_sentence(template.name) != template.name}
    assert turned == set(MIRRORS)
    assert all(mirrored_sentence(TEMPLATES[a].name) == TEMPLATES[b].name for a, b in MIRRORS.items())


def test_names_are_found_with_or_without_brackets_in_any_case() -> None:
    assert template_ids(["closing SOMETHING", "Opening [something]", 93, "94"]) == (5, 46, 93, 94)


@pytest.mark.parametrize("wrong", ["Closing the door", 174, -1, "999"])
def test_an_unknown_template_is_told(wrong: int | str) -> None:
    with pytest.raises(UnknownNameError, match=str(wrong)):
        template_ids([wrong])


def test_the_wrong_number_of_placeholders_is_an_error() -> None:
    with pytest.raises(DataError, match="2 placeholders, got 1"):
        filled(106, ["a ball"])
