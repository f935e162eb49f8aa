"""Which human clips show a task, and which say the side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from a2r_gym.errors import UnknownNameError
from a2r_train.demonstrations import choose_demonstrations
from a2r_train.known_tasks import KnownTask, known_tasks
from tests.training.synthetic import make_human_clips

TASKS = (
    KnownTask("tabletop/drawer-close", ("close the drawer",), 5),
    KnownTask("tabletop/faucet-left", ("turn the faucet to the left",), 170),
    KnownTask("tabletop/faucet-right", ("turn the faucet to the right",), 170),
    KnownTask("tabletop/nothing", ("do nothing",), -1),
)


def _twisting(sentences: list[str]) -> object:
    clips = make_human_clips()
    template, said = clips.template.copy(), clips.instruction.astype("<U60")
    twisting = np.flatnonzero(template == 6)
    template[twisting], said[twisting] = 170, sentences
    return replace(clips, template=template, instruction=said)


def test_clips_are_of_the_template_and_as_many_as_asked() -> None:
    clips = make_human_clips()
    rows = choose_demonstrations(clips, TASKS, count=3, least=2, seed=0)
    assert [len(mine) for mine in rows] == [3, 0, 0, 0]
    assert set(clips.template[rows[0]]) == {5}
    assert len(choose_demonstrations(clips, TASKS, count=9, least=5, seed=0)[0]) == 0
    drawn = {tuple(choose_demonstrations(clips, TASKS, count=3, least=2, seed=seed)[0]) for seed in range(8)}
    assert len(drawn) > 1


def test_where_sentences_tell_the_side_only_clips_of_that_side_show_it() -> None:
    clips = _twisting(["twisting a tap to the left", "twisting tap to the right", "twisting dial to the left", "x"])
    rows = choose_demonstrations(clips, TASKS, count=4, least=1, seed=0)  # type: ignore[arg-type]
    said = [[str(clips.instruction[row]) for row in mine] for mine in rows]  # type: ignore[attr-defined]
    assert sorted(said[1]) == ["twisting a tap to the left", "twisting dial to the left"]
    assert said[2] == ["twisting tap to the right"]


def test_where_no_sentence_does_all_of_them_show_it() -> None:
    clips = _twisting(["twisting a cap"] * 4)
    rows = choose_demonstrations(clips, TASKS, count=4, least=1, seed=0)  # type: ignore[arg-type]
    assert [len(mine) for mine in rows] == [4, 4, 4, 0]


def test_every_task_of_a_family_is_known_with_its_template() -> None:
    tasks = {task.name: task for task in known_tasks(["tabletop"], (5, 46, 93))}
    assert len(tasks) == 7
    assert tasks["tabletop/drawer-open"].template == 46
    assert tasks["tabletop/mug-left"].template == -1
    assert tasks["tabletop/drawer-close"].sentences[0] == "close the drawer"
    assert len(tasks["tabletop/drawer-close"].sentences) == 4
    with pytest.raises(UnknownNameError, match="unknown family 'tabeltop'"):
        known_tasks(["tabeltop"], (5,))
