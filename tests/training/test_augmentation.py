"""One draw for the whole clip: what moves is only what moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from a2r_train.augmentation import Augmentation

SAME = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
NONE = Augmentation(flip=False, view=SAME, outside=None, colours=SAME, brightness=0.0, noise=0.0)


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
        assert np.mean([one.outside is None for one in drawn]) == pytest.approx(0.5, abs=0.07)
        assert 25.0 < max(abs(one.brightness) for one in drawn) <= 30.0
        assert 0.0 <= min(one.noise for one in drawn) <= max(one.noise for one in drawn) <= 4.0

    def test_the_middle_of_the_old_picture_is_always_seen(self) -> None:
        for seed in range(600):
            new_to_old = np.array(Augmentation.draw(np.random.default_rng([1, seed])).view)
            x, y, w = np.linalg.solve(new_to_old, [0.0, 0.0, 1.0])
            assert np.abs([x / w, y / w]).max() < 0.8

    def test_greys_stay_grey(self) -> None:
        for seed in range(50):
            colours = np.array(Augmentation.draw(np.random.default_rng([2, seed])).colours)
            assert np.ptp(colours @ np.ones(3)) < 1e-9

    def test_the_number_of_draws_is_always_the_same(self) -> None:
        for seed in range(20):
            rng = np.random.default_rng(seed)
            Augmentation.draw(rng)
            expected = np.random.default_rng(seed)
            expected.uniform(size=7 + 9 + 9)
            assert rng.bit_generator.state == expected.bit_generator.state


class TestChanges:
    def test_none_changes_nothing(self) -> None:
        np.testing.assert_array_equal(_apply(NONE, _video()), _video())

    def test_flip_mirrors_left_and_right(self) -> None:
        np.testing.assert_array_equal(_apply(replace(NONE, flip=True), _video()), _video()[:, :, ::-1])

    def test_the_view_says_where_each_place_comes_from(self) -> None:
        rows, columns = np.mgrid[:65, :65]
        video = np.stack([rows + 100, columns + 100, np.zeros_like(rows)], axis=-1)[None].astype(np.uint8)
        nearer = ((0.5, 0.0, 0.25), (0.0, 0.5, 0.0), (0.0, 0.0, 1.0))  # half the picture, to the right of its middle
        seen = _apply(replace(NONE, view=nearer), video)[0].astype(float) - 100
        np.testing.assert_allclose(seen[0, 0, :2], (16, 24), atol=1)
        np.testing.assert_allclose(seen[64, 64, :2], (48, 56), atol=1)

    @pytest.mark.parametrize("outside", [None, (10.0, 20.0, 30.0)])
    def test_outside_is_a_colour_or_the_edge_that_goes_on(self, outside: tuple[float, float, float] | None) -> None:
        smaller = ((2.0, 0.0, 0.0), (0.0, 2.0, 0.0), (0.0, 0.0, 1.0))
        video = np.full((1, 33, 33, 3), 99, np.uint8)
        seen = _apply(replace(NONE, view=smaller, outside=outside), video)[0]
        assert seen[16, 16].tolist() == [99, 99, 99]
        assert seen[0, 0].tolist() == ([99, 99, 99] if outside is None else [10, 20, 30])

    def test_noise_is_one_pattern_of_its_own_generator(self) -> None:
        grey = np.full((3, 40, 40, 3), 128, np.uint8)
        noisy = _apply(replace(NONE, noise=4.0), grey).astype(int) - 128
        assert noisy[0].std() == pytest.approx(4.0, rel=0.15)
        assert (noisy == noisy[:1]).all()
        assert not np.array_equal(noisy, _apply(replace(NONE, noise=4.0), grey, 1).astype(int) - 128)

    def test_colours_change_as_they_say(self) -> None:
        video = _video()
        np.testing.assert_array_equal(_apply(replace(NONE, brightness=20.0), video), video + 20)
        swapped = ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
        np.testing.assert_array_equal(_apply(replace(NONE, colours=swapped), video), video[..., [1, 0, 2]])
