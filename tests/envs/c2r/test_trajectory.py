"""Trajectories as flat actions, and how waypoints are followed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from a2r_gym.envs.c2r.command import ACTION_SIZE, STEP_LENGTH, STEP_TILT, STEP_YAW
from a2r_gym.envs.c2r.follower import Follower, Waypoint
from a2r_gym.envs.c2r.observation import OBSERVATION, OBSERVATION_SIZE
from a2r_gym.envs.c2r.trajectory import NUM_WAYPOINTS, TRAJECTORY_SIZE, decode, encode


def first_observation() -> NDArray[np.float64]:
    obs = np.zeros(OBSERVATION_SIZE)
    obs[OBSERVATION["tip"]] = obs[OBSERVATION["command"]] = (0.4, 0.0, 0.28)
    obs[OBSERVATION["opening"]] = 1.0
    return obs


WAYPOINTS = [
    Waypoint(place=np.array([0.5, 0.1, 0.1]), yaw=0.5, grip=-1.0),
    Waypoint(place=np.array([0.5, 0.1, 0.03]), yaw=0.5, grip=1.0, tilt=0.3),
    Waypoint(place=np.array([0.6, -0.1, 0.2]), yaw=-0.5, grip=1.0),
]


def play(follower: Follower, obs: NDArray[np.float64], steps: int) -> list[NDArray[np.float64]]:
    """Let an ideal hand do what the follower says; returns what it did."""
    seen = []
    for _ in range(steps):
        action = follower(obs)
        obs = obs.copy()
        obs[OBSERVATION["command"]] += action[:3] * STEP_LENGTH
        obs[OBSERVATION["tip"]] = obs[OBSERVATION["command"]]
        obs[OBSERVATION["yaw"]] += action[3] * STEP_YAW
        obs[OBSERVATION["tilt"]] += action[4] * STEP_TILT
        seen.append(obs)
    return seen


def test_decoding_undoes_encoding_and_the_last_waypoint_is_repeated() -> None:
    obs = first_observation()
    action = encode(WAYPOINTS, obs)
    assert action.shape == (TRAJECTORY_SIZE,)
    assert np.abs(action).max() <= 1.0
    decoded = decode(action.astype(np.float64), obs)
    assert len(decoded) == NUM_WAYPOINTS
    for mine, theirs in zip(decoded, WAYPOINTS + WAYPOINTS[-1:] * 5, strict=True):
        np.testing.assert_allclose(mine.place, theirs.place, atol=1e-6)
        np.testing.assert_allclose([mine.yaw, mine.tilt, mine.grip], [theirs.yaw, theirs.tilt, theirs.grip], atol=1e-6)


def test_more_waypoints_than_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 1 to 8 waypoints, got 9"):
        encode(WAYPOINTS * 3, first_observation())


def test_any_action_stays_over_the_table() -> None:
    for waypoint in decode(np.ones(TRAJECTORY_SIZE), first_observation()):
        assert waypoint.place[0] <= 0.72
        assert waypoint.place[2] <= 0.36


def test_waypoints_are_reached_in_turn_no_faster_than_the_hand_moves() -> None:
    obs = first_observation()
    seen = play(Follower(WAYPOINTS), obs, 60)
    assert all(step.shape == (OBSERVATION_SIZE,) for step in seen)
    places = np.array([obs[OBSERVATION["command"]], *(step[OBSERVATION["command"]] for step in seen)])
    assert np.linalg.norm(np.diff(places, axis=0), axis=1).max() <= STEP_LENGTH + 1e-9
    times = [int(np.argmin(np.linalg.norm(places - waypoint.place, axis=1))) for waypoint in WAYPOINTS]
    assert times == sorted(times)
    np.testing.assert_allclose(places[-1], WAYPOINTS[-1].place, atol=1e-3)
    assert seen[-1][OBSERVATION["yaw"]] == pytest.approx(-0.5, abs=0.01)


def test_the_hand_waits_while_the_gripper_closes() -> None:
    obs = first_observation()
    there = Waypoint(place=obs[OBSERVATION["command"]].copy(), yaw=0.0, grip=1.0)
    follower = Follower([there, Waypoint(place=np.array([0.6, 0.0, 0.28]), yaw=0.0, grip=1.0)])
    moves = [np.linalg.norm(follower(obs)[:3]) for _ in range(12)]
    assert moves[:5] == [0.0] * 5
    assert moves[-1] > 0.0
    assert follower(obs).shape == (ACTION_SIZE,)
