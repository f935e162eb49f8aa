"""Put a learned reward around an environment of your own: here Gymnasium's Reacher-v5.

    python examples/wrap_your_env.py --env Reacher-v5 --instruction "touch the target with the arm"

Any Gymnasium environment will do that renders pictures. The bundled model has seen a robot arm at a table, so how much
its opinion is worth elsewhere is for you to check: this prints how well the learned reward follows the environment's
own. If it does not, collect some successes and failures and fit a model to them (training/README.md).
"""

from __future__ import annotations

import argparse

import gymnasium as gym
import numpy as np

import a2r_gym


def main() -> None:
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="Reacher-v5", help="any Gymnasium id that renders pictures")
    parser.add_argument("--instruction", default="touch the target with the arm", help="the task in a sentence")
    parser.add_argument("--reward-model", default="a2r-small", help="a bundled name or a checkpoint's folder")
    parser.add_argument("--reward-mode", default="similarity", help="similarity, success, margin or progress")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    # Before mujoco is imported: choose an OpenGL backend that works here, with or without a display. Ids of a2r_gym do
    # this by themselves, other MuJoCo environments do not. Not needed for environments that draw with pygame.
    from a2r_gym.rendering import ensure_gl_backend

    ensure_gl_backend()

    # 1. Your environment, with pictures. Small ones render faster and are enough, for the bundled model looks at
    #    128 x 128 pixels: MuJoCo environments also take width=128, height=128.
    env = gym.make(args.env, render_mode="rgb_array")

    # 2. The learned reward goes outermost, around every time limit: it must see where an episode ends.
    #    For several environments at once: a2r_gym.VectorVideoTextReward, a2r_gym.wrappers.sb3.VecVideoTextReward.
    env = a2r_gym.VideoTextReward(
        env,
        instruction=args.instruction,
        reward_model=args.reward_model,
        reward_mode=args.reward_mode,
    )

    # 3. Use it as before. Observations, actions and the ends of episodes are unchanged.
    env.action_space.seed(args.seed)
    env.reset(seed=args.seed)
    learned, own = [], []
    for _ in range(args.steps):
        _, reward, terminated, truncated, info = env.step(env.action_space.sample())
        learned.append(float(reward))
        own.append(info["original_env_rew"])
        if terminated or truncated:
            env.reset()
    env.close()

    # 4. What the model says, and whether it agrees with the environment.
    print(f'{args.env}, "{args.instruction}": {args.steps} random steps')
    print(f"  learned reward ({args.reward_mode}): {np.mean(learned):+.3f} on average, {np.std(learned):.3f} deviation")
    print(f"  last step: similarity {info['a2r/similarity']:+.3f}, success {info['a2r/success']:.3f}")
    if np.std(learned) > 0 and np.std(own) > 0:
        print(f"  correlation with the environment's own reward: {np.corrcoef(learned, own)[0, 1]:+.2f}")


if __name__ == "__main__":
    main()
