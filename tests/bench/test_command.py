"""``a2r bench`` from the outside: a folder of videos, a model in a file, a report; and every mistake in one line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest

from a2r_gym import cli
from tests.bench.videos import write_labels, write_video

MODEL = """
class Bright:
    def score(self, videos, instructions):
        return [float(video[-1].mean()) / 255 for video in videos]
"""
BROKEN = """
class Broken:
    def score(self, videos, instructions):
        return [float("nan") if len(video) == 4 else 0.5 for video in videos]
"""


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with four real videos, of which those that end bright are successes, and models in files."""
    folder = tmp_path_factory.mktemp("bench")
    data = write_labels(folder / "data", *(f"{name}.mp4,make it light,{name % 2}" for name in range(4)))
    rng = np.random.default_rng(0)
    for name in range(4):
        level = np.linspace(60, 200 if name % 2 else 40, 5 + name)[:, None, None, None]
        frames = np.clip(level + rng.integers(-20, 20, (5 + name, 32, 32, 3)), 0, 255).astype(np.uint8)
        imageio.imwrite(data / f"{name}.mp4", frames, plugin="pyav", codec="mpeg4", fps=10)
    (folder / "model.py").write_text(MODEL)
    (folder / "broken.py").write_text(BROKEN)
    return folder


@pytest.fixture
def folder(encoded: Path, tmp_path: Path) -> Path:
    """Copy it for a test to change."""
    shutil.copytree(encoded, tmp_path, dirs_exist_ok=True)
    return tmp_path


def bench(folder: Path, *options: str, model: str = "model.py:Bright") -> int:
    return cli.main(
        ["bench", str(folder / model), "--data", str(folder / "data"), "--out", str(folder / "out"), *options]
    )


def test_a_folder_of_videos_and_a_file_give_a_report(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench(folder) == 0
    told = capsys.readouterr()
    assert "| metric | model.Bright [95 %] | random score | frame counter |" in told.out
    assert "| AUROC | 1.000 [1.000, 1.000] |" in told.out
    assert "4/4" in told.err
    names = sorted(path.name for path in (folder / "out").iterdir())
    assert names == ["report.csv", "report.json", "report.md", "scores.csv"]
    report = (folder / "out" / "report.md").read_text(encoding="utf-8")
    assert told.out.startswith(report)


def test_json_is_all_that_is_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench(folder, "--json") == 0
    assert json.loads(capsys.readouterr().out)["model"] == "model.Bright"


def test_a_second_run_scores_nothing_and_says_the_same(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench(folder, "--json")
    first = capsys.readouterr().out
    monkeypatch.setattr("a2r_gym.bench.scoring.read_clip", lambda *_: pytest.fail("a video was read again"))
    assert bench(folder, "--json") == 0
    assert capsys.readouterr().out == first


def test_unreadable_videos_are_listed_at_once_and_lose_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (folder / "data" / "labels.csv").open("a") as file:
        file.write("gone.mp4,make it light,1\ncut.mp4,make it light,0\n")
    (folder / "data" / "cut.mp4").write_bytes((folder / "data" / "0.mp4").read_bytes()[:200])
    assert bench(folder) == 2
    told = capsys.readouterr().err
    message = told[told.index("a2r: UnreadableVideosError") :]
    assert "2 cannot be read" in message
    assert "gone.mp4" in message
    assert "cut.mp4" in message
    assert len((folder / "out" / "scores.csv").read_text().splitlines()) == 1 + 3 * 4
    assert bench(folder, "--skip-bad") == 0
    assert "Not measured:" in capsys.readouterr().out


def test_nan_rows_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_video(folder / "data" / "four", 1, 2, 3, 4)
    with (folder / "data" / "labels.csv").open("a") as file:
        file.write("four,make it light,0\n")
    assert bench(folder, "--probe-clips", "0", model="broken.py") == 2
    told = capsys.readouterr().err
    assert "NonFiniteRewardError: 1 got no score" in told
    assert "four, 'make it light'" in told


def test_labels_are_told_before_a_model_is_loaded(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "data" / "labels.csv").unlink()
    assert bench(folder, model="nowhere.py") == 2
    assert "DataError" in capsys.readouterr().err
    assert not (folder / "out").exists()


def test_one_class_is_no_crash(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_labels(folder / "data", "1.mp4,make it light,1", "3.mp4,make it light,1")
    assert bench(folder) == 0
    assert "AUROC: all 2 clips are successes" in capsys.readouterr().out
