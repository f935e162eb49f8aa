"""Scenes as data: names, seeds, and what left, right and away mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from a2r_gym.envs.tabletop.scene import SCENES, Pose, TextureParams, scene_params
from a2r_gym.errors import UnknownNameError


def test_the_named_scenes_are_the_four_of_the_paper() -> None:
    assert list(SCENES) == ["train", "recolor", "viewpoint", "rearranged", "combined"]
    assert all(scene_params(name).name == name for name in SCENES)


@pytest.mark.parametrize("scene", ["trian", "", "-1", -1, 1.5, True])
def test_an_unknown_scene_lists_what_there_is(scene: str | int) -> None:
    known = "combined, rearranged, recolor, train, viewpoint"
    with pytest.raises(UnknownNameError, match=rf"Available: any integer >= 0 .*{known}"):
        scene_params(scene)


def test_a_near_miss_names_the_scene() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'train'"):
        scene_params("trian")


def test_a_seed_may_be_written_as_digits() -> None:
    assert scene_params("1001") == scene_params(1001)
    assert scene_params(1001).name == "1001"


def test_an_unknown_texture_pattern_lists_what_there_is() -> None:
    with pytest.raises(UnknownNameError, match="checker"):
        TextureParams(pattern="chess")


@pytest.mark.parametrize("name", SCENES)
def test_the_cameras_ground_axes_are_right_and_up_in_the_picture(name: str) -> None:
    camera = SCENES[name].camera
    target = np.array(camera.target)
    right = camera.project(target + np.append(0.02 * camera.right, 0.0))
    up = camera.project(target + np.append(0.02 * camera.away, 0.0))
    np.testing.assert_allclose(camera.project(target), 0.0, atol=1e-9)
    assert right[0] > 0.01
    assert right[1] == pytest.approx(0.0, abs=1e-3)
    assert up[1] > 0.01
    assert up[0] == pytest.approx(0.0, abs=1e-9)


def test_the_faucets_tilt_is_the_angle_between_its_front_and_the_camera() -> None:
    train = SCENES["train"]
    for off in (0.0, 25.0, -70.0, 170.0):
        turned = replace(train, faucet=Pose(x=0.0, y=0.0, heading=train.camera.azimuth + off))
        assert turned.faucet_tilt == pytest.approx(abs(off), abs=1e-6)


def test_an_objects_own_frame_is_right_and_front() -> None:
    pose = Pose(x=1.0, y=2.0, heading=90.0)
    np.testing.assert_allclose(pose.to_world(np.array([0.0, 0.1, 0.3])), [1.1, 2.0, 0.3], atol=1e-12)
    np.testing.assert_allclose(pose.to_world(np.array([0.1, 0.0, 0.0])), [1.0, 2.1, 0.0], atol=1e-12)
