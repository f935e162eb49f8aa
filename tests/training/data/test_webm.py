"""Whole clips come out of webm files, cut to a square; damage is an error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from a2r_gym.errors import DataError
from a2r_train.data.webm import claimed_frames, decode_webm, evenly_spread
from tests.training.data.human_data import HEIGHT, LENGTH, WIDTH, grey, write_webm


def test_frames_come_back_in_order(tmp_path: Path) -> None:
    write_webm(tmp_path / "1.webm", 1)
    video = decode_webm(tmp_path / "1.webm")
    assert video.shape == (LENGTH, HEIGHT, WIDTH, 3)
    assert video.dtype == np.uint8
    assert np.abs(video.mean(axis=(1, 2, 3)) - [grey(1, frame) for frame in range(LENGTH)]).max() < 4
    assert claimed_frames(tmp_path / "1.webm") == LENGTH


@pytest.mark.parametrize("size", [32, 80])
def test_a_square_is_cut_out_of_the_middle(tmp_path: Path, size: int) -> None:
    write_webm(tmp_path / "1.webm", 1)
    assert decode_webm(tmp_path / "1.webm", size=size).shape == (LENGTH, size, size, 3)


@pytest.mark.parametrize("content", [b"", b"no video at all"])
def test_something_else_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "1.webm").write_bytes(content)
    with pytest.raises(DataError, match=r"1\.webm"):
        decode_webm(tmp_path / "1.webm")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot decode"):
        decode_webm(tmp_path / "1.webm")


@pytest.mark.parametrize(("length", "kept"), [(24, 16), (36, 16), (5, 8), (1, 3)])
def test_kept_frames_run_from_the_first_to_the_last(length: int, kept: int) -> None:
    steps = evenly_spread(length, kept)
    assert len(steps) == kept
    assert steps[0] == 0
    assert steps[-1] == length - 1
    assert (np.diff(steps) >= 0).all()
