"""A batch depends on (seed, step) alone, and every row's label is what was shown up to its last frame."""

from __future__ import annotations

import numpy as np
import pytest

from a2r_gym.errors import DataError
from a2r_train.labels import labelled_tasks, mirror_table, resolve_labels, with_opposites
from a2r_train.sampler import Batch, BatchSampler, SamplerConfig, generic_sentence
from tests.training.synthetic import DONE_AT, KEPT, TABLETOP, make_clips, make_sampler, make_store

LAST = KEPT - 1
EIGHT = (
    *TABLETOP, "tabletop/mug-away", "metaworld/door-close", "metaworld/hammer", "metaworld/button-press",
)  # fmt: skip


def _kind(frames: np.ndarray) -> str:
    """Tell how a row is played from the frames it shows."""
    steps = np.diff(frames)
    if not steps.any():
        return "frozen"
    if (steps >= 0).all():
        return "forwards"
    if (steps <= 0).all():
        return "reversed"
    turns = np.count_nonzero(np.diff(np.sign(steps[steps != 0])))
    return "rewound" if turns == 1 else "disorder"


def _batches(count: int = 40, *, flipped: bool = False, **config: object) -> tuple[BatchSampler, list[Batch]]:
    clips = make_clips()
    sampler = make_sampler(clips, make_store(clips, flipped=flipped), SamplerConfig(**config))  # type: ignore[arg-type]
    return sampler, [sampler.batch(step) for step in range(count)]


def _equal(one: Batch, two: Batch) -> bool:
    return all(np.array_equal(left, right) for left, right in zip(one, two, strict=True))


class TestDeterminism:
    def test_a_batch_is_fixed_by_seed_and_step_in_any_order(self) -> None:
        clips = make_clips()
        one, two = (make_sampler(clips, make_store(clips), seed=3) for _ in range(2))
        forwards = [one.batch(step) for step in range(4)]
        backwards = [two.batch(step) for step in reversed(range(4))][::-1]
        assert all(map(_equal, forwards, backwards))

    def test_steps_and_seeds_differ(self) -> None:
        clips = make_clips()
        sampler, other = (make_sampler(clips, make_store(clips), seed=seed) for seed in (0, 1))
        assert not _equal(sampler.batch(0), sampler.batch(1))
        assert not _equal(sampler.batch(0), other.batch(0))


class TestShapes:
    def test_arrays_fit_together(self) -> None:
        _, batches = _batches(10)
        for batch in batches:
            rows, columns = len(batch.clips), len(batch.sentences)
            assert batch.frames.shape == (rows, 8)
            assert batch.labels.shape == batch.own.shape == (rows, columns)
            assert batch.task_column.shape == batch.failure_clip.shape == batch.augmentations.shape == (rows,)
            assert len(batch.later) == len(batch.earlier) == len(batch.order_column)
            assert batch.frames.min() >= 0
            assert batch.frames.max() <= LAST
            assert len(set(batch.tasks.tolist())) == columns

    def test_every_kind_of_row_turns_up(self) -> None:
        _, batches = _batches()
        kinds = [_kind(frames) for batch in batches for frames in batch.frames]
        assert set(kinds) == {"frozen", "forwards", "reversed", "rewound", "disorder"}

    def test_whole_clips_show_first_and_last_frame(self) -> None:
        _, batches = _batches(10, prefixes=False)
        for batch in batches:
            assert (batch.frames[:, 0] == 0).all()
            assert (batch.frames[:, -1] == LAST).all()
            assert (np.diff(batch.frames, axis=1) >= 0).all()

    def test_sentences_are_the_tasks_own_or_its_paraphrases(self) -> None:
        tasks = labelled_tasks(TABLETOP)
        _, batches = _batches(30)
        said: dict[int, set[str]] = {}
        for batch in batches:
            for sentence, task in zip(batch.sentences, batch.tasks.tolist(), strict=True):
                said.setdefault(task, set()).add(sentence)
        for task, sentences in said.items():
            assert sentences == {tasks[task].info.instruction, *tasks[task].info.paraphrases}
        _, always = _batches(10, canonical=1.0)
        plain = {task.info.instruction for task in tasks}
        assert {sentence for batch in always for sentence in batch.sentences} <= plain


class TestLabels:
    def test_forwards_rows_are_labelled_by_the_state_at_their_end(self) -> None:
        clips = make_clips()
        labels = resolve_labels(clips, labelled_tasks(TABLETOP))
        _, batches = _batches()
        ends = set()
        for batch in batches:
            for row, frames in enumerate(batch.frames):
                if _kind(frames) == "forwards":
                    ends.add(int(frames[-1]))
                    expected = labels[batch.clips[row], frames[-1], batch.tasks]
                    np.testing.assert_array_equal(batch.labels[row], expected)
        assert ends == set(range(1, KEPT))  # prefixes of every length

    def test_a_prefix_that_is_not_done_yet_does_not_do_what_the_whole_clip_does(self) -> None:
        _, batches = _batches()
        labels = {0: set(), 1: set()}
        for batch in batches:
            own = batch.labels[np.arange(len(batch.clips)), batch.task_column]
            for label, frames in zip(own.tolist(), batch.frames, strict=True):
                if _kind(frames) == "forwards":
                    labels.setdefault(label, set()).add(int(frames[-1]))
        assert {end for end in labels[0] if end < LAST} == set(range(1, 10))
        assert labels[1] == set(range(10, KEPT))

    def test_wrong_instructions_are_negatives(self) -> None:
        _, batches = _batches(20, prefixes=False)
        for batch in batches:
            done = batch.labels[np.arange(len(batch.clips)), batch.task_column] == 1
            others = np.arange(len(batch.tasks)) != batch.task_column[:, None]
            assert (batch.labels[done][others[done]] == 0).all()
            assert (batch.labels[done].sum(axis=1) == 1).all()
            assert batch.labels.shape[1] == len(TABLETOP)  # the further sentences too

    def test_a_success_played_backwards_wound_back_or_frozen_is_no_success(self) -> None:
        seen = set()
        _, batches = _batches(80)
        for batch in batches:
            for row, frames in enumerate(batch.frames):
                kind, own = _kind(frames), batch.labels[row, batch.task_column[row]]
                if kind == "frozen":
                    assert (batch.labels[row] == 0).all()
                elif kind != "forwards":
                    assert own == (0 if frames[-1] < 10 else -1)  # before or after it was done
                else:
                    continue
                seen.add((kind, int(own)))
        assert {("frozen", 0), ("reversed", 0), ("reversed", -1), ("rewound", 0)} <= seen

    def test_a_backwards_clip_that_ends_too_close_to_tell_has_no_label(self) -> None:
        clips = make_clips()
        clips.ambiguous[:, :10] = True
        sampler = make_sampler(clips, make_store(clips))
        ends = [
            batch.labels[row, batch.task_column[row]]
            for batch in map(sampler.batch, range(20))
            for row, frames in enumerate(batch.frames)
            if _kind(frames) in ("reversed", "rewound")
        ]
        assert set(ends) == {-1}

    def test_what_a_backwards_clip_may_have_done_is_unknown_and_not_false(self) -> None:
        _, batches = _batches(80)
        for batch in batches:
            for row, frames in enumerate(batch.frames):
                if _kind(frames) in ("reversed", "rewound"):
                    others = np.arange(len(batch.tasks)) != batch.task_column[row]
                    assert (batch.labels[row, others] == -1).all()  # the scene decides them, going forwards

    def test_a_backwards_clip_is_a_negative_for_what_is_not_in_its_scene(self) -> None:
        clips = make_clips(EIGHT)
        sampler = make_sampler(clips, make_store(clips), SamplerConfig(extra_sentences=8))
        seen = 0
        for step in range(30):
            batch = sampler.batch(step)
            for row, frames in enumerate(batch.frames):
                if _kind(frames) == "reversed" and clips.family[batch.clips[row]] == "tabletop":
                    foreign = [index for index, task in enumerate(batch.tasks) if EIGHT[task].startswith("metaworld")]
                    assert (batch.labels[row, foreign] == 0).all()
                    seen += len(foreign)
        assert seen

    def test_the_scene_decides_its_own_sentences(self) -> None:
        clips = make_clips(EIGHT)
        batch = make_sampler(clips, make_store(clips), SamplerConfig(tasks_per_step=8)).batch(0)
        families = np.array([EIGHT[task].split("/")[0] for task in batch.tasks])
        np.testing.assert_array_equal(batch.own, clips.family[batch.clips][:, None] == families[None])


class TestSameSentenceElsewhere:
    NAMES = ("tabletop/drawer-close", "tabletop/drawer-open", "metaworld/drawer-close", "metaworld/drawer-open")

    def test_a_drawer_closed_backwards_is_no_negative_for_opening_it_in_the_other_familys_words(self) -> None:
        clips = make_clips(self.NAMES)
        clips.success[clips.family == "metaworld", :, 2:] = -1
        own = [self.NAMES.index(f"metaworld/{task}") for task in clips.task]
        for row in np.flatnonzero(clips.family == "metaworld"):
            clips.success[row, :, own[row]] = (np.arange(KEPT) >= 10) & (clips.source[row] == "success")
        tasks = labelled_tasks(self.NAMES)
        sampler = make_sampler(clips, make_store(clips), SamplerConfig(extra_sentences=4))
        seen = 0
        for step in range(40):
            batch = sampler.batch(step)
            for row, frames in enumerate(batch.frames):
                clip = batch.clips[row]
                if _kind(frames) == "reversed" and clips.family[clip] == "tabletop" and frames[-1] < 10:
                    for column, task in enumerate(batch.tasks):
                        if tasks[task].info.name != clips.task[clip]:  # its opposite, in either family
                            assert batch.labels[row, column] == -1, self.NAMES[task]
                            seen += 1
        assert seen


class TestOpposites:
    CLIPS = make_clips(("tabletop/drawer-close", "tabletop/mug-right"))

    def _seen(self, *, opposites: bool, flipped: bool = False) -> set[tuple[str, str, bool, int]]:
        """Return (label asked for, task done, whether the clip was wound back to its start, label) of reversed rows."""
        clips = with_opposites(self.CLIPS)
        config = SamplerConfig(tasks_per_step=2, opposites=opposites)
        sampler = make_sampler(clips, make_store(clips, flipped=flipped), config)
        seen = set()
        for step in range(60):
            batch = sampler.batch(step)
            for row, frames in enumerate(batch.frames):
                if _kind(frames) == "reversed" and (frames[-1] == 0 or frames[-1] >= DONE_AT):
                    for column, task in enumerate(batch.tasks):
                        asked = clips.label_names[task].split("/")[1]
                        mirrored = flipped and batch.augmentations[row] == 1
                        done = str(clips.task[batch.clips[row]]) + (" mirrored" if mirrored else "")
                        seen.add((asked, done, bool(frames[-1] == 0), int(batch.labels[row, column])))
        return seen

    def test_a_success_played_back_to_its_start_is_the_opposites_success_and_its_first_part_is_not(self) -> None:
        seen = self._seen(opposites=True)
        assert {row for row in seen if row[:2] == ("drawer-open", "drawer-close")} == {
            ("drawer-open", "drawer-close", True, 1), ("drawer-open", "drawer-close", False, 0),
        }  # fmt: skip
        assert ("mug-left", "mug-right", True, 1) in seen
        assert ("drawer-close", "drawer-close", True, 0) in seen
        assert ("mug-left", "drawer-close", True, 0) in seen

    def test_a_mirrored_one_is_a_success_of_the_task_itself(self) -> None:
        seen = self._seen(opposites=True, flipped=True)
        assert ("mug-right", "mug-right mirrored", True, 1) in seen
        assert ("mug-left", "mug-right mirrored", True, 0) in seen

    def test_without_the_option_it_says_nothing_about_the_opposite(self) -> None:
        assert not [row for row in self._seen(opposites=False) if row[3] == 1]


class TestOrder:
    def test_pairs_are_of_one_clip_and_the_later_one_shows_more_of_a_success(self) -> None:
        kinds, disorders = set(), 0
        _, batches = _batches()
        for batch in batches:
            for later, earlier, column in zip(batch.later, batch.earlier, batch.order_column, strict=True):
                assert batch.clips[later] == batch.clips[earlier]
                assert batch.augmentations[later] == batch.augmentations[earlier]
                assert column == batch.task_column[later]
                first, second = batch.frames[later], batch.frames[earlier]
                kinds.add(_kind(first))
                if _kind(second) == "disorder":
                    assert _kind(first) == "forwards"
                    disorders += 1
                    continue
                assert first[-1] > second[-1]  # nearer to the success's end, also when time runs back
                if _kind(first) == "forwards":
                    assert batch.labels[earlier, column] != 1  # once done, later is not better
        assert kinds == {"forwards", "reversed"}
        assert disorders


class TestMirrored:
    def test_left_and_right_swap_in_the_labels_of_mirrored_rows(self) -> None:
        tasks = labelled_tasks(TABLETOP)
        clips = make_clips()
        labels, mirror = resolve_labels(clips, tasks), mirror_table(tasks)
        _, batches = _batches(flipped=True, prefixes=False)
        swapped = 0
        for batch in batches:
            for row in range(len(batch.clips)):
                columns = mirror[batch.tasks] if batch.augmentations[row] == 1 else batch.tasks
                np.testing.assert_array_equal(batch.labels[row], labels[batch.clips[row], -1, columns])
                own = batch.tasks[batch.task_column[row]]
                if batch.augmentations[row] == 1 and TABLETOP[own].startswith("tabletop/mug"):
                    assert batch.labels[row, batch.task_column[row]] != 1
                    swapped += int((batch.labels[row] == 1).any())
        assert swapped

    def test_order_pairs_follow_what_the_mirrored_clip_shows(self) -> None:
        _, batches = _batches(flipped=True)
        mirror, seen = mirror_table(labelled_tasks(TABLETOP)), 0
        for batch in batches:
            for later, column in zip(batch.later, batch.order_column, strict=True):
                own = batch.tasks[batch.task_column[later]]
                shown = mirror[own] if batch.augmentations[later] == 1 else own
                assert batch.tasks[column] == shown
                seen += shown != own
        assert seen

    def test_mirrored_failures_take_no_part_in_the_clusters(self) -> None:
        _, batches = _batches(flipped=True)
        for batch in batches:
            assert not batch.failure_clip[batch.augmentations == 1].any()
        assert any(batch.failure_clip.any() for batch in batches)


class TestComposition:
    def test_the_papers_step_is_eight_successes_and_eight_failures(self) -> None:
        clips = make_clips(EIGHT)
        sampler = make_sampler(clips, make_store(clips), SamplerConfig(prefixes=False, family_weights=()))
        for step in range(20):
            batch = sampler.batch(step)
            own = batch.labels[np.arange(16), batch.task_column]
            assert (own == 1).sum() == (own == 0).sum() == 8
            assert len(batch.clips) == 16
            np.testing.assert_array_equal(batch.failure_clip, own == 0)
            assert len(batch.later) == 0
            assert len(set(batch.task_column.tolist())) == 8

    def test_failures_are_half_random_half_near(self) -> None:
        clips = make_clips()
        sampler = make_sampler(clips, make_store(clips), SamplerConfig(prefixes=False))
        sources = np.concatenate([clips.source[sampler.batch(step).clips] for step in range(100)])
        assert np.mean(sources[sources != "success"] == "random") == pytest.approx(0.5, abs=0.1)

    def test_with_prefixes_each_task_gives_a_success_both_failures_two_prefixes_and_something_undone(self) -> None:
        _, batches = _batches(10)
        for batch in batches:
            for column in range(len(TABLETOP)):
                mine = batch.task_column == column
                assert 12 <= mine.sum() <= 14  # eight draws of four tasks
                assert batch.failure_clip[mine].sum() == 4

    def test_opposites_come_first_among_further_sentences(self) -> None:
        clips = make_clips(EIGHT)
        sampler = make_sampler(clips, make_store(clips), SamplerConfig(tasks_per_step=1, extra_sentences=1))
        tasks = labelled_tasks(EIGHT)
        for step in range(30):
            chosen, extra = (tasks[index] for index in sampler.batch(step).tasks)
            if chosen.info.opposite and chosen.family == "tabletop":
                assert extra.info.name == chosen.info.opposite

    def test_a_family_has_its_share(self) -> None:
        clips = make_clips(EIGHT)
        config = SamplerConfig(tasks_per_step=1, family_weights=(("metaworld", 0.8),))
        sampler = make_sampler(clips, make_store(clips), config)
        families = [EIGHT[sampler.batch(step).tasks[0]].split("/")[0] for step in range(300)]
        assert np.mean(np.array(families) == "metaworld") == pytest.approx(0.8, abs=0.07)


class TestRefused:
    def test_data_without_any_success(self) -> None:
        clips = make_clips(sources=("random", "missed"))
        with pytest.raises(DataError, match="no task has a clip that ends in success"):
            make_sampler(clips, make_store(clips))

    @pytest.mark.parametrize("bad", [{"tasks_per_step": 0}, {"extra_sentences": -1}, {"canonical": 1.5}])
    def test_numbers_out_of_range(self, bad: dict[str, float]) -> None:
        with pytest.raises(ValueError, match="expected"):
            SamplerConfig(**bad)  # type: ignore[arg-type]


class TestGenericSentences:
    @pytest.mark.parametrize(
        ("named", "generic"),
        [
            ("push the mug to the left", "push something to the left"),
            ("shut the open drawer", "shut something"),
            ("push something away from the camera", "push something away from the camera"),
        ],
    )
    def test_the_thing_is_left_out_and_the_side_is_not(self, named: str, generic: str) -> None:
        assert generic_sentence(named) == generic

    def test_of_another_thing_they_say_nothing_that_is_surely_wrong(self) -> None:
        clips = make_clips()
        sampler = make_sampler(clips, make_store(clips), SamplerConfig(generic=1.0))
        batch = sampler.batch(0)
        assert any("something" in sentence for sentence in batch.sentences)
        thing = [name.split("/")[1].split("-")[0] for name in clips.label_names]
        for row, column in zip(*np.nonzero(batch.labels == 0), strict=True):
            if "something" in batch.sentences[column]:
                assert thing[batch.tasks[column]] == thing[batch.tasks[batch.task_column[row]]]


def test_without_failures_no_clip_that_fails_is_drawn() -> None:
    sampler, batches = _batches(10, prefixes=False, failures=False)
    assert not set(np.concatenate([batch.clips for batch in batches]).tolist()) & set(sampler.failures.tolist())
