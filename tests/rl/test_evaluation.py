from __future__ import annotations

import numpy as np
import pytest

from a2r_gym import expert
from a2r_gym.rl.evaluation import evaluate_policy, random_policy, success_rate

ENV = "A2R-MetaWorld-drawer-close-v1"


def test_expert_succeeds_where_standing_still_does_not() -> None:
    assert evaluate_policy(ENV, expert(ENV), episodes=3).all()
    assert not evaluate_policy(ENV, lambda obs: np.zeros(4, np.float32), episodes=3).any()


def test_nothing_is_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    import a2r_gym.envs.metaworld as family

    monkeypatch.setattr(family.MetaWorldEnv, "render", lambda self: pytest.fail("rendered"))
    evaluate_policy(ENV, random_policy(ENV), episodes=1)


def test_random_policy_is_fixed_by_its_seed() -> None:
    obs = np.zeros(39)
    first, second, other = (random_policy(ENV, seed)(obs) for seed in (3, 3, 4))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_rate_has_a_wilson_interval() -> None:
    rate = success_rate(np.array([True] * 18 + [False] * 2))
    assert rate.value == pytest.approx(0.9)
    assert rate.low == pytest.approx(0.6990, abs=1e-3)
    assert rate.high == pytest.approx(0.9721, abs=1e-3)
