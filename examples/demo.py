"""Train an agent to close a drawer on the learned reward alone, then measure it and show it.

What ``make demo`` runs. No reward is written anywhere here: the agent sees Meta-World's observations, and each step's
reward is the bundled model's opinion of the video so far, given the sentence "close the drawer".
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from a2r_gym.registration import task_info
from a2r_gym.rl.agent import AgentConfig, build_agent, build_envs
from a2r_gym.rl.command import run
from a2r_gym.rl.evaluation import evaluate_policy, random_policy, success_rate
from a2r_gym.rl.training import as_policy

ENV = "A2R-MetaWorld-drawer-close-v1"


def main() -> None:
    """Run the demo."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default=ENV, help="one of `a2r envs`")
    parser.add_argument("--steps", type=int, default=10_000, help="environment steps of training")
    parser.add_argument("--episodes", type=int, default=20, help="fresh episodes that each policy is measured on")
    parser.add_argument("--reward-model", default="a2r-small", help="a bundled name or a checkpoint's folder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out/demo"))
    args = parser.parse_args()

    config = AgentConfig(
        env=args.env,
        reward_model=args.reward_model,
        steps=args.steps,
        learning_starts=min(1_000, args.steps // 5),
        seed=args.seed,
    )
    print(f'training SAC for {args.steps} steps on the learned reward of "{task_info(args.env).instruction}"')
    shutil.rmtree(args.out, ignore_errors=True)  # a demo begins anew
    result = run(config, args.out, eval_episodes=args.episodes)

    untrained_config = AgentConfig(env=args.env, reward="env", seed=args.seed)
    envs = build_envs(untrained_config)
    untrained = as_policy(build_agent(untrained_config, envs))
    envs.close()
    print(f"\nsuccess in {args.episodes} fresh episodes, by Meta-World's own rule, with its 95 % interval")
    low, high = result["interval"]
    print(f"  trained on the learned reward   {result['success_rate']:4.0%}  [{low:.0%}, {high:.0%}]")
    for name, policy in (("untrained agent", untrained), ("random actions", random_policy(args.env, args.seed))):
        rate = success_rate(evaluate_policy(args.env, policy, episodes=args.episodes))
        print(f"  {name:<30}  {rate.value:4.0%}  [{rate.low:.0%}, {rate.high:.0%}]")
    print(f"\nlearning curve: {args.out / 'curve.png'}\nvideo with the reward beside it: {args.out / 'episode.mp4'}")


if __name__ == "__main__":
    main()
