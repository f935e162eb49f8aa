"""An episode is laid out as it says, labelled by state alone, and drawn alike whatever its source."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from a2r_gym.errors import DataError, UnknownNameError
from a2r_train import rollouts
from a2r_train.collect_plan import task_table
from a2r_train.data.lerobot import EpisodeRecord
from a2r_train.rollouts import REPLAY_SHARE, Scene, Timeline, draw_timeline, kept_steps, scene_arguments
from tests.training import toy_family

LABELS = ("toy/reach", "toy/leave", "other/task")
FAILURES = ("random", "missed", "stopped_short")


@pytest.fixture(autouse=True)
def _toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rollouts.FAMILIES, "toy", toy_family.FAMILY)
    toy_family.handed_out.clear()


def _collect(
    source: str, seed: int, *, collection_seed: int = 0, task: str = "reach", scene: str = "a"
) -> EpisodeRecord:
    with Scene("toy", scene, width=8, height=6, camera=None, preset="fast") as made:
        return made.collect(
            task, source, seed, collection_seed=collection_seed, kept_frames=5, label_names=LABELS
        )  # fmt: skip


class TestKeptSteps:
    @given(st.integers(1, 300), st.integers(2, 32))
    def test_first_and_last_are_kept_and_the_rest_is_even(self, length: int, kept: int) -> None:
        steps = kept_steps(length, kept)
        assert (steps[0], steps[-1], len(steps)) == (0, length, kept)
        gaps = np.diff(steps)
        assert gaps.min() >= 0
        assert gaps.max() - gaps.min() <= 1 if length >= kept else gaps.max() <= 1


class TestSceneArguments:
    @pytest.mark.parametrize(
        ("family", "scene", "arguments"),
        [
            ("tabletop", "train", {"scene": "train"}),
            ("metaworld", "default", {}),
            ("c2r", "default", {}),
            ("c2r", "viewpoint=2,distractors=4", {"viewpoint": 2, "distractors": 4}),
        ],
    )
    def test_a_scenes_name_says_how_its_environments_are_built(
        self, family: str, scene: str, arguments: dict[str, Any]
    ) -> None:
        assert scene_arguments(rollouts.FAMILIES[family], scene) == arguments

    @pytest.mark.parametrize("scene", ["viewpoint", "viewpoint=two", "=2", ""])
    def test_another_form_is_refused(self, scene: str) -> None:
        with pytest.raises(DataError, match=r"expected a scene like .*viewpoint=2,distractors=4"):
            scene_arguments(rollouts.FAMILIES["c2r"], scene)

    def test_a_variant_is_collected_the_same_again(self) -> None:
        pytest.importorskip("pybullet", reason="pybullet is not installed")
        names = tuple(f"c2r/{task}" for task in task_table("c2r"))
        made = []
        for _ in range(2):
            with Scene("c2r", "viewpoint=1,distractors=2", width=32, height=32, camera=None, preset="fast") as scene:
                made.append(scene.collect("lift", "success", 7, collection_seed=0, kept_frames=4, label_names=names))
        np.testing.assert_array_equal(made[0].frames, made[1].frames)
        np.testing.assert_array_equal(made[0].states, made[1].states)
        own = names.index("c2r/lift")
        assert made[0].success[:, own].tolist()[::3] == [0, 1]
        assert (made[0].success[:, names.index("c2r/cover")] == -1).all()


class TestTimeline:
    def _draw(self, seed: int, first_success: int, **kind: bool) -> Timeline:
        return draw_timeline(
            np.random.default_rng(seed), length=50, rollout_length=60 if kind.get("undo") else 50,
            first_success=first_success, **{"undo": False, "replay": False, **kind},
        )  # fmt: skip

    def test_a_plain_one_is_the_rollout(self) -> None:
        timeline = self._draw(0, 20)
        assert timeline.steps.tolist() == list(range(51))
        assert not timeline.rewound

    @settings(max_examples=50)
    @given(st.integers(0, 10_000), st.integers(1, 61))
    def test_an_undone_one_passes_the_success_and_ends_near_the_start(self, seed: int, first: int) -> None:
        timeline = self._draw(seed, first, undo=True)
        peak = int(timeline.steps.max())
        assert len(timeline.steps) == 51
        assert timeline.steps[0] == 0
        assert peak >= min(first, 60) - 2  # played at twice the speed, the peak itself may be stepped over
        assert timeline.steps[-1] <= 0.2 * peak + 1
        turn = int(timeline.steps.argmax())
        assert (np.diff(timeline.steps[: turn + 1]) >= 0).all()
        assert (np.diff(timeline.steps[turn:]) <= 0).all()
        assert timeline.rewound

    @settings(max_examples=50)
    @given(st.integers(0, 10_000))
    def test_a_replayed_one_goes_back_and_ends_where_it_would_have(self, seed: int) -> None:
        timeline = self._draw(seed, 20, replay=True)
        assert len(timeline.steps) == 51
        assert (timeline.steps[0], timeline.steps[-1]) == (0, 50)
        assert (np.diff(timeline.steps) < 0).any()
        assert timeline.rewound


class TestScene:
    def test_the_arguments_fix_an_episode_to_the_pixel(self) -> None:
        one, two = _collect("success", 3), _collect("success", 3)
        for name, value in vars(one).items():
            np.testing.assert_array_equal(value, getattr(two, name))

    @pytest.mark.parametrize("change", [{"seed": 4}, {"collection_seed": 1}, {"scene": "b"}])
    def test_each_of_them_matters(self, change: dict[str, Any]) -> None:
        arguments: dict[str, Any] = {"seed": 3, "collection_seed": 0, "scene": "a", **change}
        assert not np.array_equal(_collect("success", 3).states, _collect("success", **arguments).states)

    def test_only_the_collection_seed_leaves_the_start_as_it_is(self) -> None:
        starts = [_collect("success", seed, collection_seed=seed_of).states[0] for seed, seed_of in ((3, 0), (3, 1))]
        np.testing.assert_array_equal(*starts)
        assert not np.array_equal(_collect("success", 4).states[0], starts[0])

    def test_pictures_and_labels_are_those_of_the_kept_states(self) -> None:
        for seed in range(8):
            episode = _collect("success", seed)
            positions, times = episode.states[episode.steps].T
            np.testing.assert_array_equal(episode.frames[:, 0, 0, 0], (100 + 50 * positions).astype(np.uint8))
            np.testing.assert_array_equal(episode.frames[:, 0, 0, 1], times)
            np.testing.assert_array_equal(episode.success[:, 0], positions >= toy_family.GOAL)
            np.testing.assert_array_equal(episode.success[:, 2], -1)  # not decided here
            assert np.isnan(episode.progress[:, 2]).all()

    def test_a_state_decides_and_not_the_plan(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(toy_family, "GOAL", 5.0)  # out of reach within the time
        assert _collect("success", 0).success[-1, 0] == 0
        monkeypatch.setattr(toy_family, "GOAL", -5.0)
        assert _collect("missed", 0).success[-1, 0] == 1

    def test_an_undone_success_is_a_failure_that_once_was_done(self) -> None:
        for seed in range(10):
            with Scene("toy", "a", width=8, height=6, camera=None, preset="fast") as scene:
                episode = scene.collect(
                    "reach", "undone", seed, collection_seed=0, kept_frames=30, label_names=LABELS
                )  # fmt: skip
            assert episode.rewound
            if episode.success[:, 0].any():
                assert episode.success[-1, 0] == 0

    def test_an_action_is_kept_only_where_time_went_on_by_one(self) -> None:
        plain = next(episode for seed in range(20) if not (episode := _collect("missed", seed)).rewound)
        assert np.isnan(plain.actions[-1]).all()
        np.testing.assert_allclose(plain.states[1:, 0], plain.states[:-1, 0] + 0.1 * plain.actions[:-1, 0], atol=1e-5)
        rewound = _collect("undone", 0)
        went_on = np.diff(rewound.states[:, 1]) == 1
        np.testing.assert_array_equal(~np.isnan(rewound.actions[:-1, 0]), went_on)

    def test_after_time_ran_back_other_tasks_are_ambiguous_and_the_own_is_not(self) -> None:
        episode = _collect("undone", 1)
        turned = np.maximum.accumulate(episode.states[:, 1]) > episode.states[:, 1]
        after = turned[episode.steps]
        assert after.any()
        assert episode.ambiguous[after, 1].all()  # "leave" is decided in this scene
        assert not episode.ambiguous[:, 0].any()
        assert not episode.ambiguous[:, 2].any()  # undecided stays plainly undecided

    def test_unknown_sources_are_named(self) -> None:
        with pytest.raises(UnknownNameError, match=r"unknown source 'succes'.*'success'"):
            _collect("succes", 0)

    def test_any_policys_episode_is_recorded_to_the_time_limit(self) -> None:
        with Scene("toy", "a", width=8, height=6, camera=None, preset="fast") as scene:
            episode = scene.follow(
                "reach", lambda obs: np.array([1.0]), "agent", 3, kept_frames=5, label_names=LABELS
            )  # fmt: skip
        assert (episode.source, episode.seed, episode.rewound) == ("agent", 3, False)
        assert episode.steps.tolist() == [0, 10, 20, 30, 40]
        assert (np.diff(episode.states[:, 0]) > 0.09).all()
        assert episode.success[-1, 0] == 1
        np.testing.assert_array_equal(episode.states[0], _collect("success", 3).states[0])

    def test_environments_are_closed_at_the_end(self) -> None:
        with Scene("toy", "a", width=8, height=6, camera=None, preset="fast") as scene:
            env = scene.env("reach")
            assert scene.env("reach") is env
        assert env.closed


class TestHygiene:
    """What a clip's label must not be told by is drawn before the source is looked at."""

    def test_length_does_not_depend_on_the_source(self) -> None:
        for seed in range(30):
            lengths = {source: int(_collect(source, seed).steps[-1]) for source in toy_family.SOURCES}
            assert len(set(lengths.values())) == 1, lengths

    def test_lengths_fill_the_familys_range(self) -> None:
        lengths = {int(_collect("missed", seed).steps[-1]) for seed in range(300)}
        assert lengths == set(range(toy_family.LIMIT // 2, toy_family.LIMIT + 1))

    def test_whether_time_runs_back_does_not_depend_on_the_source_and_has_its_share(self) -> None:
        back = [{_collect(source, seed).rewound for source in ("success", *FAILURES)} for seed in range(200)]
        assert all(len(found) == 1 for found in back)
        share = np.mean([found == {True} for found in back])
        assert share == pytest.approx(REPLAY_SHARE, abs=0.1)
        assert all(_collect("undone", seed).rewound for seed in range(20))

    def test_every_source_gets_the_same_generator_for_its_controller(self) -> None:
        for source in toy_family.SOURCES:
            _collect(source, 5)
        states = [state for _, state in toy_family.handed_out]
        assert len(states) == len(toy_family.SOURCES)
        assert all(state == states[0] for state in states)

    def test_the_table_tops_controllers_draw_manner_and_noise_before_the_source(self) -> None:
        from a2r_gym.envs.tabletop import experts

        self._assert_same_manner(experts, SimpleNamespace(task="drawer-close"))

    def test_meta_worlds_controllers_draw_manner_and_noise_before_the_source(self) -> None:
        pytest.importorskip("metaworld")
        from a2r_gym.envs import metaworld_experts

        for task in ("drawer-close", "pick-place", "handle-press"):  # each ends in its own way
            self._assert_same_manner(metaworld_experts, SimpleNamespace(task=task, max_episode_steps=200))

    def test_the_c2r_controllers_draw_manner_and_noise_before_the_source(self) -> None:
        from a2r_gym.envs.c2r import experts

        self._assert_same_manner(experts, SimpleNamespace(task="put-into"))

    def _assert_same_manner(self, experts: Any, env: SimpleNamespace) -> None:
        manners = set()
        for seed in range(5):
            made = [experts.make_controller(env, source, np.random.default_rng(seed)) for source in experts.SOURCES]
            assert len({controller._manner for controller in made}) == 1
            assert len({str(controller._rng.bit_generator.state) for controller in made}) == 1
            manners.add(made[0]._manner)
        assert len(manners) == 5
