"""How often a policy succeeds: fresh episodes, nothing rendered, judged by the environment's own rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from a2r_gym.metrics import Estimate, wilson
from a2r_gym.registration import NO_REWARD

__all__ = ["EVALUATION_SEED", "Policy", "evaluate_policy", "hold", "random_policy", "success_rate"]

Policy = Callable[[NDArray[Any]], NDArray[Any]]
"""From one observation to one action."""

EVALUATION_SEED: Final = 500_000_000
"""First seed of evaluation episodes; training draws none at or above it."""


def evaluate_policy(
    env_id: str, policy: Policy, *, episodes: int, seed: int = 0, action_repeat: int = 1
) -> NDArray[np.bool_]:
    """Run fresh episodes.

    Args:
        env_id: One of `a2r_gym.ENV_IDS`.
        policy: What acts.
        episodes: How many.
        seed: Draws other episodes.
        action_repeat: Steps for which each action is held.

    Returns:
        bool (episodes,), whether the task's rule held at any step of each (Meta-World's convention).
    """
    env = gym.make(env_id, reward_model=NO_REWARD, render_mode=None)
    done = np.zeros(episodes, dtype=np.bool_)
    try:
        for episode in range(episodes):
            obs, info = env.reset(seed=EVALUATION_SEED + 10_000 * seed + episode)
            over, act = False, hold(policy, action_repeat)
            while not over:
                obs, _, terminated, truncated, info = env.step(act(obs))
                done[episode] |= bool(info["is_success"])
                over = terminated or truncated or bool(done[episode])
    finally:
        env.close()
    return done


def hold(policy: Policy, steps: int) -> Policy:
    """Return a policy that decides anew at every so many steps only; make one for each episode.

    Args:
        policy: What decides.
        steps: For which each action is held, >= 1.
    """
    count, action = 0, np.zeros(0)

    def act(obs: NDArray[Any]) -> NDArray[Any]:
        nonlocal count, action
        if count % steps == 0:
            action = policy(obs)
        count += 1
        return action

    return act


def success_rate(done: NDArray[np.bool_]) -> Estimate:
    """Return the share of successes with its 95 % Wilson interval."""
    return wilson(int(done.sum()), len(done))


def random_policy(env_id: str, seed: int = 0) -> Policy:
    """Return a policy that draws actions evenly from the action space.

    Args:
        env_id: One of `a2r_gym.ENV_IDS`.
        seed: Of the draws.
    """
    env = gym.make(env_id, reward_model=NO_REWARD, render_mode=None)
    space = env.action_space
    env.close()
    space.seed(seed)
    return lambda obs: np.asarray(space.sample())
