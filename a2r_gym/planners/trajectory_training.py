"""The training loop of `a2r ddpg-cem`: progress bar, evaluations, saved states."""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor
from tqdm import tqdm

from a2r_gym.errors import CheckpointError
from a2r_gym.planners.ddpg_cem import DDPGCEM, build_learner
from a2r_gym.planners.scene_extractor import Whitening, fit_whitening
from a2r_gym.planners.trajectory_episodes import Observation, TrajectoryEpisodes
from a2r_gym.planners.trajectory_run import (
    MakeEnv,
    RunConfig,
    differences,
    draw_for,
    evaluate,
    load_learner,
    load_run,
    make_env,
    make_episodes,
    make_tests,
    save_run,
)
from a2r_gym.protocols import RewardModel
from a2r_gym.rl.learning_curve import CurvePoint, read_curve, write_curve

__all__ = ["as_policy", "check_folder", "train"]

TENSORBOARD: Final = "tensorboard"
_RECENT: Final = 50
"""Episodes over which the bar averages."""
_TRAINING_STARTS: Final = 1
"""Set of starts of the evaluations while training; the last one has set 0, which decided nothing."""
_SCENES: Final = 48
_FIRST_SCENE: Final = 900_000
"""Starts that the whitening is fitted on, and the first one's place among a run's seeds; no episode reaches there."""


def as_policy(learner: DDPGCEM) -> Any:
    """Return what a learner does with an observation, for `evaluate`."""

    def act(obs: Observation) -> Any:
        return learner.predict(obs)[0]

    return act


def train(
    config: RunConfig,
    out: Path,
    model: RewardModel,
    *,
    resume: bool = False,
    save_every: int = 10,
    eval_every: int = 250,
    eval_episodes: int = 20,
    make: MakeEnv = make_env,
) -> DDPGCEM:
    """Train a learner, or go on with the run in ``out``.

    A state is saved before the first episode and after every ``save_every``. What a kill or Ctrl-C leaves goes on from
    the last one, to the same result as without it.

    Args:
        config: Of the run.
        out: Its folder: states, ``curve.csv``, TensorBoard files.
        model: ``config.reward_model``, loaded.
        resume: Go on with the run that is there; only its number of episodes may differ, and not fall.
        save_every: Episodes between two saved states, >= 1.
        eval_every: Episodes between two evaluations, >= 1.
        eval_episodes: Of an evaluation.
        make: Builds the environment.

    Returns:
        The trained learner.

    Raises:
        CheckpointError: ``out`` holds a run and ``resume`` is False, holds none and it is True, or holds another.
    """
    check_folder(config, out, resume=resume)
    torch.set_num_threads(1)  # small networks; more threads get into the renderer's way
    inner, tests = make_episodes(config, model, make), make_tests(config, model, make)
    envs = VecMonitor(DummyVecEnv([lambda: inner]))
    try:
        if resume:
            learner = load_learner(out, envs, out / TENSORBOARD)
            inner.episode = learner.num_timesteps
            _make_room(learner, config.episodes)
            write_curve(out, [point for point in read_curve(out) if point.step <= learner.num_timesteps])
        else:
            _clear(out)
            learner = build_learner(
                config.learner, envs, draw_for(inner.env), whitening=_whitening(inner, config.first_seed),
                episodes=config.episodes, seed=config.seed, log=str(out / TENSORBOARD),
            )  # fmt: skip
        quiet = not sys.stderr.isatty()
        with tqdm(
            total=config.episodes, initial=learner.num_timesteps, desc=config.env, unit="ep", dynamic_ncols=True,
            mininterval=10.0 if quiet else 0.5,
        ) as bar:  # fmt: skip
            watch = _Watch(config, out, bar, tests, save_every, eval_every, eval_episodes)
            left = config.episodes - learner.num_timesteps
            if left > 0:
                learner.learn(left, callback=watch, reset_num_timesteps=not resume, tb_log_name="run", log_interval=10)
                watch.evaluate()
                save_run(out, config, learner)
        return learner
    finally:
        envs.close()
        tests.close()


def check_folder(config: RunConfig, out: Path, *, resume: bool) -> None:
    """Check that a run may begin, or go on, in a folder.

    Args:
        config: Of the run.
        out: The folder.
        resume: Whether it shall go on.

    Raises:
        CheckpointError: It may not.
    """
    there = load_run(out)
    if there is None:
        if resume:
            raise CheckpointError(f"{out} holds no run to go on with: leave out --resume, or name its folder by --out")
        return
    if not resume:
        raise CheckpointError(f"{out} holds a run of {there.env}: pass --resume to go on with it, or another --out")
    apart = differences(replace(there, episodes=config.episodes), config)
    if apart:
        raise CheckpointError(f"{out} holds another run: {'; '.join(apart)}. Ask for the same, or take another --out")


def _clear(out: Path) -> None:
    """Remove what a run left that was killed before its first state was whole."""
    shutil.rmtree(out / TENSORBOARD, ignore_errors=True)
    for stale in out.glob("episode-*.part"):
        shutil.rmtree(stale)
    write_curve(out, [])


def _whitening(env: TrajectoryEpisodes, first_seed: int) -> Whitening | None:
    """Look at some starts, and fit the whitening to them; None where there are pictures."""
    if env.observation_space["frame"].dtype == np.uint8:  # type: ignore[index]
        return None
    starts = [env.reset(seed=first_seed + _FIRST_SCENE + number)[0]["frame"] for number in range(_SCENES)]
    return fit_whitening(np.stack(starts))


def _make_room(learner: DDPGCEM, episodes: int) -> None:
    """Let a replay buffer hold as many episodes as a run that goes on for longer will have."""
    buffer = learner.replay_buffer
    assert buffer is not None, "loaded with the learner"
    missing = episodes - buffer.buffer_size
    if missing <= 0:
        return
    kept = buffer.size()
    for part in ("actions", "rewards", "dones", "timeouts"):
        old = getattr(buffer, part)
        setattr(buffer, part, np.concatenate([old, np.zeros((missing, *old.shape[1:]), old.dtype)]))
    for both in (buffer.observations, buffer.next_observations):
        assert isinstance(both, dict), "a picture and a sentence"
        for name, old in both.items():
            both[name] = np.concatenate([old, np.zeros((missing, *old.shape[1:]), old.dtype)])
    buffer.buffer_size, buffer.pos, buffer.full = episodes, kept, False
    learner.buffer_size = episodes


class _Watch(BaseCallback):
    """Moves the bar, evaluates, saves: all between two episodes, when the last one has been learned from."""

    def __init__(
        self, config: RunConfig, out: Path, bar: tqdm[Any], tests: TrajectoryEpisodes, save_every: int,
        eval_every: int, eval_episodes: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self._config, self._out, self._bar, self._tests = config, out, bar, tests
        self._save_every, self._eval_every, self._eval_episodes = save_every, eval_every, eval_episodes
        self._rewards: deque[float] = deque(maxlen=_RECENT)
        self._successes: deque[bool] = deque(maxlen=_RECENT)
        self._evaluated = ""

    def _on_training_start(self) -> None:
        points = read_curve(self._out)
        self._start = time.perf_counter() - (points[-1].seconds if points else 0.0)

    def _on_rollout_start(self) -> None:
        episode = self.num_timesteps
        known = any(point.step == episode for point in read_curve(self._out))
        due = episode > 0 and episode % self._eval_every == 0 and not known
        if due:
            self.evaluate()
        if due or episode % self._save_every == 0:
            save_run(self._out, self._config, self._learner)

    def _on_step(self) -> bool:
        self._rewards.append(float(self.locals["rewards"][0]))
        self._successes.append(bool(self.locals["infos"][0]["is_success"]))
        self.logger.record("a2r/recent_success_rate", float(np.mean(self._successes)))
        self.logger.record("a2r/recent_reward", float(np.mean(self._rewards)))
        self._bar.update(1)
        self._tell()
        return True

    def _tell(self) -> None:
        text = f"reward {np.mean(self._rewards):.3f}, success {np.mean(self._successes):.0%}" if self._rewards else ""
        self._bar.set_postfix_str(text + self._evaluated, refresh=False)

    @property
    def _learner(self) -> DDPGCEM:
        assert isinstance(self.model, DDPGCEM), "the one that learns"
        return self.model

    def evaluate(self) -> None:
        """Measure the learner as it is now on fresh episodes."""
        done = evaluate(as_policy(self._learner), self._tests, episodes=self._eval_episodes, start_set=_TRAINING_STARTS)
        point = CurvePoint(
            step=self._learner.num_timesteps,
            success_rate=float(done.mean()),
            episodes=len(done),
            mean_reward=float(np.mean(self._rewards)) if self._rewards else math.nan,
            seconds=time.perf_counter() - self._start,
        )
        # the point first: a resumed run leaves out those that came after its state
        write_curve(self._out, [*read_curve(self._out), point])
        self._evaluated = f", evaluated {point.success_rate:.0%}"
        self._tell()
        self.logger.record("a2r/success_rate", point.success_rate)
        self.logger.dump(self._learner.num_timesteps)
