"""The training loop around stable-baselines3: progress bar, evaluations, saved states, Ctrl-C."""

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
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from tqdm import tqdm

from a2r_gym.errors import CheckpointError
from a2r_gym.protocols import RewardModel
from a2r_gym.rl.agent import AgentConfig, build_agent, build_envs, differences, load_agent, load_run, save_run
from a2r_gym.rl.evaluation import Policy, evaluate_policy
from a2r_gym.rl.learning_curve import CurvePoint, read_curve, write_curve

__all__ = ["TENSORBOARD", "as_policy", "check_folder", "train"]

TENSORBOARD: Final = "tensorboard"
"""Folder of a run that holds its TensorBoard files."""
_RECENT: Final = 10
"""Episodes over which the bar averages."""
_TRAINING_EPISODES: Final = 1
"""Set of seeds of the evaluations while training; the last one has set 0, which decided nothing."""


def as_policy(agent: OffPolicyAlgorithm) -> Policy:
    """Return an agent's deterministic policy."""
    return lambda obs: np.asarray(agent.predict(obs, deterministic=True)[0])


def train(
    config: AgentConfig,
    out: Path,
    *,
    resume: bool = False,
    eval_every: int = 2_500,
    eval_episodes: int = 10,
    reward_model: RewardModel | None = None,
) -> OffPolicyAlgorithm:
    """Train an agent, or go on with the run in ``out``.

    A state is saved before the first step, at each evaluation and at Ctrl-C. What a kill leaves goes on from the last
    one, with its replay buffer and new episodes: not bit for bit as without the kill.

    Args:
        config: Of the run.
        out: Its folder: states, ``curve.csv``, TensorBoard files.
        resume: Go on with the run that is there; only its number of steps may differ.
        eval_every: Steps between two evaluations; a state is saved at each.
        eval_episodes: Episodes of an evaluation.
        reward_model: ``config.reward_model`` where it is loaded already.

    Returns:
        The trained agent.

    Raises:
        CheckpointError: ``out`` holds a run and ``resume`` is False, holds none and it is True, or holds another.
        KeyboardInterrupt: Ctrl-C; the state was saved before.
    """
    config = check_folder(config, out, resume=resume)
    torch.set_num_threads(1)  # small networks; more threads get into the renderer's way
    envs = build_envs(config, reward_model)
    try:
        if resume:
            agent = load_agent(out, config, envs, replay=True)
            write_curve(out, [point for point in read_curve(out) if point.step <= agent.num_timesteps])
        else:
            agent = build_agent(config, envs, out / TENSORBOARD)
            _clear(out)
        quiet = not sys.stderr.isatty()
        with tqdm(
            total=config.steps, initial=agent.num_timesteps, desc=config.env, unit="step", dynamic_ncols=True,
            mininterval=10.0 if quiet else 0.5,
        ) as bar:  # fmt: skip
            _learn(agent, _Watch(config, out, bar, eval_every, eval_episodes), resume)
        return agent
    finally:
        envs.close()


def check_folder(config: AgentConfig, out: Path, *, resume: bool) -> AgentConfig:
    """Check that a run may begin, or go on, in a folder.

    Args:
        config: Of the run.
        out: The folder.
        resume: Whether it shall go on.

    Returns:
        The configuration; a run that goes on keeps its ``learning_starts``.

    Raises:
        CheckpointError: It may not.
    """
    there = load_run(out)
    if there is None:
        if resume:
            raise CheckpointError(f"{out} holds no run to go on with: leave out --resume, or name its folder by --out")
        return config
    if not resume:
        raise CheckpointError(f"{out} holds a run of {there.env}: pass --resume to go on with it, or another --out")
    same = replace(config, learning_starts=there.learning_starts)
    apart = differences(replace(there, steps=config.steps), same)
    if apart:
        raise CheckpointError(f"{out} holds another run: {'; '.join(apart)}. Ask for the same, or take another --out")
    return same


def _clear(out: Path) -> None:
    """Remove what a run left that was killed before its first state was whole."""
    shutil.rmtree(out / TENSORBOARD, ignore_errors=True)
    for stale in out.glob("step-*.part"):
        shutil.rmtree(stale)
    write_curve(out, [])


def _learn(agent: OffPolicyAlgorithm, watch: _Watch, resume: bool) -> None:
    """Learn up to the number of steps; whatever stops it, the state is saved."""
    left = watch.config.steps - agent.num_timesteps
    try:
        if left > 0:
            agent.learn(left, callback=watch, reset_num_timesteps=not resume, tb_log_name="run")
            watch.evaluate()
    except KeyboardInterrupt:
        save_run(watch.out, watch.config, agent)
        raise


class _Watch(BaseCallback):
    """Moves the bar, evaluates, saves.

    Attributes:
        config: Of the run.
        out: Its folder.
    """

    def __init__(self, config: AgentConfig, out: Path, bar: tqdm[Any], every: int, episodes: int) -> None:
        super().__init__()
        self.config, self.out = config, out
        self._bar, self._every, self._episodes = bar, every, episodes
        self._rewards: deque[float] = deque(maxlen=_RECENT)
        self._successes: deque[bool] = deque(maxlen=_RECENT)
        self._solved = [False] * config.num_envs
        self._evaluated = ""

    def _on_training_start(self) -> None:
        points = read_curve(self.out)
        self._start = time.perf_counter() - (points[-1].seconds if points else 0.0)
        self._next = (self.num_timesteps // self._every + 1) * self._every
        if not points:
            self.evaluate()

    def _on_step(self) -> bool:
        self._bar.update(self.config.num_envs)
        for row, info in enumerate(self.locals["infos"]):
            self._solved[row] |= bool(info["is_success"])
            if "episode" in info:
                self._rewards.append(float(info["episode"]["r"]) / float(info["episode"]["l"]))
                self._successes.append(self._solved[row])
                self._solved[row] = False
                self._tell()
        return True

    def _on_rollout_end(self) -> None:
        # here, not in _on_step: by now the transition is in the replay buffer that is saved
        if self._next <= self.num_timesteps < self.config.steps:
            self._next = (self.num_timesteps // self._every + 1) * self._every
            self.evaluate()

    def _tell(self) -> None:
        text = f"reward {np.mean(self._rewards):.3f}, success {np.mean(self._successes):.0%}" if self._rewards else ""
        self._bar.set_postfix_str(text + self._evaluated, refresh=False)

    def evaluate(self) -> None:
        """Measure the agent as it is now on fresh episodes, and save it."""
        agent = self.model
        assert isinstance(agent, OffPolicyAlgorithm)
        done = evaluate_policy(
            self.config.env, as_policy(agent), episodes=self._episodes, seed=_TRAINING_EPISODES,
            action_repeat=self.config.action_repeat,
        )  # fmt: skip
        point = CurvePoint(
            step=agent.num_timesteps,
            success_rate=float(done.mean()),
            episodes=len(done),
            mean_reward=float(np.mean(self._rewards)) if self._rewards else math.nan,
            seconds=time.perf_counter() - self._start,
        )
        # the point first: a resumed run leaves out those that came after its state
        write_curve(self.out, [*read_curve(self.out), point])
        save_run(self.out, self.config, agent)
        self._evaluated = f", evaluated {point.success_rate:.0%}"
        self._tell()
        self.logger.record("a2r/success_rate", point.success_rate)
        self.logger.record("a2r/mean_reward", point.mean_reward)
        self.logger.dump(agent.num_timesteps)
