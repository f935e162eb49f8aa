"""An agent and the environments it learns in, from one configuration; saved so that a killed run goes on."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import gymnasium as gym
import numpy as np

from a2r_gym.errors import A2RError, CheckpointError, MissingDependencyError, unknown_name
from a2r_gym.protocols import RewardModel
from a2r_gym.registration import NO_REWARD, task_info
from a2r_gym.rl.saved_state import CONFIG, LATEST, REPLAY, save_state
from a2r_gym.wrappers.action_repeat import ActionRepeat
from a2r_gym.wrappers.episode_rewards import RewardConfig
from a2r_gym.wrappers.success_reward import SuccessReward

try:
    from stable_baselines3 import SAC, TD3
    from stable_baselines3.common.noise import NormalActionNoise
    from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
    from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecMonitor
except ImportError as error:
    raise MissingDependencyError("stable-baselines3 is not installed: pip install 'a2r-gym[sb3]'") from error

from a2r_gym.wrappers.sb3 import VecVideoTextReward

__all__ = [
    "ALGORITHMS",
    "REWARDS",
    "AgentConfig",
    "AgentConfigError",
    "build_agent",
    "build_envs",
    "differences",
    "discard_run",
    "load_agent",
    "load_run",
    "save_run",
]

ALGORITHMS: Final[dict[str, type[OffPolicyAlgorithm]]] = {"sac": SAC, "td3": TD3}
REWARDS: Final = ("learned", "env", "sparse")
MAX_REPLAY: Final = 200_000
"""Transitions kept at most: a state on disk then stays under 150 MB in Meta-World."""
LEARNING_RATE: Final = 1e-3
DISCOUNT: Final = 0.95
TARGET_RATE: Final = 0.02
"""These three are for tasks of a few seconds and a reward that tells at each step how far one is; those of
stable-baselines3 (3e-4, 0.99, 0.005) are for longer runs. ``make agents`` prints what they reach."""
ENTROPY: Final = "auto_0.1"
"""SAC's first weight of the entropy, learned from there. A learned reward of a step is at most 1: the usual 1 would
outweigh it for a good part of a short run."""
EXPLORATION: Final = 0.2
"""Standard deviation of TD3's exploration noise; it has none of its own."""
_AGENT = "agent.zip"


class AgentConfigError(A2RError, ValueError):
    """A number of a run is out of range."""


@dataclass(frozen=True, kw_only=True)
class AgentConfig:
    """A run: the task, its reward and the learner.

    Attributes:
        env: One of `a2r_gym.ENV_IDS`.
        reward: ``"learned"``, ``"env"``: the environment's own, or ``"sparse"``: 1 where the task's rule holds, else 0.
            The latter two render nothing.
        env_reward_scale: Factor on the environment's own reward; Meta-World's goes to 10 a step, a learned one to 1.
        reward_model: A bundled name or a folder.
        reward_mode: See `a2r_gym.VideoTextReward`.
        reward_every: See `a2r_gym.VideoTextReward`.
        algorithm: A key of `ALGORITHMS`.
        steps: Decisions in all, those of all environments together.
        action_repeat: Environment steps of each decision; the reward looks once at each.
        num_envs: Environments side by side in this process.
        learning_starts: Steps of random actions at the start.
        seed: Of the learner, its network and its environments.
    """

    env: str
    reward: str = "learned"
    env_reward_scale: float = 1.0
    reward_model: str = "a2r-small"
    reward_mode: str = "similarity"
    reward_every: int = 1
    algorithm: str = "sac"
    steps: int = 10_000
    action_repeat: int = 1
    num_envs: int = 1
    learning_starts: int = 1_000
    seed: int = 0

    def __post_init__(self) -> None:
        """Check names and ranges.

        Raises:
            UnknownNameError: No such environment, reward, reward mode or algorithm.
            WrappingError: ``reward_every`` is out of range.
            AgentConfigError: Another number is.
        """
        task_info(self.env)
        if self.reward not in REWARDS:
            raise unknown_name("reward", self.reward, REWARDS)
        if self.algorithm not in ALGORITHMS:
            raise unknown_name("algorithm", self.algorithm, ALGORITHMS)
        RewardConfig(mode=self.reward_mode, every=self.reward_every)
        for name, least in (("steps", 1), ("action_repeat", 1), ("num_envs", 1), ("learning_starts", 0), ("seed", 0)):
            if getattr(self, name) < least:
                raise AgentConfigError(f"{name} must be a whole number >= {least}, got {getattr(self, name)}")
        if not 0.0 < self.env_reward_scale < math.inf:
            raise AgentConfigError(f"env_reward_scale must be a number > 0, got {self.env_reward_scale}")


def build_envs(config: AgentConfig, reward_model: RewardModel | None = None) -> VecEnv:
    """Build the environments that an agent learns in, with their learned reward and a monitor.

    Args:
        config: Of the run.
        reward_model: ``config.reward_model`` where it is loaded already.

    Returns:
        The environments; frames are rendered for the learned reward only.
    """
    learned = config.reward == "learned"
    render_mode = "rgb_array" if learned else None

    def make() -> gym.Env[Any, Any]:
        env = gym.make(config.env, reward_model=NO_REWARD, render_mode=render_mode)
        if config.env_reward_scale != 1.0 and config.reward == "env":
            env = gym.wrappers.TransformReward(env, lambda reward: config.env_reward_scale * float(reward))
        env = env if config.action_repeat == 1 else ActionRepeat(env, config.action_repeat)
        return SuccessReward(env) if config.reward == "sparse" else env

    venv: VecEnv = DummyVecEnv([make] * config.num_envs)
    if learned:
        venv = VecVideoTextReward(
            venv,
            reward_model=config.reward_model if reward_model is None else reward_model,
            reward_mode=config.reward_mode,
            reward_every=config.reward_every,
            progress_gamma=DISCOUNT,
        )
    return VecMonitor(venv)


def build_agent(config: AgentConfig, envs: VecEnv, log: Path | None = None) -> OffPolicyAlgorithm:
    """Build an untrained agent.

    Args:
        config: Of the run.
        envs: What it learns in.
        log: Folder of its TensorBoard files.

    Returns:
        The agent: two hidden layers of 256, one gradient step per environment step.
    """
    own: dict[str, Any] = {"ent_coef": ENTROPY}
    if config.algorithm == "td3":
        still = np.zeros_like(envs.action_space.sample())
        own = {"action_noise": NormalActionNoise(still, still + EXPLORATION)}
    agent = ALGORITHMS[config.algorithm](
        "MlpPolicy",
        envs,
        learning_starts=config.learning_starts,
        buffer_size=min(config.steps, MAX_REPLAY),
        batch_size=256,
        learning_rate=LEARNING_RATE,
        gamma=DISCOUNT,
        tau=TARGET_RATE,
        train_freq=1,
        gradient_steps=-1,  # as many as environments stepped
        policy_kwargs={"net_arch": [256, 256]},
        tensorboard_log=None if log is None else str(log),
        seed=config.seed,
        device="cpu",
        **own,
    )
    _seed_envs(config, envs)
    return agent


def _seed_envs(config: AgentConfig, envs: VecEnv, step: int = 0) -> None:
    """Give a run's environments seeds that no other run's have; a resumed run goes on with episodes it has not seen."""
    envs.seed(1_000_003 * (config.seed % 400 + 1) + step)


# ---------------------------------------------------------------------- on disk


def save_run(folder: Path, config: AgentConfig, agent: OffPolicyAlgorithm) -> None:
    """Write an agent and its replay buffer; the earlier ones go once these are whole.

    Args:
        folder: Of the run.
        config: Of the run.
        agent: As it is now.
    """
    save_state(folder, asdict(config), agent, counted="step", name=_AGENT)


def load_run(folder: Path) -> AgentConfig | None:
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
        return AgentConfig(**json.loads((folder / CONFIG).read_text()))
    except (OSError, TypeError, ValueError) as error:
        raise CheckpointError(f"{folder / CONFIG} cannot be read ({error}): remove {folder} and start anew") from error


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
        CheckpointError: There is none, or a file of it is missing or cut.
    """
    if not (folder / LATEST).is_file():
        raise CheckpointError(f"{folder} holds no run: train one with 'a2r rl {config.env} --out {folder}'")
    try:
        state = folder / f"step-{json.loads((folder / LATEST).read_text())['step']}"
        agent = ALGORITHMS[config.algorithm].load(
            state / _AGENT, env=envs, device="cpu", tensorboard_log=str(folder / "tensorboard")
        )
        if replay:
            agent.load_replay_buffer(state / REPLAY)
    except Exception as error:  # zip, pickle and torch each have their own for a cut file
        raise CheckpointError(
            f"the agent in {folder} cannot be loaded ({type(error).__name__}: {error}): remove the folder, train anew"
        ) from error
    if envs is not None:  # loading seeds everything as at the start: what was drawn then would be drawn again
        agent.set_random_seed(config.seed + agent.num_timesteps)
        _seed_envs(config, envs, agent.num_timesteps)
    return agent


def differences(there: AgentConfig, asked: AgentConfig) -> list[str]:
    """List in words what tells two runs apart.

    Args:
        there: One run.
        asked: The other.

    Returns:
        For each field that differs ``"seed is 0 there, 1 was asked for"``.
    """
    pairs = [(field.name, getattr(there, field.name), getattr(asked, field.name)) for field in fields(AgentConfig)]
    return [f"{name} is {old!r} there, {new!r} was asked for" for name, old, new in pairs if old != new]


def discard_run(folder: Path) -> None:
    """Remove a run, and nothing else that lies in its folder.

    Args:
        folder: Of the run; nothing happens where there is none.
    """
    if load_run(folder) is None:
        return
    for name in (LATEST, CONFIG, "result.json", "curve.csv", "curve.png", "episode.mp4"):
        (folder / name).unlink(missing_ok=True)
    for state in (*folder.glob("step-*"), folder / "tensorboard"):
        shutil.rmtree(state, ignore_errors=True)
