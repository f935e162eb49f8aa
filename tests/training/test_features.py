"""Cached feature maps are those of the trunk, whatever happened on the way to the cache."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from multiprocessing.pool import ThreadPool
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from a2r_gym.errors import DataError
from a2r_gym.models import runtime
from a2r_gym.models.backbones import load_backbone
from a2r_train import features
from a2r_train.augmentation import Augmentation
from a2r_train.data.clips import ClipSet
from a2r_train.features import CHUNK, FeatureStore, JoinedMaps, cache_features, join_stores
from tests.tiny_backbone import CHANNELS, GRID, IMAGE_SIZE
from tests.training.synthetic import KEPT, make_clips

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("success", "random", "missed")


@pytest.fixture
def _in_threads(monkeypatch: pytest.MonkeyPatch, tiny_backbone: str) -> None:
    """Let the pool's workers be threads, which know the tiny backbone, and encode in torch's fp32."""
    monkeypatch.setattr(features.multiprocessing, "get_context", lambda _: SimpleNamespace(Pool=ThreadPool))
    monkeypatch.setattr(runtime, "make_runtime", lambda module, size, name=None: runtime.TorchRuntime(module))


def _clips(per_source: int = 4, size: int = IMAGE_SIZE) -> ClipSet:
    return make_clips(per_source=per_source, size=size)  # 12 clips for each of per_source


def _cache(clips: ClipSet, folder: Path, *, augmentations: int = 2, seed: int = 0) -> FeatureStore:
    return cache_features(clips, "tiny", folder, num_augmentations=augmentations, seed=seed, workers=1)


def _direct(video: NDArray[np.uint8]) -> NDArray[np.float32]:
    tower = load_backbone("tiny")
    with torch.no_grad():
        return np.asarray(tower.image(tower.normalise(torch.from_numpy(np.ascontiguousarray(video)))).numpy())


def _count_encoding(monkeypatch: pytest.MonkeyPatch, fail_at: int | None = None) -> list[tuple[int, int]]:
    """Record augmentation and first clip of every chunk that is encoded; fail at the one of that number."""
    original, jobs = features._Worker.encode_chunk, []

    def encode(worker: features._Worker, job: tuple[int, int, int]) -> int:
        if len(jobs) == fail_at:
            raise OSError("input/output error")
        jobs.append(job[1:])
        return original(worker, job)

    monkeypatch.setattr(features._Worker, "encode_chunk", encode)
    return jobs


@pytest.mark.usefixtures("_in_threads")
class TestCache:
    def test_augmentation_0_is_the_trunks_own_map_of_the_clip(self, tmp_path: Path) -> None:
        clips = _clips()
        store = _cache(clips, tmp_path)
        assert store.maps.shape == (2, len(clips), KEPT, CHANNELS, GRID, GRID)
        assert store.maps.dtype == np.float16
        for clip in range(0, len(clips), 7):
            np.testing.assert_allclose(store.maps[0, clip].astype(np.float32), _direct(clips.frames[clip]), atol=1e-3)

    def test_two_workers_write_what_one_writes(self, tmp_path: Path) -> None:
        clips = _clips(per_source=8)
        alone = _cache(clips, tmp_path / "one").maps
        shared = cache_features(clips, "tiny", tmp_path / "two", num_augmentations=2, seed=0, workers=2).maps
        np.testing.assert_array_equal(shared, alone)

    def test_the_others_are_those_of_the_drawn_change_and_tell_whether_it_mirrors(self, tmp_path: Path) -> None:
        clips = _clips()
        store = _cache(clips, tmp_path, augmentations=3, seed=5)
        for number in (1, 2):
            for clip in range(0, len(clips), 11):
                rng = np.random.default_rng([5, number, clip])
                drawn = Augmentation.draw(rng)
                expected = _direct(drawn(clips.frames[clip], rng))
                np.testing.assert_allclose(store.maps[number, clip].astype(np.float32), expected, atol=1e-3)
                assert store.flips[number, clip] == drawn.flip
        assert not store.flips[0].any()
        assert 0.2 < store.flips[1:].mean() < 0.8

    def test_pictures_of_another_size_are_made_to_fit(self, tmp_path: Path) -> None:
        from a2r_gym.models.frames import resize_frames

        clips = _clips(1, size=20)
        store = _cache(clips, tmp_path, augmentations=1)
        expected = _direct(resize_frames(clips.frames[3], IMAGE_SIZE))
        np.testing.assert_allclose(store.maps[0, 3].astype(np.float32), expected, atol=1e-3)

    def test_it_is_read_and_not_made_again(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        clips = _clips()
        first = np.array(_cache(clips, tmp_path).maps)
        jobs = _count_encoding(monkeypatch)
        second = _cache(clips, tmp_path)
        assert jobs == []
        np.testing.assert_array_equal(first, second.maps)
        with pytest.raises(ValueError, match="read-only"):
            second.maps[0, 0] = 0

    def test_other_clips_seeds_and_numbers_have_their_own(self, tmp_path: Path) -> None:
        clips = _clips()
        _cache(clips, tmp_path)
        changed = replace(clips, frames=255 - clips.frames)
        np.testing.assert_allclose(
            _cache(changed, tmp_path).maps[0, 0].astype(np.float32), _direct(changed.frames[0]), atol=1e-3
        )
        _cache(clips, tmp_path, seed=1)
        _cache(clips, tmp_path, augmentations=1)
        assert len(list(tmp_path.iterdir())) == 4

    def test_a_run_that_broke_off_goes_on_where_it_was(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        clips = _clips(per_source=8)  # 96 clips: three chunks for each augmentation
        expected = np.array(_cache(clips, tmp_path / "whole").maps)
        every = [(number, start) for number in (0, 1) for start in range(0, len(clips), CHUNK)]
        with monkeypatch.context() as patch:
            first = _count_encoding(patch, fail_at=2)
            with pytest.raises(OSError, match="input/output"):
                _cache(clips, tmp_path / "broken")
        second = _count_encoding(monkeypatch)
        store = _cache(clips, tmp_path / "broken")
        assert sorted(first[:2] + second) == every
        np.testing.assert_array_equal(store.maps, expected)

    def test_a_part_of_a_mapped_file_is_that_part(self, tmp_path: Path) -> None:
        clips = _clips(1)
        np.save(tmp_path / "frames.npy", clips.frames)
        mapped = np.load(tmp_path / "frames.npy", mmap_mode="r")
        part = replace(clips.select(np.arange(4, 9)), frames=mapped[4:9])
        store = _cache(part, tmp_path / "cache", augmentations=1)
        np.testing.assert_allclose(store.maps[0, 0].astype(np.float32), _direct(clips.frames[4]), atol=1e-3)

    def test_maps_that_float16_cannot_hold_are_an_error_that_names_the_clip(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clips = _clips(1)
        for bad in (np.nan, np.inf, 7e4):

            def broken(frames: NDArray[np.uint8], value: float = bad) -> NDArray[np.float32]:
                return np.full((len(frames), CHANNELS, GRID, GRID), value, np.float32)

            monkeypatch.setattr(runtime, "make_runtime", lambda module, size, broken=broken: broken)
            with pytest.raises(DataError, match="clip 0: its feature maps are not finite in float16"):
                _cache(clips, tmp_path)
        monkeypatch.setattr(runtime, "make_runtime", lambda module, size: runtime.TorchRuntime(module))
        assert np.isfinite(_cache(clips, tmp_path).maps).all()  # what was bad was not marked as done


class TestJoined:
    def _stores(self) -> list[FeatureStore]:
        rng = np.random.default_rng(0)
        return [
            FeatureStore(
                maps=rng.normal(size=(2, count, 3, 4, 2, 2)).astype(np.float16),
                flips=rng.uniform(size=(2, count)) < 0.5,
            )
            for count in (3, 1, 5)
        ]

    def test_maps_are_those_of_one_array(self) -> None:
        stores = self._stores()
        joined = join_stores(stores)
        whole = np.concatenate([store.maps for store in stores], axis=1)
        assert joined.maps.shape == whole.shape
        assert len(joined.maps) == 2
        np.testing.assert_array_equal(joined.flips, np.concatenate([store.flips for store in stores], axis=1))
        rng = np.random.default_rng(1)
        augmentations, clips, frames = (
            rng.integers(2, size=(9, 1)),
            rng.integers(9, size=(9, 1)),
            rng.integers(3, size=(9, 4)),
        )
        np.testing.assert_array_equal(joined.maps[augmentations, clips, frames], whole[augmentations, clips, frames])
        np.testing.assert_array_equal(joined.maps[0, clips, np.array([0, 2])], whole[0, clips, np.array([0, 2])])

    def test_one_alone_stays_itself(self) -> None:
        store = self._stores()[0]
        assert join_stores([store]) is store

    def test_maps_of_other_shapes_are_refused(self) -> None:
        one, two, _ = self._stores()
        other = FeatureStore(maps=two.maps[:, :, :2], flips=two.flips)
        with pytest.raises(DataError, match=r"must have one shape, got \[\(2, 2, 4, 2, 2\), \(2, 3, 4, 2, 2\)\]"):
            join_stores([one, other])

    def test_it_reads_mapped_files(self, tmp_path: Path) -> None:
        stores = self._stores()
        for number, store in enumerate(stores):
            np.save(tmp_path / f"{number}.npy", store.maps)
        joined = JoinedMaps([np.load(tmp_path / f"{number}.npy", mmap_mode="r") for number in range(3)])
        clips = np.arange(9)
        expected = np.concatenate([store.maps for store in stores], axis=1)
        np.testing.assert_array_equal(joined[1, clips, 2], expected[1, clips, 2])


def test_a_cache_whose_processes_are_all_killed_goes_on_where_it_was(
    tmp_path: Path, tiny_backbone: str, request: pytest.FixtureRequest
) -> None:
    clips = _clips(per_source=8)
    np.save(tmp_path / "frames.npy", clips.frames)
    frames, cache = str(tmp_path / "frames.npy"), str(tmp_path / "cache")
    program = (
        "import time\nfrom dataclasses import replace\nfrom pathlib import Path\nimport numpy as np\n"
        "from a2r_gym.models import frames\nfrom a2r_gym.models.backbones import BACKBONES\n"
        "from a2r_train.features import cache_features\nfrom tests.tiny_backbone import ENTRY\n"
        "from tests.training.synthetic import make_clips\n"
        "BACKBONES['tiny'] = ENTRY\n"  # in the workers, too: they import this file
        "fit = frames.resize_frames\n"
        "def slowly(video, size):\n    time.sleep(0.01)\n    return fit(video, size)\n"
        "frames.resize_frames = slowly\n"
        "if __name__ == '__main__':\n"
        f"    clips = replace(make_clips(per_source=8), frames=np.load({frames!r}, mmap_mode='r'))\n"
        f"    cache_features(clips, 'tiny', Path({cache!r}), num_augmentations=2, seed=0, workers=2)\n"
    )
    script = tmp_path / "program.py"
    script.write_text(program)
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'training'}", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, str(script)], env=environment, start_new_session=True, stderr=subprocess.PIPE
    )  # fmt: skip
    done, deadline = np.zeros(6, np.bool_), time.monotonic() + 120
    while done.sum() < 2 and process.poll() is None and time.monotonic() < deadline:
        for path in (tmp_path / "cache").glob("*/done.npy"):
            done = np.load(path)
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    _, errors = process.communicate()
    assert 2 <= done.sum() < 6, errors.decode()
    request.getfixturevalue("_in_threads")
    monkeypatch = request.getfixturevalue("monkeypatch")
    jobs = _count_encoding(monkeypatch)
    mapped = replace(clips, frames=np.load(tmp_path / "frames.npy", mmap_mode="r"))
    store = _cache(mapped, tmp_path / "cache")
    assert 0 < len(jobs) <= 6 - done.sum()
    whole = _cache(clips, tmp_path / "whole")
    # the killed run's part may be of a runtime in bf16
    np.testing.assert_allclose(store.maps.astype(np.float32), whole.maps.astype(np.float32), atol=0.03)


class TestJoinedMaps:
    def test_reads_as_the_one_array_of_its_parts(self) -> None:
        rng = np.random.default_rng(0)
        parts = [rng.normal(size=(2, count, 4, 3, 2, 2)).astype(np.float16) for count in (3, 5, 2)]
        joined, whole = JoinedMaps(parts), np.concatenate(parts, axis=1)
        assert joined.shape == whole.shape
        assert len(joined) == 2
        augmentations, clips = rng.integers(0, 2, 7), rng.integers(0, 10, 7)
        frames = rng.integers(0, 4, (7, 4))
        index = (augmentations[:, None], clips[:, None], frames)
        np.testing.assert_array_equal(joined[index], whole[index])
        np.testing.assert_array_equal(joined[0, clips[:, None], np.arange(4)], whole[0, clips[:, None], np.arange(4)])

    def test_stores_of_other_shapes_are_refused(self) -> None:
        stores = [
            FeatureStore(maps=np.zeros((2, 3, kept, 3, 2, 2), np.float16), flips=np.zeros((2, 3), np.bool_))
            for kept in (4, 5)
        ]
        with pytest.raises(DataError, match="one shape"):
            join_stores(stores)
