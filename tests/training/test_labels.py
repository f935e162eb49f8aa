"""Which sentence is true of which clip: the scene decides its own, others only where there is no doubt."""

from __future__ import annotations

import numpy as np
import pytest

from a2r_train.labels import labelled_tasks, mirror_table, resolve_labels, with_opposites
from tests.training.synthetic import DONE_AT, KEPT, make_clips

pytest.importorskip("metaworld")

TABLETOP = tuple(f"tabletop/{task}" for task in ("drawer-close", "drawer-open", "mug-left", "mug-right", "mug-away"))
OTHERS = tuple(
    f"metaworld/{task}"
    for task in ("drawer-close", "drawer-open", "door-close", "door-open", "coffee-push", "reach", "push", "hammer")
)
NAMES = TABLETOP + OTHERS
TASKS = labelled_tasks(NAMES)
COLUMN = {name: index for index, name in enumerate(NAMES)}


def _label(clip_of: str, sentence: str, *, source: str = "success", decides: tuple[str, ...] = ()) -> np.ndarray:
    """Labels (kept,) of one clip for a task's sentence; ``decides`` names what its scene decides, beside its own."""
    clips = make_clips(NAMES, per_source=1)
    row = next(
        index
        for index in range(len(clips))
        if f"{clips.family[index]}/{clips.task[index]}" == clip_of and clips.source[index] == source
    )
    if clip_of.startswith("metaworld"):  # a Meta-World scene does not decide all tasks of its family
        for name in OTHERS:
            if name not in (clip_of, *decides):
                clips.success[row, :, COLUMN[name]] = -1
    one = clips.select(np.array([row]))
    return np.asarray(resolve_labels(one, TASKS)[0, :, COLUMN[sentence]])


class TestResolve:
    def test_its_own_sentence_is_the_rule_frame_by_frame(self) -> None:
        expected = (np.arange(KEPT) >= DONE_AT).astype(int).tolist()
        assert _label("tabletop/mug-left", "tabletop/mug-left").tolist() == expected
        assert not _label("tabletop/mug-left", "tabletop/mug-right").any()

    def test_an_ambiguous_state_has_no_label(self) -> None:
        clips = make_clips(NAMES, per_source=1)
        clips.ambiguous[:, 4, :5] = True
        labels = resolve_labels(clips, TASKS)
        mine = clips.family == "tabletop"
        assert (labels[mine, 4, :5] == -1).all()
        assert (labels[mine, 5, :5] >= 0).all()

    def test_the_same_sentence_of_the_other_family_has_the_same_label(self) -> None:
        for sentence in ("metaworld/drawer-close", "metaworld/drawer-open"):
            expected = _label("tabletop/drawer-close", sentence.replace("metaworld", "tabletop"))
            np.testing.assert_array_equal(_label("tabletop/drawer-close", sentence), expected)

    def test_another_familys_sentence_about_an_object_that_is_not_there_is_false(self) -> None:
        assert (_label("tabletop/mug-left", "metaworld/door-close") == 0).all()
        assert (_label("metaworld/door-close", "tabletop/mug-left") == 0).all()

    def test_another_familys_sentence_about_an_object_that_is_there_is_unknown(self) -> None:
        assert (_label("metaworld/drawer-open", "tabletop/drawer-close") == -1).all()

    def test_an_undecided_opposite_is_false_once_the_task_is_done_and_unknown_before(self) -> None:
        expected = np.where(np.arange(KEPT) >= DONE_AT, 0, -1).tolist()
        assert _label("metaworld/door-close", "metaworld/door-open").tolist() == expected
        assert (_label("metaworld/door-close", "metaworld/door-open", source="random") == -1).all()

    def test_two_targets_that_only_markers_show_are_unknown_to_each_other(self) -> None:
        assert (_label("metaworld/reach", "metaworld/push") == -1).all()
        assert (_label("metaworld/reach", "metaworld/hammer") == 0).all()

    def test_a_decided_sentence_is_never_overwritten(self) -> None:
        decided = _label("metaworld/door-close", "metaworld/door-open", decides=("metaworld/door-open",))
        assert (decided == 0).all()

    def test_the_clips_are_left_as_they_were(self) -> None:
        clips = make_clips(NAMES, per_source=1)
        before = clips.success.copy()
        resolve_labels(clips, TASKS)
        np.testing.assert_array_equal(clips.success, before)


class TestMirror:
    def test_left_and_right_swap_and_what_has_no_side_stays(self) -> None:
        names = (*TABLETOP, "tabletop/faucet-left", "tabletop/faucet-right")
        table = mirror_table(labelled_tasks(names)).tolist()
        mirrored = [names[column].split("/")[1] for column in table]
        assert mirrored == [
            "drawer-close", "drawer-open", "mug-right", "mug-left", "mug-away", "faucet-right", "faucet-left",
        ]  # fmt: skip

    def test_mirroring_twice_is_the_picture_itself(self) -> None:
        from a2r_gym.envs.metaworld_tasks import TASKS as METAWORLD
        from a2r_gym.envs.tabletop.tasks import TASKS as ALL

        names = (*(f"tabletop/{name}" for name in ALL), *(f"metaworld/{name}" for name in METAWORLD))
        table = mirror_table(labelled_tasks(names))
        kept = np.flatnonzero(table >= 0)
        np.testing.assert_array_equal(table[table[kept]], kept)

    def test_a_side_without_its_opposite_says_nothing(self) -> None:
        assert mirror_table(labelled_tasks(("tabletop/mug-left", "tabletop/drawer-close"))).tolist() == [-1, 1]

    def test_things_with_a_handedness_are_not_mirrored_in_meta_world(self) -> None:
        names = ("metaworld/window-open", "metaworld/door-unlock", "metaworld/dial-turn", "metaworld/faucet-open")
        assert mirror_table(labelled_tasks(names)).tolist() == [-1] * 4
        assert mirror_table(labelled_tasks(("metaworld/drawer-open", "metaworld/hammer"))).tolist() == [0, 1]


def test_labels_of_opposites_are_added_and_decided_by_no_clip() -> None:
    clips = make_clips(("tabletop/drawer-close", "tabletop/mug-right", "tabletop/mug-away"))
    wider = with_opposites(clips)
    added = ("tabletop/drawer-open", "tabletop/mug-left")
    assert wider.label_names == (*clips.label_names, *added)
    assert (wider.success[:, :, 3:] == -1).all()
    np.testing.assert_array_equal(wider.success[:, :, :3], clips.success)
    assert mirror_table(labelled_tasks(wider.label_names)).tolist() == [0, 4, 2, 3, 1]
