"""`sb3.VecVideoTextReward` in one process and over workers."""

from __future__ import annotations

import os
import signal
from functools import partial
from typing import Any

import numpy as np
import pytest

pytest.importorskip("stable_baselines3", reason="needs the sb3 extra")

from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecMonitor, VecNormalize

from a2r_gym.errors import NonFiniteRewardError, RenderModeError, WorkerError, WrappingError
from a2r_gym.testing import FrameReadingModel, StepCounterEnv
from a2r_gym.wrappers import FrameCapture, VideoTextReward
from a2r_gym.wrappers.sb3 import VecVideoTextReward, make_workers
from tests.wrappers.test_vector_reward import ACTIONS, LENGTHS, assert_same, captured, counter_fns


def rewarded(env_fn: Any, **kwargs: Any) -> VideoTextReward[Any, Any]:
    return VideoTextReward(env_fn(), reward_model=FrameReadingModel(), **kwargs)


def play(venv: Any, steps: int = 12) -> list[Any]:
    """Reset and step; the reset infos belong to the record."""
    venv.seed(0)
    records: list[Any] = [(venv.reset(), list(venv.reset_infos))]
    for _ in range(steps):
        observations, rewards, dones, infos = venv.step(ACTIONS)
        records.append((observations, rewards, dones, list(infos), list(venv.reset_infos)))
    return records


@pytest.mark.parametrize(
    "kwargs",
    [{}, {"reward_every": 2}, {"reward_mode": "progress", "progress_base": "env"}],
    ids=["plain", "every-2", "progress"],
)
@pytest.mark.parametrize("end", ["terminated", "truncated"])
def test_equals_environments_wrapped_one_by_one(kwargs: dict[str, Any], end: str, model: FrameReadingModel) -> None:
    together = VecVideoTextReward(DummyVecEnv(counter_fns(end=end)), reward_model=model, **kwargs)
    apart = DummyVecEnv([partial(rewarded, env_fn, **kwargs) for env_fn in counter_fns(end=end)])
    assert_same([_plain(record) for record in play(together)], [_plain(record) for record in play(apart)])


def _plain(value: Any) -> Any:
    """Sort dicts by key: the same content may be put in in another order."""
    if isinstance(value, dict):
        return {key: _plain(value[key]) for key in sorted(value)}
    return type(value)(map(_plain, value)) if isinstance(value, list | tuple) else value


def test_done_step_scores_the_old_episode_and_the_next_begins_with_its_first_frame() -> None:
    model = FrameReadingModel()
    play(VecVideoTextReward(DummyVecEnv(counter_fns()), reward_model=model))
    (stream,) = model.streams
    for number, length in enumerate(LENGTHS):
        seen = [(first, code.episode, code.step) for row, first, code in stream.log if row == number]
        assert all(code.env == row for row, _, code in stream.log)
        # A seeded reset begins with episode 0 and each later one counts on.
        assert seen == [(step == 0, episode, step) for episode in range(13) for step in range(length + 1)][: len(seen)]
    assert stream.calls == 13


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
def test_workers_give_what_one_process_gives(start_method: str) -> None:
    venv = VecVideoTextReward(make_workers(counter_fns(), start_method=start_method), reward_model=FrameReadingModel())
    try:
        rows = play(venv, steps=6)
    finally:
        venv.close()
    expected = play(VecVideoTextReward(DummyVecEnv(counter_fns()), reward_model=FrameReadingModel()), steps=6)
    for row, other in zip(rows, expected, strict=True):
        assert_same(_plain(row[0]), _plain(other[0]))
        assert_same(_plain(list(row[-1])), _plain(list(other[-1])))
    np.testing.assert_array_equal([row[1] for row in rows[1:]], [row[1] for row in expected[1:]])


def test_exception_in_a_workers_step_arrives_with_its_traceback() -> None:
    fns = [StepCounterEnv, partial(StepCounterEnv, fail_at=2)]
    venv = VecVideoTextReward(make_workers(fns), reward_model=FrameReadingModel())
    venv.reset()
    venv.step(ACTIONS[:2])
    with pytest.raises(WorkerError, match="environment 1 failed") as caught:
        venv.step(ACTIONS[:2])
    assert "step_counter_env.py" in str(caught.value)
    assert "RuntimeError: this environment was told to fail at step 2" in str(caught.value)
    venv.close()


def test_exception_in_a_workers_own_reset_arrives_with_its_traceback() -> None:
    fns = [partial(StepCounterEnv, episode_length=1, fail_at=0)]
    venv = VecVideoTextReward(make_workers(fns), reward_model=FrameReadingModel())
    venv.reset()
    with pytest.raises(WorkerError, match="told to fail at a reset"):
        venv.step(ACTIONS[:1])
    venv.close()


def _broken() -> StepCounterEnv:
    raise OSError("no display here")


def test_exception_while_an_environment_is_built_arrives_with_its_traceback() -> None:
    with pytest.raises(WorkerError, match="environment 1 could not be built") as caught:
        VecVideoTextReward(make_workers([StepCounterEnv, _broken]), reward_model=FrameReadingModel())
    assert "OSError: no display here" in str(caught.value)


def test_killed_worker_is_named_with_its_exit_code_and_close_works() -> None:
    workers = make_workers([StepCounterEnv, StepCounterEnv])
    venv = VecVideoTextReward(workers, reward_model=FrameReadingModel())
    venv.reset()
    os.kill(workers.processes[1].pid, signal.SIGKILL)
    with pytest.raises(WorkerError, match="environment 1 died with exit code -9"):
        venv.step(ACTIONS[:2])
    venv.close()
    assert not any(process.is_alive() for process in workers.processes)


def test_forked_workers_are_refused() -> None:
    workers = SubprocVecEnv([partial(captured, StepCounterEnv)], start_method="fork")
    try:
        with pytest.raises(WrappingError, match="forkserver"):
            VecVideoTextReward(workers, reward_model=FrameReadingModel())
    finally:
        workers.close()
    with pytest.raises(WrappingError, match="forkserver"):
        make_workers([StepCounterEnv], start_method="fork")


def test_workers_without_capture_are_refused_with_the_line_that_helps() -> None:
    workers = SubprocVecEnv([StepCounterEnv])
    try:
        with pytest.raises(WrappingError, match="make_workers"):
            VecVideoTextReward(workers, reward_model=FrameReadingModel())
    finally:
        workers.close()


def test_environments_without_pictures_or_with_a_learned_reward_are_refused() -> None:
    with pytest.raises(RenderModeError):
        VecVideoTextReward(DummyVecEnv([partial(StepCounterEnv, render_mode=None)]), reward_model=FrameReadingModel())
    with pytest.raises(WrappingError, match="reward_model='none'"):
        VecVideoTextReward(DummyVecEnv([partial(rewarded, StepCounterEnv)]), reward_model=FrameReadingModel())


def test_capture_that_is_there_already_is_kept() -> None:
    base = DummyVecEnv([partial(captured, StepCounterEnv)])
    inner = base.envs[0]
    VecVideoTextReward(base, reward_model=FrameReadingModel())
    assert base.envs[0] is inner
    assert isinstance(inner, FrameCapture)


def test_nan_raises_instead_of_reaching_the_agent() -> None:
    venv = VecVideoTextReward(DummyVecEnv([StepCounterEnv]), reward_model=FrameReadingModel(nan_at=1))
    venv.reset()
    with pytest.raises(NonFiniteRewardError, match="step 1 of environment 0"):
        venv.step(ACTIONS[:1])


def test_monitor_above_logs_the_learned_return() -> None:
    venv = VecNormalize(VecMonitor(VecVideoTextReward(DummyVecEnv(counter_fns()), reward_model=FrameReadingModel())))
    venv.seed(0)
    venv.reset()
    venv.step(ACTIONS)
    infos = venv.step(ACTIONS)[3]
    assert infos[0]["episode"]["r"] == pytest.approx((2001 + 3002) / 65536, abs=1e-6)
    assert infos[0]["original_env_rew"] == 2.0


def test_stable_baselines_checker_passes_on_a_single_wrapped_environment() -> None:
    check_env(VideoTextReward(StepCounterEnv(), "count", FrameReadingModel()))
