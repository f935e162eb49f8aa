"""Reading videos: every kind, thinned evenly, and nothing cut passes for whole."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from a2r_gym.errors import A2RError
from a2r_gym.video_file import MAX_SIDE, VideoFileError, read_clip

KINDS = {
    "a.mp4": ("libx264", "yuv420p", {"movflags": "faststart"}),
    "a.webm": ("libvpx", "yuv420p", {}),
    "a.mkv": ("libx264", "yuv420p", {}),
    "a.gif": ("gif", "rgb8", {}),
}


def counting(count: int, height: int = 32, width: int = 48) -> NDArray[np.uint8]:
    """Make frames whose brightness rises, over a fixed pattern."""
    pattern = np.kron(np.indices((height // 8, width // 8)).sum(0) % 2, np.ones((8, 8), dtype=int)) * 40
    return np.stack([np.repeat((pattern + 4 * i % 200)[..., None], 3, axis=2) for i in range(count)]).astype(np.uint8)


def write(path: Path, frames: NDArray[np.uint8], fps: int = 10) -> Path:
    codec, pixels, options = KINDS[f"a{path.suffix}"]
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pixels
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize("name", KINDS)
def test_whole_file_gives_every_frame_in_order(name: str, tmp_path: Path) -> None:
    frames = counting(20)
    clip = read_clip(write(tmp_path / name, frames))
    assert (clip.frames.shape, clip.frames.dtype) == (frames.shape, np.uint8)
    assert (clip.num_frames, clip.fps, clip.places.tolist()) == (20, 10.0, list(range(20)))
    assert np.abs(clip.frames.astype(int) - frames).mean() < 25  # codecs change pixels, not pictures


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_cut_file_is_an_error(name: str, share: float, tmp_path: Path) -> None:
    whole = write(tmp_path / name, counting(40)).read_bytes()
    cut = tmp_path / f"cut{Path(name).suffix}"
    cut.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(VideoFileError, match=r"cut off"):
        read_clip(cut)


@pytest.mark.parametrize(("count", "room"), [(10, 10), (11, 10), (25, 10), (97, 10), (400, 7), (5, 2)])
def test_long_video_is_thinned_evenly_with_first_and_last(count: int, room: int, tmp_path: Path) -> None:
    clip = read_clip(write(tmp_path / "a.mp4", counting(count, 16, 16)), max_frames=room)
    assert clip.num_frames == count
    assert len(clip.frames) == len(clip.places) <= room
    assert (clip.places[0], clip.places[-1]) == (0, count - 1)
    gaps = np.diff(clip.places)
    assert gaps.min() >= 1
    assert gaps.max() <= 2.0 * (count - 1) / (room - 1) + 1


def test_frame_at_a_place_is_that_frame(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", counting(45))
    whole, thin = read_clip(path), read_clip(path, max_frames=9)
    assert np.array_equal(thin.frames, whole.frames[thin.places])


def test_large_frames_are_shrunk(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (2, MAX_SIDE * 2, MAX_SIDE), dtype=np.uint8)
    clip = read_clip(write(tmp_path / "a.mp4", np.repeat(frames[..., None], 3, axis=3)))
    assert clip.frames.shape == (2, MAX_SIDE, MAX_SIDE // 2, 3)


def test_folder_is_read_by_number_not_by_name(tmp_path: Path) -> None:
    for number, frame in enumerate(counting(12)):
        Image.fromarray(frame).save(tmp_path / f"frame_{number}.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    clip = read_clip(tmp_path)
    assert np.array_equal(clip.frames, counting(12))
    assert clip.fps == 0.0
    assert read_clip(tmp_path, max_frames=3).places.tolist() == [0, 6, 11]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "holds no pictures"),
        ({"start.png": (8, 8), "end.png": (8, 8)}, "no number in its name"),
        ({"1.png": (8, 8), "2.png": (8, 16)}, "must have one size"),
        ({"a_1.png": (8, 8), "b_1.png": (8, 8)}, "have the same number"),
    ],
)
def test_unusable_folder_says_what_is_wrong(files: dict[str, tuple[int, int]], message: str, tmp_path: Path) -> None:
    for name, size in files.items():
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)).save(tmp_path / name)
    with pytest.raises(VideoFileError, match=message):
        read_clip(tmp_path)


def test_cut_or_deep_picture_is_an_error(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    path = tmp_path / "1.png"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(VideoFileError, match="cannot read the picture"):
        read_clip(tmp_path)
    Image.fromarray(noise[..., 0].astype(np.uint16) * 200).save(path)
    with pytest.raises(VideoFileError, match="more than 8 bits"):
        read_clip(tmp_path)


def test_missing_empty_and_foreign_files_are_named_errors(tmp_path: Path) -> None:
    with pytest.raises(VideoFileError, match="does not exist"):
        read_clip(tmp_path / "nowhere.mp4")
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(VideoFileError, match="is empty"):
        read_clip(tmp_path / "empty.mp4")
    (tmp_path / "text.mp4").write_text("no video at all\n" * 50)
    with pytest.raises(VideoFileError, match="cannot decode"):
        read_clip(tmp_path / "text.mp4")
    assert issubclass(VideoFileError, A2RError)
    assert issubclass(VideoFileError, OSError)


def test_one_colour_throughout_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(VideoFileError, match="of one colour"):
        read_clip(write(tmp_path / "a.mp4", np.zeros((5, 32, 32, 3), dtype=np.uint8)))


def test_max_frames_below_two_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VideoFileError, match="at least 2"):
        read_clip(tmp_path, max_frames=1)
