"""Learning dynamics in miniature: a known world is learned, a killed run goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from a2r_gym.errors import DataError
from a2r_gym.planners.dynamics.latent import LatentConfig
from a2r_train import dynamics
from a2r_train.dynamics import DynamicsArgs, Rollouts, fit_latent, roll_out_all

CONFIG = LatentConfig(grid=2, place_features=2, action_size=1, stride=2, width=16, blocks=1)


def world(count: int = 40, kept: int = 7) -> Rollouts:
    """One feature of every place grows by the sum of a stride's actions; the others stand still."""
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, size=(count, (kept - 1) * 2, 1)).astype(np.float32)
    travelled = np.concatenate([np.zeros((count, 1)), actions[..., 0].reshape(count, -1, 2).sum(-1).cumsum(1)], axis=1)
    features = np.zeros((count, kept, 4, 2), dtype=np.float16)
    features[..., 0] = travelled[..., None]
    return Rollouts(features.reshape(count, kept, 8), actions)


class TestFit:
    def test_learns_what_actions_do(self) -> None:
        args = DynamicsArgs(steps=300, batch=32, unroll=3, threads=1, learning_rate=3e-3)
        _, errors = fit_latent(world(), CONFIG, args)
        assert len(errors) == 3
        assert max(errors) < 0.2

    def test_the_same_seed_learns_the_same(self) -> None:
        args = DynamicsArgs(steps=5, batch=8, unroll=2, threads=1)
        assert fit_latent(world(), CONFIG, args)[1] == fit_latent(world(), CONFIG, args)[1]

    def test_rollouts_that_are_too_short_are_refused(self) -> None:
        with pytest.raises(DataError, match="more than 4 strides"):
            fit_latent(world(kept=4), CONFIG, DynamicsArgs(threads=1))

    def test_numbers_out_of_range_are_refused(self) -> None:
        with pytest.raises(DataError, match="stride"):
            DynamicsArgs(stride=0)


class TestRollouts:
    def test_a_run_goes_on_with_the_parts_that_are_there(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("metaworld")
        monkeypatch.setattr(dynamics, "_PART", 2)
        args = DynamicsArgs(rollouts=2, workers=1, tasks=("drawer-close",), out=tmp_path)
        part = tmp_path / f"rollouts-{dynamics._law(args)}/part-000.npz"
        dynamics._make_part(args, 0, part)
        stamp = part.stat().st_mtime_ns
        rollouts = roll_out_all(args)
        assert rollouts.features.shape[:2] == (2, 13)  # 60 steps in strides of 5
        assert rollouts.actions.shape == (2, 60, 5)
        assert np.abs(rollouts.actions).max() <= 1.0
        assert (rollouts.features[:, 0] != rollouts.features[:, -1]).any()
        assert part.stat().st_mtime_ns == stamp
        assert dynamics._law(replace(args, seed=1)) != dynamics._law(args)  # other rollouts are not taken for these

    def test_a_controller_is_followed_and_then_drawn_actions_are_held(self) -> None:
        pytest.importorskip("metaworld")
        env = dynamics.Scene("tabletop", "train", width=16, height=16, camera=None, preset="fast").env("mug-away")
        policy = dynamics._ThenDrawn(lambda obs: obs, 3, env, np.random.default_rng(0))
        seen = np.full(5, 0.25)
        done = np.stack([policy(seen) for _ in range(23)])
        assert (done[:3] == seen).all()
        drawn = done[3:]
        assert (drawn[:10] == drawn[0]).all()
        assert (drawn[10:] == drawn[10]).all()
        assert (drawn[0] != drawn[10]).any()
        env.close()
