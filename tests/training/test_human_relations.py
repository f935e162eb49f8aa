"""What templates say about each other, and how their sentences are taken apart and said."""

from __future__ import annotations

import itertools

import pytest

from a2r_train.data.ssv2_templates import TEMPLATES
from a2r_train.human_relations import (
    HUMAN_SETS,
    counter_template,
    imperative,
    paraphrases,
    placeholders,
    relation,
    said,
)

CLOSING, OPENING, PRETENDING, RIGHT, LEFT, PULLING_RIGHT = 5, 46, 66, 93, 94, 86


@pytest.mark.parametrize(
    ("shown", "asked", "label"),
    [
        (CLOSING, CLOSING, 1),
        (CLOSING, OPENING, 0),
        (CLOSING, PRETENDING, 0),
        (PRETENDING, CLOSING, 0),
        (RIGHT, LEFT, 0),
        (RIGHT, PULLING_RIGHT, -1),
        (RIGHT, CLOSING, 0),
    ],
)
def test_a_clip_does_its_own_not_the_opposite_and_perhaps_what_is_alike(shown: int, asked: int, label: int) -> None:
    assert relation(shown, asked) == label


def test_what_is_said_of_two_templates_holds_both_ways() -> None:
    every = range(len(TEMPLATES))
    assert all(relation(a, b) == relation(b, a) for a in every for b in every)


def test_a_counter_example_is_surely_false_and_takes_the_same_things() -> None:
    for template in range(len(TEMPLATES)):
        other = counter_template(template)
        if other is not None:
            assert relation(template, other) == 0
            assert TEMPLATES[other].num_placeholders == TEMPLATES[template].num_placeholders
    assert counter_template(RIGHT) == LEFT
    assert counter_template(PRETENDING) in (CLOSING, 67)


@pytest.mark.parametrize("template", range(len(TEMPLATES)))
def test_placeholders_are_found_again(template: int) -> None:
    things = tuple(f"thing{number}" for number in range(TEMPLATES[template].num_placeholders))
    assert placeholders(template, said(template, things)) == things


def test_a_sentence_of_another_template_has_no_placeholders() -> None:
    assert placeholders(CLOSING, "opening a drawer") == ()
    assert said(CLOSING, ()) == "closing something"


@pytest.mark.parametrize(
    ("sentence", "instruction"),
    [
        ("pushing a cup from left to right", "push a cup from left to right"),
        ("putting pen into box", "put the pen into box"),
        ("twisting something", "twist something"),
        ("tipping bottle over", "tip the bottle over"),
    ],
)
def test_a_sentence_becomes_an_instruction(sentence: str, instruction: str) -> None:
    assert imperative(sentence) == instruction


def test_each_set_of_human_tasks_holds_the_smaller_ones() -> None:
    sizes = sorted(HUMAN_SETS)
    assert sizes == [3, 6, 9, 12]
    assert all(len(set(HUMAN_SETS[size])) == size for size in sizes)
    assert all(set(HUMAN_SETS[a]) < set(HUMAN_SETS[b]) for a, b in itertools.pairwise(sizes))


def test_paraphrases_take_the_things_of_their_template() -> None:
    written = 0
    for template in TEMPLATES:
        things = tuple(f"thing{number}" for number in range(template.num_placeholders))
        for sentence in paraphrases(template.id, things):
            written += 1
            assert all(f"the {thing}" in sentence for thing in things), (template.id, sentence)
    assert written > 60
