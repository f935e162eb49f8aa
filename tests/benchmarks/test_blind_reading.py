"""Sheets tell nothing of the labels, and only the very template is a right answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from a2r_gym.errors import DataError
from a2r_train.data.something_something import SomethingSomething
from benchmarks import blind_reading
from tests.training.data.human_data import write_layout


@pytest.fixture(scope="module")
def human(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("human")
    write_layout(root)
    return root


def _answers(folder: Path, human: Path, **changes: int) -> Path:
    """Fill in the truth, and for some clips something else."""
    truth = {str(clip.id): clip.template for clip in SomethingSomething(human).select()} | changes
    path = folder / "answers.csv"
    clips = [line.split(",")[0] for line in path.read_text().splitlines()[1:]]
    path.write_text("".join(["clip,template\n", *(f"{clip},{truth[clip]}\n" for clip in clips)]))
    return path


def test_what_is_drawn_can_be_graded(human: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["draw", "--human", str(human), "--out", str(tmp_path), "--clips", "3"]
    assert blind_reading.main(command) == 0
    lines = (tmp_path / "answers.csv").read_text().splitlines()
    assert lines[0] == "clip,template"
    clips = [line.removesuffix(",") for line in lines[1:]]
    assert len(set(clips)) == 3
    with Image.open(tmp_path / "000.png") as sheet:
        assert sheet.size == (8 * 220, 3 * (132 + 14))
    with pytest.raises(DataError, match="is there already"):
        blind_reading.draw(human, tmp_path)
    wrong = {clips[0]: 173}
    path = _answers(tmp_path, human, **wrong)
    assert blind_reading.main(["grade", str(path), "--human", str(human)]) == 0
    told = capsys.readouterr().out
    assert "0.667" in told
    assert f"clip {clips[0]}: " in told


def test_the_seed_alone_tells_which_clips(human: Path, tmp_path: Path) -> None:
    for folder, seed in (("one", 0), ("again", 0), ("other", 5)):
        blind_reading.draw(human, tmp_path / folder, clips=3, seed=seed)
    one, again, other = ((tmp_path / folder / "answers.csv").read_text() for folder in ("one", "again", "other"))
    assert one == again != other


def test_answers_that_are_no_templates_and_clips_that_are_not_there_are_refused(human: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="asked for 1000"):
        blind_reading.draw(human, tmp_path, clips=1000)
    clip = SomethingSomething(human).select()[0].id
    for row in (f"{clip},", f"{clip},174", f"{clip},-1", "987654,5", f"{clip},closing"):
        (tmp_path / "answers.csv").write_text(f"clip,template\n{row}\n")
        with pytest.raises(DataError, match="names no clip"):
            blind_reading.grade(tmp_path / "answers.csv", human)
