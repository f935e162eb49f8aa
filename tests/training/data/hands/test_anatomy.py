"""A hand has the bones of a hand, left and right are mirror images, grasps touch where they should."""

from __future__ import annotations

import numpy as np
import pytest

from a2r_train.data.hands.anatomy import GRASPS, HandLook, arm_poses, blend, contact, hand_bodies, segment_poses
from a2r_train.data.hands.rotations import Pose, quaternions, vector


def test_a_hand_has_a_palm_five_articulated_fingers_and_an_arm() -> None:
    bodies = hand_bodies(HandLook())
    fingers = [f"{name}{joint}" for name in ("index", "middle", "ring", "little", "thumb") for joint in range(3)]
    assert list(bodies) == ["palm", *fingers, "forearm", "upper_arm"]
    assert all(bodies.values())


@pytest.mark.parametrize("name", GRASPS)
def test_segments_hang_together(name: str) -> None:
    look = HandLook(scale=1.1)
    poses = segment_poses(look, GRASPS[name])
    assert len(poses) == 16
    for pose in poses:
        assert np.allclose(pose.rotation.T @ pose.rotation, np.eye(3), atol=1e-9)
        assert np.linalg.det(pose.rotation) == pytest.approx(1.0)
    for first in (1, 4, 7, 10, 13):  # a segment begins where the one before it ends
        for joint in range(2):
            reach = np.linalg.norm(poses[first + joint + 1].position - poses[first + joint].position)
            assert 0.015 < reach / look.scale < 0.05
            along = poses[first + joint].rotation[:, 1]
            assert np.allclose(
                poses[first + joint].position + along * reach, poses[first + joint + 1].position, atol=1e-9
            )


@pytest.mark.parametrize("name", GRASPS)
def test_left_is_the_mirror_image_of_right(name: str) -> None:
    right, left = (segment_poses(HandLook(left=side), GRASPS[name]) for side in (False, True))
    mirror = np.diag([-1.0, 1.0, 1.0])
    for one, other in zip(right, left, strict=True):
        assert np.allclose(mirror @ one.position, other.position)
        assert np.allclose(mirror @ one.rotation @ mirror, other.rotation)
    assert np.allclose(mirror @ contact(HandLook(), GRASPS[name]), contact(HandLook(left=True), GRASPS[name]))


def test_bent_fingers_end_on_the_palm_side() -> None:
    flat, fist = (segment_poses(HandLook(), GRASPS[name])[3].position[2] for name in ("flat", "fist"))
    assert fist < flat - 0.02


def test_a_pinch_closes_more_than_a_wide_claw() -> None:
    def gap(name: str) -> float:
        poses = segment_poses(HandLook(), GRASPS[name])
        return float(np.linalg.norm(poses[3].point(vector(0, 0.02, 0)) - poses[15].point(vector(0, 0.027, 0))))

    assert gap("pinch") < gap("claw_wide")
    assert gap("pinch") < 0.05


def test_a_wrap_meets_the_axis_of_what_it_closes_around() -> None:
    thin, thick = (contact(HandLook(), GRASPS["wrap"], radius) for radius in (0.02, 0.04))
    assert thick[2] == pytest.approx(thin[2] - 0.02)


def test_blending_begins_and_ends_at_the_grasps() -> None:
    first, second = GRASPS["flat"], GRASPS["fist"]
    assert np.allclose(blend(first, second, 0.0).flexion, first.flexion)
    assert np.allclose(blend(first, second, 1.0).flexion, second.flexion)


def test_the_forearm_ends_at_the_wrist_and_comes_from_the_shoulder() -> None:
    hand = Pose(np.eye(3), vector(0.0, 0.0, 0.1))
    shoulder = vector(0.0, -0.6, 0.3)
    forearm, upper = arm_poses(HandLook(), hand, shoulder)
    assert np.allclose(forearm.position, hand.position)
    assert np.linalg.norm(upper.position - hand.position) == pytest.approx(0.27)
    assert np.linalg.norm(upper.position - shoulder) < np.linalg.norm(hand.position - shoulder)


def test_quaternions_are_the_rotations() -> None:
    import mujoco

    rotation = segment_poses(HandLook(), GRASPS["claw"])[14].rotation
    back = np.zeros(9)
    mujoco.mju_quat2Mat(back, quaternions(rotation))
    assert np.allclose(back.reshape(3, 3), rotation)
