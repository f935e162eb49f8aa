"""An oracle reaches every row, a blind model misses them, and each rule about clips holds."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from a2r_gym.baselines.floors import FrameCounter
from a2r_gym.envs.base import TaskInfo
from a2r_gym.errors import DataError, NonFiniteRewardError
from a2r_gym.protocols import Scores
from a2r_train.contact_sheets import draw_histograms, draw_sheets, worst_clips
from a2r_train.data.clips import ClipSet
from a2r_train.evaluate import EvaluateArgs, Evaluation, evaluate, main, read_paraphrases, task_tables
from a2r_train.held_out_paraphrases import HELD_OUT_PARAPHRASES
from a2r_train.report import Row
from a2r_train.retrieval import retrieval
from a2r_train.scored_clips import score_clips

FRAMES = 6
SOURCES = ("success", "success", "random", "missed", "stopped_short", "undone")


def _task(name: str, thing: str, opposite: str | None = None, marker: bool = False) -> TaskInfo:
    return TaskInfo(
        name=name,
        instruction=f"{name} please",
        paraphrases=(f"kindly {name}", f"do {name}"),
        opposite=opposite,
        marker=marker,
        object=thing,
        max_episode_steps=60,
    )


TABLES = {
    "tabletop": {
        "drawer-close": _task("drawer-close", "drawer", "drawer-open"),
        "drawer-open": _task("drawer-open", "drawer", "drawer-close"),
        "mug-left": _task("mug-left", "mug"),
    },
    "metaworld": {
        "door-open": _task("door-open", "door", "door-close"),
        "door-close": _task("door-close", "door", "door-open"),
        "reach": _task("reach", "gripper", marker=True),
        "push": _task("push", "puck", marker=True),
    },
}
LABELS = tuple(f"{family}/{task}" for family, tasks in TABLES.items() for task in tasks)
LABEL_OF = {
    sentence: LABELS.index(f"{family}/{task}")
    for family, tasks in TABLES.items()
    for task, info in tasks.items()
    for sentence in (info.instruction, *info.paraphrases)
}


def _course(source: str) -> NDArray[np.float64]:
    """Progress over the kept frames."""
    end = {"success": 1.0, "random": 0.1, "missed": 0.2, "stopped_short": 0.4, "undone": 0.0}[source]
    course = np.linspace(0.0, end, FRAMES)
    if source == "undone":
        course[FRAMES // 2] = 1.0
    return course


def make_clips(per_source: int = 6, seed: int = 0) -> ClipSet:
    """Clips whose pixel (0, label) holds the label's progress; the rest is noise."""
    rng = np.random.default_rng(seed)
    names = [name for name in LABELS if name != "metaworld/push"]
    rows = [(name, source) for name in names for source in SOURCES for _ in range(per_source)]
    rng.shuffle(rows)
    count = len(rows)
    frames = rng.integers(0, 256, size=(count, FRAMES, 8, 8, 3), dtype=np.uint8)
    progress = np.full((count, FRAMES, len(LABELS)), np.nan, dtype=np.float32)
    for clip, (name, source) in enumerate(rows):
        family = name.split("/")[0]
        decided = [label for label in LABELS if label.startswith("tabletop/") == (family == "tabletop")]
        for label in decided if family == "tabletop" else [name]:
            progress[clip, :, LABELS.index(label)] = 0.0
        progress[clip, :, LABELS.index(name)] = _course(str(source))
    frames[:, :, 0, : len(LABELS), 0] = np.rint(np.nan_to_num(progress) * 255)
    return ClipSet(
        frames=frames,
        steps=np.tile(np.arange(FRAMES, dtype=np.int32), (count, 1)),
        family=np.array([name.split("/")[0] for name, _ in rows]),
        task=np.array([name.split("/")[1] for name, _ in rows]),
        scene=np.array(["train" if name.startswith("tabletop") else "default" for name, _ in rows]),
        seed=np.arange(count),
        source=np.array([source for _, source in rows]),
        length=rng.integers(40, 60, size=count).astype(np.int32),
        label_names=LABELS,
        success=np.where(np.isnan(progress), -1, progress >= 1.0).astype(np.int8),
        ambiguous=np.zeros(progress.shape, dtype=bool),
        progress=progress,
    )


class Matrix(NamedTuple):
    similarity: NDArray[np.float32]
    success: NDArray[np.float32]


class Oracle:
    """Reads the sentence's progress off the last frame and takes the first one's off it; all 0.5 for ``deaf_to``."""

    def __init__(self, deaf_to: tuple[str, ...] = ()) -> None:
        self.deaf_to = deaf_to

    def _read(self, frame: NDArray[np.uint8], sentence: str) -> float:
        return frame[0, LABEL_OF[sentence], 0] / 255.0

    def _gain(self, video: NDArray[np.uint8], sentence: str) -> float:
        if sentence.startswith(self.deaf_to or "\0"):
            return 0.5
        return self._read(video[-1], sentence) - self._read(video[0], sentence)

    def score(self, videos: Sequence[NDArray[np.uint8]], instructions: Sequence[str]) -> Scores:
        gain = np.array([self._gain(v, s) for v, s in zip(videos, instructions, strict=True)], dtype=np.float32)
        modes = np.full(len(gain), -1, dtype=np.int64)
        return Scores(gain, np.clip(gain, 0, 1), modes, np.zeros((len(gain), 0), dtype=np.float32))

    def score_steps(self, video: NDArray[np.uint8], instruction: str) -> Scores:
        return self.score([video[: end + 1] for end in range(len(video))], [instruction] * len(video))

    def stream(self, instructions: Sequence[str]) -> None:
        raise NotImplementedError


class MatrixOracle(Oracle):
    """The same with the fast path."""

    def score_matrix(self, videos: Sequence[NDArray[np.uint8]], instructions: Sequence[str]) -> Matrix:
        gain = np.array([[self._gain(v, s) for s in instructions] for v in videos], dtype=np.float32)
        return Matrix(gain, np.clip(gain, 0, 1))


def _evaluate(model: object, clips: ClipSet, **options: object) -> Evaluation:
    return evaluate(model, clips, TABLES, progress=False, batch_size=17, **options)


def _row(evaluation: Evaluation, start: str) -> Row:
    (row,) = [row for row in evaluation.report.rows if row.name.startswith(start)]
    return row


@pytest.fixture(scope="module")
def oracle() -> Evaluation:
    return _evaluate(MatrixOracle(), make_clips())


def test_an_oracle_reaches_every_row_but_the_floors(oracle: Evaluation) -> None:
    asked = [row for row in oracle.report.rows if row.asked is not None and "only" not in row.name]
    assert len(asked) == 16
    assert [row.name for row in asked if not row.met] == []
    assert _row(oracle, "AUROC, near-successes alone, table-top, train").estimate.value == 1.0
    assert _row(oracle, "VOC, the same reversed, table-top and").estimate.value < -0.9


def test_a_blind_model_misses_what_is_asked(oracle: Evaluation) -> None:
    blind = _evaluate(FrameCounter(), make_clips())
    assert _row(blind, "AUROC, table-top, train").estimate.value == 0.5
    assert _row(blind, "right instruction first among 3, table-top").estimate.value == 0.0
    assert _row(blind, "VOC, success videos, table-top and").estimate.value == pytest.approx(1.0)
    assert not _row(blind, "VOC, the same reversed, table-top and").met
    assert not _row(blind, "AUROC, lowest task, Meta-World, visible").met


def test_the_fast_path_and_plain_score_give_equal_rows(oracle: Evaluation) -> None:
    plain = _evaluate(Oracle(), make_clips())
    assert plain.report.rows == oracle.report.rows
    assert plain.scored.num_pairs < oracle.scored.num_pairs


def test_equal_seeds_give_equal_reports(oracle: Evaluation) -> None:
    again = _evaluate(MatrixOracle(), make_clips())
    assert [row.record() for row in again.report.rows] == [row.record() for row in oracle.report.rows]


def test_ambiguous_clips_are_left_out_and_counted() -> None:
    clips = make_clips()
    own = np.flatnonzero((clips.family == "tabletop") & (clips.task == "mug-left") & (clips.source == "missed"))[:3]
    label = LABELS.index("tabletop/mug-left")
    clips.ambiguous[own, -1, label] = True
    clips.frames[own, -1, 0, label, 0] = 255  # wrong, were they counted
    row = _row(_evaluate(MatrixOracle(), clips), "AUROC, table-top, train")
    assert row.estimate.value == 1.0
    assert "3 clips near a threshold left out" in row.note


def test_marker_tasks_are_reported_apart(oracle: Evaluation) -> None:
    assert "mean of 2 tasks" in _row(oracle, "AUROC, Meta-World, visible").note
    assert "mean of 1 tasks" in _row(oracle, "AUROC, Meta-World, marker").note


def test_a_success_plan_that_fails_is_a_near_success() -> None:
    clips = make_clips()
    clips.success[(clips.source == "success") & (clips.seed % 2 == 0), -1] = np.where(
        clips.success[(clips.source == "success") & (clips.seed % 2 == 0), -1] == 1, 0, -1
    )
    scored = score_clips(MatrixOracle(), clips, TABLES, progress=False)
    assert set(scored.kind[(clips.source == "success") & (clips.seed % 2 == 0)]) == {"near"}


def test_a_length_leak_is_shown() -> None:
    clips = make_clips()
    clips.length[clips.source == "success"] += 100
    row = _row(_evaluate(MatrixOracle(), clips), "clip length only, near-successes, table-top")
    assert row.estimate.value == 1.0
    assert row.met is False


def test_a_model_that_is_deaf_to_paraphrases_falls() -> None:
    row = _row(
        _evaluate(MatrixOracle(deaf_to=("kindly",)), make_clips()), "AUROC falls with paraphrases, table-top and"
    )
    assert row.estimate.value == pytest.approx(0.25)
    assert row.met is False


def test_held_out_paraphrases_have_their_own_row() -> None:
    held_out = {"tabletop/mug-left": ["kindly mug-left"]}
    row = _row(
        _evaluate(MatrixOracle(deaf_to=("kindly",)), make_clips(), held_out=held_out),
        "AUROC falls with held-out paraphrases, table-top and",
    )
    assert row.estimate.value == pytest.approx(0.5)
    assert row.note.startswith("1 tasks, 1 sentences")


def test_retrieval_uses_clips_that_satisfy_exactly_one_task() -> None:
    clips = make_clips()
    done = np.flatnonzero((clips.task == "mug-left") & (clips.source == "success"))
    label, other = LABELS.index("tabletop/mug-left"), LABELS.index("tabletop/drawer-open")
    clips.success[done[0], -1, other] = 1
    clips.ambiguous[done[1], -1, other] = True
    clips.success[done[2], 0, label] = 1
    scored = score_clips(MatrixOracle(), clips, TABLES, progress=False)
    used = retrieval(scored, clips.task == "mug-left").clips
    assert sorted(used) == sorted(done[3:])


def test_only_tasks_that_share_the_object_compete() -> None:
    scored = score_clips(MatrixOracle(), make_clips(), TABLES, progress=False)
    found = retrieval(scored, scored.clips.family == "tabletop", same_object=True)
    assert set(found.right) == {"tabletop/drawer-close", "tabletop/drawer-open"}
    assert set(found.num_candidates) == {2}


def test_a_task_that_the_scene_leaves_out_does_not_compete() -> None:
    clips = make_clips()
    clips.success[clips.task == "mug-left", :, LABELS.index("tabletop/drawer-open")] = -1
    scored = score_clips(MatrixOracle(), clips, TABLES, progress=False)
    assert set(retrieval(scored, clips.task == "mug-left").num_candidates) == {2}
    assert set(retrieval(scored, clips.task == "drawer-close").num_candidates) == {3}


def test_all_instructions_of_meta_world_compete(oracle: Evaluation) -> None:
    assert "among 4" in _row(oracle, "right instruction first among 4, Meta-World, all").name


def test_the_report_is_written_as_strict_tables(oracle: Evaluation, tmp_path: Path) -> None:
    files = oracle.report.save(tmp_path / "new")
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == sorted(file.name for file in files)
    content = json.loads((tmp_path / "new" / "report.json").read_text())
    assert len(content["rows"]) == len(oracle.report.rows)
    with (tmp_path / "new" / "clips.csv").open() as lines:
        assert len(list(csv.DictReader(lines))) == len(make_clips().family)
    text = (tmp_path / "new" / "report.md").read_text()
    assert "| AUROC, table-top, train scene | 1.000 [1.000, 1.000] | >= 0.95 | yes |" in text


def test_the_task_table_starts_with_the_worst_task() -> None:
    clips = make_clips()
    clips.frames[clips.task == "mug-left", :, 0, LABELS.index("tabletop/mug-left"), 0] = 7
    worst = _evaluate(MatrixOracle(), clips).report.tasks[0]
    assert worst["task"] == "tabletop/mug-left"
    assert worst["AUROC"].value == 0.5
    assert worst["undone"] == 0.5


def test_sheets_show_the_worst_ranked_clips_of_the_worst_task_first(tmp_path: Path) -> None:
    clips = make_clips()
    label = LABELS.index("tabletop/mug-left")
    fooling = np.flatnonzero((clips.task == "mug-left") & (clips.source == "undone"))[0]
    clips.frames[fooling, -1, 0, label, 0] = 250
    clips.frames[np.flatnonzero((clips.task == "mug-left") & (clips.source == "success"))[0], -1, 0, label, 0] = 0
    scored = score_clips(MatrixOracle(), clips, TABLES, progress=False)
    mask = clips.family == "tabletop"
    assert worst_clips(scored, "tabletop/mug-left", mask, 2)[2] == fooling
    files = draw_sheets(scored, mask, tmp_path, count=2)
    assert len(files) == 3
    assert files[0].name.endswith("tabletop_mug-left.png")
    with Image.open(files[0]) as sheet:
        assert sheet.size == (8 * 8, 4 * (8 + 14))


def test_histograms_are_drawn(oracle: Evaluation, tmp_path: Path) -> None:
    path = draw_histograms(oracle.scored, oracle.groups["tabletop/train"].mask, "table-top", tmp_path / "h.png")
    with Image.open(path) as picture:
        assert picture.size[0] > 300


def test_a_nan_score_is_an_error() -> None:
    class Broken(MatrixOracle):
        def _read(self, frame: NDArray[np.uint8], sentence: str) -> float:
            return float("nan")

    with pytest.raises(NonFiniteRewardError, match="finite"):
        _evaluate(Broken(), make_clips())


def test_clips_without_their_own_label_are_an_error() -> None:
    clips = make_clips()
    clips.success[:] = -1
    with pytest.raises(DataError, match="not decided"):
        _evaluate(MatrixOracle(), clips)
    with pytest.raises(DataError, match="lack labels"):
        _evaluate(MatrixOracle(), dataclasses.replace(clips, label_names=("tabletop/other", *LABELS[1:])))


@pytest.mark.parametrize("content", ["[1]", '{"a": "b"}', "{", '{"a": [1]}'])
def test_a_wrong_paraphrase_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "p.json").write_text(content)
    with pytest.raises(DataError, match=r"p\.json"):
        read_paraphrases(tmp_path / "p.json")


def test_no_data_folder_is_named() -> None:
    with pytest.raises(DataError, match="--data"):
        EvaluateArgs(data=())


def test_the_command_writes_report_histograms_and_sheets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("a2r_gym.models.checkpoint.load_reward", lambda name, runtime: MatrixOracle())
    monkeypatch.setattr("a2r_train.data.clips.load_clips", lambda folders, cache_dir: make_clips())
    monkeypatch.setattr("a2r_train.evaluate.task_tables", lambda: TABLES)
    spoken = tmp_path / "spoken.json"
    spoken.write_text('{"tabletop/mug-left": ["kindly mug-left"]}')
    given = {"--data": tmp_path, "--out": tmp_path / "out", "--sheets": tmp_path / "sheets", "--paraphrases": spoken}
    assert main([str(word) for pair in given.items() for word in pair]) == 0
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "report.md",
        "report.csv",
        "report.json",
        "tasks.csv",
        "clips.csv",
        "histograms_tabletop_train.png",
        "histograms_metaworld_visible.png",
        "histograms_metaworld_marker.png",
    }
    assert len(list((tmp_path / "sheets").rglob("*.png"))) == 6
    printed = capsys.readouterr().out
    assert "Tasks, worst first" in printed
    assert "missed: motion" not in printed


def test_held_out_paraphrases_are_in_no_task_table() -> None:
    tables = task_tables()
    known = {
        sentence.lower().rstrip(".")
        for tasks in tables.values()
        for info in tasks.values()
        for sentence in (info.instruction, *info.paraphrases)
    }
    for name, spoken in HELD_OUT_PARAPHRASES.items():
        family, task = name.split("/")
        assert task in tables[family]
        assert len(spoken) >= 2
        assert known.isdisjoint(sentence.lower() for sentence in spoken), name
