"""How often each scripted source ends in success, task by task: do the plans do what they say?

Run ``python -m a2r_gym.envs.c2r.source_rates --episodes 20``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from a2r_gym.envs.c2r.env import C2REnv
from a2r_gym.envs.c2r.experts import SOURCES, expert, make_controller, trajectory_expert
from a2r_gym.envs.c2r.task import EPISODE_STEPS
from a2r_gym.envs.c2r.tasks import TASKS

__all__ = ["SourceRate", "main", "source_rate"]


class SourceRate(NamedTuple):
    """How a source's episodes of one task end.

    Attributes:
        last: Share of episodes whose last step satisfies the rule.
        ever: Share of episodes in which any step does.
        ambiguous: Share of episodes whose last step is too close to tell.
    """

    last: float
    ever: float
    ambiguous: float


def source_rate(
    task: str, source: str, *, viewpoint: int = 0, distractors: int = 0, episodes: int = 10, seed: int = 0
) -> SourceRate:
    """Roll out a scripted source.

    Args:
        task: A key of `a2r_gym.envs.c2r.tasks.TASKS`.
        source: One of `a2r_gym.envs.c2r.experts.SOURCES`, or ``"expert"`` for the clean policy, ``"trajectory"`` for
            the same as one action, ``"noise"`` for actions drawn from the space.
        viewpoint: Number of the viewpoint.
        distractors: Other things on the table.
        episodes: How many, at least 1.
        seed: Of the first episode's start and manner; the others follow.
    """
    control = "trajectory" if source == "trajectory" else "step"
    env = C2REnv(task=task, viewpoint=viewpoint, distractors=distractors, control=control, render_mode=None)
    counts = np.zeros(3)
    for episode in range(seed, seed + episodes):
        observation, _ = env.reset(seed=episode)
        env.action_space.seed(episode)
        if source == "trajectory":
            observation, _, _, _, info = env.step(trajectory_expert(task)(observation))
            successes = [bool(info["is_success"])]
        else:
            successes = []
            rng = np.random.default_rng(episode)
            policy = make_controller(env, source, rng) if source in SOURCES else expert(task)
            for _ in range(EPISODE_STEPS):
                action = env.action_space.sample() if source == "noise" else policy(observation)
                observation, _, _, _, info = env.step(action)
                successes.append(bool(info["is_success"]))
        counts += successes[-1], any(successes), env.labels()[task].ambiguous
    env.close()
    return SourceRate(*(counts / episodes).tolist())


def main(
    tasks: tuple[str, ...] = (),
    sources: tuple[str, ...] = ("expert", "trajectory", "noise", *SOURCES),
    viewpoint: int = 0,
    distractors: int = 0,
    episodes: int = 10,
    seed: int = 0,
) -> None:
    """Print each task's share of episodes that end in success, by source.

    Args:
        tasks: Names; all if none.
        sources: See `source_rate`.
        viewpoint: Number of the viewpoint.
        distractors: Other things on the table.
        episodes: Of each task and source.
        seed: Of the first episode's start and manner.
    """
    chosen: Sequence[str] = tasks or tuple(TASKS)
    print(f"share of {episodes} episodes that end in success (did any step/too close to tell)")
    print(f"{'task':14}" + "".join(f"{source:>20}" for source in sources))
    for task in chosen:
        rates = [
            source_rate(task, source, viewpoint=viewpoint, distractors=distractors, episodes=episodes, seed=seed)
            for source in sources
        ]
        cells = [f"{rate.last:.2f} ({rate.ever:.2f}/{rate.ambiguous:.2f})" for rate in rates]
        print(f"{task:14}" + "".join(f"{cell:>20}" for cell in cells), flush=True)


if __name__ == "__main__":
    import tyro

    tyro.cli(main)
