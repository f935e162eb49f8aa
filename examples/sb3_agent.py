"""Plain stable-baselines3 on a learned reward: nothing but ``gym.make`` changes.

    python examples/sb3_agent.py --steps 10000

``a2r rl`` does the same with states to resume from, a learning curve and a video. For your own environment put
``a2r_gym.VideoTextReward(env, instruction="...")`` around it, see ``wrap_your_env.py``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import gymnasium as gym
import torch
from stable_baselines3 import SAC

import a2r_gym  # noqa: F401  (registers the ids)


def success_rate(agent: SAC, env_id: str, episodes: int) -> float:
    """Return the share of fresh episodes in which the task was done at any step; without pictures it takes seconds."""
    env = gym.make(env_id, reward_model="none", render_mode=None)
    successes = 0
    for episode in range(episodes):
        obs, info = env.reset(seed=1_000_000 + episode)
        over = solved = False
        while not (over or solved):
            action, _ = agent.predict(obs, deterministic=True)
            obs, _, terminated, truncated, info = env.step(action)
            solved, over = bool(info["is_success"]), terminated or truncated
        successes += solved
    env.close()
    return successes / episodes


def main(argv: Sequence[str] | None = None) -> None:
    """Train, measure, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="A2R-MetaWorld-drawer-close-v1", help="one of `a2r envs`")
    parser.add_argument("--reward-model", default="a2r-small", help="a bundled name or a checkpoint's folder")
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--episodes", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out/sb3_agent.zip"))
    args = parser.parse_args(argv)

    torch.set_num_threads(1)  # small networks: more threads only get into the renderer's way
    # the reward of a step: how well the video so far does what the instruction says, in [-1, 1]
    env = gym.make(args.env, reward_model=args.reward_model, reward_mode="similarity")
    agent = SAC(
        "MlpPolicy",
        env,
        learning_starts=min(1_000, args.steps // 5),
        buffer_size=args.steps,
        learning_rate=1e-3,  # this, gamma and tau are for short tasks and short runs
        gamma=0.95,
        tau=0.02,
        ent_coef="auto_0.1",  # rewards are at most 1 a step: from the usual 1 the entropy would outweigh them for long
        seed=args.seed,
        device="cpu",
        verbose=1,
    )
    agent.learn(args.steps, log_interval=10)
    env.close()

    args.out.parent.mkdir(parents=True, exist_ok=True)
    agent.save(args.out)
    print(f"success {success_rate(agent, args.env, args.episodes):.0%} in {args.episodes} fresh episodes")
    print(f"saved {args.out}; load it with SAC.load({str(args.out)!r})")


if __name__ == "__main__":
    main()
