"""Train an agent to close a drawer on the learned reward alone, then measure it and show it.

What ``make demo`` runs. No reward is written anywhere here: the agent sees Meta-World's observations, and each step's
reward is the bundled model's opinion of the video so far, given the sentence "close the drawer". Run again after
Ctrl-C, it goes on; run again after its end, it begins anew.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from a2r_gym.metrics import Estimate
from a2r_gym.registration import task_info
from a2r_gym.rl.agent import AgentConfig, build_agent, build_envs, discard_run, load_run
from a2r_gym.rl.command import RESULT, run
from a2r_gym.rl.evaluation import Policy, evaluate_policy, random_policy, success_rate
from a2r_gym.rl.training import as_policy

ENV = "A2R-MetaWorld-drawer-close-v1"


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default=ENV, help="one of `a2r envs`")
    parser.add_argument("--steps", type=int, default=10_000, help="environment steps of training")
    parser.add_argument("--episodes", type=int, default=20, help="fresh episodes that each policy is measured on")
    parser.add_argument("--reward-model", default="a2r-small", help="a bundled name or a checkpoint's folder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out/demo"))
    return parser.parse_args(argv)


def untrained(config: AgentConfig) -> Policy:
    """Return the agent as it was before its first step: the same network, the same random weights."""
    envs = build_envs(AgentConfig(env=config.env, reward="env", seed=config.seed))
    try:
        return as_policy(build_agent(config, envs))
    finally:
        envs.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo."""
    args = parse(argv)
    config = AgentConfig(
        env=args.env, reward_model=args.reward_model, steps=args.steps, seed=args.seed,
        learning_starts=min(AgentConfig.learning_starts, args.steps // 5),
    )  # fmt: skip
    instruction = task_info(args.env).instruction
    resume = load_run(args.out) == config and not (args.out / RESULT).exists()
    if not resume:
        discard_run(args.out)
    print(f'training SAC for {args.steps} steps on the learned reward of "{instruction}"; Ctrl-C saves, run again')
    try:
        result = run(config, args.out, resume=resume, eval_episodes=args.episodes)
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from here")
        return 130

    low, high = result["interval"]
    rates = {"trained on the learned reward": Estimate(result["success_rate"], low, high, result["episodes"])}
    for name, policy in (("untrained agent", untrained(config)), ("random actions", random_policy(args.env))):
        rates[name] = success_rate(evaluate_policy(args.env, policy, episodes=args.episodes))
    print(f"\nsuccess in {args.episodes} fresh episodes (any step, by the environment's own rule), 95 % interval")
    for name, rate in rates.items():
        print(f"  {name:<30} {rate.value:5.0%}  [{rate.low:.0%}, {rate.high:.0%}]")
    print(f"\nlearning curve                 {args.out / 'curve.png'}")
    print(f"video: episode, reward, success  {args.out / 'episode.mp4'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
