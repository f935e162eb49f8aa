"""Bad videos and sentences are refused with a message that says what was expected."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from a2r_gym.errors import FrameError, InstructionError
from a2r_gym.models.frames import check_instructions, check_video, resize_frames

GOOD = np.zeros((2, 8, 9, 3), np.uint8)


class TestCheckVideo:
    def test_a_good_video_comes_back_itself(self) -> None:
        assert check_video(GOOD) is GOOD

    @pytest.mark.parametrize(
        ("video", "hint"),
        [
            (GOOD.tolist(), "got list; convert it with np.asarray"),
            (GOOD.astype(np.float32), "dtype float32; multiply values in"),
            (np.full(GOOD.shape, np.nan), "dtype float64; multiply values in"),
            (GOOD.astype(np.int64), "dtype int64; cast with astype"),
            (GOOD.astype(bool), "dtype bool"),
            (GOOD[0], r"shape \(8, 9, 3\); a single frame needs frame\[None\]"),
            (GOOD[None], r"shape \(1, 2, 8, 9, 3\)"),
            (GOOD.transpose(0, 3, 1, 2), r"channels come first: transpose with video.transpose\(0, 2, 3, 1\)"),
            (np.zeros((2, 8, 9, 4), np.uint8), "drop an alpha channel"),
            (np.zeros((2, 8, 9, 1), np.uint8), r"shape \(2, 8, 9, 1\)"),
            (GOOD[:0], "empty one of shape"),
            (GOOD[:, :0], "empty one of shape"),
        ],
    )
    def test_each_mistake_names_what_came_and_what_was_expected(self, video: object, hint: str) -> None:
        with pytest.raises(FrameError, match=hint) as caught:
            check_video(video, "video 7")
        assert str(caught.value).startswith("video 7: expected uint8 (T, H, W, 3), RGB, T >= 1")
        assert isinstance(caught.value, ValueError)


class TestCheckInstructions:
    def test_good_sentences_come_back_as_a_list(self) -> None:
        assert check_instructions(("open it", "close it"), 2) == ["open it", "close it"]

    @pytest.mark.parametrize("lone", ["close the drawer", None, 7])
    def test_a_lone_sentence_is_refused_with_how_to_write_it(self, lone: object) -> None:
        with pytest.raises(InstructionError, match="expected a list of sentences") as caught:
            check_instructions(lone)
        assert f"[{lone!r}]" in str(caught.value)

    @pytest.mark.parametrize("bad", ["", "  \n", None, 3])
    def test_an_empty_sentence_is_refused(self, bad: object) -> None:
        with pytest.raises(InstructionError, match="non-empty string"):
            check_instructions(["open it", bad])

    def test_the_number_must_fit(self) -> None:
        with pytest.raises(InstructionError, match="3 videos, 1 instructions"):
            check_instructions(["open it"], 3)


class TestResize:
    def test_pictures_that_fit_are_not_touched(self) -> None:
        frames = np.zeros((1, 8, 8, 3), np.uint8)
        assert resize_frames(frames, 8) is frames

    def test_it_agrees_with_pillow(self) -> None:
        rng = np.random.default_rng(0)
        coarse = rng.integers(0, 256, (2, 6, 8, 3), dtype=np.uint8)
        frames = np.stack([np.asarray(Image.fromarray(frame).resize((80, 60))) for frame in coarse])
        expected = [Image.fromarray(frame).resize((32, 32), Image.Resampling.BILINEAR) for frame in frames]
        difference = resize_frames(frames, 32).astype(int) - np.stack([np.asarray(frame) for frame in expected])
        assert np.abs(difference).max() <= 2

    def test_a_long_read_only_video_comes_out_as_its_parts_do(self) -> None:
        frames = np.random.default_rng(0).integers(0, 256, (130, 12, 9, 3), dtype=np.uint8)
        frames.flags.writeable = False
        parts = [resize_frames(frames[begin : begin + 13], 7) for begin in range(0, 130, 13)]
        np.testing.assert_array_equal(resize_frames(frames, 7), np.concatenate(parts))

    def test_it_keeps_orientation_and_channels(self) -> None:
        frames = np.zeros((1, 64, 32, 3), np.uint8)
        frames[:, :32, :, 0], frames[:, 32:, :, 2] = 255, 255
        small = resize_frames(frames, 16)
        assert small.dtype == np.uint8
        assert small.shape == (1, 16, 16, 3)
        assert (small[0, :6] == [255, 0, 0]).all()
        assert (small[0, 10:] == [0, 0, 255]).all()
