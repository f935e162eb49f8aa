"""Names tell what the clips of a mode did, in few words, and no two modes of a task share one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from a2r_gym.envs.metaworld_experts import SOURCES
from a2r_train.failure_names import _PLANS, ModeFacts, mode_facts, name_modes


def _facts(**changes: object) -> ModeFacts:
    given: dict[str, object] = {"num_clips": 10, "sources": (("random", 10),), "progress": 0.0, "peak": 0.0}
    return ModeFacts(**{**given, "nowhere": 1.0, **changes})  # type: ignore[arg-type]


class TestFacts:
    def test_they_are_counts_means_and_shares(self) -> None:
        progress = np.array([[0.0, 0.9, 0.1], [0.0, 0.6, 0.6], [0.0, 0.01, 0.02], [0.0, 0.0, 0.0]], np.float32)
        did = {"leave": np.array([True, True, True, False]), "stay": np.array([True, False, False, False])}
        found = mode_facts(np.array(["undone", "missed", "random", "missed"]), progress, did)
        assert found.num_clips == 4
        assert found.sources == (("missed", 2), ("random", 1), ("undone", 1))
        assert found.progress == pytest.approx(0.18)
        assert found.peak == pytest.approx(0.38)
        assert found.nowhere == 0.5
        assert found.undone == 0.25
        assert found.instead == "leave"

    def test_half_of_the_clips_do_not_speak_for_a_mode(self) -> None:
        did = {"leave": np.array([True, False])}
        assert mode_facts(np.array(["random"] * 2), np.zeros((2, 3), np.float32), did).instead == ""

    def test_unknown_progress_is_unknown_and_never_zero(self) -> None:
        found = mode_facts(np.array(["human"]), np.full((1, 3), np.nan, np.float32))
        assert math.isnan(found.progress)
        assert name_modes([found, found]) == ("human (1)", "human (2)")

    def test_no_clips_are_said_to_be_none(self) -> None:
        assert name_modes([mode_facts(np.array([], np.str_), np.zeros((0, 3), np.float32))]) == ("no clips",)


class TestNames:
    def test_every_source_of_our_controllers_has_its_words(self) -> None:
        assert set(SOURCES) == set(_PLANS)

    @pytest.mark.parametrize(
        ("facts", "name"),
        [
            (_facts(), "random motion"),
            (_facts(sources=(("missed", 6), ("random", 4))), "missed it"),
            (_facts(sources=(("undone", 9), ("random", 1)), undone=0.9, nowhere=0.1), "undone at the end"),
            (
                _facts(sources=(("stopped_short", 10),), progress=0.58, peak=0.6, nowhere=0.0),
                "stopped short, about 60 % done",
            ),
            (_facts(sources=(("stopped_short", 10),)), "stopped short, got nowhere"),
            (_facts(sources=(("missed", 5), ("random", 4), ("undone", 1))), "missed it or random motion"),
            (_facts(sources=(("agent-7", 10),)), "agent 7"),
            (_facts(sources=tuple((f"robot_{number}", 1) for number in range(10))), "of several kinds"),
        ],
    )
    def test_one_mode_is_named_in_few_words(self, facts: ModeFacts, name: str) -> None:
        assert name_modes([facts]) == (name,)

    def test_the_states_tell_modes_of_one_plan_apart_and_others_keep_their_short_names(self) -> None:
        far = _facts(progress=0.4, peak=0.5, nowhere=0.0)
        back = _facts(progress=0.1, peak=0.9, nowhere=0.0, undone=1.0)
        missed = _facts(sources=(("missed", 10),))
        assert name_modes([_facts(), far, missed, back]) == (
            "random motion, got nowhere", "random motion, about 40 % done", "missed it",
            "random motion, undone at the end",
        )  # fmt: skip

    def test_then_the_mix_and_what_was_done_instead(self) -> None:
        mixed = _facts(sources=(("random", 7), ("missed", 3)))
        other = _facts(instead="drawer-open")
        assert name_modes([_facts(), mixed, other]) == (
            "random motion, got nowhere",
            "random motion or missed it, got nowhere",
            "random motion, got nowhere, did drawer-open instead",
        )

    def test_at_last_a_number(self) -> None:
        assert name_modes([_facts(), _facts()]) == ("random motion, got nowhere (1)", "random motion, got nowhere (2)")

    @given(
        st.lists(
            st.builds(
                _facts,
                sources=st.sampled_from([(("random", 10),), (("missed", 5), ("random", 5)), (("undone", 10),)]),
                progress=st.sampled_from([0.0, 0.4, math.nan]),
                nowhere=st.sampled_from([0.0, 1.0]),
                undone=st.sampled_from([0.0, 1.0]),
                instead=st.sampled_from(["", "leave"]),
            ),
            max_size=6,
        )
    )
    def test_names_of_a_task_always_differ_and_are_the_same_twice(self, modes: list[ModeFacts]) -> None:
        names = name_modes(modes)
        assert len(set(names)) == len(modes) == len(names)
        assert all(names)
        assert names == name_modes(modes)
