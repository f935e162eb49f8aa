"""The table-top's floor: how often a hand that moves at random does each task, to be printed beside any success rate.

Run ``python -m a2r_gym.envs.tabletop.floor --episodes 100 --scene train``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from a2r_gym.envs.tabletop.env import TabletopEnv
from a2r_gym.envs.tabletop.experts import make_controller
from a2r_gym.envs.tabletop.scene import scene_params
from a2r_gym.envs.tabletop.tasks import EPISODE_STEPS, decided_tasks

__all__ = ["Floor", "main", "random_floor"]


class Floor(NamedTuple):
    """What moving at random reaches in one task.

    Attributes:
        last: Share of episodes whose last step satisfies the rule.
        ever: Share of episodes in which any step does.
    """

    last: float
    ever: float


def random_floor(
    task: str, *, scene: str | int = "train", wander: bool = False, episodes: int = 100, seed: int = 0
) -> Floor:
    """Roll out 60 random steps an episode.

    Args:
        task: A key of `a2r_gym.envs.tabletop.tasks.TASKS`.
        scene: A name of a scene, or a generator seed.
        wander: Move among the objects from point to point, as the data's random exploration does; else each action
            is drawn uniformly.
        episodes: How many, at least 1.
        seed: Of the first episode's start, the others follow; and of what is random in the moves.

    Returns:
        Both shares.
    """
    env = TabletopEnv(task=task, scene=scene, render_mode=None)
    rng = np.random.default_rng(seed)
    last = ever = 0
    for episode in range(episodes):
        observation, _ = env.reset(seed=seed + episode)
        wanderer = make_controller(env, "random", rng) if wander else None
        successes = []
        for _ in range(EPISODE_STEPS):
            action = rng.uniform(-1.0, 1.0, size=5).astype(np.float32) if wanderer is None else wanderer(observation)
            observation, _, _, _, info = env.step(action)
            successes.append(bool(info["is_success"]))
        last += successes[-1]
        ever += any(successes)
    return Floor(last / episodes, ever / episodes)


def main(episodes: int = 100, scene: str = "train", seed: int = 0) -> None:
    """Print the floor of each task of a scene.

    Args:
        episodes: Random episodes a task.
        scene: A name of a scene, or a generator seed.
        seed: Of the first episode's start, and of the moves.
    """
    print(f"share of {episodes} random episodes of {EPISODE_STEPS} steps that succeed, scene {scene}")
    print(f"{'':14}{'uniform actions':>22}{'wandering hand':>22}")
    print(f"{'task':14}" + f"{'last step':>12}{'any step':>10}" * 2)
    for task in decided_tasks(scene_params(scene)):
        floors = [
            random_floor(task, scene=scene, wander=wander, episodes=episodes, seed=seed) for wander in (False, True)
        ]
        print(f"{task:14}" + "".join(f"{floor.last:12.2f}{floor.ever:10.2f}" for floor in floors), flush=True)


if __name__ == "__main__":
    import tyro

    tyro.cli(main)
