"""A run of `a2r_gym.planners.ddpg_cem.DDPGCEM`: its configuration, its environments, and what it keeps on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from a2r_gym.errors import CheckpointError, unknown_name
from a2r_gym.planners.cem import CEMConfig
from a2r_gym.planners.ddpg_cem import DDPGCEM, LearnerConfig, LearnerConfigError
from a2r_gym.planners.trajectory_episodes import MODES, REWARDS, Observation, TrajectoryEpisodes
from a2r_gym.planners.waypoints import Draw, FewWaypoints, TrajectoryControlError, arcsine_draw, sweep_draw
from a2r_gym.protocols import RewardModel
from a2r_gym.registration import NO_REWARD
from a2r_gym.rl.evaluation import EVALUATION_SEED
from a2r_gym.rl.saved_state import CONFIG, LATEST, REPLAY, save_state

__all__ = [
    "MakeEnv",
    "RunConfig",
    "differences",
    "draw_for",
    "evaluate",
    "load_learner",
    "load_run",
    "make_env",
    "make_episodes",
    "make_tests",
    "save_run",
]

SEEDS_OF_A_RUN: Final = 1_000_003
_LEARNER = "learner.zip"
_JUDGED_FRAMES: Final = 8
"""Pictures of an episode: as many as reward models look at; drawing more costs half of an episode's time."""


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """A run: the task, its reward and the learner.

    Attributes:
        env: An ``A2R-C2R-<task>-v1`` id.
        reward: ``"learned"``, or ``"true"``: 1 for success by the task's own rule, else 0.
        reward_mode: ``"similarity"``, ``"success"`` or ``"margin"``, for the learned reward.
        reward_model: A bundled name or a folder; its encoders are the policy's sight for both rewards.
        viewpoint: Camera, 0 to 3.
        distractors: Other things on the table, 0 to 4.
        waypoints: Of a trajectory, 1 to 8.
        episodes: In all.
        seed: Of everything.
        learner: How to learn.
    """

    env: str
    reward: str = "learned"
    reward_mode: str = "similarity"
    reward_model: str = "a2r-small"
    viewpoint: int = 0
    distractors: int = 0
    waypoints: int = 4
    episodes: int = 1_000
    seed: int = 0
    learner: LearnerConfig = field(default_factory=LearnerConfig)

    def __post_init__(self) -> None:
        """Check names and ranges.

        Raises:
            UnknownNameError: There is no such reward or mode.
            LearnerConfigError: A number is out of range.
        """
        if self.reward not in REWARDS:
            raise unknown_name("reward", self.reward, REWARDS)
        if self.reward_mode not in MODES:
            raise unknown_name("reward_mode", self.reward_mode, MODES)
        for name, least in (("episodes", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise LearnerConfigError(f"{name} must be a whole number >= {least}, got {getattr(self, name)}")

    @property
    def first_seed(self) -> int:
        """Seed of the first episode; no other run's episodes, and no evaluation's, have the same."""
        return SEEDS_OF_A_RUN * (self.seed % 400 + 1)


MakeEnv = Callable[[RunConfig], "gym.Env[Any, Any]"]
"""Builds a run's environment, whose one step is an episode; `make_env`, or another for an environment of one's own."""


def make_env(config: RunConfig, *, video_frames: int = _JUDGED_FRAMES) -> gym.Env[Any, Any]:
    """Build the environment of an id.

    Args:
        config: Of the run.
        video_frames: Pictures that are drawn of each episode.

    Returns:
        The environment; its action is a trajectory of ``config.waypoints``.

    Raises:
        TrajectoryControlError: The id has no control by trajectories.
    """
    if not config.env.split(":")[-1].startswith("A2R-C2R-"):
        raise TrajectoryControlError(
            f"{config.env} has no control by trajectories: take an A2R-C2R id, 'a2r envs' lists them"
        )
    env: gym.Env[Any, Any] = gym.make(
        config.env,
        reward_model=NO_REWARD,
        control="trajectory",
        viewpoint=config.viewpoint,
        distractors=config.distractors,
        video_frames=video_frames,
    )
    return FewWaypoints(env, config.waypoints)


def make_episodes(config: RunConfig, model: RewardModel, make: MakeEnv = make_env) -> TrajectoryEpisodes:
    """Build a run's environment as its learner sees it.

    Args:
        config: Of the run.
        model: ``config.reward_model``, loaded.
        make: Builds what is inside.
    """
    env = make(config)
    return TrajectoryEpisodes(
        env,
        model,
        instruction=str(getattr(env.unwrapped, "instruction")),  # noqa: B009 (no type has it)
        reward=config.reward,
        reward_mode=config.reward_mode,
        first_seed=config.first_seed,
    )


def make_tests(config: RunConfig, model: RewardModel, make: MakeEnv = make_env) -> TrajectoryEpisodes:
    """Build what a run is evaluated in: its environment without its reward, for which every video would be drawn.

    Args:
        config: Of the run.
        model: ``config.reward_model``, loaded; the learner sees with its encoders.
        make: Builds what is inside.
    """
    return make_episodes(replace(config, reward="true"), model, make)


def draw_for(env: gym.Env[Any, Any]) -> Draw:
    """Return the law of random trajectories of an environment that `MakeEnv` built: sweeps where it has waypoints."""
    shape = env.action_space.shape
    assert shape is not None, "a box"
    return sweep_draw(shape[0] // 6) if isinstance(env, FewWaypoints) else arcsine_draw(shape[0])


def evaluate(
    act: Callable[[Observation], NDArray[Any]], env: TrajectoryEpisodes, *, episodes: int, start_set: int = 0
) -> NDArray[np.bool_]:
    """Run fresh episodes, whose starts no training has.

    Args:
        act: From what is seen of an episode to its trajectory.
        env: Not the one that a learner is in the middle of.
        episodes: How many.
        start_set: Draws other starts; 0 is the set of final results.

    Returns:
        bool (episodes,), whether the task's rule held at the end of each.
    """
    done = np.zeros(episodes, dtype=np.bool_)
    for episode in range(episodes):
        obs, _ = env.reset(seed=EVALUATION_SEED + 10_000 * start_set + episode)
        done[episode] = env.step(act(obs))[-1]["is_success"]
    return done


# ---------------------------------------------------------------------- on disk


def save_run(folder: Path, config: RunConfig, learner: DDPGCEM) -> None:
    """Write a learner and its replay buffer; the earlier ones go once these are whole.

    Args:
        folder: Of the run.
        config: Of the run.
        learner: Between two episodes.
    """
    save_state(folder, asdict(config), learner, counted="episode", name=_LEARNER)


def load_run(folder: Path) -> RunConfig | None:
    """Read the configuration of the run in a folder.

    Args:
        folder: Of the run.

    Returns:
        The configuration, None where there is no run.

    Raises:
        CheckpointError: The file is broken.
    """
    if not (folder / LATEST).is_file():
        return None
    try:
        kept = json.loads((folder / CONFIG).read_text())
        search = CEMConfig(**kept["learner"].pop("cem"))
        return RunConfig(**{**kept, "learner": LearnerConfig(**kept["learner"], cem=search)})
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{folder / CONFIG} cannot be read ({error}): remove {folder} and start anew") from error


def load_learner(folder: Path, envs: Any = None, log: Path | None = None) -> DDPGCEM:
    """Load the learner that a run saved last, with its replay buffer; only load what you have written: it is unpickled.

    Args:
        folder: Of the run.
        envs: What it goes on learning in; None: it only acts.
        log: Folder of its TensorBoard files.

    Raises:
        CheckpointError: There is none, or a file of it is missing or cut.
    """
    if not (folder / LATEST).is_file():
        raise CheckpointError(f"{folder} holds no run of 'a2r ddpg-cem': train one with --out {folder}")
    try:
        state = folder / f"episode-{json.loads((folder / LATEST).read_text())['episode']}"
        learner = DDPGCEM.load(
            state / _LEARNER, env=envs, device="cpu", tensorboard_log=None if log is None else str(log)
        )
        learner.load_replay_buffer(state / REPLAY)
    except Exception as error:  # zip, pickle and torch each have their own for a cut file
        raise CheckpointError(
            f"the learner in {folder} cannot be loaded ({type(error).__name__}: {error}): remove the folder, train anew"
        ) from error
    return learner


def differences(there: RunConfig, asked: RunConfig) -> list[str]:
    """List in words what tells two runs apart.

    Args:
        there: One run.
        asked: The other.

    Returns:
        For each field that differs ``"seed is 0 there, 1 was asked for"``.
    """
    pairs = [(part.name, getattr(there, part.name), getattr(asked, part.name)) for part in fields(RunConfig)]
    return [f"{name} is {old!r} there, {new!r} was asked for" for name, old, new in pairs if old != new]
