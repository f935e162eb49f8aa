"""Concept2Robot's second stage: one policy for many tasks, cloned from the best trajectories of one run for each.

Source: Shao et al. 2020, section on the multi-task policy. Ours clones the elites of each run's replay buffer, told
apart by the embedded sentence; a task's weight does not depend on how many elites it has.

Shape suffixes: B batch, D text embedding, N elites, A trajectory.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.preprocessing import preprocess_obs
from stable_baselines3.common.torch_layers import create_mlp
from torch import Tensor, nn

from a2r_gym.errors import CheckpointError, DataError
from a2r_gym.planners.ddpg_cem import LearnerConfigError
from a2r_gym.planners.elite_replay import EliteReplayBuffer
from a2r_gym.planners.scene_extractor import SceneExtractor, fit_whitening
from a2r_gym.planners.trajectory_episodes import Observation
from a2r_gym.planners.trajectory_run import (
    MakeEnv,
    RunConfig,
    evaluate,
    load_learner,
    load_run,
    make_env,
    make_tests,
)
from a2r_gym.protocols import RewardModel
from a2r_gym.rl.evaluation import success_rate
from a2r_gym.whole_file import whole_file
from a2r_gym.wrappers.episode_rewards import resolve_model

__all__ = ["DistillConfig", "MultiTaskPolicy", "distill"]

RESULT: Final = "result.json"
POLICY: Final = "policy.pt"


@dataclass(frozen=True, kw_only=True)
class DistillConfig:
    """How to clone.

    Attributes:
        steps: Gradient steps.
        batch_size: Trajectories of each.
        learning_rate: Of Adam.
        jitter: Standard deviation of the noise on whitened scenes, so that few elites are not learned by heart.
        seed: Of network and batches.
    """

    steps: int = 3_000
    batch_size: int = 128
    learning_rate: float = 5e-4
    jitter: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        """Check ranges.

        Raises:
            LearnerConfigError: A number is out of range.
        """
        if self.steps < 1 or self.batch_size < 1 or self.learning_rate <= 0.0 or self.jitter < 0.0:
            raise LearnerConfigError("expected steps and batch_size >= 1, learning_rate > 0 and jitter >= 0")


class _Lessons(NamedTuple):
    """What one run teaches: observations (N, ...) and actions_NA of its elites, and the spaces of both."""

    config: RunConfig
    observations: Observation
    actions_NA: NDArray[np.float32]
    spaces: tuple[Any, Any]


class MultiTaskPolicy(nn.Module):
    """From a picture and a sentence to a trajectory.

    Args:
        extractor: Sees scene and sentence.
        size: A.
        space: Of observations.
    """

    def __init__(self, extractor: SceneExtractor, size: int, space: Any) -> None:
        super().__init__()
        self._space, self._extractor = space, extractor
        self._head = nn.Sequential(*create_mlp(extractor.features_dim, size, [256, 256], squash_output=True))

    def forward(self, observations: dict[str, Tensor], jitter: float = 0.0) -> Tensor:
        """Return trajectories float (B, A) in [-1, 1].

        Args:
            observations: As an environment gives them, batched.
            jitter: Standard deviation of noise on what is seen.
        """
        seen = preprocess_obs(observations, self._space)
        assert isinstance(seen, dict), "a picture and a sentence"
        seen_BD = self._extractor(seen)
        if jitter:
            words = observations["instruction"].shape[1]
            noise_BD = jitter * torch.randn_like(seen_BD)
            noise_BD[:, -words:] = 0.0
            seen_BD = seen_BD + noise_BD
        trajectory_BA: Tensor = self._head(seen_BD)
        return trajectory_BA

    @torch.no_grad()
    def act(self, obs: Observation) -> NDArray[np.float32]:
        """Return the trajectory for one observation, float32 (A,)."""
        batch = {name: torch.as_tensor(np.asarray(part)[None]) for name, part in obs.items()}
        return np.asarray(self(batch)[0].numpy(), dtype=np.float32)


def distill(
    runs: Sequence[Path],
    out: Path,
    config: DistillConfig,
    *,
    eval_episodes: int = 50,
    model: RewardModel | None = None,
    make: MakeEnv = make_env,
) -> dict[str, Any]:
    """Clone one policy from runs, measure it on fresh starts of each task, and write both.

    Args:
        runs: Folders of runs.
        out: Folder of ``policy.pt`` and ``result.json``.
        config: How to clone.
        eval_episodes: Of each task, >= 1.
        model: The runs' reward model where it is loaded already.
        make: Builds an environment.

    Returns:
        What ``result.json`` holds: success_rate (mean of the tasks), tasks (by folder: env, success_rate, interval,
        eval_episodes, lessons), config and files.

    Raises:
        CheckpointError: A folder holds no run, or the runs do not fit together.
        DataError: A run has no best episodes.
    """
    lessons = [_read(folder) for folder in runs]
    _check_alike(runs, lessons)
    policy = _clone(lessons, config)
    out.mkdir(parents=True, exist_ok=True)
    with whole_file(out / POLICY) as part:
        torch.save(policy.state_dict(), part)
    model = resolve_model(lessons[0].config.reward_model) if model is None else model
    tasks = {}
    for folder, lesson in zip(runs, lessons, strict=True):
        env = make_tests(lesson.config, model, make)
        try:
            rate = success_rate(evaluate(policy.act, env, episodes=eval_episodes))
        finally:
            env.close()
        tasks[str(folder)] = {
            "env": lesson.config.env,
            "success_rate": rate.value,
            "interval": [rate.low, rate.high],
            "eval_episodes": rate.n,
            "lessons": len(lesson.actions_NA),
        }
    result: dict[str, Any] = {
        "success_rate": float(np.mean([task["success_rate"] for task in tasks.values()])),
        "tasks": tasks,
        "config": asdict(config),
        "files": [str(out / POLICY), str(out / RESULT)],
    }
    with whole_file(out / RESULT) as part:
        part.write_text(json.dumps(result, indent=1) + "\n")
    return result


def _read(folder: Path) -> _Lessons:
    """Read the elites of a run."""
    config = load_run(folder)
    learner = load_learner(folder)
    assert config is not None, "a learner was loaded from there"
    buffer = learner.replay_buffer
    assert isinstance(buffer, EliteReplayBuffer), "as built"
    elites = buffer.elites()
    if not len(elites):
        raise DataError(
            f"all {buffer.size()} episodes of {folder} have the same reward, so that none is best: train it for longer"
        )
    seen = {name: part[elites, 0] for name, part in buffer.observations.items()}
    return _Lessons(config, seen, buffer.actions[elites, 0], (learner.observation_space, learner.action_space))


def _check_alike(runs: Sequence[Path], lessons: Sequence[_Lessons]) -> None:
    if not lessons:
        raise CheckpointError("expected at least one run to distil, got none: name their folders")
    first = lessons[0]
    for folder, lesson in zip(runs, lessons, strict=True):
        if lesson.spaces != first.spaces or lesson.config.reward_model != first.config.reward_model:
            raise CheckpointError(
                f"{folder} does not fit {runs[0]}: one policy needs runs with one reward model and one number of "
                f"waypoints; got {lesson.config.reward_model!r} with {lesson.config.waypoints} and "
                f"{first.config.reward_model!r} with {first.config.waypoints}"
            )


def _clone(lessons: Sequence[_Lessons], config: DistillConfig) -> MultiTaskPolicy:
    """Fit a policy to the elites of all runs."""
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    space, actions = lessons[0].spaces
    frames = np.concatenate([lesson.observations["frame"] for lesson in lessons])
    whitening = None if frames.dtype == np.uint8 else fit_whitening(frames)
    policy = MultiTaskPolicy(SceneExtractor(space, whitening), actions.shape[0], space)
    optimizer = torch.optim.Adam(policy.parameters(), lr=config.learning_rate)
    for _ in range(config.steps):
        share = -(-config.batch_size // len(lessons))
        drawn = [rng.integers(len(lesson.actions_NA), size=share) for lesson in lessons]
        pairs = list(zip(lessons, drawn, strict=True))
        wanted_BA = torch.as_tensor(np.concatenate([lesson.actions_NA[rows] for lesson, rows in pairs]))
        seen = {
            name: torch.as_tensor(np.concatenate([lesson.observations[name][rows] for lesson, rows in pairs]))
            for name in ("frame", "instruction")
        }
        loss = (policy(seen, config.jitter) - wanted_BA).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return policy.eval()
