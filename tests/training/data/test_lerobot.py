"""The layout of LeRobotDataset v3, read with pyarrow alone: one row a kept frame, states and actions at full rate."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from a2r_gym.errors import DataError
from a2r_train.data.dataset_files import VIDEO_KEY, shard_files
from a2r_train.data.lerobot import EpisodeRecord, ShardWriter
from a2r_train.data.video import FPS, read_video
from tests.training.data.episodes import (
    HEIGHT,
    INFO,
    KEPT,
    LABELS,
    SENTENCES,
    WIDTH,
    make_episode,
    write_dataset,
    write_shard,
)
from tests.training.data.same_content import assert_same_content


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[EpisodeRecord]]:
    root = tmp_path_factory.mktemp("dataset")
    return root, write_dataset(root)


Dataset = tuple[Path, list[EpisodeRecord]]


def _rows(root: Path, kind: str) -> list[dict]:
    return [row for shard in (0, 1) for row in pq.read_table(shard_files(root, shard)[kind]).to_pylist()]


class TestLayout:
    def test_the_folder_holds_the_layouts_files_and_nothing_half(self, dataset: Dataset) -> None:
        root, _ = dataset
        found = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
        shards = [f"chunk-000/file-00{shard}" for shard in (0, 1)]
        expected = ["meta/files.json", "meta/info.json", "meta/tasks.parquet"]
        for shard in shards:
            expected += [f"{folder}/{shard}.parquet" for folder in ("data", "full_rate", "meta/episodes")]
            expected.append(f"videos/{VIDEO_KEY}/{shard}.mp4")
        assert found == sorted(expected)

    def test_info_names_version_counts_paths_and_features(self, dataset: Dataset) -> None:
        root, episodes = dataset
        info = json.loads((root / "meta/info.json").read_text())
        assert info["codebase_version"] == "v3.0"
        assert (info["total_episodes"], info["total_frames"]) == (len(episodes), len(episodes) * KEPT)
        assert info["total_tasks"] == len(SENTENCES)
        assert info["features"][VIDEO_KEY]["shape"] == [HEIGHT, WIDTH, 3]
        assert info["features"]["success"]["names"] == list(LABELS)
        assert info["a2r"] == {"kept_frames": KEPT, "label_names": list(LABELS), "seed": 7}
        path = info["video_path"].format(video_key=VIDEO_KEY, chunk_index=0, file_index=1)
        assert (root / path).is_file()
        assert (root / info["data_path"].format(chunk_index=0, file_index=1)).is_file()

    def test_every_feature_but_the_video_is_a_column_of_the_rows(self, dataset: Dataset) -> None:
        root, _ = dataset
        features = json.loads((root / "meta/info.json").read_text())["features"]
        columns = pq.read_table(shard_files(root, 0)["data"]).column_names
        assert set(features) - {VIDEO_KEY} == set(columns)

    def test_sentences_are_the_index_of_the_task_table(self, dataset: Dataset) -> None:
        root, _ = dataset
        table = pq.read_table(root / "meta/tasks.parquet")
        assert table.to_pydict() == {"task_index": [0, 1, 2], "task": list(SENTENCES.values())}
        assert json.loads(table.schema.metadata[b"pandas"])["index_columns"] == ["task"]


class TestRows:
    def test_there_is_one_row_for_each_kept_frame(self, dataset: Dataset) -> None:
        root, episodes = dataset
        rows = _rows(root, "data")
        assert [row["index"] for row in rows] == list(range(len(episodes) * KEPT))
        assert [row["episode_index"] for row in rows] == [index for index in range(len(episodes)) for _ in range(KEPT)]
        assert [row["frame_index"] for row in rows] == list(range(KEPT)) * len(episodes)
        np.testing.assert_allclose([row["timestamp"] for row in rows[:KEPT]], np.arange(KEPT) / FPS)
        assert [row["step"] for row in rows] == [step for episode in episodes for step in episode.steps.tolist()]

    def test_labels_come_back(self, dataset: Dataset) -> None:
        root, episodes = dataset
        rows = _rows(root, "data")
        for name in ("success", "ambiguous", "progress"):
            written = np.concatenate([getattr(episode, name) for episode in episodes])
            np.testing.assert_array_equal(np.array([row[name] for row in rows], dtype=written.dtype), written)

    def test_states_and_actions_come_back_at_full_rate(self, dataset: Dataset) -> None:
        root, episodes = dataset
        rows = _rows(root, "full_rate")
        assert len(rows) == sum(len(episode.states) for episode in episodes)
        for index, episode in enumerate(episodes):
            mine = [row for row in rows if row["episode_index"] == index]
            assert [row["step"] for row in mine] == list(range(len(episode.states)))
            np.testing.assert_array_equal(np.array([row["observation.state"] for row in mine]), episode.states)
            np.testing.assert_array_equal(np.array([row["action"] for row in mine]), episode.actions)


class TestEpisodes:
    def test_each_tells_success_source_task_and_seed(self, dataset: Dataset) -> None:
        root, episodes = dataset
        rows = _rows(root, "episodes")
        assert [row["episode_index"] for row in rows] == list(range(len(episodes)))
        for row, episode in zip(rows, episodes, strict=True):
            for name in ("family", "task", "scene", "seed", "source", "rewound"):
                assert row[name] == getattr(episode, name)
            assert row["success"] is (episode.source == "success")
            assert row["ambiguous"] is False
            assert row["tasks"] == [episode.instruction]
            assert (row["length"], row["steps"]) == (KEPT, len(episode.states) - 1)

    def test_each_points_at_its_rows_and_its_part_of_the_video(self, dataset: Dataset) -> None:
        root, episodes = dataset
        for row, episode in zip(_rows(root, "episodes"), episodes, strict=True):
            chunk, file = row[f"videos/{VIDEO_KEY}/chunk_index"], row[f"videos/{VIDEO_KEY}/file_index"]
            video = root / f"videos/{VIDEO_KEY}/chunk-{chunk:03d}/file-{file:03d}.mp4"
            count = pq.read_table(shard_files(root, file)["data"]).num_rows
            frames = np.stack(list(read_video(video, count)))
            begin, end = (round(row[f"videos/{VIDEO_KEY}/{side}_timestamp"] * FPS) for side in ("from", "to"))
            assert np.abs(frames[begin:end].astype(int) - episode.frames.astype(int)).mean() < 2.0
            assert row["dataset_to_index"] - row["dataset_from_index"] == KEPT

    def test_an_episode_whose_last_frame_is_too_close_to_tell_says_so(self, tmp_path: Path) -> None:
        episode = make_episode(1)
        episode.ambiguous[-1, 0] = True
        write_shard(tmp_path, 0, 0, [episode])
        row = pq.read_table(shard_files(tmp_path, 0)["episodes"]).to_pylist()[0]
        assert (row["success"], row["ambiguous"]) == (True, True)


class TestHalfShards:
    def test_an_exception_inside_leaves_nothing_that_counts(self, tmp_path: Path) -> None:
        def write_and_fail() -> None:
            with ShardWriter(tmp_path, INFO, shard=0, first_episode=0) as writer:
                writer.append(make_episode(1))
                raise RuntimeError("boom")

        with pytest.raises(RuntimeError, match="boom"):
            write_and_fail()
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

    def test_frames_of_another_size_are_refused(self, tmp_path: Path) -> None:
        episode = make_episode(1)
        other = EpisodeRecord(**{**vars(episode), "frames": episode.frames[:, ::2]})
        with (
            pytest.raises(DataError, match="expected uint8 frames"),
            ShardWriter(tmp_path, INFO, shard=0, first_episode=0) as writer,
        ):
            writer.append(other)

    def test_writing_twice_gives_the_same(self, tmp_path: Path) -> None:
        for name in ("one", "two"):
            write_dataset(tmp_path / name)
        assert_same_content(tmp_path / "one", tmp_path / "two")
