"""The environment: a simulation, an arm and a task.

It is driven step by step, or by one trajectory per episode. The simulator's state is an array that every step starts
from, so that an episode, and what follows any stored state, repeats to the last bit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.base import TaskLabel, check_action
from a2r_gym.envs.c2r.cameras import viewpoint_of
from a2r_gym.envs.c2r.command import ACTION_SIZE, Command
from a2r_gym.envs.c2r.follower import Follower
from a2r_gym.envs.c2r.layout import draw_distractors, draw_start
from a2r_gym.envs.c2r.measures import History, Measures, extend
from a2r_gym.envs.c2r.memory import MEMORY_SIZE, Memory
from a2r_gym.envs.c2r.observation import OBSERVATION_SIZE
from a2r_gym.envs.c2r.reading import measure, observe, stance, unwrapped_turn
from a2r_gym.envs.c2r.task import EPISODE_STEPS
from a2r_gym.envs.c2r.tasks import TASKS, judged_with, task_info
from a2r_gym.envs.c2r.trajectory import TRAJECTORY_SIZE, decode
from a2r_gym.envs.c2r.world import FIRST, SECOND, World
from a2r_gym.errors import A2RError, FrameError, RenderModeError, unknown_name
from a2r_gym.rendering import RENDER_PRESETS

__all__ = ["CONTROLS", "MAX_DISTRACTORS", "C2REnv", "DistractorError"]

Vector = NDArray[np.float64]

CONTROLS: Final = ("step", "trajectory")
"""Ways to act: an action a step, or one a whole episode."""
MAX_DISTRACTORS: Final = 4
HAND_START: Final = ((0.35, -0.07, 0.25), (0.41, 0.07, 0.31))
"""Corners of the box where the fingertips begin, metres."""
SETTLE_STEPS: Final = 4
"""Env steps with the hand held at its start before an episode begins."""


class DistractorError(A2RError, ValueError):
    """The number of distractors is not one that an environment can have."""


class C2REnv(gym.Env[NDArray[np.float64], NDArray[np.float32]]):
    """One task.

    ``control="step"``: action float32 (6,) in [-1, 1]: the hand's x, y, z (3 cm a step at 1), its turn about the
    vertical, its tilt, and the gripper (-1 open, 1 closed). ``control="trajectory"``: action float32 (48,), eight
    waypoints (see `a2r_gym.envs.c2r.trajectory`); one step runs the whole episode and terminates it, and `last_video`
    holds its pictures. Observation float64 (34,), see `a2r_gym.envs.c2r.observation`. The reward is
    ``float(is_success)``; ``info["is_success"]`` is the task's rule at this step.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012 (Gymnasium's own type)

    def __init__(
        self,
        *,
        task: str = "push-right",
        viewpoint: int = 0,
        distractors: int = 0,
        control: str = "step",
        instruction: str | None = None,
        width: int = 128,
        height: int = 128,
        camera: str | None = None,
        render_preset: str = "fast",
        video_frames: int = 16,
        max_episode_steps: int | None = None,
        render_mode: str | None = "rgb_array",
    ) -> None:
        """Remember what to build; the simulation is made by the first `reset`.

        Args:
            task: A key of `a2r_gym.envs.c2r.tasks.TASKS`.
            viewpoint: 0 to 3; directions of the picture, and so of the task, are this camera's.
            distractors: 0 to 4 other things on the table.
            control: ``"step"`` or ``"trajectory"``.
            instruction: The sentence; the task's own if None.
            width: Of the picture, pixels.
            height: Of the picture, pixels.
            camera: A viewpoint's number as text, in place of ``viewpoint``.
            render_preset: ``"fast"``, or ``"paper"`` with shadows.
            video_frames: Pictures of `last_video`, evenly spread with first and last.
            max_episode_steps: Steps until truncation; 80 if None. A trajectory always takes 80.
            render_mode: ``"rgb_array"``, or None for an env that is never rendered.

        Raises:
            UnknownNameError: No such task, viewpoint, way to act or preset.
            RenderModeError: No such render mode.
            FrameError: The picture would have no pixels, or the video too few pictures.
            ValueError: The number of distractors is not from 0 to 4.
        """
        self._info = task_info(task)
        self._view = viewpoint_of(camera, viewpoint)
        if control not in CONTROLS:
            raise unknown_name("control", control, CONTROLS)
        if render_preset not in RENDER_PRESETS:
            raise unknown_name("render preset", render_preset, RENDER_PRESETS)
        if render_mode not in (None, "rgb_array"):
            raise RenderModeError(f"expected render_mode 'rgb_array' or None, got {render_mode!r}")
        if width < 1 or height < 1 or video_frames < 2:
            raise FrameError(
                f"expected a picture of at least 1x1 pixels and a video of at least 2 frames, got {width}x{height} "
                f"and {video_frames}"
            )
        if not 0 <= distractors <= MAX_DISTRACTORS:
            raise DistractorError(f"expected 0 to {MAX_DISTRACTORS} distractors, got {distractors}")
        self.task, self.distractors, self.control = task, distractors, control
        self.instruction = self._info.instruction if instruction is None else instruction
        self.instructions: tuple[str, ...] = (self._info.instruction, *self._info.paraphrases)
        self.render_mode = render_mode
        self.max_episode_steps = EPISODE_STEPS if max_episode_steps is None else max_episode_steps
        self._picture = (width, height, render_preset == "paper")
        self._video_frames = video_frames
        self._world: World | None = None
        self._simulated: Vector = np.zeros(0)
        size = ACTION_SIZE if control == "step" else TRAJECTORY_SIZE
        self.action_space = gym.spaces.Box(-1.0, 1.0, (size,), np.float32)
        self.observation_space = gym.spaces.Box(-np.inf, np.inf, (OBSERVATION_SIZE,), np.float64)

    # ------------------------------------------------------------------ the Gymnasium API

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Vector, dict[str, Any]]:
        """Start an episode: sizes, colours and places of things are drawn, and where the hand begins.

        Args:
            seed: Makes the episode reproducible, pixel for pixel.
            options: Not used.

        Returns:
            Observation and info.
        """
        super().reset(seed=seed)
        world, rng = self._built(), self.np_random
        hand, own, about = rng.spawn(3)  # distractors change nothing of the rest
        low, high = np.array(HAND_START)
        tip, yaw = hand.uniform(low, high), float(hand.uniform(-0.3, 0.3))
        start = draw_start(self._info, self._view, own)
        bodies = world.draw_bodies(0, own)
        colours = world.draw_colours(bodies, own)
        bodies[2:] = world.draw_bodies(self.distractors, about)[2:]
        kinds = tuple(world.pieces[part].kind for part in bodies[2:] if part >= 0)
        others = draw_distractors(kinds, self._info, start, self._view, about)
        memory = Memory.blank(Command.at(tip, yaw, grip=-1.0))
        memory = replace(memory, bodies=bodies, colours=colours)
        state = world.compose(bodies, start, others)
        world.robot.place(state, memory.command)
        world.paint(bodies, colours)
        for _ in range(SETTLE_STEPS):
            state = self._advance(state, memory)
        self._simulated = state
        self._memory = self._begun(memory)
        self._video: NDArray[np.uint8] | None = None
        self._kept: list[Vector] = []
        return self._observe(), {"is_success": self.is_success()}

    def step(self, action: NDArray[np.float32]) -> tuple[Vector, float, bool, bool, dict[str, Any]]:
        """Move for 50 ms, or run the whole trajectory.

        Args:
            action: float (6,) or (48,), clipped to [-1, 1].

        Returns:
            Observation, reward (1.0 where the task's rule holds, else 0.0), terminated (True after a trajectory),
            truncated, info.

        Raises:
            ActionError: The action has another shape, or a NaN in it.
        """
        assert self.action_space.shape is not None
        checked = np.clip(check_action(action, self.action_space.shape[0]), -1.0, 1.0)
        if self.control == "trajectory":
            self._run(checked)
        else:
            self._move(checked)
        success, ended = self.is_success(), self.control == "trajectory"
        truncated = not ended and self._memory.steps >= self.max_episode_steps
        return self._observe(), float(success), ended, truncated, {"is_success": success}

    def render(self) -> NDArray[np.uint8]:
        """Return the picture, uint8 (height, width, 3).

        Raises:
            RenderModeError: The env was built with ``render_mode=None``.
        """
        if self.render_mode is None:
            raise RenderModeError("this env was built with render_mode=None; build it with render_mode='rgb_array'")
        width, height, shadows = self._picture
        return self._built().sim.render(self._view, width, height, shadows=shadows)

    @property
    def last_video(self) -> NDArray[np.uint8] | None:
        """Pictures of the trajectory that was run last, uint8 (T, height, width, 3); None before one was.

        They are drawn when they are first asked for: an env whose pictures nobody looks at runs faster.
        """
        if self._video is None and self._kept:
            now = self.get_state()
            frames = []
            for state in self._kept:
                self.set_state(state)
                frames.append(self.render())
            self.set_state(now)
            self._video = np.stack(frames)
        return self._video

    def close(self) -> None:
        """Disconnect from the simulation; the next use builds it anew, in the same state."""
        if self._world is not None:
            self._world.sim.close()
            self._world = None

    # ------------------------------------------------------------------ state and labels

    def get_state(self) -> Vector:
        """Return everything that physics, pictures and labels depend on, float64 (S,)."""
        return np.concatenate([self._memory.pack(), self._simulated])

    def set_state(self, state: Vector) -> None:
        """Go to a state that `get_state` gave, in an env of the same task with as many kinds of distractors.

        Args:
            state: float64 (S,).

        Raises:
            ValueError: It has another shape.
        """
        world = self._built()
        size = MEMORY_SIZE + world.state_size
        if state.shape != (size,):
            raise ValueError(f"expected a state of shape ({size},), got {state.shape}")
        memory = Memory.unpack(state[:MEMORY_SIZE])
        world.paint(memory.bodies, memory.colours)
        self._memory, self._simulated = memory, np.array(state[MEMORY_SIZE:])
        world.sim.write(self._simulated)

    def labels(self) -> dict[str, TaskLabel]:
        """Judge every task that is about the same things, at this moment."""
        return {task: TASKS[task].rule(self._memory.history) for task in judged_with(self.task)}

    def measures(self) -> Measures:
        """Return what the rules look at, at this moment."""
        return self._memory.history.now

    def is_success(self) -> bool:
        """Tell whether the task's own rule holds at this moment."""
        return self._info.rule(self._memory.history).success

    # ------------------------------------------------------------------ inside

    def _built(self) -> World:
        """Return the scene; it is loaded when it is first needed, and again after `close`."""
        if self._world is None:
            self._world = World(self._info, self.distractors)
            if self._simulated.size:
                self._world.paint(self._memory.bodies, self._memory.colours)
                self._world.sim.write(self._simulated)
        return self._world

    def _advance(self, state: Vector, memory: Memory) -> Vector:
        """Return the simulator's state an env step after another."""
        world = self._built()
        world.sim.write(state)
        world.robot.follow(memory.command)
        after = world.sim.read()
        world.park(after, memory.bodies)
        return after

    def _begun(self, memory: Memory) -> Memory:
        """Return the memory of an episode that begins now."""
        world = self._built()
        first = stance(world, self._simulated, memory, FIRST)
        second = stance(world, self._simulated, memory, SECOND)
        assert first is not None, "every task has a first thing"
        memory = replace(
            memory,
            first_start=first.place.copy(),
            second_start=second.place.copy() if second is not None else np.zeros(3),
            yaw=first.yaw,
        )
        now = measure(world, self._simulated, memory, self._view)
        return replace(memory, history=History(now, now, now, now))

    def _move(self, action: Vector) -> None:
        """Go one step on."""
        memory = replace(self._memory, command=self._memory.command.moved(action))
        self._simulated = self._advance(self._simulated, memory)
        world = self._built()
        first = stance(world, self._simulated, memory, FIRST)
        assert first is not None, "every task has a first thing"
        memory = replace(memory, turn=unwrapped_turn(memory, first.yaw), yaw=first.yaw, steps=self._memory.steps + 1)
        now = measure(world, self._simulated, memory, self._view)
        self._memory = replace(memory, history=extend(memory.history, now))

    def _run(self, action: Vector) -> None:
        """Follow a trajectory to the episode's end, and keep the states whose pictures make up its video."""
        obs = self._observe()
        follow = Follower(decode(action, obs))
        kept = set(np.rint(np.linspace(0, EPISODE_STEPS, self._video_frames)).astype(int).tolist())
        self._video, self._kept = None, [self.get_state()]
        for step in range(1, EPISODE_STEPS + 1):
            self._move(follow(self._observe()))
            if step in kept:
                self._kept.append(self.get_state())

    def _observe(self) -> Vector:
        return observe(self._built(), self._simulated, self._memory, self._view)
