"""Learning dynamics in miniature: a known world is learned, a killed run goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from a2r_gym.errors import DataError
from a2r_gym.planners.dynamics.latent import LatentConfig
from a2r_train import dynamics
from a2r_train.dynamics import DynamicsArgs, Reading, Rollouts, fit_latent, roll_out_all

CONFIG = LatentConfig(grid=2, place_features=2, action_size=1, stride=2, width=16, blocks=1)


READING = Reading(lambda seen_BTF: torch.nn.functional.normalize(seen_BTF[:, -1] + 0.1, dim=-1), num_frames=4)


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
        _, errors = fit_latent(world(), CONFIG, args, READING)
        assert len(errors) == 3
        assert max(errors) < 0.2

    def test_the_same_seed_learns_the_same(self) -> None:
        args = DynamicsArgs(steps=5, batch=8, unroll=2, threads=1)
        assert fit_latent(world(), CONFIG, args, READING)[1] == fit_latent(world(), CONFIG, args, READING)[1]

    def test_what_the_reward_model_does_not_read_counts_less(self) -> None:
        """Both features grow; of one nothing is read, so that the other is learned the better."""
        rollouts = world()
        rollouts.features.reshape(*rollouts.features.shape[:2], 4, 2)[..., 1] = -rollouts.features[..., ::2]
        args = DynamicsArgs(steps=60, batch=32, unroll=3, threads=1, learning_rate=3e-3)
        first = Reading(lambda seen: torch.nn.functional.normalize(seen[:, -1, ::2] + 0.1, dim=-1), num_frames=4)
        second = Reading(lambda seen: torch.nn.functional.normalize(seen[:, -1, 1::2] + 0.1, dim=-1), num_frames=4)
        apart = []
        for reading in (first, second):
            network, _ = fit_latent(rollouts, CONFIG, args, reading)
            grids, actions = dynamics._window(rollouts, np.arange(40), np.full(40, 1), CONFIG, 3)
            with torch.no_grad():
                missed = (network.unroll(grids[:, 1], grids[:, 0], actions) - grids[:, 2:]).square().mean((0, 1, 3, 4))
            apart.append(float(missed[0] / missed[1]))
        assert apart[0] < apart[1]

    def test_rollouts_that_are_too_short_are_refused(self) -> None:
        with pytest.raises(DataError, match="more than 4 strides"):
            fit_latent(world(kept=4), CONFIG, DynamicsArgs(threads=1), READING)

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
