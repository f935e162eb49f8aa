"""The exact dynamics: candidates are rolled out in copies of the environment, and only wanted steps are rendered.

Rolling out costs little beside rendering the wanted steps, so the environment's own ``step`` is used, which
knows each family's control and success rule, in worker processes that share the rendering.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Final

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.base import SimulatorEnv
from a2r_gym.errors import A2RError, WorkerError
from a2r_gym.planners.dynamics.interface import Moment, Prediction
from a2r_gym.registration import NO_REWARD

__all__ = ["SimulatorDynamics", "StateError", "simulator_env"]

_CHUNKS: Final = 4
"""Parts of a population that each worker gets, so that none waits long for the other."""


_MOVED: Final = 0.01
"""Metres or radians by which a thing is elsewhere."""


class StateError(A2RError, TypeError):
    """An environment has no state that can be read and gone back to."""


def simulator_env(env_id: str, env_kwargs: Mapping[str, Any] | None = None) -> SimulatorEnv:
    """Build an environment that can be planned in.

    Args:
        env_id: Any Gymnasium id.
        env_kwargs: For ``gym.make``.

    Returns:
        The bare environment, without wrappers.

    Raises:
        StateError: It has no ``get_state`` and ``set_state``.
    """
    ours = {"reward_model": NO_REWARD} if env_id.startswith("A2R-") else {"render_mode": "rgb_array"}
    env = gym.make(env_id, **ours, **(env_kwargs or {})).unwrapped  # type: ignore[arg-type]
    if not (hasattr(env, "get_state") and hasattr(env, "set_state")):
        raise StateError(
            f"{env_id} has no get_state() and set_state(state), so candidates cannot be rolled out from where an "
            "episode stands: give it both, or plan with learned dynamics"
        )
    return env  # type: ignore[return-value]


class SimulatorDynamics:
    """Rolls candidates out in the simulator.

    Args:
        env_id: The environment's id.
        env_kwargs: For ``gym.make``; the same as those of the environment that is planned in.
        workers: Processes; 0: none, this one does it.

    Raises:
        StateError: The environment has no settable state.
    """

    def __init__(self, env_id: str, env_kwargs: Mapping[str, Any] | None = None, *, workers: int = 0) -> None:
        self._env: SimulatorEnv | None = None
        self._pool: ProcessPoolExecutor | None = None
        self._workers = workers
        if workers < 1:
            self._env = simulator_env(env_id, env_kwargs)
        else:
            self._pool = ProcessPoolExecutor(
                workers,
                mp_context=multiprocessing.get_context("spawn"),  # a fork after an EGL render hangs
                initializer=_open_worker,
                initargs=(env_id, dict(env_kwargs or {})),
            )

    def predict(self, moment: Moment, actions_NHA: NDArray[np.float32], steps: NDArray[np.int64]) -> Prediction:
        """See `Dynamics.predict`.

        Raises:
            WorkerError: A worker died.
        """
        if self._env is not None:
            return _rolled_out(self._env, moment.state, actions_NHA, steps)
        done = self._in_pool(_in_worker, moment, actions_NHA, steps)
        return Prediction(*(None if part[0] is None else np.concatenate(part) for part in zip(*done, strict=True)))

    def _in_pool(
        self, work: Callable[..., Any], moment: Moment, actions_NHA: NDArray[np.float32], *more: Any
    ) -> list[Any]:
        """Share candidates out among the workers; results in order."""
        assert self._pool is not None, "without workers this process does it"
        parts = np.array_split(actions_NHA, min(len(actions_NHA), _CHUNKS * self._workers))
        try:
            futures = [self._pool.submit(work, moment.state, part, *more) for part in parts]
            return [future.result() for future in futures]
        except BrokenProcessPool as error:
            raise WorkerError(
                "a process that rolled candidates out died (killed, or out of memory); nothing of this plan was "
                "executed: build the dynamics anew with fewer workers, or workers=0 to see the error itself"
            ) from error

    def touched(self, moment: Moment, actions_NHA: NDArray[np.float32]) -> NDArray[np.bool_] | None:
        """Tell what candidates move, without rendering anything.

        Args:
            moment: Where the episode stands.
            actions_NHA: float32 (N, H, A).

        Returns:
            bool (N, M), for each of the environment's M things whether it is elsewhere at the end; None where the
            environment does not tell where its things are (``things() -> float64 (M, ...)``).

        Raises:
            WorkerError: A worker died.
        """
        if self._env is not None:
            return _touched(self._env, moment.state, actions_NHA)
        parts = self._in_pool(_touched_in_worker, moment, actions_NHA)
        return None if parts[0] is None else np.concatenate(parts)

    def close(self) -> None:
        """End the workers and free the renderer."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        if self._env is not None:
            self._env.close()


_WORKERS_ENV: list[SimulatorEnv] = []
"""In a worker process: its environment."""


def _open_worker(env_id: str, env_kwargs: dict[str, Any]) -> None:
    import a2r_gym  # noqa: F401 (registers the ids)

    _WORKERS_ENV.append(simulator_env(env_id, env_kwargs))


def _in_worker(state: NDArray[np.float64], actions_NHA: NDArray[np.float32], steps: NDArray[np.int64]) -> Prediction:
    return _rolled_out(_WORKERS_ENV[0], state, actions_NHA, steps)


def _touched_in_worker(state: NDArray[np.float64], actions_NHA: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    return _touched(_WORKERS_ENV[0], state, actions_NHA)


def _touched(
    env: SimulatorEnv, state: NDArray[np.float64], actions_NHA: NDArray[np.float32]
) -> NDArray[np.bool_] | None:
    if not hasattr(env, "things"):
        return None
    env.set_state(state)
    before, moved = env.things(), []
    for actions_HA in actions_NHA:
        env.set_state(state)
        for action in actions_HA:
            env.step(action)
        moved.append(np.abs(env.things() - before).reshape(len(before), -1).max(axis=1) > _MOVED)
    return np.stack(moved)


def _rolled_out(
    env: SimulatorEnv, state: NDArray[np.float64], actions_NHA: NDArray[np.float32], steps: NDArray[np.int64]
) -> Prediction:
    """Roll candidates out one after the other; env steps beyond the last wanted one are taken all the same."""
    wanted = set(steps.tolist())
    frames, success, ever, progress = [], [], [], []
    for actions_HA in actions_NHA:
        env.set_state(state)
        solved = []
        for step, action in enumerate(actions_HA, start=1):
            info = env.step(action)[-1]
            solved.append(bool(info["is_success"]))
            if step in wanted:
                frames.append(env.render())
        success.append(solved[-1])
        ever.append(any(solved))
        label = env.labels().get(env.task)
        progress.append(float(solved[-1]) if label is None else label.progress)
    pictures = np.stack(frames).reshape(len(actions_NHA), len(steps), *frames[0].shape) if frames else None
    return Prediction(pictures, None, np.array(success), np.array(ever), np.array(progress, dtype=np.float32))
