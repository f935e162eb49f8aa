"""The learned reward around one environment."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
from gymnasium.core import ActType, ObsType
from gymnasium.utils import RecordConstructorArgs

from a2r_gym.protocols import RewardModel
from a2r_gym.wrappers.episode_rewards import (
    EpisodeRewards,
    RewardConfig,
    StepScore,
    check_instruction,
    model_name,
    resolve_model,
)
from a2r_gym.wrappers.frame_buffer import Moment, check_frame, require_bare, require_rgb_array, with_success

__all__ = ["VideoTextReward"]


class VideoTextReward(gym.Wrapper[ObsType, ActType, ObsType, ActType], RecordConstructorArgs):
    """Replaces an environment's reward by how well its video does what an instruction says.

    Each step is rendered and encoded once. ``terminated`` and ``truncated`` are never changed. ``info`` gains
    ``a2r/similarity``, ``a2r/success``, ``a2r/failure_mode`` (at resets too), ``a2r/failure_name`` where a failure is
    seen whose mode has a name, ``original_env_rew`` and, where the environment tells its success, ``is_success``. Put
    it around a ``TimeLimit``, not inside: it must see the end. Where one step runs a whole episode and the environment
    keeps its pictures as ``last_video``, all of them are scored.

    Reward modes, with the names of `Scores`: ``"similarity"`` (the paper's), ``"success"``, ``"margin"`` (similarity
    to the instruction minus the largest to one of its failure texts) and ``"progress"``:
    ``base + weight * (gamma * success' - success)`` with success' = 0 after ``terminated``. With the env's own
    reward as base the optimal policy stays as it is; with ``"none"`` the sum telescopes and only the end counts.

    Args:
        env: Any environment with ``render_mode="rgb_array"``.
        instruction: The task in a sentence; None: ``env.unwrapped.instruction``.
        reward_model: A bundled name or a folder (see `a2r_gym.load_reward`), a `RewardModel`, or None: the bundled one.
        reward_mode: See above.
        reward_every: Render and score every n-th step and the episode's end; the score holds in between.
        progress_base: ``"none"`` or ``"env"``.
        progress_weight: Factor of the shaping.
        progress_gamma: The agent's discount, in (0, 1].

    Raises:
        RenderModeError: The environment renders no pictures.
        InstructionError: There is no instruction.
        UnknownNameError: A mode, base or model does not exist.
        WrappingError: There is a learned reward already, or an argument does not fit.

    Source:
        Adapt2Reward (arXiv 2407.14872), section 3.4 for the similarity reward; Ng, Harada and Russell (1999) for
        potential-based shaping.

    Example:
        >>> import a2r_gym
        >>> from a2r_gym.testing import FrameReadingModel, StepCounterEnv
        >>> env = a2r_gym.VideoTextReward(StepCounterEnv(), "count", FrameReadingModel())
        >>> _ = env.reset(seed=0)
        >>> _, reward, _, _, info = env.step(env.action_space.sample())
        >>> reward == info["a2r/similarity"], info["original_env_rew"]
        (True, 1.0)
    """

    a2r_learned_reward = True
    """Marks environments that have a learned reward; see `require_bare`."""

    def __init__(
        self,
        env: gym.Env[ObsType, ActType],
        instruction: str | None = None,
        reward_model: RewardModel | str | None = None,
        reward_mode: str = "similarity",
        reward_every: int = 1,
        progress_base: str = "none",
        progress_weight: float = 1.0,
        progress_gamma: float = 0.99,
    ) -> None:
        RecordConstructorArgs.__init__(
            self,
            instruction=instruction,
            reward_model=model_name(reward_model),
            reward_mode=reward_mode,
            reward_every=reward_every,
            progress_base=progress_base,
            progress_weight=progress_weight,
            progress_gamma=progress_gamma,
        )
        gym.Wrapper.__init__(self, env)
        config = RewardConfig(
            mode=reward_mode,
            every=reward_every,
            base=progress_base,
            weight=progress_weight,
            gamma=progress_gamma,
        )
        require_rgb_array(env)
        require_bare(env)
        self.instruction = check_instruction(instruction, getattr(env.unwrapped, "instruction", None))
        self.reward_model = resolve_model(reward_model)
        self._rewards = EpisodeRewards(self.reward_model, [self.instruction], config)
        self._every = reward_every
        self._adds_up = reward_mode == "progress"
        self._step = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ObsType, dict[str, Any]]:
        """Reset the environment and score its first frame.

        Args:
            seed: See Gymnasium.
            options: See Gymnasium.

        Returns:
            Observation and info.
        """
        observation, info = self.env.reset(seed=seed, options=options)
        self._step = 0
        first = self._score(Moment(check_frame(self.env.render(), "reset"), 0, False, False, 0.0))
        return observation, {**with_success(info), **first.info()}

    def step(self, action: ActType) -> tuple[ObsType, float, bool, bool, dict[str, Any]]:
        """Step the environment and score the episode so far.

        Args:
            action: See Gymnasium.

        Returns:
            Observation, learned reward (a finite Python float), terminated, truncated, info.

        Raises:
            NonFiniteRewardError: A score or reward is NaN or infinite.
            RenderError: The picture has one colour.
        """
        observation, env_reward, terminated, truncated, info = self.env.step(action)
        self._step += 1
        done = bool(terminated or truncated)
        due = done or self._step % self._every == 0
        frame = check_frame(self.env.render(), f"step {self._step}") if due else None
        within = self._score_within() if done else 0.0
        now = self._score(Moment(frame, self._step, bool(terminated), done, float(env_reward)))
        extra = {**now.info(), "original_env_rew": float(env_reward)}
        return observation, within + now.reward, terminated, truncated, {**with_success(info), **extra}

    def _score_within(self) -> float:
        """Score the pictures in between of a step that ran a whole episode, see `C2REnv.last_video`.

        Returns:
            What they add to the step's reward: nothing but in mode ``"progress"``, whose rewards add up.
        """
        video = getattr(self.env.unwrapped, "last_video", None)
        if video is None:
            return 0.0
        between = [Moment(check_frame(frame, "last_video"), 1, False, False, 0.0) for frame in video[1:-1]]
        scores = self._rewards.score([between])[0]
        return sum(score.reward for score in scores) if self._adds_up else 0.0

    def _score(self, moment: Moment) -> StepScore:
        return self._rewards.score([[moment]])[0][0]
