"""The arm's kinematics: what is asked for is reached, and nothing is remembered."""

from __future__ import annotations

import numpy as np
import pytest

from a2r_gym.envs.c2r.command import HAND_HIGH, HAND_LOW, Command
from a2r_gym.envs.c2r.kinematics import JOINT_HIGH, JOINT_LOW, REST, hand_pose, hand_rotation, solve


def test_the_resting_hand_points_down_in_front_of_the_arm() -> None:
    tip, rotation = hand_pose(REST)
    assert 0.3 < tip[0] < 0.6
    assert abs(tip[1]) < 1e-9
    np.testing.assert_allclose(rotation[:, 2], [0.0, 0.0, -1.0], atol=0.01)


def test_yaw_turns_the_finger_axis_about_the_vertical() -> None:
    np.testing.assert_allclose(hand_rotation(0.0, 0.0)[:, 1], [0.0, -1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(hand_rotation(np.pi / 2, 0.0)[:, 1], [1.0, 0.0, 0.0], atol=1e-12)


def test_tilt_leaves_the_finger_axis_and_leans_the_hand() -> None:
    leaning = hand_rotation(0.0, 0.4)
    np.testing.assert_allclose(leaning[:, 1], [0.0, -1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(leaning[:, 2], [-np.sin(0.4), 0.0, -np.cos(0.4)], atol=1e-12)


@pytest.mark.parametrize("yaw", [-1.6, 0.0, 1.6])
def test_what_the_hand_is_sent_to_in_the_middle_of_the_table_it_reaches(yaw: float) -> None:
    for x in (0.36, 0.5, 0.64):
        for y in (-0.22, 0.0, 0.22):
            for z in (0.02, 0.2):
                wanted = np.array([x, y, z])
                command = Command.at(wanted, yaw, -1.0)
                tip, rotation = hand_pose(command.joints)
                np.testing.assert_allclose(tip, wanted, atol=1e-3)
                np.testing.assert_allclose(rotation, hand_rotation(yaw, 0.0), atol=0.03)


def test_joints_stay_within_bounds_where_the_hand_cannot_go() -> None:
    joints = REST
    for _ in range(10):
        joints = solve(joints, np.array([1.5, 0.5, 0.9]), hand_rotation(0.0, 0.0))
    assert (joints >= JOINT_LOW).all()
    assert (joints <= JOINT_HIGH).all()
    assert np.isfinite(joints).all()


def test_the_same_question_has_the_same_answer() -> None:
    asked = np.array([0.45, 0.1, 0.2]), hand_rotation(0.3, 0.1)
    first = solve(REST, *asked)
    solve(first, np.array([0.6, -0.2, 0.1]), asked[1])
    np.testing.assert_array_equal(solve(REST, *asked), first)


def test_a_command_stays_on_the_table_and_survives_packing() -> None:
    command = Command.at(np.array([0.5, 0.0, 0.1]), 0.0, -1.0)
    for _ in range(40):
        command = command.moved(np.array([1.0, -1.0, -1.0, 1.0, -1.0, 0.3]))
    np.testing.assert_allclose(command.tip, [HAND_HIGH[0], HAND_LOW[1], HAND_LOW[2]])
    again = Command.unpack(command.pack())
    np.testing.assert_array_equal(again.pack(), command.pack())
    assert again.grip == 0.3
