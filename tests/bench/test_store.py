"""Scores survive: exactly, across kills, and never as those of something else."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from a2r_gym.bench.plan import Footage, Pair
from a2r_gym.bench.store import PairScore, ScoreStore
from a2r_gym.errors import DataError
from tests.bench.videos import CLOSE, OPEN, video, write_video

PAIR = Pair(CLOSE, True)
EMPTY = np.zeros(0, dtype=np.float32)


def score(value: float) -> PairScore:
    curve = np.random.default_rng(0).random(5).astype(np.float32)
    return PairScore(float(np.float32(value)), float(np.float32(1 / 3)), curve, curve[::-1])


def open_store(path: Path | None, identity: str = "one", max_frames: int = 8) -> ScoreStore:
    return ScoreStore(path, {"model": identity}, max_frames)


def same(first: PairScore | None, second: PairScore) -> bool:
    return first is not None and all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_scores_come_back_bit_for_bit(tmp_path: Path) -> None:
    footage, path = Footage("a", write_video(tmp_path / "a", 1, 2), (PAIR,)), tmp_path / "out" / "scores.csv"
    put = {PAIR: score(0.1), Pair(OPEN + ', "now"', False): PairScore(0.2, 0.3, EMPTY, EMPTY)}
    open_store(path).put("model", footage, put)
    read = open_store(path)
    assert same(read.get("model", footage, PAIR), put[PAIR])
    assert read.get("model", footage, Pair(OPEN + ', "now"', False)) is not None
    assert read.get("model", footage, Pair(OPEN, False)) is None


def test_what_changed_is_not_found(tmp_path: Path) -> None:
    folder, path = write_video(tmp_path / "a", 1, 2), tmp_path / "scores.csv"
    footage = Footage("a", folder, (PAIR,))
    open_store(path).put("model", footage, {PAIR: score(0.1)})
    assert open_store(path, "two").get("model", footage, PAIR) is None
    assert open_store(path, max_frames=9).get("model", footage, PAIR) is None
    assert open_store(path).get("model", footage, Pair(CLOSE, False)) is None
    os.utime(folder / "1.png", ns=(1, 1))
    assert open_store(path).get("model", footage, PAIR) is None


def test_frames_are_told_apart_by_their_content(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    open_store(path).put("model", Footage("clip 0", video(1, 2), (PAIR,)), {PAIR: score(0.1)})
    assert open_store(path).get("model", Footage("clip 0", video(1, 2), (PAIR,)), PAIR) is not None
    assert open_store(path).get("model", Footage("clip 0", video(1, 3), (PAIR,)), PAIR) is None


@pytest.mark.parametrize("cut", [1, 9, 40])
def test_a_line_that_was_cut_off_is_lost_alone(cut: int, tmp_path: Path) -> None:
    footage, path = Footage("a", write_video(tmp_path / "a", 1, 2), (PAIR,)), tmp_path / "scores.csv"
    other = Footage("b", footage.video, (PAIR,))
    store = open_store(path)
    store.put("model", footage, {PAIR: score(0.1)})
    store.put("model", other, {PAIR: score(0.2)})
    path.write_bytes(path.read_bytes()[:-cut])
    store = open_store(path)
    assert same(store.get("model", footage, PAIR), score(0.1))
    assert store.get("model", other, PAIR) is None
    store.put("model", other, {PAIR: score(0.2)})
    assert same(open_store(path).get("model", other, PAIR), score(0.2))


def test_rows_of_other_models_stay(tmp_path: Path) -> None:
    footage, path = Footage("a", video(1, 2), (PAIR,)), tmp_path / "scores.csv"
    for identity, value in (("one", 0.1), ("two", 0.2)):
        open_store(path, identity).put("model", footage, {PAIR: score(value)})
    assert same(open_store(path, "one").get("model", footage, PAIR), score(0.1))
    assert same(open_store(path, "two").get("model", footage, PAIR), score(0.2))


def test_another_kind_of_table_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("text,frame,second\nclose,0,0.0\n")
    with pytest.raises(DataError, match="no table of a2r bench"):
        open_store(path)
    assert path.read_text() == "text,frame,second\nclose,0,0.0\n"


def test_memory_needs_no_file() -> None:
    store, footage = open_store(None), Footage("a", Path("nowhere"), (PAIR,))
    store.put("model", footage, {PAIR: score(0.1)})
    assert same(store.get("model", footage, PAIR), score(0.1))
