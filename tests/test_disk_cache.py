"""An entry is made once, whole or not at all, also by several processes; it follows from its key alone."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from a2r_gym import disk_cache
from a2r_gym.disk_cache import CACHE_FOLDER, cached, digest


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_FOLDER, str(tmp_path / "cache"))
    return tmp_path / "cache"


def _write(place: Path) -> None:
    (place / "number").write_text("42")


def test_an_entry_is_made_once_and_read_ever_after(folder: Path) -> None:
    calls = []

    def make(place: Path) -> None:
        calls.append(place)
        _write(place)

    assert [cached("an-entry", make) for _ in range(3)] == [folder / "an-entry"] * 3
    assert len(calls) == 1
    assert (folder / "an-entry" / "number").read_text() == "42"
    assert [path.name for path in folder.iterdir()] == ["an-entry"]


def test_what_breaks_off_leaves_nothing_and_can_be_tried_again(folder: Path) -> None:
    def broken(place: Path) -> None:
        _write(place)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cached("an-entry", broken)
    assert list(folder.iterdir()) == []
    assert (cached("an-entry", _write) / "number").read_text() == "42"


def test_an_entry_that_another_process_made_meanwhile_is_taken(folder: Path) -> None:
    def slow(place: Path) -> None:
        _write(place)
        (folder / "an-entry").mkdir()
        (folder / "an-entry" / "number").write_text("of the other")

    assert (cached("an-entry", slow) / "number").read_text() == "of the other"
    assert [path.name for path in folder.iterdir()] == ["an-entry"]


def _ask(_: int) -> str:
    return (cached("an-entry", _write) / "number").read_text()


def test_processes_may_ask_at_once(folder: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(_ask, range(8)) == ["42"] * 8
    assert [path.name for path in folder.iterdir()] == ["an-entry"]


def test_without_a_folder_that_can_be_written_entries_last_as_long_as_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(CACHE_FOLDER, str(tmp_path / "file" / "below"))
    disk_cache._passing.cache_clear()
    with pytest.warns(RuntimeWarning, match=CACHE_FOLDER):
        place = cached("an-entry", _write)
    assert cached("an-entry", _write) == place
    assert (place / "number").read_text() == "42"


def test_the_users_own_cache_folder_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CACHE_FOLDER)
    monkeypatch.setitem(os.environ, "XDG_CACHE_HOME", str(tmp_path))
    assert cached("an-entry", _write) == tmp_path / "a2r-gym" / "an-entry"


def test_a_digest_tells_where_parts_end() -> None:
    assert digest(["ab", "c"]) != digest(["a", "bc"])
    assert digest(["ab", b"c"]) == digest([b"ab", "c"])
    assert len(digest([])) == 24
