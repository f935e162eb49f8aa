"""The environment: resets, exact states, both ways to act, limits, and what its pictures show."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from numpy.typing import NDArray

import a2r_gym
from a2r_gym.envs.base import ActionError
from a2r_gym.errors import FrameError, RenderModeError, UnknownNameError

pytest.importorskip("pybullet", reason="pybullet is not installed")

from a2r_gym.envs.c2r.env import C2REnv, DistractorError
from a2r_gym.envs.c2r.experts import expert, trajectory_expert
from a2r_gym.envs.c2r.observation import OBSERVATION
from a2r_gym.envs.c2r.task import EPISODE_STEPS
from a2r_gym.envs.c2r.trajectory import TRAJECTORY_SIZE

STILL = np.array([0.0, 0.0, 0.0, 0.0, 0.0, -1.0], dtype=np.float32)


@pytest.fixture(scope="module")
def bottle() -> Iterator[C2REnv]:
    with closing(C2REnv(task="push-right", width=64, height=64)) as env:
        yield env


@pytest.fixture(scope="module")
def crowded() -> Iterator[C2REnv]:
    with closing(C2REnv(task="put-into", distractors=4, width=64, height=64)) as env:
        yield env


def wander(env: C2REnv, steps: int, seed: int = 0) -> list[NDArray[np.float64]]:
    """Act at random, low over the table; returns the states."""
    rng = np.random.default_rng(seed)
    states = []
    for _ in range(steps):
        action = rng.uniform(-1.0, 1.0, size=6)
        action[2] -= 0.4
        env.step(action.astype(np.float32))
        states.append(env.get_state())
    return states


# ---------------------------------------------------------------------- episodes


def test_a_seed_decides_the_episode_whatever_came_before(crowded: C2REnv) -> None:
    first, picture = crowded.reset(seed=4)[0], crowded.render()
    played = wander(crowded, 12)
    assert (crowded.reset(seed=5)[0] != first).any()
    assert (crowded.render() != picture).any()
    wander(crowded, 7, seed=1)
    np.testing.assert_array_equal(crowded.reset(seed=4)[0], first)
    np.testing.assert_array_equal(crowded.render(), picture)
    np.testing.assert_array_equal(wander(crowded, 12), played)


def test_distractors_change_nothing_of_the_task(crowded: C2REnv) -> None:
    obs, _ = crowded.reset(seed=3)
    with closing(C2REnv(task="put-into", render_mode=None)) as alone:
        own, _ = alone.reset(seed=3)
    np.testing.assert_allclose(obs, own, atol=1e-3)


def test_several_clients_do_not_disturb_one_another(bottle: C2REnv) -> None:
    bottle.reset(seed=1)
    alone = wander(bottle, 10)
    bottle.reset(seed=1)
    with closing(C2REnv(task="drawer-open", render_mode=None)) as other:
        other.reset(seed=1)
        rng = np.random.default_rng(0)
        for state in alone:
            action = rng.uniform(-1.0, 1.0, size=6)
            action[2] -= 0.4
            bottle.step(action.astype(np.float32))
            wander(other, 1)
            np.testing.assert_array_equal(bottle.get_state(), state)


def test_standing_still_changes_no_label(bottle: C2REnv) -> None:
    _, info = bottle.reset(seed=2)
    assert info == {"is_success": False}
    for _ in range(30):
        *_, info = bottle.step(STILL)
    assert not info["is_success"]
    assert not any(label.success or label.ambiguous for label in bottle.labels().values())
    assert set(bottle.labels()) == {"push-right", "push-left", "tip-over"}


def test_reward_is_the_rule_at_this_step(bottle: C2REnv) -> None:
    policy = expert("push-right")
    obs, _ = bottle.reset(seed=0)
    rewards, ends = [], []
    for _ in range(EPISODE_STEPS):
        obs, reward, terminated, truncated, info = bottle.step(policy(obs))
        assert reward == float(info["is_success"]) == float(bottle.labels()["push-right"].success)
        assert (type(reward), terminated) == (float, False)
        rewards.append(reward)
        ends.append(truncated)
    assert (rewards[0], rewards[-1]) == (0.0, 1.0)
    assert ends == [False] * (EPISODE_STEPS - 1) + [True]
    assert not any(isinstance(value, np.ndarray) for value in info.values())


def test_an_action_moves_the_hand_as_it_says(bottle: C2REnv) -> None:
    before, _ = bottle.reset(seed=0)
    for _ in range(5):
        after, *_ = bottle.step(np.array([0.0, 0.5, -0.5, 0.3, 0.0, 1.0], dtype=np.float32))
    moved = after[OBSERVATION["command"]] - before[OBSERVATION["command"]]
    np.testing.assert_allclose(moved, [0.0, 0.075, -0.075], atol=1e-6)
    assert after[OBSERVATION["yaw"]] - before[OBSERVATION["yaw"]] == pytest.approx(0.3)
    assert after[OBSERVATION["opening"]] < 0.1
    np.testing.assert_allclose(after[OBSERVATION["tip"]], after[OBSERVATION["command"]], atol=0.02)


@pytest.mark.parametrize("action", [np.zeros(5), np.zeros(7), np.zeros((1, 6)), 0.0, [0, 0, 0, np.nan, 0, 0]])
def test_an_action_that_does_not_fit_is_refused(bottle: C2REnv, action: Any) -> None:
    bottle.reset(seed=0)
    with pytest.raises(ActionError, match="expected an action of"):
        bottle.step(action)


# ---------------------------------------------------------------------- state


def test_going_back_to_a_state_repeats_what_followed_to_the_last_bit(crowded: C2REnv) -> None:
    policy = expert("put-into")
    obs, _ = crowded.reset(seed=3)
    for _ in range(24):  # the block is in the hand
        obs, *_ = crowded.step(policy(obs))
    state, picture, labels = crowded.get_state(), crowded.render(), crowded.labels()
    first = wander(crowded, 8)
    crowded.reset(seed=9)
    crowded.set_state(state)
    np.testing.assert_array_equal(crowded.render(), picture)
    assert crowded.labels() == labels
    np.testing.assert_array_equal(wander(crowded, 8), first)
    with pytest.raises(ValueError, match="expected a state of shape"):
        crowded.set_state(state[:-1])


def test_another_env_and_a_closed_one_go_on_from_a_state(bottle: C2REnv) -> None:
    bottle.reset(seed=6)
    wander(bottle, 10)
    state, picture = bottle.get_state(), bottle.render()
    bottle.close()
    bottle.close()
    np.testing.assert_array_equal(bottle.render(), picture)
    followed = wander(bottle, 6)
    with closing(C2REnv(task="push-right", width=64, height=64)) as other:
        other.reset(seed=0)
        other.set_state(state)
        np.testing.assert_array_equal(other.render(), picture)
        np.testing.assert_array_equal(wander(other, 6), followed)


# ---------------------------------------------------------------------- trajectories


def test_a_trajectory_is_a_whole_episode_with_a_video() -> None:
    with closing(C2REnv(task="lift", control="trajectory", width=32, height=32, video_frames=5)) as env:
        obs, _ = env.reset(seed=0)
        assert env.last_video is None
        first = env.render()
        obs, reward, terminated, truncated, info = env.step(trajectory_expert("lift")(obs))
        assert (reward, terminated, truncated, info) == (1.0, True, False, {"is_success": True})
        assert obs[OBSERVATION["time"]] == 1.0
        end = env.get_state()
        video = env.last_video
        assert video is not None
        assert (video.shape, video.dtype) == ((5, 32, 32, 3), np.uint8)
        np.testing.assert_array_equal(video[0], first)
        np.testing.assert_array_equal(video[-1], env.render())
        np.testing.assert_array_equal(env.get_state(), end)
        with pytest.raises(ActionError, match=rf"\({TRAJECTORY_SIZE},\)"):
            env.step(STILL)
        env.reset(seed=1)
        assert env.last_video is None


# ---------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"task": "push-rigth"}, UnknownNameError, "Did you mean 'push-right'"),
        ({"viewpoint": 4}, UnknownNameError, "Available: 0, 1, 2, 3"),
        ({"camera": "corner"}, UnknownNameError, "Available: 0, 1, 2, 3"),
        ({"distractors": 5}, DistractorError, "0 to 4 distractors, got 5"),
        ({"control": "torque"}, UnknownNameError, "Available: step, trajectory"),
        ({"render_preset": "quick"}, UnknownNameError, "Available: fast, paper"),
        ({"render_mode": "human"}, RenderModeError, "rgb_array"),
        ({"width": 0}, FrameError, "0x128"),
        ({"video_frames": 1}, FrameError, "and 1"),
    ],
)
def test_wrong_arguments_are_named_errors(kwargs: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        C2REnv(**kwargs)


def test_gym_make_passes_all_arguments_on() -> None:
    env = gym.make(
        "A2R-C2R-drop-v1", reward_model="none", viewpoint=3, distractors=1, instruction="let it fall", width=48,
        height=32, max_episode_steps=2,
    )  # fmt: skip
    env.reset(seed=0)
    assert env.unwrapped.instruction == "let it fall"  # type: ignore[attr-defined]
    assert np.asarray(env.render()).shape == (32, 48, 3)
    assert [env.step(env.action_space.sample())[3] for _ in range(2)] == [False, True]
    env.close()
    assert a2r_gym.expert("A2R-C2R-drop-v1") is not None


def test_without_a_render_mode_there_is_no_picture() -> None:
    with closing(C2REnv(render_mode=None)) as env, pytest.raises(RenderModeError, match="rgb_array"):
        env.render()


def test_without_pybullet_the_error_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['pybullet'] = None\n"
        "import a2r_gym, gymnasium\n"
        "try: gymnasium.make('A2R-C2R-lift-v1', reward_model='none')\n"
        "except a2r_gym.errors.MissingDependencyError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'a2r-gym[pybullet]'" in done.stdout, done.stderr


# ---------------------------------------------------------------------- pictures


def way_in_the_picture(env: C2REnv, shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move the first thing on the table; returns how far its pixels moved, (right, down)."""
    world = env._built()
    base = world.pieces[env._memory.bodies[0]].body.base
    start = env.get_state()
    hidden = len(start) - world.state_size + base.start

    def centre(offset: NDArray[np.float64]) -> NDArray[np.float64]:
        state = start.copy()
        state[hidden : hidden + 2] += offset
        env.set_state(state)
        seen = env.render()
        state[hidden + 2] -= 3.0  # under the floor
        env.set_state(state)
        mask = (seen != env.render()).any(axis=-1)
        assert mask.sum() > 40
        down, right = np.nonzero(mask)
        return np.array([right.mean(), down.mean()])

    moved = centre(shift) - centre(np.zeros(2))
    env.set_state(start)
    return np.asarray(moved)


@pytest.mark.parametrize("viewpoint", range(4))
def test_right_and_away_are_as_seen_in_the_picture(viewpoint: int) -> None:
    with closing(C2REnv(task="move-away", viewpoint=viewpoint)) as env:
        obs, _ = env.reset(seed=0)
        right = obs[OBSERVATION["picture_right"]]
        away = np.array([-right[1], right[0]])
        across, up = way_in_the_picture(env, 0.08 * right), way_in_the_picture(env, 0.08 * away)
        assert across[0] > 8.0
        assert abs(across[1]) < 2.0
        assert up[1] < -4.0
        assert abs(up[0]) < 3.0


@pytest.mark.parametrize("task", ["push-right", "cover", "door-close"])
def test_the_picture_is_light_and_full_of_things(task: str) -> None:
    with closing(C2REnv(task=task, distractors=4)) as env:
        env.reset(seed=1)
        picture = env.render()
        assert 90 < picture.mean() < 200
        assert len(np.unique(picture.reshape(-1, 3) // 32, axis=0)) > 20
