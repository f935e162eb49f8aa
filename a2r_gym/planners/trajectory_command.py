"""``a2r ddpg-cem``: learn trajectories from the learned reward of an id, measure, show; and distil several runs."""

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

from a2r_gym.planners.ddpg_cem import DDPGCEM, LearnerConfig, LearnerConfigError
from a2r_gym.planners.distill import DistillConfig, distill
from a2r_gym.planners.trajectory_episodes import TrajectoryEpisodes
from a2r_gym.planners.trajectory_run import MakeEnv, RunConfig, evaluate, load_run, make_env, make_tests
from a2r_gym.planners.trajectory_training import as_policy, check_folder, train
from a2r_gym.protocols import RewardModel
from a2r_gym.rl.episode_video import Episode, write_video
from a2r_gym.rl.evaluation import EVALUATION_SEED, success_rate
from a2r_gym.rl.learning_curve import CURVE, draw_learning, read_curve
from a2r_gym.whole_file import whole_file
from a2r_gym.wrappers.episode_rewards import resolve_model

__all__ = ["DdpgCemArgs", "DistillArgs", "main", "run"]

RESULT: Final = "result.json"
_DISTILL: Final = "distill"
_SHOWN_FRAMES: Final = 41
"""Pictures of the episode in the video: every second step."""


@dataclass(frozen=True, kw_only=True)
class DdpgCemArgs:
    """Learn whole trajectories, for example ``a2r ddpg-cem A2R-C2R-push-right-v1 --out runs/push``.

    Several runs become one policy by ``a2r ddpg-cem distill RUN... --out DIR``.

    Attributes:
        env: An ``A2R-C2R`` id, see ``a2r envs``.
        reward: ``learned``, or ``true`` for 1 at success and else 0.
        reward_mode: ``similarity``, ``success`` or ``margin``.
        reward_model: A bundled name or a folder; the policy sees with its encoders.
        viewpoint: Camera, 0 to 3.
        distractors: Other things on the table, 0 to 4.
        waypoints: Of a trajectory, 1 to 8.
        episodes: In all.
        warm_up: Of these random, at the start; None: a sixth, at most 150.
        seed: Of everything.
        out: Folder of the run; None: out/ddpg-cem/ENV.
        resume: Go on with the run in OUT.
        save_every: Episodes between two saved states; a kill loses no more.
        eval_every: Episodes between two evaluations.
        eval_episodes: Fresh episodes of the last evaluation.
        video: Whether to write a video of an episode at the end, with its learned reward.
    """

    env: Positional[str]
    reward: str = RunConfig.reward
    reward_mode: str = RunConfig.reward_mode
    reward_model: str = RunConfig.reward_model
    viewpoint: int = RunConfig.viewpoint
    distractors: int = RunConfig.distractors
    waypoints: int = RunConfig.waypoints
    episodes: int = RunConfig.episodes
    warm_up: int | None = None
    seed: int = RunConfig.seed
    out: Path | None = None
    resume: bool = False
    save_every: int = 10
    eval_every: int = 250
    eval_episodes: int = 50
    video: bool = True

    def config(self) -> RunConfig:
        """Return what fixes the run."""
        shared = {part.name for part in fields(RunConfig)} & {part.name for part in fields(self)}
        there = load_run(self.folder()) if self.resume else None
        warm_up = self.warm_up
        if warm_up is None:  # a run that goes on for longer keeps the warm-up that it had
            warm_up = there.learner.warm_up if there else max(1, min(LearnerConfig.warm_up, self.episodes // 6))
        return RunConfig(**{name: getattr(self, name) for name in shared}, learner=LearnerConfig(warm_up=warm_up))

    def folder(self) -> Path:
        """Return the run's folder."""
        return Path("out/ddpg-cem") / self.env if self.out is None else self.out

    def resume_line(self) -> str:
        """Return the command that goes on with the run."""
        words = ["a2r", "ddpg-cem", self.env]
        for part in fields(self):
            value = getattr(self, part.name)
            if part.name in ("env", "out", "resume") or value == part.default:
                continue
            name = part.name.replace("_", "-")
            words += [f"--no-{name}"] if value is False else [f"--{name}", str(value)]
        return shlex.join([*words, "--out", str(self.folder()), "--resume"])


@dataclass(frozen=True, kw_only=True)
class DistillArgs:
    """Make one policy of several runs, for example ``a2r ddpg-cem distill runs/push runs/open --out runs/both``.

    Attributes:
        runs: Folders of finished runs of ``a2r ddpg-cem``, with one reward model and one number of waypoints.
        out: Folder of the policy.
        steps: Gradient steps.
        eval_episodes: Fresh episodes of each task.
        seed: Of everything.
    """

    runs: Positional[tuple[Path, ...]]
    out: Path
    steps: int = DistillConfig.steps
    eval_episodes: int = 50
    seed: int = 0


def main(argv: Sequence[str] | None = None) -> int:
    """Learn, measure, show; or distil.

    Args:
        argv: Arguments of the command line, see `DdpgCemArgs` and `DistillArgs`; None: the process's own.

    Returns:
        0, or 130 after Ctrl-C.
    """
    import sys

    import tyro

    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == [_DISTILL]:
        chosen = tyro.cli(DistillArgs, args=words[1:], prog="a2r ddpg-cem distill")
        _check_count("eval_episodes", chosen.eval_episodes)
        return _tell_tasks(
            distill(
                chosen.runs, chosen.out, DistillConfig(steps=chosen.steps, seed=chosen.seed),
                eval_episodes=chosen.eval_episodes,
            )
        )  # fmt: skip
    args = tyro.cli(DdpgCemArgs, args=words, prog="a2r ddpg-cem")
    out = args.folder()
    try:
        result = run(
            args.config(), out, resume=args.resume, save_every=args.save_every, eval_every=args.eval_every,
            eval_episodes=args.eval_episodes, video=args.video,
        )  # fmt: skip
    except KeyboardInterrupt:
        if load_run(out) is None:
            raise  # nothing has been learned yet
        print(f"\nstopped; go on from the last saved state with: {args.resume_line()}")
        return 130
    low, high = result["interval"]
    print(
        f"success {result['success_rate']:.0%} [{low:.0%}, {high:.0%}] in {result['eval_episodes']} fresh episodes "
        f"after {result['episodes']}"
    )
    print("wrote " + ", ".join(str(out / name) for name in result["files"]))
    return 0


def run(
    config: RunConfig, out: Path, *, resume: bool = False, save_every: int = 10, eval_every: int = 250,
    eval_episodes: int = 50, video: bool = True, model: RewardModel | None = None, make: MakeEnv = make_env,
) -> dict[str, Any]:  # fmt: skip
    """Train a learner, measure it on fresh starts and write the result.

    An episode succeeds if the task's rule holds at its end.

    Args:
        config: Of the run.
        out: Its folder.
        resume: Go on with the run that is there.
        save_every: Episodes between two saved states, >= 1.
        eval_every: Episodes between two evaluations, >= 1.
        eval_episodes: Fresh episodes of the last one, >= 1.
        video: Whether to write ``episode.mp4``: the first of these that succeeds, else the first.
        model: ``config.reward_model`` where it is loaded already.
        make: Builds the environment.

    Returns:
        What ``result.json`` holds: success_rate, interval (Wilson, 95 %), eval_episodes, episodes, seed, seconds of
        training, config, shown (number of the episode in the video, or None) and files.

    Raises:
        LearnerConfigError: A number is out of range.
        CheckpointError: See `a2r_gym.planners.trajectory_training.train`.
        UnknownNameError: There is no such id or reward model.
    """
    for name, value in (("save_every", save_every), ("eval_every", eval_every), ("eval_episodes", eval_episodes)):
        _check_count(name, value)
    check_folder(config, out, resume=resume)
    model = resolve_model(config.reward_model) if model is None else model
    learner = train(config, out, model, resume=resume, save_every=save_every, eval_every=eval_every, make=make)
    points = read_curve(out)
    tests = make_tests(config, model, make)
    try:
        done = evaluate(as_policy(learner), tests, episodes=eval_episodes)
    finally:
        tests.close()
    shown = int(np.argmax(done)) if video else None  # the first success, 0 where there is none
    rate = success_rate(done)
    result: dict[str, Any] = {
        "success_rate": rate.value,
        "interval": [rate.low, rate.high],
        "eval_episodes": rate.n,
        "episodes": learner.num_timesteps,
        "seed": config.seed,
        "seconds": round(points[-1].seconds, 1) if points else None,
        "config": asdict(config),
        "shown": shown,
        "files": [RESULT, CURVE, "curve.png", *(["episode.mp4"] if video else [])],
    }
    draw_learning(points, f"{config.env}, {config.reward} reward", out / "curve.png")
    if shown is not None:
        _show(config, learner, model, shown, make, out / "episode.mp4")
    with whole_file(out / RESULT) as part:
        part.write_text(json.dumps(result, indent=1) + "\n")
    return result


def _check_count(name: str, value: int) -> None:
    if value < 1:
        raise LearnerConfigError(f"{name} must be a whole number >= 1, got {value}")


def _show(config: RunConfig, learner: DDPGCEM, model: RewardModel, number: int, make: MakeEnv, path: Path) -> None:
    """Write the video of an evaluation's episode; whether it succeeds is known, and marked, at its end."""
    env = make_env(config, video_frames=_SHOWN_FRAMES) if make is make_env else make(config)
    episodes = TrajectoryEpisodes(env, model, instruction=str(getattr(env.unwrapped, "instruction")), reward="true")  # noqa: B009
    try:
        obs, _ = episodes.reset(seed=EVALUATION_SEED + number)
        success = episodes.step(as_policy(learner)(obs))[-1]["is_success"]
        video: NDArray[np.uint8] = episodes.video()
    finally:
        episodes.close()
    scores = model.score_steps(video, episodes.instruction)
    solved = np.zeros(len(video), dtype=np.bool_)
    solved[-1] = success
    episode = Episode(video, scores.similarity.astype(np.float64), scores.success.astype(np.float64), solved)
    write_video(episode, episodes.instruction, path)


def _tell_tasks(result: dict[str, Any]) -> int:
    for task, found in result["tasks"].items():
        low, high = found["interval"]
        print(f"{task}: success {found['success_rate']:.0%} [{low:.0%}, {high:.0%}] in {found['eval_episodes']}")
    print(f"mean success {result['success_rate']:.0%}; wrote {', '.join(result['files'])}")
    return 0
