"""Environments of both families in one process, and the same episode in two."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec
from numpy.typing import NDArray

import a2r_gym  # noqa: F401 (registers the ids)


class Made(NamedTuple):
    """An environment to make."""

    name: str
    kwargs: dict[str, Any]

    def make(self) -> gym.Env[Any, Any]:
        env = gym.make(self.name, reward_model="none", **{"width": 64, "height": 64, **self.kwargs})
        env.reset(seed=7)
        env.action_space.seed(3)
        return env


EIGHT = (
    Made("A2R-MetaWorld-drawer-close-v1", {}),
    Made("A2R-Tabletop-mug-left-v1", {}),
    Made("A2R-MetaWorld-reach-v1", {"width": 96}),
    Made("A2R-Tabletop-drawer-open-v1", {"scene": "recolor", "height": 80}),
    Made("A2R-MetaWorld-drawer-close-v1", {"render_preset": "paper"}),
    Made("A2R-Tabletop-faucet-left-v1", {"scene": "viewpoint", "render_preset": "paper"}),
    Made("A2R-MetaWorld-reach-v1", {"camera": "corner"}),
    Made("A2R-Tabletop-mug-left-v1", {"scene": 1003}),
)
ROUNDS, CLOSED, CLOSED_AFTER = 4, 3, 2

HASHES = """
import hashlib, sys
import gymnasium as gym, a2r_gym
for name, kwargs in {ids!r}:
    env = gym.make(name, reward_model="none", width=48, height=48, **kwargs)
    env.reset(seed=int(sys.argv[1]))
    env.render()
    for _ in range(int(sys.argv[1])):
        env.step(env.action_space.sample())
    for seed in (0, 1):
        found = hashlib.sha256(env.reset(seed=seed)[0].tobytes() + env.render().tobytes())
        env.action_space.seed(5)
        for _ in range(5):
            found.update(env.step(env.action_space.sample())[0].tobytes())
        found.update(env.render().tobytes())
        print("hash", found.hexdigest())
"""
IDS = (
    ("A2R-MetaWorld-basketball-v1", {}),
    ("A2R-MetaWorld-push-v1", {}),
    ("A2R-Tabletop-drawer-open-v1", {"scene": 1003}),
)


def test_eight_interleaved_with_one_closed_midway_look_as_each_alone() -> None:
    def picture(env: gym.Env[Any, Any]) -> NDArray[np.uint8]:
        env.step(env.action_space.sample())
        return np.asarray(env.render())

    alone = []
    for made in EIGHT:
        env = made.make()
        alone.append([picture(env) for _ in range(ROUNDS)])
        env.close()
    envs = [made.make() for made in EIGHT]
    for number in range(ROUNDS):
        if number == CLOSED_AFTER:
            envs[CLOSED].close()
        for index, env in enumerate(envs):
            if number < CLOSED_AFTER or index != CLOSED:
                np.testing.assert_array_equal(picture(env), alone[index][number], err_msg=f"{EIGHT[index]}, {number}")
    for env in envs:
        env.close()


def test_a_seed_gives_the_same_observations_and_pixels_in_two_processes() -> None:
    def hashes(past: str) -> list[str]:
        environment = {**os.environ, "PYTHONHASHSEED": past}
        code = HASHES.format(ids=IDS)
        done = subprocess.run(
            [sys.executable, "-c", code, past], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return [line.split()[1] for line in done.stdout.splitlines() if line.startswith("hash ")]

    first = hashes("3")
    assert first == hashes("8")
    assert len(set(first)) == 2 * len(IDS)


def test_an_id_with_its_scene_and_preset_comes_back_from_json() -> None:
    env = gym.make(
        "A2R-Tabletop-mug-left-v1", reward_model="none", scene=1003, render_preset="paper", width=48, height=40
    )
    assert env.spec is not None
    again = gym.make(EnvSpec.from_json(env.spec.to_json()))
    assert again.spec == env.spec
    np.testing.assert_array_equal(again.reset(seed=0)[0], env.reset(seed=0)[0])
    picture = np.asarray(again.render())
    np.testing.assert_array_equal(picture, env.render())
    assert picture.shape == (40, 48, 3)
    env.close()
    again.close()


def test_an_id_ends_at_its_time_limit_and_may_be_stepped_on() -> None:
    env = gym.make("A2R-Tabletop-mug-left-v1", reward_model="none", max_episode_steps=2, render_mode=None)
    env.reset(seed=0)
    assert [env.step(env.action_space.sample())[2:4] for _ in range(3)] == [
        (False, False),
        (False, True),
        (False, True),
    ]
