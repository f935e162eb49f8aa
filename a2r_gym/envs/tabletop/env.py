"""The table-top environment: one Sawyer, seven tasks, any scene of `a2r_gym.envs.tabletop.scene`.

The hand follows a mocap body as in Meta-World; the action adds a rotation about the vertical. The reward is
``float(is_success)``; the learned reward comes from a wrapper.
"""

from __future__ import annotations

import functools
from typing import Any, Final

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.base import TaskLabel, check_action
from a2r_gym.envs.tabletop.model import CAMERAS, base_model, compose_spec, scene_model
from a2r_gym.envs.tabletop.scene import SceneParams, scene_params
from a2r_gym.envs.tabletop.tasks import (
    EPISODE_STEPS,
    MAX_TILT,
    History,
    Measures,
    decided_tasks,
    extend,
    pack,
    task_info,
    task_label,
    unpack,
)
from a2r_gym.errors import FrameError, RenderModeError, TaskLeftOutError, unknown_name
from a2r_gym.rendering import RENDER_PRESETS, MujocoRenderer, decimated_model

import mujoco  # isort: skip (after the GL backend is chosen, by .model)

__all__ = ["OBSERVATION", "TabletopEnv"]

FRAME_SKIP: Final = 5
"""Physics steps of 4 ms in an env step."""
STEP_LENGTH: Final = 0.03
"""Metres the commanded hand moves along each axis at an action of 1."""
STEP_YAW: Final = 0.15
"""Radians it turns at an action of 1."""
HAND_LOW: Final = (-0.45, 0.33, 0.02)
HAND_HIGH: Final = (0.45, 0.97, 0.42)
"""Bounds of the commanded fingertips, metres."""
YAW_RANGE: Final = (-1.6, 1.6)
TIP_BELOW_HAND: Final = 0.045
"""Metres from the hand's body down to the fingertips."""
FINGER_TRAVEL: Final = (0.03, 0.03)
"""Metres that the right and the left finger close."""
SETTLE_STEPS: Final = 40
"""Env steps with the hand held at its start pose before an episode begins."""
DRAWER_START: Final = {"open": (0.12, 0.155), "closed": (0.0, 0.004)}
"""Metres."""
FAUCET_START: Final = (-0.15, 0.15)
"""Radians."""
MUG_START: Final = 0.02
"""Metres to each side of the scene's place."""
HAND_START: Final = ((-0.04, -0.03, 0.21), (0.04, 0.03, 0.27))
"""Metres: fingertips relative to the scene's place for the hand, z absolute."""
_STATE: Final = int(
    mujoco.mjtState.mjSTATE_FULLPHYSICS
    | mujoco.mjtState.mjSTATE_CTRL
    | mujoco.mjtState.mjSTATE_MOCAP_POS
    | mujoco.mjtState.mjSTATE_MOCAP_QUAT
    | mujoco.mjtState.mjSTATE_WARMSTART
)
OBSERVATION: Final[dict[str, Any]] = {
    "tip": slice(0, 3), "yaw": 3, "grip": 4, "command": slice(5, 8), "drawer": 8, "faucet": 9, "mug": slice(10, 13),
    "drawer_handle": slice(13, 16), "faucet_tip": slice(16, 19), "drawer_front": slice(19, 21),
    "faucet_base": slice(21, 23), "faucet_front": slice(23, 25), "picture_right": slice(25, 27), "drawer_start": 27,
    "faucet_start": 28, "mug_start": slice(29, 31), "time": 31,
}  # fmt: skip
"""Where each part of the observation lies: metres, radians, unit vectors on the table; ``time`` is 1 after 60 steps."""


@functools.lru_cache(maxsize=1)
def _arm_rest() -> NDArray[np.float64]:
    """Return joint angles (9,) of arm and fingers with the hand over the middle of the table."""
    model = base_model()
    data = mujoco.MjData(model)
    data.qpos[model.joint("mug_free").qposadr[0] : model.joint("mug_free").qposadr[0] + 2] = (0.3, 0.8)
    data.mocap_pos[0], data.mocap_quat[0] = (0.0, 0.55, 0.3), _hand_quat(0.0)
    for name in ("drawer", "faucet", "machine"):  # they stand at the origin, far from the hand
        assert np.allclose(model.body(f"{name}_root").pos, 0.0)
    mujoco.mj_step(model, data, 1500)
    return np.array(data.qpos[:9])


def _hand_quat(yaw: float) -> NDArray[np.float64]:
    """Return the hand's quaternion (4,): fingers down (Meta-World's [1, 0, 1, 0]), turned about the vertical."""
    quat = np.zeros(4)
    turn = np.array([np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2)])
    mujoco.mju_mulQuat(quat, turn, np.array([1.0, 0.0, 1.0, 0.0]) / np.sqrt(2.0))
    return quat


class TabletopEnv(gym.Env[NDArray[np.float64], NDArray[np.float32]]):
    """One task in one scene.

    Action float32 (5,) in [-1, 1]: the hand's x, y, z (3 cm a step at 1), its rotation about the vertical, and the
    gripper (-1 open, 1 closed). Observation float64 (32,), see `OBSERVATION`. Episodes are truncated after 60 steps and
    never terminate. ``info["is_success"]`` is the task's rule at this step.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 50}  # noqa: RUF012 (Gymnasium's own type)

    def __init__(
        self,
        *,
        task: str = "drawer-close",
        scene: str | int = "train",
        instruction: str | None = None,
        width: int = 128,
        height: int = 128,
        camera: str | None = None,
        render_preset: str = "fast",
        max_episode_steps: int | None = None,
        render_mode: str | None = "rgb_array",
    ) -> None:
        """Build the scene; the renderer is opened by the first `render`.

        Args:
            task: A key of `TASKS`.
            scene: A name of `SCENES` or a generator seed.
            instruction: The sentence; the task's own if None.
            width: Of the picture, pixels.
            height: Of the picture, pixels.
            camera: ``"scene"`` (default) or ``"overview"``, the same view from further off.
            render_preset: ``"fast"`` or ``"paper"``, see `a2r_gym.rendering`.
            max_episode_steps: Steps until truncation; 60 if None.
            render_mode: ``"rgb_array"``, or None for an env that is never rendered.

        Raises:
            UnknownNameError: No such task, scene, camera or preset.
            TaskLeftOutError: The task's direction has no meaning under this scene's camera.
            RenderModeError: No such render mode.
            FrameError: The picture would have no pixels.
        """
        self._info = task_info(task)
        self.scene: SceneParams = scene_params(scene)
        self.decided_tasks = decided_tasks(self.scene)
        if task not in self.decided_tasks:
            raise TaskLeftOutError(
                f"task {task!r} is left out in scene {self.scene.name!r}: the faucet turns "
                f"{self.scene.faucet_tilt:.0f} degrees off the picture's left and right (at most {MAX_TILT:.0f}). "
                f"Decided there: {', '.join(self.decided_tasks)}"
            )
        if camera is not None and camera not in CAMERAS:
            raise unknown_name("table-top camera", camera, CAMERAS)
        if render_preset not in RENDER_PRESETS:
            raise unknown_name("render preset", render_preset, RENDER_PRESETS)
        if render_mode not in (None, "rgb_array"):
            raise RenderModeError(f"expected render_mode 'rgb_array' or None, got {render_mode!r}")
        if width < 1 or height < 1:
            raise FrameError(f"expected a picture of at least 1x1 pixels, got {width}x{height}")
        self.task = task
        self.instruction = self._info.instruction if instruction is None else instruction
        self.instructions: tuple[str, ...] = (self._info.instruction, *self._info.paraphrases)
        self.render_mode = render_mode
        self.max_episode_steps = EPISODE_STEPS if max_episode_steps is None else max_episode_steps
        self._camera = "scene" if camera is None else camera
        self._picture = (width, height, render_preset)
        self._renderer: MujocoRenderer | None = None
        self.action_space = gym.spaces.Box(-1.0, 1.0, (5,), np.float32)
        self.observation_space = gym.spaces.Box(-np.inf, np.inf, (32,), np.float64)
        self._load_model()

    def _load_model(self) -> None:
        self._model = scene_model(self.scene)
        self._data = mujoco.MjData(self._model)
        joint = self._model.joint
        self._drawer = int(joint("drawer_goal_slidey").qposadr[0])
        self._faucet = int(joint("faucet_knob_Joint_1").qposadr[0])
        self._mug = int(joint("mug_free").qposadr[0])
        body = self._model.body
        self._hand_id, self._slide_id, self._knob_id = (
            body(name).id for name in ("hand", "drawer_drawer_link", "faucet_faucet_link2")
        )
        still = Measures(0.0, 0.0, 0.0, 0.0)
        self._history = History(still, still, still, still)
        self._mug_start = np.zeros(2)
        self._yaw = 0.0
        self._steps = 0

    # ------------------------------------------------------------------ the Gymnasium API

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float64], dict[str, Any]]:
        """Start an episode: hand, mug, faucet and drawer are moved a little.

        Args:
            seed: Makes the episode reproducible, pixel for pixel.
            options: ``{"drawer": "open" | "closed"}`` sets the drawer's start in tasks that leave it open.

        Returns:
            Observation and info.
        """
        super().reset(seed=seed)
        rng, data = self.np_random, self._data
        draw = rng.uniform(size=10)  # all at once: the same seed is the same start in every task
        forced = {"drawer-close": "open", "drawer-open": "closed"}.get(self.task, (options or {}).get("drawer"))
        drawer = forced or ("open" if draw[0] < 0.5 else "closed")
        if drawer not in DRAWER_START:
            raise unknown_name("drawer start", drawer, DRAWER_START)
        mujoco.mj_resetData(self._model, data)
        data.qpos[:9] = _arm_rest()
        low, high = DRAWER_START[drawer]
        data.qpos[self._drawer] = -(low + draw[1] * (high - low))
        data.qpos[self._faucet] = FAUCET_START[0] + draw[2] * (FAUCET_START[1] - FAUCET_START[0])
        data.qpos[self._mug : self._mug + 2] += (2.0 * draw[3:5] - 1.0) * MUG_START
        low_tip, high_tip = (np.array(bound) for bound in HAND_START)
        tip = low_tip + draw[5:8] * (high_tip - low_tip) + np.array([*self.scene.hand, 0.0])
        self._yaw = float(draw[8] * 0.6 - 0.3)
        data.mocap_pos[0] = tip + np.array([0.0, 0.0, TIP_BELOW_HAND])
        data.mocap_quat[0] = _hand_quat(self._yaw)
        self._set_grip(2.0 * draw[9] - 1.0)
        mujoco.mj_step(self._model, data, SETTLE_STEPS * FRAME_SKIP)
        data.time = 0.0
        self._forward()
        self.begin_task()
        return self._observe(), {"is_success": self.is_success()}

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float64], float, bool, bool, dict[str, Any]]:
        """Move the commanded hand and advance the physics by 20 ms.

        Args:
            action: float (5,), clipped to [-1, 1].

        Returns:
            Observation, reward (1.0 where the task's rule holds, else 0.0), terminated (False), truncated, info.

        Raises:
            ActionError: The action has another shape, or a NaN in it.
        """
        move = np.clip(check_action(action, 5), -1.0, 1.0)
        data = self._data
        shift = np.array([0.0, 0.0, TIP_BELOW_HAND])
        data.mocap_pos[0] = np.clip(data.mocap_pos[0] - shift + move[:3] * STEP_LENGTH, HAND_LOW, HAND_HIGH) + shift
        self._yaw = float(np.clip(self._yaw + move[3] * STEP_YAW, *YAW_RANGE))
        data.mocap_quat[0] = _hand_quat(self._yaw)
        self._set_grip(float(move[4]))
        mujoco.mj_step(self._model, data, FRAME_SKIP)
        self._forward()
        self._steps += 1
        self._history = extend(self._history, self._measure())
        success = self.is_success()
        return self._observe(), float(success), False, self._steps >= self.max_episode_steps, {"is_success": success}

    def render(self) -> NDArray[np.uint8]:
        """Return the picture, uint8 (height, width, 3).

        Raises:
            RenderModeError: The env was built with ``render_mode=None``.
        """
        if self.render_mode is None:
            raise RenderModeError("this env was built with render_mode=None; build it with render_mode='rgb_array'")
        if self._renderer is None:
            self._renderer = open_renderer(self.scene, self._camera, *self._picture)
        return self._renderer.render(self._data)

    def close(self) -> None:
        """Close the renderer; the env can still be stepped, and rendering opens it anew."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    # ------------------------------------------------------------------ state and labels

    def get_state(self) -> NDArray[np.float64]:
        """Return everything that physics, pictures and labels depend on, float64 (S,)."""
        physics = np.zeros(mujoco.mj_stateSize(self._model, _STATE))
        mujoco.mj_getState(self._model, self._data, physics, _STATE)
        return np.concatenate([physics, self._mug_start, pack(self._history), [self._yaw, self._steps]])

    def set_state(self, state: NDArray[np.float64]) -> None:
        """Go to a state that `get_state` gave, in an env of the same scene.

        Args:
            state: float64 (S,).
        """
        size = mujoco.mj_stateSize(self._model, _STATE)
        if state.shape != (size + 20,):
            raise ValueError(f"expected a state of shape ({size + 20},), got {state.shape}")
        mujoco.mj_setState(self._model, self._data, np.ascontiguousarray(state[:size], dtype=np.float64), _STATE)
        self._mug_start = np.array(state[size : size + 2])
        self._history = unpack(np.asarray(state[size + 2 : size + 18]))
        self._yaw, self._steps = float(state[-2]), int(state[-1])
        self._forward()

    def begin_task(self) -> None:
        """Let steps and success count from this moment on, as from a reset: another instruction begins here."""
        self._steps = 0
        self._mug_start = np.array(self._data.qpos[self._mug : self._mug + 2])
        start = self._measure()
        self._history = History(start, start, start, start)

    def labels(self) -> dict[str, TaskLabel]:
        """Judge every task that this scene decides, at this moment."""
        return {task: task_label(task, self._history) for task in self.decided_tasks}

    def measures(self) -> Measures:
        """Return what the rules look at, at this moment."""
        return self._history.now

    def things(self) -> NDArray[np.float64]:
        """Return where the things are that can be moved: float64 (3, 2), drawer, faucet, mug, in metres or radians."""
        qpos = self._data.qpos
        mug = qpos[self._mug : self._mug + 2]
        return np.array([[qpos[self._drawer], 0.0], [qpos[self._faucet], 0.0], [mug[0], mug[1]]])

    def is_success(self) -> bool:
        """Tell whether the task's own rule holds at this moment."""
        return task_label(self.task, self._history).success

    # ------------------------------------------------------------------ inside

    def _forward(self) -> None:
        """Bring positions up to date without touching what the next step starts from."""
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_camlight(self._model, self._data)

    def _set_grip(self, closing: float) -> None:
        self._data.ctrl[:] = (closing + 1.0) / 2.0 * np.array([FINGER_TRAVEL[0], -FINGER_TRAVEL[1]])

    def _measure(self) -> Measures:
        qpos, camera = self._data.qpos, self.scene.camera
        moved = qpos[self._mug : self._mug + 2] - self._mug_start
        return Measures(
            drawer=float(-qpos[self._drawer]),
            faucet=float(qpos[self._faucet]),
            mug_right=float(moved @ camera.right),
            mug_away=float(moved @ camera.away),
        )

    def _observe(self) -> NDArray[np.float64]:
        data, scene, history = self._data, self.scene, self._history
        shift = np.array([0.0, 0.0, TIP_BELOW_HAND])
        frame = data.xmat[self._slide_id].reshape(3, 3)
        knob = data.xmat[self._knob_id].reshape(3, 3)
        return np.concatenate(
            [
                data.xpos[self._hand_id] - shift,
                [self._yaw, (data.qpos[7] - data.qpos[8]) / sum(FINGER_TRAVEL)],
                data.mocap_pos[0] - shift,
                [history.now.drawer, history.now.faucet],
                data.qpos[self._mug : self._mug + 3],
                data.xpos[self._slide_id] + frame @ np.array([0.0, -0.15, 0.0]),
                data.xpos[self._knob_id] + knob @ np.array([0.0, -0.175, 0.0]),
                scene.drawer.front,
                (scene.faucet.x, scene.faucet.y),
                scene.faucet.front,
                scene.camera.right,
                (history.start.drawer, history.start.faucet),
                self._mug_start,
                [self._steps / EPISODE_STEPS],
            ]
        )


def open_renderer(scene: SceneParams, camera: str, width: int, height: int, preset: str) -> MujocoRenderer:
    """Open a renderer for a scene; ``fast`` draws the twin model with fewer triangles."""
    base = base_model() if preset != "fast" else _render_twin()
    return MujocoRenderer(scene_model(scene, base), width=width, height=height, camera=camera, preset=preset)


@functools.lru_cache(maxsize=1)
def _render_twin() -> mujoco.MjModel:
    return decimated_model(compose_spec())
