"""A collection is what it says: no episode twice, and nothing that cannot be collected."""

from __future__ import annotations

from dataclasses import replace

import pytest

from a2r_gym.errors import DataError, UnknownNameError
from a2r_train.collect_plan import CollectConfig, EpisodeRequest
from a2r_train.collect_presets import product_config

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
