"""``a2r rl``: train an agent on the learned reward of any id, measure it, show it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tyro.conf import Positional

from a2r_gym.registration import task_info
from a2r_gym.rl.agent import AgentConfig, AgentConfigError, load_run
from a2r_gym.rl.episode_video import record_episode, write_video
from a2r_gym.rl.evaluation import evaluate_policy, success_rate
from a2r_gym.rl.learning_curve import CURVE, CurvePoint, draw_learning, read_curve
from a2r_gym.rl.training import as_policy, check_folder, train
from a2r_gym.whole_file import whole_file
from a2r_gym.wrappers.episode_rewards import resolve_model

__all__ = ["RESULT", "RlArgs", "main", "run"]

RESULT: Final = "result.json"


@dataclass(frozen=True, kw_only=True)
class RlArgs:
    """Train an agent, for example ``a2r rl A2R-MetaWorld-drawer-close-v1 --steps 10000 --out runs/drawer``.

    Attributes:
        env: Environment id, see ``a2r envs``.
        reward: ``learned``, ``env`` for the environment's own reward, or ``sparse`` for 1 at success and else 0; the
            latter two render nothing while training.
        env_reward_scale: Factor on the environment's own reward.
        reward_model: A bundled name or a folder.
        reward_mode: ``similarity``, ``success``, ``margin`` or ``progress``.
        reward_every: Render and score every n-th step.
        algorithm: ``sac`` or ``td3``.
        steps: Decisions in all.
        action_repeat: Environment steps of each decision.
        num_envs: Environments side by side.
        seed: Of everything.
        out: Folder of the run; None: out/rl/ENV.
        resume: Go on with the run in OUT.
        eval_every: Steps between two evaluations, at which the run is saved too.
        eval_episodes: Fresh episodes of the last evaluation.
        video: Whether to write a video of an episode at the end, with its learned reward.
    """

    env: Positional[str]
    reward: str = AgentConfig.reward
    env_reward_scale: float = AgentConfig.env_reward_scale
    reward_model: str = AgentConfig.reward_model
    reward_mode: str = AgentConfig.reward_mode
    reward_every: int = AgentConfig.reward_every
    algorithm: str = AgentConfig.algorithm
    steps: int = AgentConfig.steps
    action_repeat: int = AgentConfig.action_repeat
    num_envs: int = AgentConfig.num_envs
    seed: int = AgentConfig.seed
    out: Path | None = None
    resume: bool = False
    eval_every: int = 2_500
    eval_episodes: int = 20
    video: bool = True

    def config(self) -> AgentConfig:
        """Return what fixes the run; a short one starts to learn after a fifth of its steps."""
        shared = {field.name for field in fields(AgentConfig)} & {field.name for field in fields(self)}
        return AgentConfig(
            **{name: getattr(self, name) for name in shared},
            learning_starts=min(AgentConfig.learning_starts, self.steps // 5),
        )

    def folder(self) -> Path:
        """Return the run's folder."""
        return Path("out/rl") / self.env if self.out is None else self.out

    def resume_line(self) -> str:
        """Return the command that goes on with the run."""
        words = ["a2r", "rl", self.env]
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in ("env", "out", "resume") or value == field.default:
                continue
            name = field.name.replace("_", "-")
            words += [f"--no-{name}"] if value is False else [f"--{name}", str(value)]
        return shlex.join([*words, "--out", str(self.folder()), "--resume"])


def main(argv: Sequence[str] | None = None) -> int:
    """Train, measure, show.

    Args:
        argv: Arguments of the command line, see `RlArgs`; None: the process's own.

    Returns:
        0, or 130 after Ctrl-C.
    """
    import tyro

    args = tyro.cli(RlArgs, args=argv, prog="a2r rl")
    out = args.folder()
    try:
        result = run(
            args.config(), out, resume=args.resume, eval_every=args.eval_every, eval_episodes=args.eval_episodes,
            video=args.video,
        )  # fmt: skip
    except KeyboardInterrupt:
        if load_run(out) is None:
            raise  # nothing has been learned yet
        print(f"\nstopped and saved; go on with: {args.resume_line()}")
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

    An episode succeeds if the task's rule holds at any of its steps (Meta-World's convention).

    Args:
        config: Of the run.
        out: Its folder.
        resume: Go on with the run that is there.
        eval_every: Steps between two evaluations, >= 1.
        eval_episodes: Fresh episodes of the last one, >= 1.
        video: Whether to write ``episode.mp4``: the first of these episodes that succeeded, else the first.

    Returns:
        What ``result.json`` holds: success_rate, interval (Wilson, 95 %), episodes, steps, seed, seconds of training,
        config, shown (the number of the episode in the video, or None) and files.

    Raises:
        AgentConfigError: A number is out of range.
        CheckpointError: See `a2r_gym.rl.training.train`.
        UnknownNameError: There is no such reward model.
    """
    for name, value in (("eval_every", eval_every), ("eval_episodes", eval_episodes)):
        if value < 1:
            raise AgentConfigError(f"{name} must be a whole number >= 1, got {value}")
    check_folder(config, out, resume=resume)
    # before the training, so that a missing model is told at once
    model = resolve_model(config.reward_model) if video or config.reward == "learned" else None
    agent = train(config, out, resume=resume, eval_every=eval_every, reward_model=model)
    points, policy = read_curve(out), as_policy(agent)
    done = evaluate_policy(config.env, policy, episodes=eval_episodes, action_repeat=config.action_repeat)
    result: dict[str, Any] = {
        **_measured(config, agent.num_timesteps, done, points),
        "shown": int(np.argmax(done)) if video else None,  # the first success, 0 where there is none
        "files": [RESULT, CURVE, "curve.png", *(["episode.mp4"] if video else [])],
    }
    draw_learning(points, f"{config.env}, {config.reward} reward", out / "curve.png")
    if video:
        episode = record_episode(
            config.env, policy, reward_model=model, seed=result["shown"], action_repeat=config.action_repeat
        )
        write_video(episode, task_info(config.env).instruction, out / "episode.mp4")
    with whole_file(out / RESULT) as part:
        part.write_text(json.dumps(result, indent=1) + "\n")
    return result


def _measured(config: AgentConfig, steps: int, done: NDArray[np.bool_], points: Sequence[CurvePoint]) -> dict[str, Any]:
    rate = success_rate(done)
    return {
        "success_rate": rate.value,
        "interval": [rate.low, rate.high],
        "episodes": rate.n,
        "steps": steps,
        "seed": config.seed,
        "seconds": round(points[-1].seconds, 1) if points else None,
        "config": asdict(config),
    }
