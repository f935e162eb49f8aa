"""Clips come back with frames and labels as they were written; frames are decoded once, and anew when data change."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from a2r_gym.errors import DataError
from a2r_train.data import clips as clips_module
from a2r_train.data.clips import join_labels, load_clips
from a2r_train.data.dataset_files import read_json, shard_files, write_json
from tests.training.data.episodes import HEIGHT, INFO, KEPT, LABELS, WIDTH, make_frames, write_dataset
from tests.training.synthetic import make_clips


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("written")
    write_dataset(root)
    return root


@pytest.fixture
def root(written: Path, tmp_path: Path) -> Path:
    """Copy the data set, to damage it."""
    return Path(shutil.copytree(written, tmp_path / "data"))


def _no_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr(clips_module, "read_video", refuse)


class TestRoundTrip:
    def test_frames_and_labels_are_those_that_were_written(self, tmp_path: Path) -> None:
        episodes = write_dataset(tmp_path)
        clips = load_clips([tmp_path])
        assert len(clips) == len(episodes)
        assert clips.frames.shape == (len(episodes), KEPT, HEIGHT, WIDTH, 3)
        assert clips.label_names == LABELS
        for index, episode in enumerate(episodes):
            assert np.abs(clips.frames[index].astype(int) - episode.frames.astype(int)).mean() < 2.0
            for name in ("success", "ambiguous", "progress", "steps"):
                np.testing.assert_array_equal(getattr(clips, name)[index], getattr(episode, name))
            for name in ("family", "task", "scene", "seed", "source"):
                assert getattr(clips, name)[index] == getattr(episode, name)
            assert clips.length[index] == len(episode.states) - 1
        assert (clips.success.dtype, clips.ambiguous.dtype, clips.progress.dtype) == (np.int8, np.bool_, np.float32)

    def test_two_folders_are_put_one_behind_the_other(self, root: Path, tmp_path: Path) -> None:
        write_dataset(tmp_path / "more", seeds=(11, 12, 13))
        clips = load_clips([root, tmp_path / "more"])
        assert clips.seed.tolist() == [1, 2, 3, 4, 5, 11, 12, 13]
        assert np.abs(clips.frames[6].astype(int) - make_frames(12).astype(int)).mean() < 2.0

    def test_a_label_that_a_folder_lacks_is_undecided_there(self, root: Path, tmp_path: Path) -> None:
        names = ("toy/close", "toy/open", "toy/throw")
        write_dataset(tmp_path / "more", seeds=(11, 12), info=replace(INFO, label_names=names))
        clips = load_clips([root, tmp_path / "more"], tmp_path / "cache")
        assert clips.label_names == (*LABELS, "toy/throw")
        assert (clips.success[:5, :, 3] == -1).all()
        assert np.isnan(clips.progress[:5, :, 3]).all()
        assert (clips.success[5:, :, 2] == -1).all()
        episode = write_dataset(tmp_path / "again", seeds=(11, 12))[0]
        np.testing.assert_array_equal(clips.success[5, :, [1, 0]], episode.success.T[[0, 1]])

    def test_other_labels_can_be_left_unread(self) -> None:
        clips = make_clips(("tabletop/drawer-close", "tabletop/mug-left", "tabletop/mug-right"), per_source=1)
        trained = clips.select(clips.task != "mug-right").with_labels(("tabletop/mug-left", "tabletop/drawer-close"))
        assert trained.label_names == ("tabletop/mug-left", "tabletop/drawer-close")
        np.testing.assert_array_equal(trained.success[:, :, 1], clips.success[clips.task != "mug-right"][:, :, 0])
        with pytest.raises(DataError, match="tabletop/mug-right does not fit"):
            clips.with_labels(("tabletop/mug-left", "tabletop/drawer-close"))  # it has clips of its own
        with pytest.raises(DataError, match="tabletop/mug-away does not fit"):
            clips.with_labels((*clips.label_names, "tabletop/mug-away"))

    def test_select_takes_a_mask_or_indices(self, root: Path) -> None:
        clips = load_clips([root])
        for which in (clips.source == "random", np.array([1, 3])):
            some = clips.select(which)
            assert some.seed.tolist() == [2, 4]
            assert not isinstance(some.frames, np.memmap)
            np.testing.assert_array_equal(some.frames, clips.frames[[1, 3]])


class TestJoinLabels:
    def test_labels_are_those_of_one_load_and_there_are_no_pictures(self, root: Path, tmp_path: Path) -> None:
        names = ("toy/close", "toy/open", "toy/throw")
        more = tmp_path / "more"
        write_dataset(more, seeds=(11, 12), info=replace(INFO, label_names=names))
        together = load_clips([root, more], tmp_path / "cache")
        joined = join_labels([load_clips([root]), load_clips([more])])
        assert joined.label_names == together.label_names
        assert joined.frames.shape == (7, KEPT, 0, 0, 3)
        for name in ("steps", "family", "task", "scene", "seed", "source", "length", "success", "ambiguous"):
            np.testing.assert_array_equal(getattr(joined, name), getattr(together, name))
        np.testing.assert_array_equal(joined.progress, together.progress)


class TestCache:
    def test_frames_are_decoded_once(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        first = load_clips([root])
        assert [path.suffix for path in (root / "cache").iterdir()] == [".npy"]
        _no_decoding(monkeypatch)
        second = load_clips([root])
        assert isinstance(second.frames, np.memmap)
        np.testing.assert_array_equal(first.frames, second.frames)

    def test_changed_data_are_decoded_anew(self, tmp_path: Path) -> None:
        write_dataset(tmp_path / "data")
        before = np.array(load_clips([tmp_path / "data"], tmp_path / "cache").frames)
        shutil.rmtree(tmp_path / "data")
        write_dataset(tmp_path / "data", seeds=(6, 7, 8, 9, 10))
        after = load_clips([tmp_path / "data"], tmp_path / "cache").frames
        assert np.abs(after[0].astype(int) - make_frames(6).astype(int)).mean() < 2.0
        assert not np.array_equal(before, after)
        assert len(list((tmp_path / "cache").iterdir())) == 2

    def test_decoding_that_fails_leaves_no_cache(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise DataError("broken")

        monkeypatch.setattr(clips_module, "read_video", fail)
        with pytest.raises(DataError, match="broken"):
            load_clips([root])
        assert list((root / "cache").iterdir()) == []
        monkeypatch.undo()
        assert len(load_clips([root])) == 5

    def test_a_part_that_a_killed_run_left_is_not_taken_for_the_cache(self, root: Path) -> None:
        load_clips([root])
        whole = next((root / "cache").iterdir())
        content = whole.read_bytes()
        whole.rename(whole.with_name(f"{whole.stem}abc.part"))
        load_clips([root])
        assert whole.read_bytes() == content

    def test_a_cache_of_another_shape_is_refused(self, root: Path) -> None:
        load_clips([root])
        np.save(next((root / "cache").iterdir()), np.zeros((2, 2), np.uint8))
        with pytest.raises(DataError, match=r"holds frames of shape \(2, 2\).*remove it"):
            load_clips([root])


class TestDamage:
    def test_no_folder_is_an_error(self) -> None:
        with pytest.raises(DataError, match="at least one folder"):
            load_clips([])

    def test_an_unfinished_collection_is_an_error(self, root: Path) -> None:
        (root / "meta/info.json").unlink()
        with pytest.raises(DataError, match="not finished"):
            load_clips([root])

    @pytest.mark.parametrize("kind", ["video", "data", "episodes", "full_rate"])
    def test_a_flipped_byte_is_found(self, root: Path, kind: str) -> None:
        path = shard_files(root, 1)[kind]
        content = bytearray(path.read_bytes())
        content[len(content) // 3] ^= 1
        path.write_bytes(content)
        with pytest.raises(DataError):
            load_clips([root])

    @pytest.mark.parametrize("kind", ["video", "data", "episodes", "full_rate"])
    def test_a_cut_file_is_found_even_when_frames_are_cached(self, root: Path, kind: str) -> None:
        load_clips([root])
        path = shard_files(root, 1)[kind]
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(DataError, match="the file is cut"):
            load_clips([root])

    def test_a_video_that_belongs_elsewhere_is_found_though_its_hash_is_listed(self, root: Path) -> None:
        from a2r_train.data.dataset_files import sha256_of

        path, other = (shard_files(root, shard)["video"] for shard in (0, 1))  # 2 clips, 3 clips
        shutil.copy(other, path)
        manifest = read_json(root / "meta/files.json")
        manifest[str(path.relative_to(root))] = {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
        write_json(manifest, root / "meta/files.json")
        with pytest.raises(DataError, match="holds more frames, expected 8"):
            load_clips([root])

    def test_another_number_of_episodes_than_info_says_is_an_error(self, root: Path) -> None:
        info = read_json(root / "meta/info.json")
        write_json({**info, "total_episodes": 6}, root / "meta/info.json")
        with pytest.raises(DataError, match="holds 5 episodes and 20 rows, expected 6 and 24"):
            load_clips([root])

    def test_folders_of_other_picture_sizes_are_refused_and_named(self, root: Path, tmp_path: Path) -> None:
        write_dataset(tmp_path / "other")
        info = read_json(tmp_path / "other/meta/info.json")
        next(iter(info["features"].values()))["shape"] = [32, 32, 3]
        write_json(info, tmp_path / "other/meta/info.json")
        with pytest.raises(DataError, match=r"must agree .*\(4, 16, 24, 3\).*\(4, 32, 32, 3\)"):
            load_clips([root, tmp_path / "other"])
