"""A file is whole or not there; what is missing, cut or damaged is named."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pyarrow as pa
import pytest

from a2r_gym.errors import DataError
from a2r_train.data import dataset_files
from a2r_train.data.dataset_files import (
    check_hashes,
    read_info,
    read_json,
    read_manifest,
    read_parquet,
    sha256_of,
    shard_files,
    shard_is_finished,
    write_json,
    write_parquet,
)
from tests.training.data.episodes import make_episode, write_dataset, write_shard

TABLE = pa.table({"a": [1, 2, 3]})


class TestWriting:
    @pytest.mark.parametrize("kind", ["json", "parquet"])
    def test_a_write_that_fails_leaves_the_old_file(
        self, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / f"file.{kind}"

        def write(number: int) -> None:
            if kind == "json":
                write_json({"a": number}, path)
            else:
                write_parquet(pa.table({"a": [number]}), path)

        write(1)
        before = path.read_bytes()

        def refuse(*_: object) -> None:
            raise OSError("no space left on device")

        monkeypatch.setattr(dataset_files.os, "replace", refuse)
        with pytest.raises(OSError, match="no space"):
            write(2)
        assert path.read_bytes() == before
        monkeypatch.undo()
        write(3)  # over the .part that was left
        assert path.read_bytes() != before
        assert [file.name for file in tmp_path.iterdir()] == [path.name]

    def test_folders_are_made(self, tmp_path: Path) -> None:
        write_json({"a": 1}, tmp_path / "x/y/file.json")
        write_parquet(TABLE, tmp_path / "z/file.parquet")
        assert read_json(tmp_path / "x/y/file.json") == {"a": 1}
        assert read_parquet(tmp_path / "z/file.parquet").equals(TABLE)

    def test_the_hash_is_sha256_of_a_file_of_any_size(self, tmp_path: Path) -> None:
        for size in (0, 5, (1 << 20) + 3):
            content = os.urandom(size)
            (tmp_path / "file").write_bytes(content)
            assert sha256_of(tmp_path / "file") == hashlib.sha256(content).hexdigest()


class TestReading:
    @pytest.mark.parametrize("content", [None, b"{", b"[1]", b"\xff\xfe"])
    def test_what_is_no_json_object_is_an_error(self, tmp_path: Path, content: bytes | None) -> None:
        path = tmp_path / "file.json"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(DataError, match=r"file\.json"):
            read_json(path)

    @pytest.mark.parametrize("content", [None, b"", b"PAR1 and nothing behind"])
    def test_what_is_no_parquet_is_an_error(self, tmp_path: Path, content: bytes | None) -> None:
        path = tmp_path / "file.parquet"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(DataError, match=r"cannot read .*file\.parquet"):
            read_parquet(path)

    def test_a_cut_parquet_is_an_error(self, tmp_path: Path) -> None:
        path = tmp_path / "file.parquet"
        write_parquet(TABLE, path)
        path.write_bytes(path.read_bytes()[:-20])
        with pytest.raises(DataError, match=r"cannot read .*file\.parquet"):
            read_parquet(path)


class TestShards:
    def test_a_thousand_files_share_a_folder(self, tmp_path: Path) -> None:
        assert shard_files(tmp_path, 2_017)["data"] == tmp_path / "data/chunk-002/file-017.parquet"
        names = [str(path) for shard in (0, 999, 1000) for path in shard_files(tmp_path, shard).values()]
        assert len(set(names)) == 12

    def test_a_shard_is_finished_once_its_episode_table_is_there(self, tmp_path: Path) -> None:
        assert not shard_is_finished(tmp_path, 0, 2)
        write_shard(tmp_path, 0, 0, [make_episode(1), make_episode(2)])
        assert shard_is_finished(tmp_path, 0, 2)

    @pytest.mark.parametrize("kind", ["data", "video", "full_rate"])
    def test_a_shard_killed_before_its_episode_table_is_not_finished(self, tmp_path: Path, kind: str) -> None:
        write_shard(tmp_path, 0, 0, [make_episode(1)])
        files = shard_files(tmp_path, 0)
        os.replace(files["episodes"], files["episodes"].with_name(files["episodes"].name + ".part"))
        files[kind].unlink()
        assert not shard_is_finished(tmp_path, 0, 1)
        write_shard(tmp_path, 0, 0, [make_episode(1)])  # simply made anew
        assert shard_is_finished(tmp_path, 0, 1)

    @pytest.mark.parametrize("kind", ["data", "video", "full_rate"])
    def test_a_finished_shard_that_lost_a_file_is_an_error_that_says_how_to_redo_it(
        self, tmp_path: Path, kind: str
    ) -> None:
        write_shard(tmp_path, 0, 0, [make_episode(1)])
        shard_files(tmp_path, 0)[kind].unlink()
        with pytest.raises(DataError, match=r"is missing though its shard was finished; remove .* to redo it"):
            shard_is_finished(tmp_path, 0, 1)

    def test_another_number_of_episodes_is_an_error(self, tmp_path: Path) -> None:
        write_shard(tmp_path, 0, 0, [make_episode(1)])
        with pytest.raises(DataError, match="holds 1 episodes, expected 2"):
            shard_is_finished(tmp_path, 0, 2)


class TestDataSets:
    def test_a_folder_without_one_and_an_unfinished_one_are_told_apart(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="no data set is there"):
            read_info(tmp_path)
        write_shard(tmp_path, 0, 0, [make_episode(1)])
        with pytest.raises(DataError, match="not finished: run it again"):
            read_info(tmp_path)

    @pytest.mark.parametrize("change", [{"codebase_version": "v2.1"}, {"a2r": None}])
    def test_data_sets_of_others_are_refused(self, tmp_path: Path, change: dict[str, object]) -> None:
        write_dataset(tmp_path)
        info = {**read_info(tmp_path), **change}
        if change.get("a2r", 0) is None:
            del info["a2r"]
        (tmp_path / "meta/info.json").write_text(json.dumps(info))
        with pytest.raises(DataError, match=r"is no LeRobotDataset v3\.0 written by a2r collect"):
            read_info(tmp_path)

    def test_the_manifest_finds_missing_and_cut_files(self, tmp_path: Path) -> None:
        write_dataset(tmp_path)
        manifest = read_manifest(tmp_path)
        assert len(manifest) == 8
        path = tmp_path / next(name for name in manifest if name.endswith(".mp4"))
        content = path.read_bytes()
        path.write_bytes(content[:-1])
        with pytest.raises(DataError, match=rf"has {len(content) - 1} bytes, expected {len(content)}: the file is cut"):
            read_manifest(tmp_path)
        path.unlink()
        with pytest.raises(DataError, match=r"\.mp4 is missing"):
            read_manifest(tmp_path)

    def test_hashes_find_a_flipped_byte(self, tmp_path: Path) -> None:
        write_dataset(tmp_path)
        manifest = read_manifest(tmp_path)
        check_hashes(tmp_path, manifest, list(manifest))
        for name in manifest:
            content = bytearray((tmp_path / name).read_bytes())
            content[len(content) // 2] ^= 1
            (tmp_path / name).write_bytes(content)
            with pytest.raises(DataError, match="differs from its SHA-256"):
                check_hashes(tmp_path, read_manifest(tmp_path), [name])
