"""Templates are found by text: left is not right, and most of the hand-made list is among the first three."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from a2r_gym.envs import metaworld_tasks
from a2r_gym.envs.c2r import tasks as c2r_tasks
from a2r_gym.envs.tabletop.tasks import TASKS
from a2r_gym.errors import InstructionError, UnknownNameError
from a2r_train.data.ssv2_templates import TEMPLATES
from a2r_train.template_match import HAND_MADE, MATCHINGS, matched_template, rank_templates


def _first(sentence: str) -> int:
    return rank_templates(sentence)[0][0]


@pytest.mark.parametrize(
    ("sentence", "template"),
    [
        ("close the drawer", 5),
        ("shut the open drawer", 5),
        ("open the drawer", 46),
        ("push the mug to the left", 94),
        ("push the mug to the right", 93),
        ("slide the mug from left to right", 93),
        ("push the mug away from the camera", 41),
        ("move the cup towards the camera", 44),
        ("put the ball into the cup", 106),
        ("cover the toy with a box", 6),
    ],
)
def test_words_find_the_template(sentence: str, template: int) -> None:
    found = [number for number, _ in rank_templates(sentence)[:2]]
    assert template in found


def test_left_and_right_never_tie() -> None:
    scores = dict(rank_templates("push the block to the left", [93, 94]))
    assert scores[94] > scores[93] + 0.1


def test_the_hand_made_list_is_found_by_words() -> None:
    hits = [any(number in wanted for number, _ in rank_templates(told)[:3]) for told, wanted in HAND_MADE.items()]
    assert np.mean(hits) > 0.65


def test_the_hand_made_list_is_about_tasks_that_exist() -> None:
    tables = (TASKS, metaworld_tasks.TASKS, c2r_tasks.TASKS)
    sentences = {task.instruction for tasks in tables for task in tasks.values()}
    assert set(HAND_MADE) <= sentences
    assert all(0 <= number < len(TEMPLATES) for numbers in HAND_MADE.values() for number in numbers)


def test_a_task_of_concept2robot_is_its_own_template() -> None:
    for task in c2r_tasks.TASKS.values():
        assert HAND_MADE[task.instruction][0] == task.template
        assert matched_template(task.instruction, range(len(TEMPLATES)), "hand") == task.template


def test_an_encoder_ranks_by_cosine() -> None:
    def encode(sentences: Sequence[str]) -> np.ndarray:
        wanted = np.array([3.0, 4.0])
        return np.array([wanted * 2 if "Closing" in text or "shut" in text else [4.0, -3.0] for text in sentences])

    ranked = rank_templates("shut it", [5, 46], encoder=encode)
    assert ranked == [(5, pytest.approx(1.0)), (46, pytest.approx(0.0))]


def test_an_empty_sentence_is_an_error() -> None:
    with pytest.raises(InstructionError):
        rank_templates("  ")


class TestMatched:
    AMONG = (5, 41, 46, 93, 94)

    @pytest.mark.parametrize("matching", MATCHINGS)
    @pytest.mark.parametrize(
        ("sentence", "template"),
        [("close the drawer", 5), ("push the mug to the left", 94), ("press the button from the front", -1)],
    )
    def test_a_robot_task_finds_its_template_or_none(self, matching: str, sentence: str, template: int) -> None:
        assert matched_template(sentence, self.AMONG, matching) == template

    def test_text_finds_what_the_hand_made_list_has_for_the_table_top(self) -> None:
        for info in TASKS.values():
            assert matched_template(info.instruction, range(174)) in HAND_MADE[info.instruction]

    def test_an_unknown_matching_lists_what_there_is(self) -> None:
        with pytest.raises(UnknownNameError, match="Available: hand, text"):
            matched_template("close the drawer", self.AMONG, "guess")
