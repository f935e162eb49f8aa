"""The table of failure modes: members, exemplars, names kept or given, and the information in the sources."""

from __future__ import annotations

import numpy as np
import pytest

from a2r_train.failure_modes import FailureRows, describe_modes, source_information
from tests.training.synthetic import TABLETOP, make_clips

CLIPS = make_clips()
"""Six clips of each source (success, random, missed) and task, in this order."""


def _rows(by_source: bool = True) -> FailureRows:
    """Failures of the first two tasks; a mode for each source, or every second clip."""
    clips = np.array([*range(6, 18), *range(24, 36)])
    mode = (CLIPS.source[clips] == "missed").astype(np.int64) if by_source else np.arange(24) % 2
    return FailureRows(
        clips=clips, label=np.repeat([0, 1], 12), mode=mode, closeness=np.linspace(0.0, 1.0, 24).astype(np.float32)
    )


class TestDescribe:
    def test_each_mode_has_its_own_clips_the_nearest_first(self) -> None:
        modes = describe_modes(CLIPS, _rows(), {TABLETOP[0]: 2, TABLETOP[1]: 2}, num_exemplars=3)
        assert [(mode.task, mode.mode, mode.name) for mode in modes] == [
            (TABLETOP[0], 0, "random motion"), (TABLETOP[0], 1, "missed it"),
            (TABLETOP[1], 0, "random motion"), (TABLETOP[1], 1, "missed it"),
        ]  # fmt: skip
        assert [clip for clip, _ in modes[1].exemplars] == [17, 16, 15]
        assert modes[1].exemplars[0][1] == pytest.approx(11 / 23)
        assert modes[1].facts.sources == (("missed", 6),)

    def test_names_that_a_model_has_are_kept_and_wrong_numbers_of_them_are_not(self) -> None:
        given = {TABLETOP[0]: ("one", "two"), TABLETOP[1]: ("only one",)}
        modes = describe_modes(CLIPS, _rows(), {TABLETOP[0]: 2, TABLETOP[1]: 2}, names=given)
        assert [mode.name for mode in modes] == ["one", "two", "random motion", "missed it"]

    def test_a_mode_without_clips_is_there_and_empty(self) -> None:
        modes = describe_modes(CLIPS, _rows(), {TABLETOP[0]: 3})
        assert len(modes) == 3
        assert modes[2].name == "no clips"
        assert modes[2].exemplars == ()

    def test_what_was_done_instead_is_what_was_not_done_from_the_start(self) -> None:
        clips = make_clips()
        clips.success[6:12, -1, 1] = 1
        clips.success[6:12, :, 2] = 1  # true from the start: nobody did it
        mode = describe_modes(clips, _rows(), {TABLETOP[0]: 2})[0]
        assert mode.facts.instead == TABLETOP[1].split("/")[1]


class TestSourceInformation:
    def test_modes_that_are_the_sources_hold_all_of_it_and_others_none(self) -> None:
        assert source_information(CLIPS, _rows()) == pytest.approx(1.0)
        assert source_information(CLIPS, _rows(by_source=False)) == pytest.approx(0.0, abs=1e-6)

    def test_it_is_the_mean_over_tasks(self) -> None:
        rows = _rows()
        rows.mode[12:] = np.arange(12) % 2
        assert source_information(CLIPS, rows) == pytest.approx(0.5)

    def test_one_source_holds_none_to_speak_of(self) -> None:
        rows = _rows()
        only = rows.mode == 1
        missed = FailureRows(
            clips=rows.clips[only], label=rows.label[only], mode=rows.mode[only], closeness=rows.closeness[only]
        )
        assert source_information(CLIPS, missed) is None
