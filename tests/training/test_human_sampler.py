"""The human part of a step: whose labels follow the templates, and what is shown otherwise is not done."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from a2r_gym.errors import DataError
from a2r_gym.models.reward_network import DOMAINS
from a2r_train.human_relations import relation
from a2r_train.human_sampler import HumanBatch, HumanSampler, HumanSamplerConfig
from tests.training.synthetic import DONE_AT, HUMAN, KEPT, make_human_clips, make_human_part


def _batches(config: HumanSamplerConfig, count: int = 30, **changes: bool) -> list[HumanBatch]:
    sampler = make_human_part(config, **changes).sampler  # type: ignore[arg-type]
    return [sampler.batch(step) for step in range(count)]


def test_a_step_is_fixed_by_seed_and_number() -> None:
    one, two, other = (make_human_part(HumanSamplerConfig(undone=4), seed=seed).sampler for seed in (0, 0, 1))
    for first, second in zip(one.batch(7), two.batch(7), strict=True):
        np.testing.assert_array_equal(first, second)
    assert one.batch(7).clips.tolist() != other.batch(7).clips.tolist()


def test_the_papers_step_has_eight_whole_clips_of_all_templates() -> None:
    clips = make_human_clips()
    for batch in _batches(HumanSamplerConfig()):
        assert len(batch.clips) == 8
        assert set(clips.template[batch.clips]) == set(HUMAN)
        assert (batch.frames[:, 0] == 0).all()
        assert (batch.frames[:, -1] == KEPT - 1).all()
        assert len(batch.later) == 0


def test_every_clip_does_its_own_sentence_and_not_the_opposite() -> None:
    for batch in _batches(HumanSamplerConfig(generic=0.0)):
        for row, _template in enumerate(batch.templates.tolist()):
            assert batch.labels[row, row] == 1
            assert batch.own[row, row]
            for column in np.flatnonzero(batch.labels[row] == 1):
                assert batch.meanings[column] == batch.meanings[row]
        drawers = np.flatnonzero(batch.templates == 5)
        opening = [place for place, told in enumerate(batch.sentences) if told.startswith("open") and "drawer" in told]
        assert opening
        assert (batch.labels[np.ix_(drawers, opening)] == 0).all()


def test_of_another_thing_nothing_is_sure_unless_the_sentence_says_something() -> None:
    clips = make_human_clips()
    clips.instruction[:2] = "closing a box"
    part = make_human_part(HumanSamplerConfig(clips=16, generic=0.5), clips=clips)
    seen = set()
    for step in range(40):
        batch = part.sampler.batch(step)
        boxes = np.flatnonzero(np.isin(batch.clips, (0, 1)))
        for column in range(len(batch.templates)):
            if batch.templates[column] == 5:
                told = batch.sentences[column]
                what = next(word for word in ("box", "drawer", "something") if word in told)
                found = set(batch.labels[boxes, column].tolist())
                assert found <= {{"box": 1, "drawer": -1, "something": 1}[what]}
                seen.add(what)
    assert seen == {"box", "drawer", "something"}


def test_a_mirrored_clip_shows_and_says_the_other_side() -> None:
    batches = _batches(HumanSamplerConfig(generic=0.0), flipped=True)
    sides = {93: r"left to right|rightwards|right side|slide a cup right|to the right",
             94: r"right to left|leftwards|left side|slide a cup left|to the left"}  # fmt: skip
    shown = [(int(batch.templates[row]), batch.sentences[row]) for batch in batches for row in range(8)]
    assert {template for template, _ in shown} >= {93, 94}
    for template, sentence in shown:
        for side, words in sides.items():
            assert bool(re.search(words, sentence)) == (side == template), (template, sentence)


def test_sentences_are_said_in_several_ways() -> None:
    said = {sentence for batch in _batches(HumanSamplerConfig(generic=0.0)) for sentence in batch.sentences}
    assert {"closing a drawer", "close a drawer", "shut a drawer"} <= said


def test_what_is_shown_otherwise_is_not_done_and_its_beginning_scores_lower() -> None:
    clips, kinds = make_human_clips(), set()
    for batch in _batches(HumanSamplerConfig(undone=6), count=60):
        assert len(batch.clips) == 14
        assert (batch.templates[8:] == -1).all()
        for row in range(8, 14):
            assert not (batch.labels[row] == 1).any()
            steps = np.diff(batch.frames[row])
            kind = "frozen" if not steps.any() else "reversed" if (steps < 0).any() else "begun"
            kinds.add(kind)
            source = int(np.flatnonzero(batch.clips[:8] == batch.clips[row])[0])
            if kind == "begun":
                assert batch.frames[row, -1] < DONE_AT
                assert row in batch.earlier
                assert batch.later[batch.earlier.tolist().index(row)] < 8
            assert batch.labels[row, source] == 0
    assert kinds == {"frozen", "reversed", "begun"}
    assert clips.done[:, -1].all()


def test_where_nobody_knows_when_it_was_done_a_beginning_is_left_out() -> None:
    clips = make_human_clips()
    unknown = replace(clips, progress=np.full_like(clips.progress, np.nan))
    sampler = make_human_part(HumanSamplerConfig(undone=6), clips=unknown).sampler
    for step in range(20):
        batch = sampler.batch(step)
        for row in batch.earlier:
            assert (batch.labels[row] == -1).all()


def test_labels_follow_the_relations_of_templates() -> None:
    for batch in _batches(HumanSamplerConfig(generic=1.0)):
        for row in range(8):
            for column in range(8):
                assert batch.labels[row, column] == relation(int(batch.templates[row]), int(batch.templates[column]))


def test_one_template_cannot_be_contrasted() -> None:
    part = make_human_part()
    alone = make_human_clips().select(np.arange(4))
    with pytest.raises(DataError, match=r"at least two templates are needed, got \[5\]"):
        HumanSampler(alone, part.store, HumanSamplerConfig(), num_frames=8, seed=0)


@pytest.mark.parametrize("changes", [{"clips": 1}, {"undone": -1}, {"generic": 1.5}])
def test_a_composition_out_of_range_is_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected clips >= 2"):
        HumanSamplerConfig(**changes)  # type: ignore[arg-type]


def test_a_share_of_the_clips_carries_the_robots_prompt() -> None:
    for share, robots in ((0.0, 0), (0.5, 6), (1.0, 12)):
        part = make_human_part(HumanSamplerConfig(clips=8, undone=4, robot_prompt=share))
        domains = part.sampler.batch(0).domains
        assert domains.shape == (12,)
        assert (domains == DOMAINS.index("robot")).sum() == robots
