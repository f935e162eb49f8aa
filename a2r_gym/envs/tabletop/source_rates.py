"""How often each of the table-top's scripted sources ends in success, scene by scene: do the plans do what they say?

Run ``python -m a2r_gym.envs.tabletop.source_rates --scenes train 1000 1001 --episodes 10``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from a2r_gym.envs.tabletop.env import TabletopEnv
from a2r_gym.envs.tabletop.experts import SOURCES, expert, make_controller
from a2r_gym.envs.tabletop.tasks import EPISODE_STEPS, TASKS

__all__ = ["SourceRate", "main", "source_rate"]


class SourceRate(NamedTuple):
    """How a source's episodes of one task end.

    Attributes:
        last: Share of episodes whose last step satisfies the rule.
        ever: Share of episodes in which any step does.
    """

    last: float
    ever: float


def source_rate(
    task: str,
    source: str,
    *,
    scene: str | int = "train",
    episodes: int = 10,
    steps: int = EPISODE_STEPS,
    seed: int = 0,
) -> SourceRate:
    """Roll out a scripted source.

    Args:
        task: A key of `a2r_gym.envs.tabletop.tasks.TASKS`.
        source: One of `a2r_gym.envs.tabletop.experts.SOURCES`, or ``"expert"`` for the clean policy.
        scene: A name of a scene, or a generator seed.
        episodes: How many, at least 1.
        steps: Of an episode.
        seed: Of the first episode's start and manner; the others follow.
    """
    env = TabletopEnv(task=task, scene=scene, render_mode=None)
    last = ever = 0
    for episode in range(seed, seed + episodes):
        observation, _ = env.reset(seed=episode)
        policy = expert(task) if source == "expert" else make_controller(env, source, np.random.default_rng(episode))
        successes = []
        for _ in range(steps):
            observation, _, _, _, info = env.step(policy(observation))
            successes.append(bool(info["is_success"]))
        last += successes[-1]
        ever += any(successes)
    return SourceRate(last / episodes, ever / episodes)


def main(scenes: tuple[str, ...] = ("train",), episodes: int = 10, steps: int = EPISODE_STEPS, seed: int = 0) -> None:
    """Print each task's share of episodes that end in success, by source, over all scenes together.

    Args:
        scenes: Names or generator seeds; every task must have a meaning in them.
        episodes: Of each task and source in each scene.
        steps: Of an episode.
        seed: Of the first episode's start and manner.
    """
    sources: Sequence[str] = ("expert", *SOURCES)
    print(f"share of {episodes} episodes in each of {len(scenes)} scenes that end in success")
    print(f"{'task':14}" + "".join(f"{source:>15}" for source in sources))
    for task in TASKS:
        ends = [
            [source_rate(task, source, scene=scene, episodes=episodes, steps=steps, seed=seed).last for scene in scenes]
            for source in sources
        ]
        print(f"{task:14}" + "".join(f"{np.mean(rates):15.2f}" for rates in ends), flush=True)


if __name__ == "__main__":
    import tyro

    tyro.cli(main)
