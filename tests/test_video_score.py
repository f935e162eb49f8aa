"""``a2r score``: what it prints and writes, and what it refuses."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from a2r_gym import cli
from a2r_gym.protocols import FailureModes, Scores
from a2r_gym.testing import FrameCode, FrameReadingModel, draw_code
from a2r_gym.video_file import read_clip
from a2r_gym.video_score import draw_curves, score_clip

TEXTS = ("stand still", "count [to] $five$", "count \\to")


class TextReadingModel(FrameReadingModel):
    """Prefers longer sentences, so that the best one is known."""

    def score_steps(self, video: np.ndarray, instruction: str) -> Scores:  # type: ignore[type-arg]
        scores = super().score_steps(video, instruction)
        return scores._replace(similarity=scores.similarity + np.float32(len(instruction) / 100))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a video as numbered pictures whose pixels the model can read."""
    for step in range(6):
        Image.fromarray(draw_code(FrameCode(0, 0, step))).save(tmp_path / f"{step}.png")
    return tmp_path


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    """Put the fake model in place; gives what was asked for."""
    asked: list[tuple[str, str | None]] = []

    def load(name: str, *, runtime: str | None = None) -> TextReadingModel:
        asked.append((name, runtime))
        return TextReadingModel()

    monkeypatch.setattr("a2r_gym.models.checkpoint.load_reward", load)
    return asked


def run(folder: Path, out: Path, *options: str, texts: tuple[str, ...] = TEXTS) -> int:
    sentences = [part for text in texts for part in ("--text", text)]
    return cli.main(["score", str(folder), *sentences, "--out", str(out), *options])


def test_table_marks_the_best_sentence_and_files_are_written(
    folder: Path, tmp_path: Path, loaded: list[tuple[str, str | None]], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(folder, out, "--model", "some", "--runtime", "torch", "--seed", "3") == 0
    lines = capsys.readouterr().out.splitlines()
    assert loaded == [("some", "torch")]
    assert "6 frames, model some" in lines[0]
    assert [line.split()[0] for line in lines if "count [to] $five$" in line] == ["best"]
    assert sum(line.split()[:1] == ["best"] for line in lines) == 1
    assert all(any(text in line and "100.0%" in line for line in lines) for text in TEXTS)
    assert sorted(path.name for path in out.iterdir()) == ["curve.png", "scores.csv"]
    with Image.open(out / "curve.png") as picture:
        assert picture.width > 500


def test_a_failure_is_named_in_table_and_json_and_a_success_is_not(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class NamingModel(FrameReadingModel):
        def failure_modes(self, instruction: str) -> FailureModes | None:
            return FailureModes("toy/count", ("never [began]",), 0.8) if instruction == "count" else None

    for goal, name in ((50, "never [began] (100%)"), (5, "-")):
        monkeypatch.setattr("a2r_gym.models.checkpoint.load_reward", lambda *_, goal=goal, **__: NamingModel(goal=goal))
        run(folder, tmp_path / "out", texts=("count",))
        line = next(line for line in capsys.readouterr().out.splitlines() if "count" in line)
        assert line.rstrip().endswith(name)
        run(folder, tmp_path / "out", "--json", texts=("count", "stand still"))
        known, other = json.loads(capsys.readouterr().out)["scores"]
        assert (known["failure_name"], known["failure_task"]) == (name.split(" (")[0].strip("-"), "toy/count")
        assert (other["failure_name"], other["failure_task"]) == ("", "")


def test_csv_has_a_row_for_each_sentence_and_prefix(
    folder: Path, tmp_path: Path, loaded: list[tuple[str, str | None]]
) -> None:
    run(folder, tmp_path / "out")
    rows = list(csv.DictReader((tmp_path / "out/scores.csv").open()))
    assert [row["text"] for row in rows] == [text for text in TEXTS for _ in range(6)]
    assert [int(row["frame"]) for row in rows[:6]] == list(range(6))
    expected = TextReadingModel().score_steps(read_clip(folder).frames, TEXTS[0])
    assert [float(row["similarity"]) for row in rows[:6]] == pytest.approx(expected.similarity, abs=1e-6)
    assert [int(row["failure_mode"]) for row in rows[:6]] == expected.failure_mode.tolist()


def test_json_is_all_that_is_printed_and_equals_the_scores(
    folder: Path, tmp_path: Path, loaded: list[tuple[str, str | None]], capsys: pytest.CaptureFixture[str]
) -> None:
    run(folder, tmp_path / "out", "--json", "--max-frames", "3")
    told = json.loads(capsys.readouterr().out)
    assert told["best"] == TEXTS[1]
    assert told["num_frames"] == 6
    assert [score["text"] for score in told["scores"]] == list(TEXTS)
    assert told["scores"][0]["curve"]["frame"] == [0, 2, 5]
    assert told["scores"][0]["similarity"] == told["scores"][0]["curve"]["similarity"][-1]
    assert all(Path(file).is_file() for file in told["files"])


def test_thinning_is_said(
    folder: Path, tmp_path: Path, loaded: list[tuple[str, str | None]], capsys: pytest.CaptureFixture[str]
) -> None:
    run(folder, tmp_path / "out", "--max-frames", "3")
    assert "6 frames, 3 of them scored, evenly spread (--max-frames)" in capsys.readouterr().out


def test_one_sentence_is_not_called_best(
    folder: Path, tmp_path: Path, loaded: list[tuple[str, str | None]], capsys: pytest.CaptureFixture[str]
) -> None:
    run(folder, tmp_path / "out", texts=("count",))
    assert "best" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("texts", "message"), [((), "at least one sentence"), (("  ",), "is empty"), (("count", "count"), "given twice")]
)
def test_sentences_that_cannot_be_scored_are_refused(
    texts: tuple[str, ...], message: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, tmp_path / "out", texts=texts) == 2
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert not (tmp_path / "out").exists()


def test_missing_video_is_told_before_a_model_is_loaded(
    tmp_path: Path, loaded: list[tuple[str, str | None]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / "nowhere.mp4", tmp_path / "out") == 2
    assert "VideoFileError" in capsys.readouterr().err
    assert loaded == []


def test_nothing_half_is_left_when_writing_fails(
    folder: Path, tmp_path: Path, loaded: list[tuple[str, str | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> str:
        raise OSError("disk full")

    monkeypatch.setattr("a2r_gym.video_score._csv", fail)
    with pytest.raises(OSError, match="disk full"):
        run(folder, tmp_path / "out")
    assert not (tmp_path / "out/scores.csv").exists()


@pytest.mark.parametrize("count", [1, 3, 60])
def test_curves_have_a_line_for_each_sentence_at_any_length(count: int, tmp_path: Path) -> None:
    for step in range(count):
        Image.fromarray(draw_code(FrameCode(0, 0, step))).save(tmp_path / f"{step}.png")
    clip = read_clip(tmp_path)
    figure = draw_curves(clip, score_clip(FrameReadingModel(), clip, TEXTS))
    film, similarity, success = figure.axes
    assert len(film.images) == 1
    assert [len(line.get_xdata()) for line in (*similarity.lines, *success.lines)] == [count] * 6
