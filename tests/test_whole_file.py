"""Files that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from a2r_gym.whole_file import whole_file


def test_a_whole_file_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "new" / "result.json"
    for text in ("one", "two"):
        with whole_file(path) as part:
            assert part.suffix == ".json"  # writers look at it
            part.write_text(text)
        assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text("one")

    def write_half() -> None:
        with whole_file(path) as part:
            part.write_text("tw")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]
