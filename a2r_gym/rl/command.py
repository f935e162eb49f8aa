"""``a2r rl``: train an agent on the learned reward of any id, measure it, show it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tyro.conf import Positional

from a2r_gym.registration import task_info
from a2r_gym.rl.agent import AgentConfig
from a2r_gym.rl.episode_video import record_episode, write_video
from a2r_gym.rl.evaluation import evaluate_policy, success_rate
from a2r_gym.rl.training import as_policy, read_curve, train

__all__ = ["RlArgs", "draw_learning", "main", "run"]


@dataclass(frozen=True, kw_only=True)
class RlArgs:
    """Train an agent, for example ``a2r rl A2R-MetaWorld-drawer-close-v1 --steps 10000 --out runs/drawer``.

    Attributes:
        env: Environment id, see ``a2r envs``.
        reward: ``learned``, or ``env`` for the environment's own reward, which renders nothing.
        reward_model: A bundled name or a folder.
        reward_mode: ``similarity``, ``success``, ``margin`` or ``progress``.
        reward_every: Render and score every n-th step.
        algorithm: ``sac`` or ``td3``.
        steps: Environment steps in all.
        num_envs: Environments side by side.
        seed: Of everything.
        out: Folder of the run; None: out/rl/ENV.
        resume: Go on with the run in OUT.
        eval_every: Steps between two evaluations, at which the run is saved too.
        eval_episodes: Fresh episodes of the last evaluation.
        video: Whether to write a video of an episode at the end.
    """

    env: Positional[str]
    reward: str = "learned"
    reward_model: str = AgentConfig.reward_model
    reward_mode: str = AgentConfig.reward_mode
    reward_every: int = 1
    algorithm: str = "sac"
    steps: int = AgentConfig.steps
    num_envs: int = 1
    seed: int = 0
    out: Path | None = None
    resume: bool = False
    eval_every: int = 2_500
    eval_episodes: int = 20
    video: bool = True

    def config(self) -> AgentConfig:
        """Return what fixes the run."""
        return AgentConfig(
            env=self.env,
            reward=self.reward,
            reward_model=self.reward_model,
            reward_mode=self.reward_mode,
            reward_every=self.reward_every,
            algorithm=self.algorithm,
            steps=self.steps,
            num_envs=self.num_envs,
            learning_starts=min(AgentConfig.learning_starts, self.steps // 5),
            seed=self.seed,
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Train, measure, show.

    Args:
        argv: Arguments of the command line, see `RlArgs`; None: the process's own.

    Returns:
        0, or 130 after Ctrl-C.
    """
    import tyro

    args = tyro.cli(RlArgs, args=argv, prog="a2r rl")
    out = args.out or Path("out/rl") / args.env
    try:
        result = run(
            args.config(), out, resume=args.resume, eval_every=args.eval_every, eval_episodes=args.eval_episodes,
            video=args.video,
        )  # fmt: skip
    except KeyboardInterrupt:
        print(f"\nstopped and saved; go on with: {_resume_line(args, out)}")
        return 130
    low, high = result["interval"]
    print(
        f"success {result['success_rate']:.0%} [{low:.0%}, {high:.0%}] in {result['episodes']} fresh episodes "
        f"after {result['steps']} steps"
    )
    print("wrote " + ", ".join(str(out / name) for name in result["files"]))
    return 0


def run(
    config: AgentConfig, out: Path, *, resume: bool = False, eval_every: int = 2_500, eval_episodes: int = 20,
    video: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """Train an agent, measure it on fresh episodes and write the result.

    Args:
        config: Of the run.
        out: Its folder.
        resume: Go on with the run that is there.
        eval_every: Steps between two evaluations.
        eval_episodes: Fresh episodes of the last one.
        video: Whether to write ``episode.mp4``.

    Returns:
        What ``result.json`` holds: success_rate, interval, episodes, steps, seconds, config, files.
    """
    start = time.perf_counter()
    agent = train(config, out, resume=resume, eval_every=eval_every)
    done = evaluate_policy(config.env, as_policy(agent), episodes=eval_episodes)
    rate = success_rate(done)
    files = ["result.json", "curve.csv", draw_learning(out, config).name]
    if video:
        model = None if config.reward_model == "a2r-small" else config.reward_model
        episode = record_episode(config.env, as_policy(agent), reward_model=model)
        files.append(write_video(episode, task_info(config.env).instruction, out / "episode.mp4").name)
    result = {
        "success_rate": rate.value,
        "interval": [rate.low, rate.high],
        "episodes": len(done),
        "steps": agent.num_timesteps,
        "seconds": round(time.perf_counter() - start, 1),
        "config": asdict(config),
        "files": files,
    }
    part = out / "result.json.part"
    part.write_text(json.dumps(result, indent=1) + "\n")
    os.replace(part, out / "result.json")
    return result


def draw_learning(out: Path, config: AgentConfig) -> Path:
    """Draw success and mean reward over the steps of a run.

    Args:
        out: Folder of the run.
        config: Of the run.

    Returns:
        ``out/curve.png``.
    """
    from matplotlib.figure import Figure

    rows = read_curve(out)
    figure = Figure(figsize=(6.0, 3.5), layout="constrained")
    axes = figure.add_subplot()
    steps = [row["step"] for row in rows]
    axes.plot(steps, [row["success_rate"] for row in rows], "o-", color="tab:green", label="success (true)")
    axes.set(xlabel="step", ylabel="success", ylim=(-0.05, 1.05), title=f"{config.env}, {config.reward} reward")
    other = axes.twinx()
    other.plot(
        steps, [row["mean_reward"] for row in rows], "s--", color="tab:blue", label=f"mean {config.reward} reward"
    )
    other.set(ylabel="mean reward a step")
    figure.legend(loc="outside lower center", ncols=2)
    figure.savefig(out / "curve.png", dpi=120)
    return out / "curve.png"


def _resume_line(args: RlArgs, out: Path) -> str:
    """Return the command that goes on with a run."""
    default = RlArgs(env=args.env)
    changed = [
        f"--{name.replace('_', '-')} {getattr(args, name)}"
        for name in (
            "reward", "reward_model", "reward_mode", "reward_every", "algorithm", "steps", "num_envs", "seed",
            "eval_every", "eval_episodes",
        )
        if getattr(args, name) != getattr(default, name)
    ]  # fmt: skip
    return " ".join(["a2r rl", args.env, *changed, f"--out {out}", "--resume"])
