"""A miniature collection: the same for any number of workers, whole after a kill, and never two in one folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from a2r_gym.errors import DataError, WorkerError
from a2r_train import collect as collect_module
from a2r_train.collect import CollectConfig, EpisodeRequest, collect, main
from a2r_train.data.clips import load_clips
from a2r_train.data.dataset_files import shard_files
from tests.training.data.same_content import assert_same_content

ROOT = Path(__file__).resolve().parents[2]
SCENES = ("train", "1000", "1001", "1002")


def miniature(seed: int = 0, scenes: tuple[str, ...] = SCENES) -> CollectConfig:
    """Two table-top tasks, a shard for each scene."""
    sources = (("success", 1), ("random", 1))
    return CollectConfig(
        requests=tuple(
            EpisodeRequest(family="tabletop", task=task, scene=scene, sources=sources, first_seed=500)
            for scene in scenes
            for task in ("drawer-close", "mug-left")
        ),
        width=32, height=32, kept_frames=4, seed=seed,
    )  # fmt: skip


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return collect(miniature(), tmp_path_factory.mktemp("collected") / "one", workers=1)


class TestTheSameAgain:
    def test_two_workers_make_what_one_makes(self, collected: Path, tmp_path: Path) -> None:
        assert len(json.loads((collected / "meta/files.json").read_text())) == 4 * len(SCENES)
        assert_same_content(collect(miniature(), tmp_path / "two", workers=2), collected)

    def test_another_seed_changes_noise_and_lengths_and_not_the_starts(self, collected: Path, tmp_path: Path) -> None:
        import pyarrow.parquet as pq

        other = collect(miniature(1, ("train",)), tmp_path / "other", workers=1)
        one, two = (pq.read_table(shard_files(root, 0)["full_rate"]).to_pylist() for root in (collected, other))
        starts = [[row["observation.state"] for row in rows if row["step"] == 0] for rows in (one, two)]
        assert starts[0] == starts[1]
        assert [row["action"] for row in one] != [row["action"] for row in two]

    def test_a_finished_collection_is_left_alone(self, collected: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise AssertionError("collected again")

        monkeypatch.setattr(collect_module, "make_shard", refuse)
        before = {path: path.stat().st_mtime_ns for path in collected.rglob("*") if path.is_file()}
        assert collect(miniature(), collected, workers=1) == collected
        assert {path: path.stat().st_mtime_ns for path in collected.rglob("*") if path.is_file()} == before

    def test_clips_have_pictures_and_every_label_of_their_scene(self, collected: Path, tmp_path: Path) -> None:
        clips = load_clips([collected], tmp_path)
        assert clips.frames.shape == (16, 4, 32, 32, 3)
        assert (clips.frames.reshape(16, -1).std(axis=1) > 5).all()
        assert (clips.success >= 0).all()
        assert set(clips.scene) == set(SCENES)
        own = [clips.label_names.index(f"tabletop/{task}") for task in clips.task]
        starts = clips.success[np.arange(16), 0, own]
        assert not starts.any()  # nothing is done at the start


class TestKilled:
    def test_a_collection_whose_processes_are_all_killed_goes_on_where_it_was(
        self, collected: Path, tmp_path: Path
    ) -> None:
        out = tmp_path / "killed"
        program = (
            "from pathlib import Path\nfrom a2r_train.collect import collect\n"
            "from tests.training.test_collect import miniature\n"
            f"if __name__ == '__main__':\n    collect(miniature(), Path({str(out)!r}), workers=2)\n"
        )
        script = tmp_path / "program.py"
        script.write_text(program)
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'training'}"}
        process = subprocess.Popen(
            [sys.executable, str(script)], env=environment, start_new_session=True, stderr=subprocess.PIPE
        )  # fmt: skip
        tables = out / "meta/episodes/chunk-000"
        deadline = time.monotonic() + 120
        while not list(tables.glob("*.parquet")) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
        _, errors = process.communicate()
        finished = {path: path.stat().st_mtime_ns for path in tables.glob("*.parquet")}
        assert 0 < len(finished) < len(SCENES), errors.decode()
        assert not (out / "meta/info.json").exists()
        with pytest.raises(DataError, match="not finished: run it again"):
            load_clips([out])
        collect(miniature(), out, workers=1)
        assert_same_content(out, collected)
        assert {path: path.stat().st_mtime_ns for path in finished} == finished  # not made twice
        assert list(out.rglob("*.part")) == []

    def test_a_mark_that_was_half_written_does_not_bar_the_folder(self, tmp_path: Path) -> None:
        (tmp_path / "meta").mkdir()
        (tmp_path / "meta/collection.json.part").write_text("{")
        collect(miniature(scenes=("train",)), tmp_path, workers=1)
        assert len(load_clips([tmp_path])) == 4
        assert list(tmp_path.rglob("*.part")) == []


class TestRefused:
    def test_a_folder_with_another_collection(self, collected: Path) -> None:
        with pytest.raises(DataError, match=r"holds another collection \(16 episodes.*take another folder"):
            collect(miniature(seed=1), collected, workers=1)

    def test_a_folder_with_a_collection_if_it_must_be_fresh(self, collected: Path) -> None:
        with pytest.raises(DataError, match="holds a collection already"):
            collect(miniature(), collected, workers=1, resume=False)

    def test_a_folder_with_something_else(self, tmp_path: Path) -> None:
        (tmp_path / "sub").mkdir()
        (tmp_path / "sub/letter.txt").write_text("dear")
        with pytest.raises(DataError, match="is not empty and holds no collection"):
            collect(miniature(), tmp_path, workers=1)
        assert [path.name for path in tmp_path.rglob("*")] == ["sub", "letter.txt"]

    def test_no_workers(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="workers must be at least 1, got 0"):
            collect(miniature(), tmp_path / "none", workers=0)
        assert not (tmp_path / "none").exists()

    def test_a_shard_that_lost_a_file(self, tmp_path: Path) -> None:
        collect(miniature(scenes=("train",)), tmp_path, workers=1)
        shard_files(tmp_path, 0)["video"].unlink()
        with pytest.raises(DataError, match=r"\.mp4 is missing"):
            collect(miniature(scenes=("train",)), tmp_path, workers=1)


class TestWorkersThatFail:
    def test_the_error_carries_the_workers_traceback_and_names_the_shard(self, tmp_path: Path) -> None:
        with pytest.raises(WorkerError, match=r"shard 0 \(tabletop, scene nowhere, drawer-close, mug-left\)") as caught:
            collect(miniature(scenes=("nowhere",)), tmp_path / "bad", workers=2)
        message = str(caught.value)
        assert "Traceback (most recent call last)" in message
        assert "make_shard" in message
        assert "nowhere" in message.rsplit("Error", 1)[-1]
        assert not (tmp_path / "bad/meta/info.json").exists()

    def test_in_one_process_the_error_comes_as_it_is(self, tmp_path: Path) -> None:
        with pytest.raises(Exception, match="nowhere") as caught:
            collect(miniature(scenes=("nowhere",)), tmp_path / "bad", workers=1)
        assert not isinstance(caught.value, WorkerError)
        assert list((tmp_path / "bad").rglob("*.mp4*")) == []

    def test_a_worker_that_was_killed_is_told_with_what_to_do(self) -> None:
        job: Future[str | None] = Future()
        job.set_exception(BrokenProcessPool("terminated"))
        message = collect_module._failure(job)
        assert message is not None
        assert "killed, or out of memory" in message
        assert "Run the same call to go on" in message


def test_the_command_collects_tells_how_sources_ended_and_draws_sheets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = replace(miniature(scenes=("train",)), kept_frames=3)
    monkeypatch.setitem(collect_module.PRESETS, "validation", lambda scale: small)
    monkeypatch.chdir(tmp_path)
    arguments = ["--out", "out", "--preset", "validation", "--tasks", "mug-left", "--workers", "1", "--seed", "3"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert [line.split()[:2] for line in printed.splitlines() if line.startswith("tabletop")] == [
        ["tabletop/mug-left", "train"]
    ]
    assert "contact sheets: 1" in printed
    assert [path.name for path in Path("out/sheets").iterdir()] == ["tabletop_mug-left_train.png"]
    assert json.loads(Path("out/meta/info.json").read_text())["a2r"]["seed"] == 3
    assert main(arguments) == 0  # goes on with what is finished
