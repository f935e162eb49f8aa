"""The tasks as data."""

from __future__ import annotations

import pytest

from a2r_gym.envs.c2r.objects import ASSETS, OBJECTS
from a2r_gym.envs.c2r.tasks import TASKS, judged_with, task_info
from a2r_gym.errors import UnknownNameError


def test_there_are_enough_of_each_kind_and_none_is_named_twice() -> None:
    assert len(TASKS) == 19
    assert all(name == info.name for name, info in TASKS.items())


def test_sentences_are_distinct_and_there_are_four_to_eight_ways_to_say_each() -> None:
    sentences = [sentence for info in TASKS.values() for sentence in (info.instruction, *info.paraphrases)]
    assert len(sentences) == len(set(sentences))
    assert all(4 <= len(info.paraphrases) <= 8 for info in TASKS.values())


def test_opposites_agree_and_act_on_the_same_thing() -> None:
    for info in TASKS.values():
        if info.opposite is not None:
            assert TASKS[info.opposite].opposite == info.name
            assert TASKS[info.opposite].object == info.object


def test_templates_are_those_of_something_something() -> None:
    assert {name: TASKS[name].template for name in ("push-right", "push-left", "move-away", "move-towards")} == {
        "push-right": 93, "push-left": 94, "move-away": 41, "move-towards": 44,
    }  # fmt: skip
    assert all(0 <= info.template < 174 for info in TASKS.values())


def test_every_thing_of_a_task_is_known_and_our_own_files_are_there() -> None:
    for info in TASKS.values():
        assert info.first in OBJECTS
        assert info.second is None or info.second in OBJECTS
    for thing in OBJECTS.values():
        assert thing.foreign or (ASSETS / thing.file).is_file()


def test_a_scene_judges_the_tasks_about_the_same_things() -> None:
    assert judged_with("lift") == ("move-away", "move-towards", "lift", "drop")
    assert judged_with("cover") == ("cover", "uncover")
    assert judged_with("put-onto") == ("put-onto",)


def test_an_unknown_task_lists_the_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'push-right'"):
        task_info("push-rihgt")
