"""The learned reward around Gymnasium's vector environments: one batched scoring call per step."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.core import ActType, ObsType
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv, VectorEnv, VectorWrapper
from numpy.typing import NDArray

from a2r_gym.errors import InstructionError, WrappingError
from a2r_gym.protocols import RewardModel
from a2r_gym.wrappers.episode_rewards import (
    EpisodeRewards,
    RewardConfig,
    StepScore,
    check_instruction,
    model_name,
    resolve_model,
)
from a2r_gym.wrappers.frame_buffer import FrameCapture, Moment

__all__ = ["VectorVideoTextReward", "settle_instructions"]


def settle_instructions(instruction: str | Sequence[str] | None, own: Sequence[str | None]) -> list[str]:
    """Settle on one instruction per environment.

    Args:
        instruction: One sentence for all, one for each, or None: each environment's own.
        own: The environments' own instructions, None where there is none.

    Returns:
        One sentence per environment.

    Raises:
        InstructionError: Their number differs, or one is missing or empty.
    """
    if instruction is None or isinstance(instruction, str):
        return [check_instruction(instruction, sentence) for sentence in own]
    if len(instruction) != len(own):
        raise InstructionError(
            f"expected one instruction, or one for each of {len(own)} environments, got {len(instruction)}"
        )
    return [check_instruction(sentence, None) for sentence in instruction]


class VectorVideoTextReward(
    VectorWrapper[ObsType, ActType, ObsType, ActType, NDArray[Any]],
    RecordConstructorArgs,
):
    """`VideoTextReward` for ``SyncVectorEnv`` and ``AsyncVectorEnv``, in every autoreset mode.

    Rewards, scores and ``info`` equal those of the same environments wrapped one by one, in Gymnasium's vector
    form (arrays with a ``_key`` mask; at an episode's end with SAME_STEP under ``final_info``). Frames are taken
    inside each environment's own ``step`` by `FrameCapture`. A ``SyncVectorEnv`` gets it by itself; environments of an
    ``AsyncVectorEnv`` live in workers and need it when they are built.

    Args:
        env: The vector environment, built with ``render_mode="rgb_array"``.
        instruction: One for all, one for each, or None: each environment's own.
        reward_model: See `VideoTextReward`.
        reward_mode: See `VideoTextReward`.
        reward_every: See `VideoTextReward`.
        progress_base: See `VideoTextReward`.
        progress_weight: See `VideoTextReward`.
        progress_gamma: See `VideoTextReward`.

    Raises:
        WrappingError: The environments' frames cannot be taken, or have a learned reward already.
        RenderModeError: The environments render no pictures.
        InstructionError: There is no instruction.
        UnknownNameError: A mode, base or model does not exist.

    Example:
        >>> import a2r_gym, gymnasium as gym
        >>> from a2r_gym.testing import FrameReadingModel, StepCounterEnv
        >>> envs = gym.vector.SyncVectorEnv([StepCounterEnv, StepCounterEnv])
        >>> envs = a2r_gym.VectorVideoTextReward(envs, "count", FrameReadingModel())
        >>> _ = envs.reset(seed=0)
        >>> _, rewards, _, _, infos = envs.step(envs.action_space.sample())
        >>> bool((rewards == infos["a2r/similarity"]).all())
        True
    """

    def __init__(
        self,
        env: VectorEnv[ObsType, ActType, NDArray[Any]],
        instruction: str | Sequence[str] | None = None,
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
        VectorWrapper.__init__(self, env)
        config = RewardConfig(
            mode=reward_mode,
            every=reward_every,
            base=progress_base,
            weight=progress_weight,
            gamma=progress_gamma,
        )
        self._workers = _capturing(env)
        self._workers.call("a2r_configure", reward_every=reward_every, carry_errors=False)
        self.instructions = settle_instructions(instruction, self._workers.call("a2r_instruction"))
        self.reward_model = resolve_model(reward_model)
        self._rewards = EpisodeRewards(self.reward_model, self.instructions, config)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ObsType, dict[str, Any]]:
        """Reset the environments (with ``options["reset_mask"]`` some of them) and score their first frames.

        Args:
            seed: See Gymnasium.
            options: See Gymnasium.

        Returns:
            Observations and infos.
        """
        observations, infos = self.env.reset(seed=seed, options=options)  # type: ignore[arg-type]
        for index, (_, scores) in enumerate(self._score()):
            if scores:
                infos = self._add_info(infos, scores[-1].info(), index)
        return observations, infos

    def step(
        self, actions: ActType
    ) -> tuple[ObsType, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Step the environments and score their episodes so far.

        Args:
            actions: See Gymnasium.

        Returns:
            Observations, learned rewards float64 (N,), terminations, truncations, infos. NEXT_STEP's dummy step
            into a new episode has reward 0.0, as Gymnasium gives it.

        Raises:
            NonFiniteRewardError: A score or reward is NaN or infinite.
            RenderError: A picture has one colour.
        """
        observations, _, terminations, truncations, infos = self.env.step(actions)
        rewards = np.zeros(self.num_envs, dtype=np.float64)
        for index, (moments, scores) in enumerate(self._score()):
            rewards[index] = scores[0].reward
            # Two moments: SAME_STEP has reset on the done step, so the end's scores belong to final_info.
            if len(moments) == 2:
                infos = self._add_info(infos, {"final_info": scores[0].info()}, index)
            infos = self._add_info(infos, scores[-1].info(), index)
        return observations, rewards, terminations, truncations, infos

    def _score(self) -> list[tuple[list[Moment], list[StepScore]]]:
        moments = list(self._workers.call("a2r_take_moments"))
        return list(zip(moments, self._rewards.score(moments), strict=True))


def _capturing(env: VectorEnv[Any, Any, Any]) -> SyncVectorEnv | AsyncVectorEnv:
    """Find the vector environment that holds the single ones, and see to it that each takes its frames."""
    base = env.unwrapped
    if not isinstance(base, SyncVectorEnv | AsyncVectorEnv):
        raise WrappingError(
            f"expected gymnasium.vector.SyncVectorEnv or AsyncVectorEnv, whose environments take their frames "
            f"themselves; got {type(base).__name__}"
        )
    captures = base.call("has_wrapper_attr", "a2r_take_moments")
    if isinstance(base, SyncVectorEnv):
        base.envs = [
            single if captured else FrameCapture(single) for single, captured in zip(base.envs, captures, strict=True)
        ]
        return base
    if not all(captures):
        raise WrappingError(
            "the environments of an AsyncVectorEnv live in workers and must take their frames there: build them with "
            "gym.make_vec(ID, N, vectorization_mode='async', render_mode='rgb_array', "
            "wrappers=[a2r_gym.wrappers.FrameCapture], vector_kwargs={'context': 'forkserver'})"
        )
    if any(getattr(process, "_start_method", None) == "fork" for process in base.processes):
        warnings.warn(
            "these workers were forked: once this process has rendered through EGL they hang. Build them with "
            "context='forkserver' or 'spawn'",
            RuntimeWarning,
            stacklevel=3,
        )
    return base
