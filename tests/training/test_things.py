"""Kinds of things: all common names of a thing are in one, and of what is in none nothing is claimed."""

from __future__ import annotations

import pytest

from a2r_train.things import apart, kind_of


@pytest.mark.parametrize(
    "names",
    [
        ("tap", "a faucet", "the tap handle", "knob to the left", "lever"),
        ("a red coffee mug", "plastic cup", "bowl", "a glass"),
        ("roll of tape", "toilet paper"),
        ("my mobile phone", "remote control"),
    ],
)
def test_names_of_one_thing_are_of_one_kind(names: tuple[str, ...]) -> None:
    assert len({kind_of(name) for name in names}) == 1
    assert kind_of(names[0]) >= 0


@pytest.mark.parametrize("thing", ["thingamajig", "orange toy", "coffee cup holder", ""])
def test_only_the_name_that_ends_it_tells_a_things_kind(thing: str) -> None:
    assert kind_of(thing) == -1


@pytest.mark.parametrize(
    ("shown", "told", "expected"),
    [
        (["mug"], ["faucet"], True),
        (["faucet"], ["mug"], True),
        (["cup"], ["mug"], False),
        (["mug"], ["thingamajig"], False),
        (["thingamajig"], ["mug"], False),
        (["tin", "bowl"], ["cup"], False),
        (["tin", "bowl"], ["tin", "drawer"], True),
        ([], ["mug"], False),
        (["mug"], [], False),
    ],
)
def test_only_what_is_surely_another_thing_is_apart(shown: list[str], told: list[str], expected: bool) -> None:
    assert apart(shown, told) is expected
