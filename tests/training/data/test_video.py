"""What is written comes back frame by frame; a file that is cut or belongs elsewhere is an error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from a2r_gym.errors import DataError
from a2r_train.data.video import VideoWriter, read_video
from tests.training.data.episodes import HEIGHT, KEPT, WIDTH, make_frames


def _write(path: Path, clips: int = 3) -> np.ndarray:
    with VideoWriter(path, width=WIDTH, height=HEIGHT, clip_length=KEPT) as writer:
        for clip in range(clips):
            writer.append(make_frames(clip))
        assert writer.num_frames == clips * KEPT
    return np.concatenate([make_frames(clip) for clip in range(clips)])


class TestRoundTrip:
    def test_frames_come_back_in_order_and_nearly_exact(self, tmp_path: Path) -> None:
        written = _write(tmp_path / "clips.mp4")
        read = np.stack(list(read_video(tmp_path / "clips.mp4", 3 * KEPT)))
        assert read.dtype == np.uint8
        error = np.abs(read.astype(int) - written.astype(int))
        assert error.mean() < 2.0
        assert error.max() < 40

    def test_colours_are_not_subsampled(self, tmp_path: Path) -> None:
        frames = np.zeros((KEPT, HEIGHT, WIDTH, 3), np.uint8)
        frames[:, :, ::2] = (255, 0, 0)  # stripes one pixel wide
        frames[:, :, 1::2] = (0, 0, 255)
        with VideoWriter(tmp_path / "stripes.mp4", width=WIDTH, height=HEIGHT, clip_length=KEPT) as writer:
            writer.append(frames)
        read = np.stack(list(read_video(tmp_path / "stripes.mp4", KEPT)))
        assert np.abs(read.astype(int) - frames.astype(int)).mean() < 8.0

    def test_every_clip_starts_with_a_key_frame(self, tmp_path: Path) -> None:
        import av

        _write(tmp_path / "clips.mp4")
        with av.open(str(tmp_path / "clips.mp4")) as container:
            keys = [frame.key_frame for frame in container.decode(video=0)]
        assert all(keys[::KEPT])
        assert len(keys) == 3 * KEPT

    def test_the_same_frames_give_the_same_bytes(self, tmp_path: Path) -> None:
        for name in ("one.mp4", "two.mp4"):
            _write(tmp_path / name)
        assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


class TestDamage:
    @pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
    def test_a_cut_file_is_an_error(self, tmp_path: Path, keep: float) -> None:
        path = tmp_path / "clips.mp4"
        _write(path)
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * keep)])
        with pytest.raises(DataError, match=r"clips\.mp4"):
            list(read_video(path, 3 * KEPT))

    @pytest.mark.parametrize(("asked", "found"), [(3 * KEPT + 1, "12"), (3 * KEPT - 1, "more")])
    def test_another_number_of_frames_is_an_error(self, tmp_path: Path, asked: int, found: str) -> None:
        _write(tmp_path / "clips.mp4")
        with pytest.raises(DataError, match=f"holds {found} frames, expected {asked}"):
            list(read_video(tmp_path / "clips.mp4", asked))

    def test_more_frames_than_expected_are_never_handed_out(self, tmp_path: Path) -> None:
        _write(tmp_path / "clips.mp4")
        taken = []
        with pytest.raises(DataError, match="holds more frames"):
            taken.extend(1 for _ in read_video(tmp_path / "clips.mp4", 5))
        assert len(taken) <= 5

    def test_a_missing_file_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"cannot decode .*none\.mp4 after 0 of 4 frames"):
            list(read_video(tmp_path / "none.mp4", 4))


class TestWriter:
    def test_the_file_has_its_name_only_when_it_is_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "deep" / "clips.mp4"
        with VideoWriter(path, width=WIDTH, height=HEIGHT, clip_length=KEPT) as writer:
            writer.append(make_frames(0))
            assert not path.exists()
        assert path.exists()
        assert [file.name for file in path.parent.iterdir()] == ["clips.mp4"]

    def test_an_exception_inside_leaves_no_file(self, tmp_path: Path) -> None:
        path = tmp_path / "clips.mp4"

        def write_and_fail() -> None:
            with VideoWriter(path, width=WIDTH, height=HEIGHT, clip_length=KEPT) as writer:
                writer.append(make_frames(0))
                raise RuntimeError("boom")

        with pytest.raises(RuntimeError, match="boom"):
            write_and_fail()
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        "frames",
        [make_frames(0)[:-1], make_frames(0)[:, :-1], make_frames(0).astype(np.float32), make_frames(0)[..., :2]],
        ids=["one frame short", "another height", "floats", "two channels"],
    )
    def test_other_frames_are_refused_and_named(self, tmp_path: Path, frames: np.ndarray) -> None:
        with (
            pytest.raises(DataError, match=r"expected uint8 frames of shape \(4, 16, 24, 3\), got"),
            VideoWriter(tmp_path / "clips.mp4", width=WIDTH, height=HEIGHT, clip_length=KEPT) as writer,
        ):
            writer.append(frames)
        assert list(tmp_path.iterdir()) == []
