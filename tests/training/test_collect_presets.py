"""The ready-made collections: every episode in exactly one shard, and none that another one holds."""

from __future__ import annotations

import pytest

from a2r_gym.envs.tabletop.scene import SCENES
from a2r_gym.errors import DataError
from a2r_train.collect_plan import SHARD_EPISODES, CollectConfig, task_table
from a2r_train.collect_presets import (
    C2R_SEEDS,
    C2R_TASKS,
    NEAR,
    PAPER_SEEDS,
    PAPER_TASKS,
    PRESETS,
    PRODUCT_SEEDS,
    TEST_SEEDS,
    VALIDATION_SEEDS,
    c2r_config,
    c2r_test_config,
    c2r_validation_config,
    new_scenes_config,
    paper_config,
    paper_test_config,
    product_config,
    test_config,
    validation_config,
    validation_scenes_config,
)

pytest.importorskip("metaworld")

TABLETOP_ONLY = ("new-scenes", "paper", "paper-test", "validation-scenes")


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

    def test_every_task_of_its_families_has_every_source(self, name: str, scale: float) -> None:
        found: dict[tuple[str, str], set[str]] = {}
        for request in PRESETS[name](scale).requests:
            found.setdefault((request.family, request.task), set()).update(source for source, _ in request.sources)
        families = ("tabletop",) if name in TABLETOP_ONLY else ("metaworld", "tabletop")
        families = ("c2r",) if name.startswith("c2r") else families
        tasks = {(family, task) for family in families for task in task_table(family)}
        if name == "paper":
            tasks = {("tabletop", task) for task in PAPER_TASKS}
        if name in ("c2r", "c2r-validation"):
            tasks = {("c2r", task) for task in C2R_TASKS}
        assert set(found) == tasks
        if "scenes" not in name or scale == 1.0:  # a few scenes hold a few sources each
            assert all(sources == {"success", "random", *NEAR} for sources in found.values())


class TestHygiene:
    def _seeds(self, config: CollectConfig) -> set[int]:
        return {seed for request in config.requests for _, seed in request.episodes()}

    @pytest.mark.parametrize(
        ("config", "allowed"),
        [
            (product_config(), PRODUCT_SEEDS),
            (paper_config(), PAPER_SEEDS),
            (validation_config(), VALIDATION_SEEDS),
            (validation_scenes_config(), VALIDATION_SEEDS),
            (test_config(), TEST_SEEDS),
            (new_scenes_config(), TEST_SEEDS),
            (paper_test_config(), TEST_SEEDS),
            (c2r_config(), C2R_SEEDS),
            (c2r_validation_config(), VALIDATION_SEEDS),
            (c2r_test_config(), TEST_SEEDS),
        ],
        ids=[
            "product",
            "paper",
            "validation",
            "validation-scenes",
            "test",
            "new-scenes",
            "paper-test",
            "c2r",
            "c2r-validation",
            "c2r-test",
        ],
    )
    def test_seeds_stay_in_their_own_range(self, config: CollectConfig, allowed: range) -> None:
        assert self._seeds(config) <= set(allowed)

    def test_the_ranges_are_apart(self) -> None:
        ranges = [set(seeds) for seeds in (PRODUCT_SEEDS, PAPER_SEEDS, C2R_SEEDS, VALIDATION_SEEDS, TEST_SEEDS)]
        assert len(set.union(*ranges)) == sum(map(len, ranges))

    def test_generated_scenes_are_those_of_their_use_and_shifted_ones_are_left_to_tests(self) -> None:
        scenes = {name: {request.scene for request in PRESETS[name]().requests} for name in PRESETS}
        assert {int(scene) for scene in scenes["product"] - {"default", "train"}} == set(range(2000, 2300))
        assert {int(scene) for scene in scenes["validation"] - {"default", "train"}} <= set(range(1000, 1100))
        assert scenes["test"] == {"default", "train"}
        assert scenes["paper"] == {"train"}
        assert {int(scene) for scene in scenes["validation-scenes"]} <= set(range(1000, 1100))
        assert scenes["paper-test"] == set(SCENES)
        assert min(map(int, scenes["new-scenes"])) >= 9000

    def test_c2r_trains_on_560_episodes_a_task_in_the_default_view_and_tests_every_variant(self) -> None:
        assert {request.scene for request in c2r_config().requests} == {"default"}
        assert [request.num_episodes for request in c2r_config().requests] == pytest.approx([560] * 6, abs=2)
        variants = {request.scene for request in c2r_test_config().requests}
        assert variants == {f"viewpoint={view},distractors={others}" for view in range(4) for others in (0, 2, 4)}

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
