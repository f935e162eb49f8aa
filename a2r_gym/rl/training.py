"""The training loop around stable-baselines3: progress bar, evaluations, saved states, Ctrl-C."""

from __future__ import annotations

import csv
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
from a2r_gym.rl.agent import AgentConfig, build_agent, build_envs, load_agent, load_run, save_run
from a2r_gym.rl.evaluation import Policy, evaluate_policy

__all__ = ["CURVE", "as_policy", "read_curve", "train"]

CURVE: Final = "curve.csv"
_COLUMNS: Final = ("step", "success_rate", "episodes", "mean_reward", "seconds")
_RECENT: Final = 10
"""Episodes over which the bar averages."""


def as_policy(agent: OffPolicyAlgorithm) -> Policy:
    """Return an agent's deterministic policy."""
    return lambda obs: np.asarray(agent.predict(obs, deterministic=True)[0])


def train(
    config: AgentConfig, out: Path, *, resume: bool = False, eval_every: int = 2_500, eval_episodes: int = 10
) -> OffPolicyAlgorithm:
    """Train an agent, or go on with the run in ``out``.

    Args:
        config: Of the run.
        out: Its folder: states, ``curve.csv``, TensorBoard files.
        resume: Go on with the run that is there; only its number of steps may differ.
        eval_every: Steps between two evaluations; a state is saved at each.
        eval_episodes: Episodes of an evaluation.

    Returns:
        The trained agent.

    Raises:
        CheckpointError: ``out`` holds a run and ``resume`` is False, holds none and it is True, or holds another.
        KeyboardInterrupt: Ctrl-C; the state was saved before.
    """
    _check_folder(config, out, resume)
    torch.set_num_threads(1)  # small networks; more threads get into the renderer's way
    envs = build_envs(config)
    try:
        log = out / "tensorboard"
        agent = load_agent(out, config, envs, replay=True) if resume else build_agent(config, envs, log)
        out.mkdir(parents=True, exist_ok=True)
        left = config.steps - agent.num_timesteps
        with tqdm(
            total=config.steps, initial=agent.num_timesteps, desc=config.env, unit="step", mininterval=0.5
        ) as bar:
            watch = _Watch(config, out, bar, eval_every, eval_episodes)
            try:
                if left > 0:
                    agent.learn(left, callback=watch, reset_num_timesteps=not resume, tb_log_name="run")
            except KeyboardInterrupt:
                save_run(out, config, agent)
                raise
        return agent
    finally:
        envs.close()


def _check_folder(config: AgentConfig, out: Path, resume: bool) -> None:
    there = load_run(out)
    if there is None:
        if resume:
            raise CheckpointError(f"{out} holds no run to go on with; leave out --resume")
        return
    if not resume:
        raise CheckpointError(f"{out} holds a run of {there.env}: pass --resume to go on with it, or another --out")
    if replace(there, steps=config.steps) != config:
        raise CheckpointError(f"{out} holds another run ({there}); asked for is {config}: take another --out")


def read_curve(out: Path) -> list[dict[str, float]]:
    """Read the evaluations of a run.

    Args:
        out: Its folder.

    Returns:
        One mapping per evaluation: step, success_rate, episodes, mean_reward, seconds.
    """
    path = out / CURVE
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


class _Watch(BaseCallback):
    """Moves the bar, evaluates, saves."""

    def __init__(self, config: AgentConfig, out: Path, bar: tqdm[Any], every: int, episodes: int) -> None:
        super().__init__()
        self._config, self._out, self._bar, self._every, self._episodes = config, out, bar, every, episodes
        self._returns: deque[float] = deque(maxlen=_RECENT)
        self._successes: deque[bool] = deque(maxlen=_RECENT)
        self._ever: list[bool] = [False] * config.num_envs
        self._start = time.perf_counter()
        self._latest = ""

    def _on_training_start(self) -> None:
        rows = read_curve(self._out)
        self._next = (self.model.num_timesteps // self._every + 1) * self._every
        self._start -= rows[-1]["seconds"] if rows else 0.0

    def _on_step(self) -> bool:
        self._bar.update(self._config.num_envs)
        for row, info in enumerate(self.locals["infos"]):
            self._ever[row] |= bool(info["is_success"])
            if "episode" in info:
                self._returns.append(float(info["episode"]["r"]) / float(info["episode"]["l"]))
                self._successes.append(self._ever[row])
                self._ever[row] = False
                self._bar.set_postfix_str(
                    f"reward {np.mean(self._returns):.3f}, success while learning {np.mean(self._successes):.0%}"
                    f"{self._latest}"
                )
        if self.num_timesteps >= min(self._next, self._config.steps):
            self._evaluate()
            self._next += self._every
        return True

    @property
    def _agent(self) -> OffPolicyAlgorithm:
        assert isinstance(self.model, OffPolicyAlgorithm)
        return self.model

    def _evaluate(self) -> None:
        done = evaluate_policy(self._config.env, as_policy(self._agent), episodes=self._episodes, seed=1)
        mean_reward = float(np.mean(self._returns)) if self._returns else float("nan")
        row = (self.num_timesteps, done.mean(), len(done), mean_reward, time.perf_counter() - self._start)
        path = self._out / CURVE
        fresh = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if fresh:
                writer.writerow(_COLUMNS)
            writer.writerow([f"{value:g}" for value in map(float, row)])
        self._latest = f", evaluated {done.mean():.0%}"
        self.logger.record("a2r/success_rate", float(done.mean()))
        save_run(self._out, self._config, self._agent)
