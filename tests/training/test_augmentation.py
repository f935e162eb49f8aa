"""One draw for the whole clip: what moves is only what moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from a2r_train.augmentation import Augmentation

NONE = Augmentation(
    flip=False, corners=((0.0, 0.0),) * 4, brightness=1.0, contrast=1.0, saturation=1.0, hue=0.0, noise=0.0
)


def _video(frames: int = 3, height: int = 20, width: int = 30, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(60, 200, (frames, height, width, 3), dtype=np.uint8)


def _apply(augmentation: Augmentation, video: NDArray[np.uint8], seed: int = 0) -> NDArray[np.uint8]:
    return augmentation(video, np.random.default_rng(seed))


class TestWholeClip:
    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 10_000))
    def test_a_clip_that_stands_still_stands_still_afterwards(self, seed: int) -> None:
        still = np.repeat(_video(1, seed=seed), 4, axis=0)
        changed = _apply(Augmentation.draw(np.random.default_rng(seed)), still, seed)
        assert (changed == changed[:1]).all()

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 10_000))
    def test_shape_and_dtype_stay_and_the_input_too(self, seed: int) -> None:
        video = _video(seed=seed)
        before = video.copy()
        changed = _apply(Augmentation.draw(np.random.default_rng(seed)), video)
        assert (changed.shape, changed.dtype) == (video.shape, np.uint8)
        assert changed.flags.c_contiguous
        np.testing.assert_array_equal(video, before)

    def test_the_same_seeds_give_the_same_pixels(self) -> None:
        one, two = (_apply(Augmentation.draw(np.random.default_rng(5)), _video(), 6) for _ in range(2))
        np.testing.assert_array_equal(one, two)

    def test_read_only_and_strided_videos_are_taken(self) -> None:
        video = _video(6)
        video.flags.writeable = False
        augmentation = Augmentation.draw(np.random.default_rng(0))
        np.testing.assert_array_equal(_apply(augmentation, video[::2]), _apply(augmentation, video[::2].copy()))


class TestDraw:
    def test_half_are_mirrored_and_ranges_are_kept(self) -> None:
        drawn = [Augmentation.draw(np.random.default_rng([0, seed])) for seed in range(600)]
        assert np.mean([one.flip for one in drawn]) == pytest.approx(0.5, abs=0.07)
        corners = np.array([one.corners for one in drawn])
        assert corners.min() >= 0.0
        assert corners.max() <= 0.1
        for name, factor in (("brightness", 1.5), ("contrast", 1.4), ("saturation", 1.6)):
            values = np.array([getattr(one, name) for one in drawn])
            assert values.min() >= 1 / factor
            assert values.max() <= factor
        assert max(abs(one.hue) for one in drawn) <= 0.5
        assert 0.0 <= min(one.noise for one in drawn) <= max(one.noise for one in drawn) <= 4.0

    def test_the_number_of_draws_is_always_the_same(self) -> None:
        for seed in range(20):
            rng = np.random.default_rng(seed)
            Augmentation.draw(rng)
            expected = np.random.default_rng(seed)
            expected.uniform(size=8 + 1 + 3 + 4)
            assert rng.bit_generator.state == expected.bit_generator.state


class TestChanges:
    def test_none_changes_nothing(self) -> None:
        np.testing.assert_allclose(_apply(NONE, _video()).astype(int), _video().astype(int), atol=1)

    def test_flip_mirrors_left_and_right(self) -> None:
        flipped = _apply(replace(NONE, flip=True), _video())
        np.testing.assert_allclose(flipped.astype(int), _video()[:, :, ::-1].astype(int), atol=1)

    def test_the_view_narrows_to_the_drawn_corners(self) -> None:
        rows, columns = np.mgrid[:64, :64]
        video = np.stack([rows + 100, columns + 100, np.zeros_like(rows)], axis=-1)[None].astype(np.uint8)
        corners = ((0.05, 0.03), (0.1, 0.04), (0.04, 0.08), (0.03, 0.1))
        seen = _apply(replace(NONE, corners=corners), video)[0].astype(float) - 100
        for (dx, dy), row, column in zip(corners, (0, 0, 63, 63), (0, 63, 63, 0), strict=True):
            expected = (row + np.sign(31 - row) * dy * 64, column + np.sign(31 - column) * dx * 64)
            np.testing.assert_allclose(seen[row, column, :2], expected, atol=1.2)

    def test_noise_is_one_pattern_of_its_own_generator(self) -> None:
        grey = np.full((3, 40, 40, 3), 128, np.uint8)
        noisy = _apply(replace(NONE, noise=4.0), grey).astype(int) - 128
        assert noisy[0].std() == pytest.approx(4.0, rel=0.15)
        assert (noisy == noisy[:1]).all()
        assert not np.array_equal(noisy, _apply(replace(NONE, noise=4.0), grey, 1).astype(int) - 128)

    @pytest.mark.parametrize("brightness", [0.7, 1.4])
    def test_colours_change_as_they_say(self, brightness: float) -> None:
        video = _video()
        changed = _apply(replace(NONE, brightness=brightness), video)
        expected = np.clip(video.astype(float) * brightness, 0, 255)
        np.testing.assert_allclose(changed.astype(float), expected, atol=2)
        red = np.zeros((1, 8, 8, 3), np.uint8)
        red[..., 0] = 200
        green = _apply(replace(NONE, hue=1 / 3), red)[0, 4, 4]
        assert green.argmax() == 1
        grey = _apply(replace(NONE, saturation=0.0), video).astype(int)
        assert np.ptp(grey, axis=-1).max() <= 1
