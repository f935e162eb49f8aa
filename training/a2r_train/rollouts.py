"""One episode at a time: roll out first with states stored, then render and judge the few frames that are kept.

What successes and failures share is drawn before the source is looked at: the length, and whether states are played
back. Where an "undone" episode can only be made by playing a success backwards (Meta-World), some episodes of every
other source also run back for a while and go on again: so neither the length nor time running back tells how it ends.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.base import SimulatorEnv
from a2r_gym.errors import DataError, unknown_name
from a2r_train.data.lerobot import EpisodeRecord

__all__ = [
    "FAMILIES",
    "FamilyModules",
    "Rollout",
    "Scene",
    "Timeline",
    "draw_timeline",
    "kept_steps",
    "roll_out",
    "scene_arguments",
]

REPLAY_SHARE: Final = 0.3
"""Of the episodes that are not undone, where undoing is done by playing back."""


@dataclass(frozen=True, kw_only=True)
class FamilyModules:
    """Where a family's parts are, and how long its episodes are.

    Attributes:
        env: ``"module:Class"``.
        experts: Module with ``make_controller``, ``SOURCES`` and ``REWIND_UNDONE``.
        tasks: Module with ``TASKS``.
        lengths: Shortest and longest episode as fractions of the task's time limit; drawn evenly between them, for
            every source alike.
        shared_scene: Whether all tasks play in one scene, so that one renderer serves them.
        variants: Whether a scene's name holds the environment's arguments, see `scene_arguments`.
    """

    env: str
    experts: str
    tasks: str
    lengths: tuple[float, float]
    shared_scene: bool
    variants: bool = False


FAMILIES: Final = {
    "metaworld": FamilyModules(
        env="a2r_gym.envs.metaworld:MetaWorldEnv",
        experts="a2r_gym.envs.metaworld_experts",
        tasks="a2r_gym.envs.metaworld_tasks",
        lengths=(0.85, 1.0),  # the slow tasks are done after 0.8
        shared_scene=False,
    ),
    "tabletop": FamilyModules(
        env="a2r_gym.envs.tabletop.env:TabletopEnv",
        experts="a2r_gym.envs.tabletop.experts",
        tasks="a2r_gym.envs.tabletop.tasks",
        lengths=(0.9, 1.0),
        shared_scene=True,
    ),
    "c2r": FamilyModules(
        env="a2r_gym.envs.c2r.env:C2REnv",
        experts="a2r_gym.envs.c2r.experts",
        tasks="a2r_gym.envs.c2r.tasks",
        lengths=(0.9, 1.0),
        shared_scene=False,
        variants=True,
    ),
}
"""All families by name."""


class Rollout(NamedTuple):
    """What happened, N steps.

    Attributes:
        states: float64 (N + 1, S), of the simulator.
        observations: float64 (N + 1, O).
        actions: float64 (N, A).
        first_success: First step at which the task's rule held, N + 1 if it never did.
    """

    states: NDArray[np.float64]
    observations: NDArray[np.float64]
    actions: NDArray[np.float64]
    first_success: int


class Timeline(NamedTuple):
    """Which step of a rollout each step of an episode shows.

    Attributes:
        steps: int64 (N + 1,), steps of the rollout.
        rewound: Whether it ever goes back.
    """

    steps: NDArray[np.int64]
    rewound: bool


def scene_arguments(modules: FamilyModules, scene: str) -> dict[str, str | int]:
    """Tell with what an environment is built for a scene.

    Args:
        modules: Of its family.
        scene: A name; where the family has variants ``"default"`` or, for example, ``"viewpoint=2,distractors=4"``.

    Returns:
        Arguments of its class.

    Raises:
        DataError: The name of a variant has another form.
    """
    if modules.shared_scene:
        return {"scene": scene}
    if not modules.variants or scene == "default":
        return {}
    pairs = [part.partition("=") for part in scene.split(",")]
    if not all(name and value.isdigit() for name, _, value in pairs):
        raise DataError(f"expected a scene like 'default' or 'viewpoint=2,distractors=4', got {scene!r}")
    return {name: int(value) for name, _, value in pairs}


def kept_steps(length: int, kept_frames: int) -> NDArray[np.int64]:
    """Spread the kept frames evenly over an episode, first and last included.

    Args:
        length: Of the episode, steps.
        kept_frames: How many.

    Returns:
        int64 (kept_frames,), rising from 0 to ``length``.
    """
    return np.rint(np.linspace(0, length, kept_frames)).astype(np.int64)


def roll_out(
    env: SimulatorEnv, controller: Callable[[NDArray[Any]], NDArray[Any]], obs: NDArray[Any], length: int
) -> Rollout:
    """Run a controller in an environment that was just reset.

    Args:
        env: The environment.
        controller: From observation to action.
        obs: What ``reset`` returned.
        length: Steps to take.
    """
    states, observations, actions = [env.get_state()], [np.asarray(obs, dtype=np.float64)], []
    first_success = length + 1
    for step in range(1, length + 1):
        action = controller(obs)
        obs, _, _, _, info = env.step(action)
        states.append(env.get_state())
        observations.append(np.asarray(obs, dtype=np.float64))
        actions.append(np.asarray(action, dtype=np.float64))
        if info["is_success"] and first_success > length:
            first_success = step
    return Rollout(np.stack(states), np.stack(observations), np.stack(actions), first_success)


def draw_timeline(
    rng: np.random.Generator, *, length: int, rollout_length: int, first_success: int, undo: bool, replay: bool
) -> Timeline:
    """Lay an episode out over a rollout: as it was, undone, or with a stretch played back and forth again.

    Args:
        rng: Source of randomness.
        length: Of the episode, steps.
        rollout_length: Of the rollout, steps; at least ``length``.
        first_success: First step at which the rollout's task was done; greater than ``rollout_length`` if never.
        undo: Go on past the success, then back to near the start.
        replay: Go back for a while and then on again, to the same end as without.

    Returns:
        The episode's steps. Played-back episodes run at an even speed that makes them ``length`` long.
    """
    near_start, share, depth = rng.uniform(size=3)
    if undo:
        peak = min(first_success + int(share * 0.15 * rollout_length) + 2, rollout_length)
        turns = [0.0, float(peak), 0.2 * near_start * peak]
    elif replay:
        high = (0.4 + 0.6 * share) * length
        turns = [0.0, high, high * (0.2 + 0.5 * depth), float(length)]
    else:
        return Timeline(np.arange(length + 1), False)
    travelled = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(turns)))])
    steps = np.interp(np.linspace(0.0, travelled[-1], length + 1), travelled, turns)
    return Timeline(np.rint(steps).astype(np.int64), True)


class Scene:
    """The environments of one family's tasks in one scene; built when first needed, rendered through one of them."""

    def __init__(self, family: str, scene: str, *, width: int, height: int, camera: str | None, preset: str) -> None:
        """Remember what to build.

        Args:
            family: A key of `FAMILIES`.
            scene: ``"default"`` for Meta-World, else a scene's name or generator seed, or a variant's.
            width: Of the pictures, pixels.
            height: Of the pictures, pixels.
            camera: Name; None is the task's own.
            preset: A render preset.
        """
        self._family, self._name = family, scene
        self._modules = FAMILIES[family]
        self._picture = {"width": width, "height": height, "camera": camera, "render_preset": preset}
        self._envs: dict[str, SimulatorEnv] = {}
        self._tasks = importlib.import_module(self._modules.tasks).TASKS
        self._experts = importlib.import_module(self._modules.experts)

    def __enter__(self) -> Scene:
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close all environments."""
        for env in self._envs.values():
            env.close()

    def env(self, task: str) -> SimulatorEnv:
        """Return the environment of a task."""
        if task not in self._envs:
            module, _, name = self._modules.env.partition(":")
            env_class = getattr(importlib.import_module(module), name)
            self._envs[task] = env_class(task=task, **scene_arguments(self._modules, self._name), **self._picture)
        return self._envs[task]

    def collect(
        self, task: str, source: str, seed: int, *, collection_seed: int, kept_frames: int, label_names: tuple[str, ...]
    ) -> EpisodeRecord:
        """Make one episode; the arguments fix it to the pixel.

        Args:
            task: Of the family.
            source: One of the family's ``SOURCES``.
            seed: Of the environment's reset.
            collection_seed: Changes all that is drawn besides.
            kept_frames: Frames to render.
            label_names: ``family/task`` of each label column.
        """
        if source not in self._experts.SOURCES:
            raise unknown_name("source", source, self._experts.SOURCES)
        env = self.env(task)
        key = zlib.crc32(f"{self._family}/{task}/{self._name}".encode())
        drawn, playback, own = np.random.default_rng([collection_seed, seed, key]).spawn(3)
        limit = int(self._tasks[task].max_episode_steps)
        low, high = (round(part * limit) for part in self._modules.lengths)
        length = int(drawn.integers(low, high + 1))
        plays_back = bool(self._experts.REWIND_UNDONE)
        undo = plays_back and source == "undone"
        replay = bool(drawn.uniform() < REPLAY_SHARE) and plays_back and not undo
        obs, _ = env.reset(seed=seed)
        controller = self._experts.make_controller(env, "success" if undo else source, own)
        rollout = roll_out(env, controller, obs, limit if undo else length)
        timeline = draw_timeline(
            playback, length=length, rollout_length=len(rollout.actions), first_success=rollout.first_success,
            undo=undo, replay=replay,
        )  # fmt: skip
        return self._record(task, source, seed, rollout, timeline, kept_frames, label_names)

    def follow(
        self, task: str, policy: Callable[[NDArray[Any]], NDArray[Any]], source: str, seed: int, *, kept_frames: int,
        label_names: tuple[str, ...],
    ) -> EpisodeRecord:  # fmt: skip
        """Record one episode of any policy, from a reset to the task's time limit.

        Args:
            task: Of the family.
            policy: From observation to action.
            source: How the episode is to be called.
            seed: Of the environment's reset.
            kept_frames: Frames to render.
            label_names: ``family/task`` of each label column.
        """
        env, length = self.env(task), int(self._tasks[task].max_episode_steps)
        obs, _ = env.reset(seed=seed)
        rollout = roll_out(env, policy, obs, length)
        timeline = Timeline(np.arange(length + 1), False)
        return self._record(task, source, seed, rollout, timeline, kept_frames, label_names)

    def _record(
        self, task: str, source: str, seed: int, rollout: Rollout, timeline: Timeline, kept_frames: int,
        label_names: tuple[str, ...],
    ) -> EpisodeRecord:  # fmt: skip
        """Render and judge the kept frames of a rollout."""
        kept = kept_steps(len(timeline.steps) - 1, kept_frames)
        frames, labels = self._judge(task, rollout.states[timeline.steps[kept]], label_names)
        # a state does not know what was played back before it: a drawer that went back may look opened
        after = kept > np.argmax(np.diff(timeline.steps) < 0) if timeline.rewound else np.zeros(kept_frames, dtype=bool)
        others = np.array(label_names) != f"{self._family}/{task}"
        labels["ambiguous"] |= after[:, None] & others & (labels["success"] >= 0)
        return EpisodeRecord(
            family=self._family, task=task, instruction=self._tasks[task].instruction, scene=self._name, seed=seed,
            source=source, rewound=timeline.rewound, steps=kept, frames=frames, **labels,
            states=rollout.observations[timeline.steps].astype(np.float32),
            actions=_played_actions(rollout.actions, timeline.steps),
        )  # fmt: skip

    def _judge(
        self, task: str, states: NDArray[np.float64], label_names: tuple[str, ...]
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Render and label some states."""
        env = next(iter(self._envs.values())) if self._modules.shared_scene else self._envs[task]
        shape = (len(states), len(label_names))
        success, ambiguous = np.full(shape, -1, dtype=np.int8), np.zeros(shape, dtype=bool)
        progress = np.full(shape, np.nan, dtype=np.float32)
        column = {name: index for index, name in enumerate(label_names)}
        frames = []
        for row, state in enumerate(states):
            env.set_state(state)
            frames.append(env.render())
            for name, label in env.labels().items():
                index = column[f"{self._family}/{name}"]
                success[row, index], ambiguous[row, index] = int(label.success), label.ambiguous
                progress[row, index] = label.progress
        return np.stack(frames), {"success": success, "ambiguous": ambiguous, "progress": progress}


def _played_actions(actions: NDArray[np.float64], steps: NDArray[np.int64]) -> NDArray[np.float32]:
    """Give each step of an episode the action that led to the next, NaN where none did."""
    played = np.full((len(steps), actions.shape[1]), np.nan, dtype=np.float32)
    went_on = np.flatnonzero(np.diff(steps) == 1)
    played[went_on] = actions[steps[went_on]]
    return played
