"""What a clip of one domain says about a sentence of the other follows from templates and kinds of things."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from a2r_train.data.human_clips import HumanClipSet
from a2r_train.human_sampler import HumanSamplerConfig
from a2r_train.sampler import Batch
from a2r_train.step_losses import across_labels, done_templates
from a2r_train.things import kind_of
from tests.training.synthetic import (
    HUMAN,
    TABLETOP,
    make_clips,
    make_human_clips,
    make_human_part,
    make_sampler,
    make_store,
)

TEMPLATE_OF = {"drawer-close": 5, "drawer-open": 46, "mug-left": -1, "mug-right": 93}
"""What `make_human_part` matches the robot's labels with."""


def _pushing(thing: str) -> HumanClipSet:
    people = make_human_clips()
    told = [f"pushing {thing} from left to right" if number == 93 else HUMAN[number] for number in people.template]
    return replace(people, instruction=np.array(told))


def _expected(shown: int, kind: int, said: int, told: int, sentence: str) -> int:
    """Judge one pair of the synthetic domains: templates 5, 46, 93 and 6, of which no two are alike."""
    if shown < 0:
        return -1
    if "something" not in sentence and min(kind, told) >= 0 and kind != told:
        return 0
    if said < 0:
        return -1
    if shown != said:
        return 0
    return 1 if "something" in sentence or (kind == told >= 0) else -1


def test_a_robots_clip_does_what_a_human_sentence_says_of_the_same_kind_of_thing_and_nothing_else() -> None:
    clips = make_clips()
    sampler = make_sampler(clips, make_store(clips))
    part = make_human_part(HumanSamplerConfig(clips=8, undone=2, generic=0.3), clips=_pushing("tap"))
    seen = set()
    for step in range(20):
        batch, human = sampler.batch(step), part.sampler.batch(step)
        robots, humans = across_labels(batch, human, part)
        assert robots.shape == (len(batch.clips), len(human.sentences))
        assert humans.shape == (len(human.clips), len(batch.sentences))
        tasks = [TABLETOP[task].split("/")[1] for task in batch.tasks.tolist()]
        for row, shown in enumerate(done_templates(batch, part.template_of_label).tolist()):
            done = [
                task for column, task in enumerate(tasks) if batch.labels[row, column] == 1 and TEMPLATE_OF[task] >= 0
            ]
            kind = kind_of(done[0].split("-")[0]) if done else -1
            for column, sentence in enumerate(human.sentences):
                said, told = int(human.asked[column]), int(human.asked_kinds[column])
                assert robots[row, column] == _expected(shown, kind, said, told, sentence)
                seen.add(("robot", int(robots[row, column])))
        for row, shown in enumerate(human.templates.tolist()):
            for column, sentence in enumerate(batch.sentences):
                said, told = TEMPLATE_OF[tasks[column]], kind_of(tasks[column].split("-")[0])
                assert humans[row, column] == _expected(shown, int(human.kinds[row]), said, told, sentence)
                seen.add(("human", int(humans[row, column])))
    assert seen == {(who, label) for who in ("robot", "human") for label in (-1, 0, 1)}


def test_a_robots_push_of_a_mug_is_no_push_of_a_tap_but_may_be_one_of_a_cup() -> None:
    clips = make_clips(("tabletop/mug-right",), sources=("success",))
    sampler = make_sampler(clips, make_store(clips))
    for thing, label in (("tap", 0), ("cup", 1), ("thingamajig", -1)):
        part = make_human_part(HumanSamplerConfig(generic=0.0), clips=_pushing(thing))._replace(
            template_of_label=np.array([93]), kind_of_label=np.array([kind_of("mug")])
        )
        batch, human = sampler.batch(0), part.sampler.batch(0)
        robots, _ = across_labels(batch, human, part)
        done = np.flatnonzero(batch.labels[:, 0] == 1)
        assert len(done)
        assert set(robots[np.ix_(done, human.asked == 93)].ravel().tolist()) == {label}


def test_clips_that_are_not_shown_as_they_are_say_nothing() -> None:
    clips = make_clips()
    part = make_human_part(HumanSamplerConfig(clips=8, undone=8))
    batch, human = make_sampler(clips, make_store(clips)).batch(0), part.sampler.batch(0)
    robots, humans = across_labels(_nothing_done(batch), human, part)
    assert (robots == -1).all()
    assert (humans[8:] == -1).all()


def _nothing_done(batch: Batch) -> Batch:
    return batch._replace(labels=np.where(batch.labels == 1, 0, batch.labels).astype(np.int8))
