"""The learned reward around stable-baselines3's vector environments; needs the ``sb3`` extra."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from a2r_gym.errors import MissingDependencyError, WorkerError, WrappingError
from a2r_gym.protocols import RewardModel
from a2r_gym.wrappers.episode_rewards import EpisodeRewards, RewardConfig, resolve_model
from a2r_gym.wrappers.frame_buffer import ERROR_KEY, FrameCapture
from a2r_gym.wrappers.vector_reward import settle_instructions

try:
    from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecEnv, VecEnvWrapper
except ImportError as error:
    raise MissingDependencyError("stable-baselines3 is not installed: pip install 'a2r-gym[sb3]'") from error

__all__ = ["VecVideoTextReward", "make_workers"]

_DEAD = (EOFError, ConnectionResetError, BrokenPipeError)


class VecVideoTextReward(VecEnvWrapper):
    """`VideoTextReward` for ``DummyVecEnv`` and ``SubprocVecEnv``; one batched scoring call per step.

    Put a ``VecMonitor`` around it to log the learned return (a ``Monitor`` inside logs the env's own). The reward
    and scores at a done step are the old episode's; ``reset_infos`` hold those of the new one's first frame. An
    exception in a worker arrives as a `WorkerError` with the worker's traceback.

    Args:
        venv: The environments, each built with ``render_mode="rgb_array"``. A ``DummyVecEnv`` gets its
            `FrameCapture` by itself; for workers use `make_workers`, or ``make_vec_env(ID, n_envs=N,
            vec_env_cls=SubprocVecEnv, wrapper_class=FrameCapture, env_kwargs={"render_mode": "rgb_array"})``.
        instruction: One for all, one for each, or None: each environment's own.
        reward_model: See `a2r_gym.VideoTextReward`.
        reward_mode: See `a2r_gym.VideoTextReward`.
        reward_every: See `a2r_gym.VideoTextReward`.
        progress_base: See `a2r_gym.VideoTextReward`.
        progress_weight: See `a2r_gym.VideoTextReward`.
        progress_gamma: See `a2r_gym.VideoTextReward`.

    Raises:
        WrappingError: The environments' frames cannot be taken, have a learned reward already, or were forked.
        WorkerError: An environment could not be built in its worker.
        RenderModeError: The environments render no pictures.
        InstructionError: There is no instruction.
        UnknownNameError: A mode, base or model does not exist.

    Example:
        >>> from a2r_gym.wrappers.sb3 import VecVideoTextReward
        >>> from stable_baselines3.common.vec_env import DummyVecEnv
        >>> from a2r_gym.testing import FrameReadingModel, StepCounterEnv
        >>> venv = VecVideoTextReward(DummyVecEnv([StepCounterEnv]), "count", FrameReadingModel())
        >>> _ = venv.reset()
        >>> _, rewards, _, infos = venv.step([venv.action_space.sample()])
        >>> bool(rewards[0] == np.float32(infos[0]["a2r/similarity"]))
        True
    """

    def __init__(
        self,
        venv: VecEnv,
        instruction: str | Sequence[str] | None = None,
        reward_model: RewardModel | str | None = None,
        reward_mode: str = "similarity",
        reward_every: int = 1,
        progress_base: str = "none",
        progress_weight: float = 1.0,
        progress_gamma: float = 0.99,
    ) -> None:
        config = RewardConfig(
            mode=reward_mode,
            every=reward_every,
            base=progress_base,
            weight=progress_weight,
            gamma=progress_gamma,
        )
        _ensure_captures(venv)
        super().__init__(venv)
        self._in_workers = isinstance(venv.unwrapped, SubprocVecEnv)
        self._fetch("a2r_configure", reward_every=reward_every, carry_errors=self._in_workers)
        self.instructions = settle_instructions(instruction, self._fetch("a2r_instruction"))
        self.reward_model = resolve_model(reward_model)
        self._rewards = EpisodeRewards(self.reward_model, self.instructions, config)

    def reset(self) -> Any:
        """Reset all environments and score their first frames.

        Returns:
            Observations, as the wrapped environments give them.

        Raises:
            WorkerError: An environment failed.
        """
        observations = self._guard(self.venv.reset)
        self._raise_carried(self.venv.reset_infos)
        moments = self._fetch("a2r_take_moments")
        self.reset_infos = [
            {**info, **scores[-1].info()}
            for info, scores in zip(self.venv.reset_infos, self._rewards.score(moments), strict=True)
        ]
        return observations

    def step_async(self, actions: NDArray[Any]) -> None:
        """Start a step.

        Args:
            actions: One per environment.

        Raises:
            WorkerError: A worker has died.
        """
        self._guard(lambda: self.venv.step_async(actions))

    def step_wait(self) -> tuple[Any, NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """Wait for the step and score the episodes so far.

        Returns:
            Observations, learned rewards float32 (N,), dones, infos.

        Raises:
            WorkerError: An environment failed.
            NonFiniteRewardError: A score or reward is NaN or infinite.
        """
        observations, _, dones, raw_infos = self._guard(self.venv.step_wait)
        self._raise_carried(raw_infos)
        self._raise_carried(self.venv.reset_infos)
        moments = self._fetch("a2r_take_moments")
        outcomes = self._rewards.score(moments)
        infos = [{**info, **scores[0].info()} for info, scores in zip(raw_infos, outcomes, strict=True)]
        for index, scores in enumerate(outcomes):
            if len(scores) == 2:
                self.reset_infos[index] = {**self.venv.reset_infos[index], **scores[1].info()}
        rewards = np.asarray([scores[0].reward for scores in outcomes], dtype=np.float32)
        return observations, rewards, dones, infos

    def close(self) -> None:
        """Close the environments; workers that have died do not stand in the way."""
        try:
            self.venv.close()
        except _DEAD:
            base = self.venv.unwrapped
            if isinstance(base, SubprocVecEnv):
                for process in base.processes:
                    process.terminate()
                    process.join()
                base.closed = True

    def _fetch(self, method: str, **kwargs: Any) -> list[Any]:
        results: list[Any] = self._guard(lambda: self.venv.env_method(method, **kwargs))
        return results

    def _guard(self, call: Callable[[], Any]) -> Any:
        """Run a call to the environments; a dead worker becomes an error that says so."""
        try:
            return call()
        except _DEAD as error:
            base = self.venv.unwrapped
            if not isinstance(base, SubprocVecEnv):
                raise
            base.waiting = False
            raise WorkerError(_obituary(base)) from error

    def _raise_carried(self, infos: Sequence[dict[str, Any]]) -> None:
        if not self._in_workers:
            return
        for index, info in enumerate(infos):
            if ERROR_KEY in info:
                raise WorkerError(f"environment {index} failed in its worker:\n{info[ERROR_KEY]}")


def make_workers(
    env_fns: Sequence[Callable[[], gym.Env[Any, Any]]], *, start_method: str = "forkserver"
) -> SubprocVecEnv:
    """Build a ``SubprocVecEnv`` for `VecVideoTextReward`, whose errors arrive even while an env is built.

    Args:
        env_fns: One function per environment; each runs in its worker.
        start_method: ``"forkserver"`` or ``"spawn"``; a fork after an EGL render deadlocks.

    Returns:
        The environments; `VecVideoTextReward` raises what went wrong while they were built.

    Raises:
        WrappingError: ``start_method`` is another.

    Example:
        >>> from a2r_gym.wrappers.sb3 import make_workers
        >>> from functools import partial
        >>> env_fn = partial(gym.make, "a2r_gym:A2R-MetaWorld-drawer-close-v1", reward_model="none")
        >>> venv = make_workers([env_fn, env_fn])  # doctest: +SKIP
    """
    if start_method not in ("forkserver", "spawn"):
        raise WrappingError(f"start_method must be 'forkserver' or 'spawn', got {start_method!r}")
    return SubprocVecEnv([_CapturedEnv(env_fn) for env_fn in env_fns], start_method=start_method)


class _CapturedEnv:
    """Builds an environment and its `FrameCapture` in the worker; pickled by SB3 with cloudpickle."""

    def __init__(self, env_fn: Callable[[], gym.Env[Any, Any]]) -> None:
        self._env_fn = env_fn

    def __call__(self) -> gym.Env[Any, Any]:
        try:
            return FrameCapture(self._env_fn())
        except Exception:
            return _FailedEnv(traceback.format_exc())


class _FailedEnv(gym.Env[Any, Any]):
    """Stands in for an environment that could not be built, until its traceback has been fetched."""

    observation_space = gym.spaces.Discrete(1)
    action_space = gym.spaces.Discrete(1)
    render_mode = "rgb_array"

    def __init__(self, trace: str) -> None:
        self.a2r_build_error = trace


def _ensure_captures(venv: VecEnv) -> None:
    """See to it that each environment takes its own frames."""
    base = venv.unwrapped
    if isinstance(base, DummyVecEnv):
        base.envs = [
            single if single.has_wrapper_attr("a2r_take_moments") else FrameCapture(single) for single in base.envs
        ]
        return
    if not isinstance(base, SubprocVecEnv):
        raise WrappingError(f"expected a DummyVecEnv or SubprocVecEnv, got {type(base).__name__}")
    if any(process._start_method == "fork" for process in base.processes):
        raise WrappingError(
            "these workers were forked, and a fork after an EGL render deadlocks: use start_method='forkserver' or "
            "'spawn'"
        )
    for index, built in enumerate(base.env_method("has_wrapper_attr", "a2r_build_error")):
        if built:
            trace = base.get_attr("a2r_build_error", index)[0]
            base.close()
            raise WorkerError(f"environment {index} could not be built in its worker:\n{trace}")
    if not all(base.env_method("has_wrapper_attr", "a2r_take_moments")):
        raise WrappingError(
            "the environments of a SubprocVecEnv live in workers and must take their frames there: build them with "
            "a2r_gym.wrappers.sb3.make_workers([...]), or make_vec_env(..., wrapper_class=FrameCapture)"
        )


def _obituary(base: SubprocVecEnv) -> str:
    for process in base.processes:
        process.join(timeout=1.0)
        if not process.is_alive():
            index = base.processes.index(process)
            return (
                f"the worker of environment {index} died with exit code {process.exitcode} and left no traceback "
                "(-9: killed, often for memory; -11: crashed in native code, often the GL driver: run `a2r doctor`)"
            )
    return "a worker closed its connection and left no traceback"
