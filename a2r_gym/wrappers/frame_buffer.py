"""Frames taken inside an environment's own ``step`` and ``reset``, before anything above can reset it.

`FrameCapture` sits around each single environment, in its worker if there is one. It renders, keeps what
was seen since the last fetch, and gives it out through ``env.call`` or SB3's ``env_method``: pictures never
travel in ``info``. So the picture at an episode's end is the old episode's in every autoreset mode.
"""

from __future__ import annotations

import traceback
from typing import Any, NamedTuple, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium.core import ActType, ObsType
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from a2r_gym.errors import FrameError, RenderError, RenderModeError, WrappingError

__all__ = ["ERROR_KEY", "FrameCapture", "Moment", "check_frame", "require_bare", "require_rgb_array", "with_success"]

ERROR_KEY = "a2r/error"
"""Where ``info`` holds a worker's traceback while errors are carried (see `FrameCapture.a2r_configure`)."""


class Moment(NamedTuple):
    """What one ``reset`` or ``step`` of one environment gave.

    Attributes:
        frame: uint8 (H, W, 3), RGB; None where ``reward_every`` leaves the step out.
        step: Steps since the reset; 0 is the reset itself.
        terminated: As the environment said.
        done: Terminated or truncated.
        env_reward: The environment's own reward; 0.0 at a reset.
    """

    frame: NDArray[np.uint8] | None
    step: int
    terminated: bool
    done: bool
    env_reward: float


def require_rgb_array(env: gym.Env[Any, Any]) -> None:
    """Check that an environment renders pictures.

    Args:
        env: Any Gymnasium environment.

    Raises:
        RenderModeError: Its ``render_mode`` is not ``"rgb_array"``.
    """
    if env.render_mode != "rgb_array":
        name = repr(env.unwrapped.spec.id) if env.unwrapped.spec is not None else "ID"
        raise RenderModeError(
            f"a learned reward looks at pictures: expected render_mode='rgb_array', {env.unwrapped} has "
            f"render_mode={env.render_mode!r}. Build it with gym.make({name}, render_mode='rgb_array')"
        )


def require_bare(env: gym.Env[Any, Any]) -> None:
    """Check that an environment has no learned reward yet.

    Args:
        env: Any Gymnasium environment.

    Raises:
        WrappingError: A `VideoTextReward` is around it already.
    """
    if env.has_wrapper_attr("a2r_learned_reward"):
        raise WrappingError(
            f"{env} has a learned reward already, a second one would hide the environment's own. "
            "Build it without: gym.make(ID, reward_model='none')"
        )


def check_frame(frame: Any, what: str) -> NDArray[np.uint8]:
    """Check one rendered picture.

    Args:
        frame: What ``env.render()`` gave.
        what: Where it comes from, for the message.

    Returns:
        The same array.

    Raises:
        FrameError: Not uint8 (H, W, 3).
        RenderError: Every pixel has the same colour.
    """
    expected = f"{what}: expected env.render() to give one uint8 (H, W, 3) array, RGB"
    if not isinstance(frame, np.ndarray):
        hint = "; use render_mode='rgb_array', not a list mode" if isinstance(frame, list) else ""
        raise FrameError(f"{expected}, got {type(frame).__name__}{hint}")
    if frame.dtype != np.uint8:
        hint = "multiply values in [0, 1] by 255 and cast to uint8" if frame.dtype.kind == "f" else "cast to uint8"
        raise FrameError(f"{expected}, got dtype {frame.dtype}; {hint} in the environment's render()")
    if frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
        raise FrameError(f"{expected}, got shape {frame.shape}{_channel_hint(frame.shape)}")
    # The middle pixel settles nearly every real picture without a pass over the whole of it.
    corner, middle = frame[0, 0], frame[frame.shape[0] // 2, frame.shape[1] // 2]
    if (corner == middle).all() and (frame == corner).all():
        colour = "black" if not corner.any() else f"of one colour, RGB {tuple(map(int, corner))}"
        raise RenderError(
            f"{what}: the picture is all {colour}, so there is nothing to score. A closed or stolen GL context "
            "gives such pictures: run `a2r doctor`, and look at env.render()"
        )
    return frame


def _channel_hint(shape: tuple[int, ...]) -> str:
    if len(shape) == 3 and shape[0] == 3:
        return "; channels come first: transpose with frame.transpose(1, 2, 0)"
    if len(shape) == 3 and shape[2] == 4:
        return "; drop the alpha channel with frame[..., :3]"
    if len(shape) == 2 or (len(shape) == 3 and shape[2] == 1):
        return "; repeat the grey channel three times"
    return ""


def with_success(info: dict[str, Any]) -> dict[str, Any]:
    """Name an environment's success as we do.

    Args:
        info: The environment's ``info``.

    Returns:
        A copy with ``is_success`` (bool): its own, else its ``success``, else left out.
    """
    for key in ("is_success", "success"):
        if key in info:
            return {**info, "is_success": bool(info[key])}
    return dict(info)


class FrameCapture(gym.Wrapper[ObsType, ActType, ObsType, ActType], RecordConstructorArgs):
    """Takes a picture at each reset and step, for `VectorVideoTextReward` and `sb3.VecVideoTextReward`.

    It also puts ``original_env_rew`` and ``is_success`` into ``info``, where vector environments carry them
    to the right place in every autoreset mode.

    Args:
        env: Any environment with ``render_mode="rgb_array"``.

    Raises:
        RenderModeError: It renders no pictures.
        WrappingError: It has a learned reward already.

    Example:
        >>> import gymnasium as gym
        >>> from a2r_gym.wrappers import FrameCapture
        >>> envs = gym.make_vec("CartPole-v1", 2, render_mode="rgb_array", wrappers=[FrameCapture])  # doctest: +SKIP
    """

    def __init__(self, env: gym.Env[ObsType, ActType]) -> None:
        RecordConstructorArgs.__init__(self)
        gym.Wrapper.__init__(self, env)
        require_rgb_array(env)
        require_bare(env)
        self._every = 1
        self._carry_errors = False
        self._step = 0
        self._moments: list[Moment] = []

    def a2r_configure(self, reward_every: int, carry_errors: bool) -> None:
        """Set how often to render, and what happens to errors.

        Args:
            reward_every: Render at the reset, every n-th step and the episode's end; >= 1.
            carry_errors: Give errors out as ``info["a2r/error"]`` (the traceback) instead of raising: SB3's
                workers would otherwise die and leave an empty EOFError.
        """
        self._every, self._carry_errors = reward_every, carry_errors

    def a2r_instruction(self) -> str | None:
        """Return the environment's own instruction; None if it has none."""
        return getattr(self.env.unwrapped, "instruction", None)

    def a2r_take_moments(self) -> list[Moment]:
        """Give out what happened since the last call, oldest first; at most an end and the reset after it."""
        moments, self._moments = self._moments, []
        return moments

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ObsType, dict[str, Any]]:
        """Reset the environment and take the first picture.

        Args:
            seed: See Gymnasium.
            options: See Gymnasium.

        Returns:
            Observation and info.
        """
        try:
            observation, info = self.env.reset(seed=seed, options=options)
            self._step = 0
            # Only the end of the episode before still counts; an episode left midway has nothing to tell.
            ended = [moment for moment in self._moments[-1:] if moment.done]
            self._moments = [*ended, Moment(self._picture("reset"), 0, False, False, 0.0)]
        except Exception:
            if not self._carry_errors:
                raise
            return self.observation_space.sample(), {ERROR_KEY: traceback.format_exc()}
        return observation, with_success(info)

    def step(self, action: ActType) -> tuple[ObsType, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment and take a picture where one is due.

        Args:
            action: See Gymnasium.

        Returns:
            Observation, the environment's own reward, terminated, truncated, info.
        """
        try:
            observation, reward, terminated, truncated, info = self.env.step(action)
            self._step += 1
            done = bool(terminated or truncated)
            due = done or self._step % self._every == 0
            frame = self._picture(f"step {self._step}") if due else None
            self._moments = [Moment(frame, self._step, bool(terminated), done, float(reward))]
        except Exception:
            if not self._carry_errors:
                raise
            return self.observation_space.sample(), 0.0, False, False, {ERROR_KEY: traceback.format_exc()}
        return observation, reward, terminated, truncated, {**with_success(info), "original_env_rew": float(reward)}

    def _picture(self, what: str) -> NDArray[np.uint8]:
        # A copy: many environments render into one buffer, and the next reset may come before the fetch.
        return np.array(check_frame(self.env.render(), what))
