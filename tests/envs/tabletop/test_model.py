"""The composed model: one compilation, any scene written into a copy of it."""

from __future__ import annotations

import numpy as np
import pytest

from a2r_gym.envs.tabletop import model as tabletop_model
from a2r_gym.envs.tabletop.model import assets_root, base_model, object_quat, scene_model, texture_pixels
from a2r_gym.envs.tabletop.scene import SCENES, TEXTURE_PATTERNS, TextureParams, scene_params
from a2r_gym.errors import MissingDependencyError


def test_a_scene_is_written_into_a_copy() -> None:
    base = base_model()
    before = (base.body_pos.copy(), base.mat_rgba.copy(), base.tex_data.copy())
    scene = scene_model(SCENES["recolor"])
    assert base_model() is base
    for kept, now in zip(before, (base.body_pos, base.mat_rgba, base.tex_data), strict=True):
        np.testing.assert_array_equal(kept, now)
    assert (scene.tex_data != base.tex_data).any()
    np.testing.assert_allclose(scene.body("drawer_root").pos[:2], (-0.12, 0.48))
    np.testing.assert_allclose(scene.material("mug_cmwhite").rgba[:3], SCENES["recolor"].colours.mug, atol=1e-6)


def test_no_site_is_visible_in_the_model() -> None:
    assert not base_model().site_rgba[:, 3].any()


def test_the_cameras_stand_where_the_scene_says() -> None:
    params = scene_params("viewpoint")
    model = scene_model(params)
    near, far = (np.array(model.camera(name).pos) for name in ("scene", "overview"))
    target = np.array(params.camera.target)
    assert np.linalg.norm(near - target) == pytest.approx(params.camera.distance)
    assert np.linalg.norm(far - target) == pytest.approx(2 * params.camera.distance)
    assert model.camera("scene").fovy[0] == params.camera.fovy


@pytest.mark.parametrize("pattern", TEXTURE_PATTERNS)
def test_every_pattern_draws(pattern: str) -> None:
    pixels = texture_pixels(TextureParams(pattern=pattern, first=(0.9, 0.6, 0.3), second=(0.1, 0.2, 0.3), seed=3))
    assert pixels.shape == (256, 256, 3)
    assert pixels.dtype == np.uint8
    assert pixels.mean(axis=(0, 1)).max() > 5
    assert (len(np.unique(pixels.reshape(-1, 3), axis=0)) == 1) is (pattern == "plain")


def test_noise_is_its_seeds() -> None:
    first, again, other = (texture_pixels.__wrapped__(TextureParams(pattern="noise", seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_an_object_faces_its_heading() -> None:
    for heading in (0.0, 90.0, -35.0):
        quat = object_quat(heading)
        angle = 2 * np.arctan2(quat[3], quat[0])
        front = np.array([np.sin(angle), -np.cos(angle)])  # an object's own front is its -y
        radians = np.radians(heading)
        np.testing.assert_allclose(front, [np.sin(radians), np.cos(radians)], atol=1e-12)


def test_without_its_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabletop_model.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'a2r-gym\[metaworld\]'"):
        assets_root()
