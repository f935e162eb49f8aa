"""Meta-World's fifty tasks as Gymnasium environments that keep Gymnasium's promises.

Physics, rewards and success rules are those of ``metaworld`` (Farama-Foundation/Metaworld, MIT). Here ``reset(seed=)``
decides the whole episode, the observation stays in its space, nothing raises after 500 steps, rewards are Python
floats, and pictures are upright, close up and free of coloured goal markers.
"""

from __future__ import annotations

import copy
import functools
from typing import Any, Final

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.base import TaskLabel, check_action
from a2r_gym.envs.metaworld_cameras import FIELD_OF_VIEW, METAWORLD_CAMERAS, UPSIDE_DOWN, task_view
from a2r_gym.envs.metaworld_labels import Progress, extend, gap, labels
from a2r_gym.envs.metaworld_tasks import task_info
from a2r_gym.errors import FrameError, MissingDependencyError, RenderModeError, unknown_name
from a2r_gym.rendering import RENDER_PRESETS, MujocoRenderer, decimated_model, ensure_gl_backend

ensure_gl_backend()

import mujoco  # noqa: E402

try:
    from metaworld.env_dict import ALL_V3_ENVIRONMENTS
except ImportError as error:
    raise MissingDependencyError(
        "the Meta-World tasks need metaworld, which is not installed: pip install 'a2r-gym[metaworld]'"
    ) from error

__all__ = ["CAMERAS", "MetaWorldEnv"]

CAMERAS: Final = ("task", *METAWORLD_CAMERAS)
"""``"task"`` is our own close view; the others are Meta-World's, turned upright."""
MARKER: Final = "a2r_marker"
MARKER_RADIUS: Final = 0.025
MARKER_COLOUR: Final = (0.62, 0.62, 0.66, 1.0)
"""Where nothing else shows the target: a grey ball, the same whether the episode succeeds or fails."""
HALF_ROLL: Final = np.array([0.0, 0.0, 0.0, 1.0])
"""Quaternion that turns a camera half round its line of sight."""
_MOVED_AT_RESET: Final = ("body_pos", "body_quat", "site_pos", "site_quat")
"""Model arrays that Meta-World's tasks write into when an episode begins. Never those of geoms: a mesh that was cut
down has axes of its own, and its geom another place than the full one's."""
_STATE: Final = int(
    mujoco.mjtState.mjSTATE_FULLPHYSICS
    | mujoco.mjtState.mjSTATE_CTRL
    | mujoco.mjtState.mjSTATE_MOCAP_POS
    | mujoco.mjtState.mjSTATE_MOCAP_QUAT
    | mujoco.mjtState.mjSTATE_WARMSTART
)
_HALF_OBS: Final = 18
"""Length of one moment in Meta-World's observation, which holds two and the goal."""
_NO_LIMIT: Final = 2**62


class MetaWorldEnv(gym.Env[NDArray[np.float64], NDArray[np.float32]]):
    """One Meta-World task.

    Action float32 (4,) in [-1, 1]: the hand's x, y, z (1 cm a step at 1) and the gripper (-1 open, 1 closed).
    Observation float64 (39,), Meta-World's: hand, gripper and objects now, the same a step before, and the goal. The
    reward is Meta-World's dense one (its version 2). Episodes are truncated, never terminated. ``info["success"]``
    (float) and ``info["is_success"]`` (bool) are Meta-World's rule at this step.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 80}  # noqa: RUF012 (Gymnasium's own type)

    def __init__(
        self,
        *,
        task: str = "drawer-close",
        instruction: str | None = None,
        width: int = 128,
        height: int = 128,
        camera: str | None = None,
        render_preset: str = "fast",
        max_episode_steps: int | None = None,
        render_mode: str | None = "rgb_array",
    ) -> None:
        """Build the physics; the renderer is opened by the first `render`.

        Args:
            task: A key of `a2r_gym.envs.metaworld_tasks.TASKS`.
            instruction: The sentence; the task's own if None.
            width: Of the picture, pixels.
            height: Of the picture, pixels.
            camera: One of `CAMERAS`; ``"task"`` if None.
            render_preset: ``"fast"`` or ``"paper"``, see `a2r_gym.rendering`.
            max_episode_steps: Steps until truncation; the task's own number if None.
            render_mode: ``"rgb_array"``, or None for an env that is never rendered.

        Raises:
            UnknownNameError: No such task, camera or preset.
            RenderModeError: No such render mode.
            FrameError: The picture would have no pixels.
        """
        self._info = task_info(task)
        if camera is not None and camera not in CAMERAS:
            raise unknown_name("Meta-World camera", camera, CAMERAS)
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
        self.max_episode_steps = self._info.max_episode_steps if max_episode_steps is None else max_episode_steps
        self._picture = (width, height, "task" if camera is None else camera, render_preset)
        self._renderer: MujocoRenderer | None = None
        self.action_space = gym.spaces.Box(-1.0, 1.0, (4,), np.float32)
        self.observation_space = gym.spaces.Box(-np.inf, np.inf, (39,), np.float64)
        self._load_sawyer()

    def _load_sawyer(self) -> None:
        """Build Meta-World's environment and lift what stands in the way."""
        sawyer = ALL_V3_ENVIRONMENTS[f"{self.task}-v3"]()
        sawyer._partially_observable = False
        sawyer._freeze_rand_vec = False
        sawyer.seeded_rand_vec = True
        sawyer._set_task_called = True
        sawyer.max_path_length = _NO_LIMIT
        sawyer.__dict__["sawyer_observation_space"] = self.observation_space  # else it clips the goal
        self._sawyer = sawyer
        self._pristine = {name: getattr(sawyer.model, name).copy() for name in _MOVED_AT_RESET}
        self._state_size = mujoco.mj_stateSize(sawyer.model, _STATE)
        self._steps = 0
        self._success = False
        self._progress = Progress(1.0, 1.0, 1.0, 1.0)

    # ------------------------------------------------------------------ the Gymnasium API

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float64], dict[str, Any]]:
        """Start an episode: objects and goal are drawn anew.

        Args:
            seed: Makes the episode reproducible, pixel for pixel.
            options: Not used.

        Returns:
            Observation and info.
        """
        super().reset(seed=seed)
        sawyer = self._sawyer
        for name, values in self._pristine.items():
            getattr(sawyer.model, name)[:] = values
        sawyer.np_random = self.np_random
        sawyer.curr_path_length = 0
        mujoco.mj_resetData(sawyer.model, sawyer.data)
        mujoco.mj_forward(sawyer.model, sawyer.data)
        sawyer.reset_model()
        sawyer._target_pos = np.array(sawyer._target_pos)  # basketball's is a view that the next step would move
        mujoco.mj_forward(sawyer.model, sawyer.data)
        sawyer._prev_obs = sawyer._get_curr_obs_combined_no_goal()
        obs = np.asarray(sawyer._get_obs(), dtype=np.float64)
        self._steps = 0
        success, now = self._judge(obs)
        self._success, self._progress = success, Progress(now, now, now, now)
        self._pose_twin()
        return obs, {"success": float(success), "is_success": success}

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float64], float, bool, bool, dict[str, Any]]:
        """Move the commanded hand and advance the physics by 12.5 ms.

        Args:
            action: float (4,), clipped to [-1, 1].

        Returns:
            Observation, reward, terminated (False), truncated, info.

        Raises:
            ActionError: The action has another shape, or a NaN in it.
        """
        move = np.clip(check_action(action, 4).astype(np.float32), -1.0, 1.0)
        obs, reward, _, _, info = self._sawyer.step(move)
        self._steps += 1
        self._success = bool(info["success"])
        self._progress = extend(self._progress, gap(self.task, self._sawyer, obs, info))
        told = {"success": float(self._success), "is_success": self._success}
        return obs, float(reward), False, self._steps >= self.max_episode_steps, told

    def render(self) -> NDArray[np.uint8]:
        """Return the picture, uint8 (height, width, 3).

        Raises:
            RenderModeError: The env was built with ``render_mode=None``.
        """
        if self.render_mode is None:
            raise RenderModeError("this env was built with render_mode=None; build it with render_mode='rgb_array'")
        if self._renderer is None:
            width, height, camera, preset = self._picture
            twin = copy.copy(_twin(self.task, preset, self._sawyer.model_name))
            self._renderer = MujocoRenderer(twin, width=width, height=height, camera=camera, preset=preset)
            self._pose_twin()
        return self._renderer.render(self._sawyer.data)

    def close(self) -> None:
        """Close the renderer; the env can still be stepped, and rendering opens it anew."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    # ------------------------------------------------------------------ state and labels

    def get_state(self) -> NDArray[np.float64]:
        """Return what changes within an episode, float64 (S,); the objects' places are the episode's seed's."""
        physics = np.zeros(self._state_size)
        mujoco.mj_getState(self._sawyer.model, self._sawyer.data, physics, _STATE)
        return np.concatenate([physics, self._sawyer._prev_obs, self._progress, [self._steps]])

    def set_state(self, state: NDArray[np.float64]) -> None:
        """Go to a state that `get_state` gave in this episode, or in another of the same seed.

        Args:
            state: float64 (S,).
        """
        size = self._state_size
        expected = size + _HALF_OBS + len(self._progress) + 1
        if state.shape != (expected,):
            raise ValueError(f"expected a state of shape ({expected},), got {state.shape}")
        sawyer = self._sawyer
        mujoco.mj_setState(sawyer.model, sawyer.data, np.ascontiguousarray(state[:size], dtype=np.float64), _STATE)
        warmstart = sawyer.data.qacc_warmstart.copy()
        mujoco.mj_forward(sawyer.model, sawyer.data)
        sawyer.data.qacc_warmstart[:] = warmstart
        for name, place in sawyer._target_site_config:
            sawyer._set_pos_site(name, place)
        sawyer._prev_obs = np.array(state[size : size + _HALF_OBS])
        self._progress = Progress(*state[size + _HALF_OBS : -1].tolist())
        self._steps = int(state[-1])
        sawyer.curr_path_length = self._steps
        obs = np.hstack([sawyer._get_curr_obs_combined_no_goal(), sawyer._prev_obs, sawyer._get_pos_goal()])
        self._success = self._judge(obs)[0]

    def labels(self) -> dict[str, TaskLabel]:
        """Judge the task and its opposite, at this moment."""
        return labels(self._info, self._success, self._progress)

    def is_success(self) -> bool:
        """Tell whether the task's rule holds at this moment."""
        return self._success

    # ------------------------------------------------------------------ inside

    def _judge(self, obs: NDArray[np.float64]) -> tuple[bool, float]:
        """Return Meta-World's verdict on the present state, and the gap."""
        _, info = self._sawyer.evaluate_state(obs, np.zeros(4, np.float32))
        return bool(info["success"]), gap(self.task, self._sawyer, obs, info)

    def _pose_twin(self) -> None:
        """Put the twin's bodies where this episode has them, and the marker at the goal."""
        if self._renderer is None or self._sawyer._target_pos is None:
            return
        twin = self._renderer.model
        for name in _MOVED_AT_RESET:
            if not name.startswith("site"):  # none of them is drawn
                getattr(twin, name)[:] = getattr(self._sawyer.model, name)
        if self._info.marker:
            twin.site_pos[twin.site(MARKER).id] = self._sawyer._target_pos[:3]


@functools.lru_cache(maxsize=64)
def _twin(task: str, preset: str, model_file: str) -> mujoco.MjModel:
    """Compile what is drawn of a task: no goal sites, our camera, Meta-World's upright."""
    spec = mujoco.MjSpec.from_file(model_file)
    for site in spec.sites:
        site.material, site.rgba = "", [0.0, 0.0, 0.0, 0.0]
    place, axes = task_view(task).placement()
    ours = spec.worldbody.add_camera(name="task", pos=place, fovy=FIELD_OF_VIEW)
    ours.alt.type, ours.alt.xyaxes = mujoco.mjtOrientation.mjORIENTATION_XYAXES, axes
    if task_info(task).marker:
        # not at the origin: MuJoCo takes a site compiled there to lie there always
        spec.worldbody.add_site(name=MARKER, pos=[0.0, 0.7, 0.1], size=[MARKER_RADIUS] * 3, rgba=list(MARKER_COLOUR))
    model = decimated_model(spec) if preset == "fast" else spec.compile()
    for name in UPSIDE_DOWN:
        number = model.camera(name).id
        mujoco.mju_mulQuat(model.cam_quat[number], model.cam_quat[number].copy(), HALF_ROLL)
    return model
