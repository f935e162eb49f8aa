"""The official layout is read as it is distributed; what is not in it is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from a2r_gym.errors import DataError, UnknownNameError
from a2r_train.data.something_something import SomethingSomething
from tests.training.data.human_data import FOLDER, LENGTH, write_layout


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> SomethingSomething:
    return SomethingSomething(write_layout(tmp_path_factory.mktemp("ssv2")))


def test_every_entry_has_its_template_and_sentence(data: SomethingSomething) -> None:
    found = {clip.id: (clip.split, clip.template, clip.sentence) for clip in data.clips}
    assert found[1] == ("train", 5, "closing a drawer")
    assert found[4] == ("train", 106, "putting a ball into a cup")
    assert found[5] == ("validation", 94, "pushing a mug from right to left")
    assert found[6] == ("test", -1, "")
    assert data.source == "something-something-v2"
    assert data.facts == {}


def test_selection_by_template_and_split(data: SomethingSomething) -> None:
    assert [clip.id for clip in data.select(templates=["Pushing [something] from left to right"])] == [2, 3]
    assert [clip.id for clip in data.select(templates=[93, 94], split=None)] == [2, 3, 5]
    assert [clip.id for clip in data.select(split="validation")] == [5]


def test_selection_by_free_text_tells_left_from_right(data: SomethingSomething) -> None:
    assert [clip.id for clip in data.select(text="push the cup to the right", split=None, top=1)] == [2, 3]
    assert [clip.id for clip in data.select(text="push the cup to the left", split=None, top=1)] == [5]
    assert [clip.id for clip in data.select(text="shut the drawer", top=1)] == [1]


def test_clips_decode(data: SomethingSomething) -> None:
    assert data.video(data.clips[0]).shape[0] == LENGTH
    assert data.video(2, size=32).shape == (LENGTH, 32, 32, 3)


def test_official_file_names_with_prefix_and_flat_folders_work(tmp_path: Path) -> None:
    write_layout(tmp_path / "long", long_names=True)
    assert len(SomethingSomething(tmp_path / "long").clips) == 6
    root = write_layout(tmp_path / "flat")
    for path in [*(root / "labels").iterdir(), *(root / FOLDER).iterdir()]:
        path.rename(root / path.name)
    (root / "labels").rmdir()
    (root / FOLDER).rmdir()
    assert SomethingSomething(root).video(1).shape[0] == LENGTH


def test_a_folder_without_labels_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no labels\.json"):
        SomethingSomething(tmp_path)


def test_other_ids_are_refused(tmp_path: Path) -> None:
    root = write_layout(tmp_path / "data")
    path = root / "labels/labels.json"
    table = json.loads(path.read_text())
    table["Closing something"], table["Opening something"] = "46", "5"
    path.write_text(json.dumps(table))
    with pytest.raises(DataError, match="Closing something"):
        SomethingSomething(root)


def test_a_broken_entry_names_the_file(tmp_path: Path) -> None:
    root = write_layout(tmp_path / "data")
    (root / "labels/train.json").write_text(json.dumps([{"id": "1", "template": "Juggling [something]"}]))
    with pytest.raises(DataError, match=r"train\.json.*Juggling"):
        SomethingSomething(root)


@pytest.mark.parametrize("wrong", [{"split": "training"}, {"templates": ["Juggling"]}])
def test_unknown_names_are_told(data: SomethingSomething, wrong: dict[str, object]) -> None:
    with pytest.raises(UnknownNameError):
        data.select(**wrong)  # type: ignore[arg-type]
