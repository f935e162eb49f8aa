"""How far a Meta-World task has come, and what is too close to call."""

from __future__ import annotations

import numpy as np
import pytest

from a2r_gym.envs.metaworld import MetaWorldEnv
from a2r_gym.envs.metaworld_experts import expert
from a2r_gym.envs.metaworld_labels import Progress, extend, labels, threshold
from a2r_gym.envs.metaworld_tasks import TASKS

CLOSE = TASKS["drawer-close"]
LIMIT = threshold("drawer-close")


def went(start: float, *gaps: float) -> Progress:
    progress = Progress(start, start, start, start)
    for now in gaps:
        progress = extend(progress, now)
    return progress


def test_extremes_are_kept() -> None:
    assert went(0.2, 0.1, 0.3, 0.15) == Progress(0.2, 0.15, 0.1, 0.3)


@pytest.mark.parametrize(
    ("now", "ambiguous"), [(0.2, False), (LIMIT + 0.03, False), (LIMIT + 0.02, True), (LIMIT, True)]
)
def test_a_failure_just_short_of_the_threshold_is_flagged(now: float, ambiguous: bool) -> None:
    label = labels(CLOSE, False, went(0.2, now))["drawer-close"]
    assert (label.success, label.ambiguous) == (False, ambiguous)


def test_a_success_is_not_flagged_and_its_progress_is_one() -> None:
    assert labels(CLOSE, True, went(0.2, LIMIT - 1e-3))["drawer-close"] == (True, False, 1.0)


def test_progress_rises_and_only_success_completes_it() -> None:
    progress = [labels(CLOSE, False, went(0.2, now))["drawer-close"].progress for now in (0.25, 0.2, 0.15, 0.1, 0.0)]
    assert progress[:2] == [0.0, 0.0]
    assert progress == sorted(progress)
    assert progress[-1] == 0.99


def test_the_opposite_never_succeeds_and_is_flagged_where_things_moved_back() -> None:
    assert labels(CLOSE, False, went(0.2, 0.15))["drawer-open"] == (False, False, 0.0)
    assert labels(CLOSE, False, went(0.2, 0.1, 0.2))["drawer-open"] == (False, True, 0.0)
    assert labels(CLOSE, False, went(0.2, 0.27))["drawer-open"] == (False, True, 0.0)
    assert list(labels(TASKS["sweep"], False, went(0.2))) == ["sweep"]


@pytest.mark.parametrize("task", ["lever-pull", "hammer", "disassemble", "stick-push"])
def test_the_gap_shrinks_as_the_expert_gets_it_done(task: str) -> None:
    env, policy = MetaWorldEnv(task=task, render_mode=None), expert(task)
    obs, _ = env.reset(seed=1)
    assert env.labels()[task].progress == 0.0
    assert env._progress.start > threshold(task)
    for _ in range(env.max_episode_steps):
        obs, *_, info = env.step(policy(obs))
        if info["is_success"]:
            break
    assert env.labels()[task] == (True, False, 1.0)
    assert env._progress.now < 0.6 * env._progress.start
    assert np.isfinite(env._progress).all()
