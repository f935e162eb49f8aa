"""An agent and the environment it learns in, from one configuration; saved so that a killed run goes on."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import gymnasium as gym

from a2r_gym.errors import CheckpointError, MissingDependencyError, unknown_name
from a2r_gym.registration import NO_REWARD, task_info

try:
    from stable_baselines3 import SAC, TD3
    from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
    from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecMonitor
except ImportError as error:
    raise MissingDependencyError("stable-baselines3 is not installed: pip install 'a2r-gym[sb3]'") from error

from a2r_gym.wrappers.sb3 import VecVideoTextReward

__all__ = ["ALGORITHMS", "REWARDS", "AgentConfig", "build_agent", "build_envs", "load_agent", "load_run", "save_run"]

ALGORITHMS: Final[dict[str, type[OffPolicyAlgorithm]]] = {"sac": SAC, "td3": TD3}
REWARDS: Final = ("learned", "env")
_CONFIG, _LATEST, _AGENT, _REPLAY = "config.json", "latest.json", "agent.zip", "replay.pkl"


@dataclass(frozen=True, kw_only=True)
class AgentConfig:
    """A run: the task, its reward and the learner.

    Attributes:
        env: One of `a2r_gym.ENV_IDS`.
        reward: ``"learned"``, or ``"env"``: the environment's own, which renders nothing.
        reward_model: A bundled name or a folder.
        reward_mode: See `a2r_gym.VideoTextReward`.
        reward_every: See `a2r_gym.VideoTextReward`.
        algorithm: A key of `ALGORITHMS`.
        steps: Environment steps in all.
        num_envs: Environments side by side in this process.
        learning_starts: Steps of random actions at the start.
        seed: Of the learner, its network and its environments.
    """

    env: str
    reward: str = "learned"
    reward_model: str = "a2r-small"
    reward_mode: str = "success"
    reward_every: int = 1
    algorithm: str = "sac"
    steps: int = 10_000
    num_envs: int = 1
    learning_starts: int = 1_000
    seed: int = 0

    def __post_init__(self) -> None:
        """Check names and ranges.

        Raises:
            UnknownNameError: No such environment, reward or algorithm.
            ValueError: A number is out of range.
        """
        task_info(self.env)
        if self.reward not in REWARDS:
            raise unknown_name("reward", self.reward, REWARDS)
        if self.algorithm not in ALGORITHMS:
            raise unknown_name("algorithm", self.algorithm, ALGORITHMS)
        for name in ("steps", "num_envs", "reward_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")


def build_envs(config: AgentConfig) -> VecEnv:
    """Build the environments that an agent learns in, with their learned reward and a monitor.

    Args:
        config: Of the run.

    Returns:
        The environments; frames are rendered for the learned reward only.
    """
    learned = config.reward == "learned"
    make = partial(
        gym.make, config.env, reward_model=NO_REWARD, render_mode="rgb_array" if learned else None
    )  # fmt: skip
    venv: VecEnv = DummyVecEnv([make] * config.num_envs)
    venv.seed(1_000_003 * (config.seed + 1))
    if learned:
        venv = VecVideoTextReward(
            venv, None, config.reward_model, reward_mode=config.reward_mode, reward_every=config.reward_every
        )
    return VecMonitor(venv, info_keywords=("is_success",))


def build_agent(config: AgentConfig, envs: VecEnv, log: Path | None = None) -> OffPolicyAlgorithm:
    """Build an untrained agent.

    Args:
        config: Of the run.
        envs: What it learns in.
        log: Folder of its TensorBoard files.

    Returns:
        The agent: two hidden layers of 256, one gradient step per environment step.
    """
    # rewards of the learned kind lie in [0, 1]: from the usual 1 the entropy's weight would take half the run to fall
    own: dict[str, Any] = {"ent_coef": "auto_0.1"} if config.algorithm == "sac" else {}
    return ALGORITHMS[config.algorithm](
        "MlpPolicy",
        envs,
        learning_starts=config.learning_starts,
        buffer_size=min(config.steps, 1_000_000),
        batch_size=256,
        gamma=0.99,
        train_freq=1,
        gradient_steps=-1,
        policy_kwargs={"net_arch": [256, 256]},
        tensorboard_log=None if log is None else str(log),
        seed=config.seed,
        device="cpu",
        **own,
    )


# ---------------------------------------------------------------------- on disk


def save_run(folder: Path, config: AgentConfig, agent: OffPolicyAlgorithm) -> None:
    """Write an agent and its replay buffer; the earlier ones go once these are whole.

    Args:
        folder: Of the run.
        config: Of the run.
        agent: As it is now.
    """
    fresh = folder / f"step-{agent.num_timesteps}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    agent.save(fresh / _AGENT)
    agent.save_replay_buffer(fresh / _REPLAY)
    _write_json(folder / _CONFIG, asdict(config))
    _write_json(folder / _LATEST, {"step": agent.num_timesteps})
    for old in folder.glob("step-*"):
        if old != fresh:
            shutil.rmtree(old)


def load_run(folder: Path) -> AgentConfig | None:
    """Read the configuration of the run in a folder.

    Args:
        folder: Of the run.

    Returns:
        The configuration, None where there is no run.

    Raises:
        CheckpointError: The file is broken.
    """
    if not (folder / _LATEST).is_file():
        return None
    try:
        return AgentConfig(**json.loads((folder / _CONFIG).read_text()))
    except (OSError, TypeError, ValueError) as error:
        raise CheckpointError(f"{folder / _CONFIG} cannot be read ({error}): remove {folder} and start anew") from error


def load_agent(
    folder: Path, config: AgentConfig, envs: VecEnv | None = None, *, replay: bool = False
) -> OffPolicyAlgorithm:
    """Load the agent that a run saved last; only load what you have written: stable-baselines3 unpickles it.

    Args:
        folder: Of the run.
        config: Of the run.
        envs: What it goes on learning in; None: it only acts.
        replay: Whether to load its replay buffer too.

    Returns:
        The agent.

    Raises:
        CheckpointError: There is none.
    """
    if not (folder / _LATEST).is_file():
        raise CheckpointError(f"{folder} holds no run: train one with 'a2r rl {config.env} --out {folder}'")
    place = folder / f"step-{json.loads((folder / _LATEST).read_text())['step']}"
    agent = ALGORITHMS[config.algorithm].load(place / _AGENT, env=envs, device="cpu")
    if replay:
        agent.load_replay_buffer(place / _REPLAY)
    return agent


def _write_json(path: Path, content: Any) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, indent=1) + "\n")
    os.replace(part, path)
