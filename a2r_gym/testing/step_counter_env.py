"""An environment that only counts, and shows its count."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from a2r_gym.errors import RenderModeError
from a2r_gym.testing.frame_code import FrameCode, draw_code

__all__ = ["StepCounterEnv"]


class StepCounterEnv(gym.Env[NDArray[np.float32], NDArray[np.float32]]):
    """Counts steps and episodes; the picture, the observation and the reward (the step number) all tell them.

    Args:
        number: Number of this environment, in its pictures and observations.
        episode_length: Steps to the end.
        end: How it ends, ``"terminated"`` or ``"truncated"``.
        instruction: Its ``instruction``; None: it has none.
        fail_at: Raise a ``RuntimeError`` at this step, None: never; 0: at a reset after the first.
        render_mode: ``"rgb_array"`` or None.

    Attributes:
        renders: How often ``render`` was called.

    Example:
        >>> env = StepCounterEnv(number=3)
        >>> env.reset(seed=0)[0]
        array([3., 0., 0.], dtype=float32)
        >>> env.step(env.action_space.sample())[:2]
        (array([3., 0., 1.], dtype=float32), 1.0)
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012 (Gymnasium's own type)

    def __init__(
        self,
        *,
        number: int = 0,
        episode_length: int = 5,
        end: str = "terminated",
        instruction: str | None = "count to five",
        fail_at: int | None = None,
        render_mode: str | None = "rgb_array",
    ) -> None:
        self.observation_space = gym.spaces.Box(0.0, 65535.0, (3,), np.float32)
        self.action_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)
        self.instruction = instruction
        self.render_mode = render_mode
        self.renders = 0
        self._number, self._length, self._end, self._fail_at = number, episode_length, end, fail_at
        self._episode, self._step = -1, 0

    @property
    def code(self) -> FrameCode:
        """What the next picture will say."""
        return FrameCode(self._number, max(self._episode, 0), self._step)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin the next episode; a seed begins anew with episode 0.

        Args:
            seed: See Gymnasium.
            options: Not used.

        Returns:
            Observation and an info with ``success``.
        """
        super().reset(seed=seed)
        self._episode = 0 if seed is not None else self._episode + 1
        self._step = 0
        if self._fail_at == 0 and self._episode > 0:
            raise RuntimeError("this environment was told to fail at a reset")
        return self._observation(), {"success": 0.0}

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Count one step.

        Args:
            action: Not used.

        Returns:
            Observation, the step number, terminated, truncated, an info whose ``success`` is 1.0 at the end.
        """
        self._step += 1
        if self._step == self._fail_at:
            raise RuntimeError(f"this environment was told to fail at step {self._step}")
        done = self._step >= self._length
        flags = (done and self._end == "terminated", done and self._end == "truncated")
        return self._observation(), float(self._step), *flags, {"success": float(done)}

    def render(self) -> NDArray[np.uint8]:
        """Draw the count.

        Returns:
            uint8 (16, 16, 3); see `a2r_gym.testing.read_code`.

        Raises:
            RenderModeError: The environment was built without pictures.
        """
        if self.render_mode != "rgb_array":
            raise RenderModeError(f"expected render_mode='rgb_array', got {self.render_mode!r}")
        self.renders += 1
        return draw_code(self.code)

    def _observation(self) -> NDArray[np.float32]:
        return np.asarray(self.code, dtype=np.float32)
