"""A collection is what it says: no episode twice, none of another preset's, every one in exactly one shard."""

from __future__ import annotations

from dataclasses import replace

import pytest

from a2r_gym.errors import DataError, UnknownNameError
from a2r_train.collect_plan import (
    NEAR,
    PRESETS,
    PRODUCT_SEEDS,
    SHARD_EPISODES,
    TEST_SEEDS,
    VALIDATION_SEEDS,
    CollectConfig,
    EpisodeRequest,
    product_config,
    task_table,
    test_config,
    validation_config,
)

pytest.importorskip("metaworld")


def _request(first_seed: int = 0, **changes: object) -> EpisodeRequest:
    fields = {
        "family": "tabletop", "task": "mug-left", "scene": "train", "sources": (("success", 3), ("missed", 2)),
        "first_seed": first_seed, **changes,
    }  # fmt: skip
    return EpisodeRequest(**fields)  # type: ignore[arg-type]


class TestRequest:
    def test_sources_take_turns_and_seeds_run_on(self) -> None:
        assert list(_request(7).episodes()) == [
            ("success", 7), ("missed", 8), ("success", 9), ("missed", 10), ("success", 11),
        ]  # fmt: skip


class TestConfig:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"requests": ()}, "at least one episode"),
            ({"requests": (_request(sources=()),)}, "at least one episode"),
            ({"width": 31}, "must be even and positive, got 31x"),
            ({"height": 0}, "must be even and positive"),
            ({"kept_frames": 1}, "at least 2, got 1"),
            ({"requests": (_request(0), _request(4))}, "share seeds"),
        ],
    )
    def test_what_cannot_be_collected_is_refused(self, changes: dict[str, object], message: str) -> None:
        with pytest.raises(DataError, match=message):
            CollectConfig(**{"requests": (_request(),), **changes})  # type: ignore[arg-type]

    def test_unknown_names_are_answered_with_near_ones(self) -> None:
        with pytest.raises(UnknownNameError, match="'mug-left'"):
            CollectConfig(requests=(_request(task="mug-lft"),))
        with pytest.raises(UnknownNameError, match="'tabletop'"):
            CollectConfig(requests=(_request(family="table-top"),))
        with pytest.raises(UnknownNameError, match="'mug-left'"):
            CollectConfig(requests=(_request(),)).only(tasks=("mug-lef",))

    def test_seeds_may_meet_in_other_scenes_and_behind_each_other(self) -> None:
        requests = (_request(0), _request(5), _request(0, scene="1000"), _request(0, task="mug-right"))
        assert CollectConfig(requests=requests).num_episodes == 4 * _request(0).num_episodes

    @pytest.mark.parametrize("name", ["width", "height", "kept_frames", "camera", "render_preset", "seed", "requests"])
    def test_the_fingerprint_holds_everything(self, name: str) -> None:
        config = CollectConfig(requests=(_request(),))
        other = {"camera": "corner", "render_preset": "paper", "requests": (_request(1),)}.get(name, 64)
        assert config.fingerprint() == CollectConfig(requests=(_request(),)).fingerprint()
        assert replace(config, **{name: other}).fingerprint() != config.fingerprint()

    def test_only_keeps_families_and_tasks(self) -> None:
        config = product_config(0.02)
        some = config.only(("tabletop",), ("mug-left", "drawer-close"))
        assert {(request.family, request.task) for request in some.requests} == {
            ("tabletop", "mug-left"), ("tabletop", "drawer-close"),
        }  # fmt: skip
        assert config.only() == config


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("scale", [0.05, 1.0])
class TestPresets:
    def test_shards_hold_every_episode_once_in_order(self, name: str, scale: float) -> None:
        config = PRESETS[name](scale)
        shards = config.shards()
        assert [shard.number for shard in shards] == list(range(len(shards)))
        first = 0
        for shard in shards:
            assert shard.first_episode == first
            first += shard.num_episodes
        assert first == config.num_episodes
        made = [request for shard in shards for request in shard.requests]
        assert sorted(map(repr, made)) == sorted(map(repr, config.requests))

    def test_a_shard_is_one_scene_and_no_endless_one(self, name: str, scale: float) -> None:
        for shard in PRESETS[name](scale).shards():
            assert len({(request.family, request.scene) for request in shard.requests}) == 1
            before_last = sum(request.num_episodes for request in shard.requests[:-1])
            assert before_last < SHARD_EPISODES

    def test_every_task_of_both_families_has_every_source(self, name: str, scale: float) -> None:
        found: dict[tuple[str, str], set[str]] = {}
        for request in PRESETS[name](scale).requests:
            found.setdefault((request.family, request.task), set()).update(source for source, _ in request.sources)
        tasks = {(family, task) for family in ("metaworld", "tabletop") for task in task_table(family)}
        assert set(found) == tasks
        assert all(sources == {"success", "random", *NEAR} for sources in found.values())


class TestHygiene:
    def _seeds(self, config: CollectConfig) -> set[int]:
        return {seed for request in config.requests for _, seed in request.episodes()}

    @pytest.mark.parametrize(
        ("config", "allowed"),
        [(product_config(), PRODUCT_SEEDS), (validation_config(), VALIDATION_SEEDS), (test_config(), TEST_SEEDS)],
        ids=["product", "validation", "test"],
    )
    def test_seeds_stay_in_their_own_range(self, config: CollectConfig, allowed: range) -> None:
        assert self._seeds(config) <= set(allowed)

    def test_the_three_ranges_are_apart(self) -> None:
        assert not set(PRODUCT_SEEDS) & set(VALIDATION_SEEDS)
        assert not set(TEST_SEEDS) & (set(PRODUCT_SEEDS) | set(VALIDATION_SEEDS))

    def test_generated_scenes_are_those_of_their_use_and_shifted_ones_are_left_to_tests(self) -> None:
        scenes = {name: {request.scene for request in PRESETS[name]().requests} for name in PRESETS}
        assert {int(scene) for scene in scenes["product"] - {"default", "train"}} == set(range(2000, 2200))
        assert {int(scene) for scene in scenes["validation"] - {"default", "train"}} <= set(range(1000, 1100))
        assert scenes["test"] == {"default", "train"}

    def test_in_generated_scenes_half_are_meant_to_succeed(self) -> None:
        counts: dict[str, int] = {}
        for request in product_config().requests:
            if request.scene.isdigit():
                for source, count in request.sources:
                    counts[source] = counts.get(source, 0) + count
        total = sum(counts.values())
        assert counts["success"] / total == pytest.approx(0.5, abs=0.01)
        assert counts["random"] / total == pytest.approx(0.25, abs=0.01)
        assert [counts[source] for source in NEAR] == pytest.approx([total / 12] * 3, rel=0.05)

    def test_the_test_set_holds_what_the_reported_numbers_need(self) -> None:
        for request in test_config().requests:
            counts = dict(request.sources)
            need = (20, 10, 10) if request.family == "metaworld" else (80, 40, 40)
            assert counts["success"] >= need[0]
            assert counts["random"] >= need[1]
            assert sum(counts[source] for source in NEAR) >= need[2]

    @pytest.mark.parametrize("scale", [0.0, -1.0, 11.0, float("nan")])
    def test_scales_out_of_range_are_refused(self, scale: float) -> None:
        with pytest.raises(DataError, match="scale must be above 0"):
            product_config(scale)
