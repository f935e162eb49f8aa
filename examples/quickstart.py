"""The shortest way in: an environment whose reward is a sentence, and a model that scores a video.

    python examples/quickstart.py

No reward function is written here. Each step the environment is rendered, and the bundled model says how well the
episode so far does what the sentence says. A scripted policy succeeds, random actions do not: compare the numbers.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np

import a2r_gym  # importing it registers the A2R-... ids with Gymnasium


def play(
    env: gym.Env[Any, Any], act: Callable[[Any], Any], seed: int, steps: int
) -> tuple[list[float], np.ndarray, bool]:
    """Play one episode; returns its learned rewards, its frames (T, H, W, 3) and whether it succeeded."""
    observation, info = env.reset(seed=seed)
    rewards, frames = [], [np.asarray(env.render())]
    for _ in range(steps):
        # The reward is the model's; the environment's own is kept in info["original_env_rew"].
        observation, reward, terminated, truncated, info = env.step(act(observation))
        rewards.append(float(reward))
        frames.append(np.asarray(env.render()))
        if terminated or truncated or info["is_success"]:  # the simulator's own rule: never shown to the model
            break
    return rewards, np.stack(frames), info["is_success"]


def main() -> None:
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="A2R-MetaWorld-drawer-close-v1", help="one of `a2r envs`")
    parser.add_argument("--reward-model", default="a2r-small", help="a bundled name or a checkpoint's folder")
    parser.add_argument("--steps", type=int, default=100, help="at most as many steps an episode")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    # 1. Load a model once; environments and videos can share it.
    model = a2r_gym.load_reward(args.reward_model)

    # 2. An environment with a learned reward. "success" is a probability; "similarity" is the paper's reward.
    env = gym.make(args.env, reward_model=model, reward_mode="success")
    instruction = env.get_wrapper_attr("instruction")
    print(f'{args.env}: "{instruction}"')

    # 3. Two episodes from the same start.
    env.action_space.seed(args.seed)
    policies = {"scripted policy": a2r_gym.expert(args.env), "random actions": lambda _: env.action_space.sample()}
    videos = []
    for name, policy in policies.items():
        rewards, video, succeeded = play(env, policy, args.seed, args.steps)
        videos.append(video)
        print(
            f"  {name}: learned reward {rewards[0]:.2f} at first, {rewards[-1]:.2f} after {len(rewards)} steps; ",
            end="",
        )
        print(f"the simulator says {'success' if succeeded else 'no success'}")
    env.close()

    # 4. The same model scores stored videos: uint8 (T, H, W, 3), of any length and size.
    scores = model.score(videos, [instruction] * len(videos))
    print("  as stored videos: " + ", ".join(f"{success:.2f}" for success in scores.success) + " (the same numbers)")


if __name__ == "__main__":
    main()
