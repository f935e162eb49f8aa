"""evaluate: numbers against the metrics themselves, floors beside them, and what cannot be measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from a2r_gym.bench import BenchConfig, Clip, FrameCounter, Report, evaluate
from a2r_gym.bench.evaluation import COUNTER, RANDOM
from a2r_gym.errors import DataError, NonFiniteRewardError
from tests.bench.videos import CLOSE, OPEN, StepReader, video, write_video


def measured(clips: list[Any], model: Any = None, **config: Any) -> Report:
    return evaluate(model or StepReader(), clips, BenchConfig(**config), progress=False)


def pool(seed: int = 0, count: int = 20) -> list[tuple[Any, str, bool]]:
    """Draw videos that end high (closed) or low (opened), a success or not with some noise."""
    rng = np.random.default_rng(seed)
    clips = []
    for number in range(count):
        said, success = (CLOSE, OPEN)[number % 2], bool(number // 2 % 2)
        closed = success == (said == CLOSE)
        end = int(np.clip((70 if closed else 30) + rng.normal(0, 25), 0, 99))
        clips.append((video(*np.linspace(50, end, 4).astype(int)), said, success))
    return clips


def test_numbers_equal_scikit_learn_averaged_over_instructions() -> None:
    clips = pool()
    report = measured(clips)
    model, aurocs, precisions, errors = StepReader(), [], [], []
    for said in (CLOSE, OPEN):
        mine = [clip for clip in clips if clip[1] == said]
        scores, labels = model.score([clip[0] for clip in mine], [said] * len(mine)), [clip[2] for clip in mine]
        aurocs.append(roc_auc_score(labels, scores))
        precisions.append(average_precision_score(labels, scores))
        errors += [(score - label) ** 2 for score, label in zip(scores, labels, strict=True)]
    assert report["AUROC"].value == pytest.approx(np.mean(aurocs))
    assert report["AUPRC"].value == pytest.approx(np.mean(precisions))
    assert report["Brier score"].value == pytest.approx(np.mean(errors), abs=1e-6)
    assert report["AUROC"].n == 20
    assert 0 < report["AUROC"].low < report["AUROC"].high <= 1


def test_probes_worked_by_hand() -> None:
    clips = [(video(10, 40, 90), CLOSE, True), (video(80, 30, 20), OPEN, True)]
    report = measured(clips)
    # success: 0.9 and 0.8 under their own instruction, 0.1 and 0.2 under the other.
    assert report["confusion margin"].value == pytest.approx(0.85 - 0.15)
    assert report["right instruction first"].value == 1.0
    assert (report["VOC"].value, report["VOC reversed"].value) == pytest.approx((1.0, -1.0))
    assert report["tau_a"].value == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["VOC", "tau_a"])
def test_a_clock_is_beside_every_course_and_its_reversal_gives_it_away(name: str) -> None:
    report = measured(pool())
    names = [row.name for row in report.rows]
    assert names.index(f"{name} reversed") == names.index(name) + 1
    rows = {row.name: row for row in report.rows}
    assert rows[name].floors[COUNTER].value == pytest.approx(1.0)
    assert rows[f"{name} reversed"].floors[COUNTER].value == pytest.approx(1.0)
    assert rows["VOC gap"].floors[COUNTER].value == 0.0
    assert all(set(row.floors) == {RANDOM, COUNTER} for row in report.rows)


def test_a_clock_that_poses_as_a_model_gains_nothing_on_clips_of_one_length() -> None:
    report = measured(pool(), FrameCounter())
    assert report["AUROC"].value == 0.5
    assert report["VOC gap"].value == 0.0
    assert report["confusion margin"].value == 0.0


def test_the_random_floor_is_near_chance_on_many_clips() -> None:
    floor = next(row for row in measured(pool(count=400), probe_clips=0).rows if row.name == "AUROC").floors[RANDOM]
    assert floor.value == pytest.approx(0.5, abs=0.12)  # of some 70 different videos for each sentence


@pytest.mark.parametrize("success", [True, False])
def test_one_class_leaves_out_what_needs_two_and_says_so(success: bool) -> None:
    report = measured([(video(10, 60), CLOSE, success), (video(20, 70), CLOSE, success)])
    assert {"AUROC", "AUPRC"} <= set(report.left_out)
    assert f"all 2 clips are {'successes' if success else 'failures'}" in report.left_out["AUROC"]
    assert "AUROC: all 2 clips" in report.to_markdown()
    assert report["Brier score"].n == 2
    assert ("VOC" in report.left_out) != success
    with pytest.raises(KeyError, match="all 2 clips"):
        report["AUROC"]


def test_instructions_of_one_class_are_counted_out_and_none_with_both_is_told() -> None:
    rows = [(video(10), CLOSE, False), (video(90), CLOSE, True), (video(10), OPEN, True)]
    report = measured(rows)
    assert report["AUROC"].n == 2
    assert "1 left out" in next(row for row in report.rows if row.name == "AUROC").note
    assert "no instruction has both" in measured([*rows[1:], (video(5), "wave", False)]).left_out["AUROC"]


def test_one_instruction_cannot_be_confused() -> None:
    report = measured([(video(10, 60), CLOSE, True), (video(20, 30), CLOSE, False)])
    assert "only one instruction" in report.left_out["confusion margin"]


def test_instructions_are_listed_worst_first_and_undefined_last() -> None:
    clips = [(video(step), "close it", step > 50) for step in (10, 90)]
    clips += [(video(step), "close badly", step < 50) for step in (11, 91)]
    report = measured([(video(5), "close once", True), *clips])
    assert [line["instruction"] for line in report.instructions] == ["close badly", "close it", "close once"]


def test_bad_videos_are_an_error_or_left_out_for_the_floors_too(tmp_path: Path) -> None:
    clips = [*pool(), (tmp_path / "gone.mp4", CLOSE, True), (str(tmp_path / "lost.mp4"), OPEN, True)]
    with pytest.raises(OSError, match=r"(?s)gone\.mp4.*lost\.mp4"):
        measured(clips)
    report = measured(clips, skip_bad=True)
    assert all(estimate.n == 20 for row in report.rows[:2] for estimate in (row.estimate, *row.floors.values()))
    assert [Path(line.split(": ")[0]).name for line in report.bad] == ["gone.mp4", "lost.mp4"]
    assert "Not measured:" in report.to_markdown()


def test_nan_is_an_error_and_a_model_that_gives_nothing_else_cannot_be_skipped() -> None:
    with pytest.raises(NonFiniteRewardError, match="clip 1"):
        measured([(video(10), CLOSE, True), (video(50), CLOSE, False)], StepReader(nan_at=50))
    with pytest.raises(NonFiniteRewardError):
        measured([(video(50), CLOSE, True)], StepReader(nan_at=50), skip_bad=True)


def test_stored_videos_and_frames_give_the_same_report(tmp_path: Path) -> None:
    steps = [(10, 40, 90), (80, 30, 20), (20, 20, 30)]
    rows = list(zip(steps, (CLOSE, OPEN, CLOSE), (True, True, False), strict=True))
    frames = [Clip(video(*steps), said, label, str(number)) for number, (steps, said, label) in enumerate(rows)]
    stored = [
        Clip(write_video(tmp_path / str(number), *steps), said, label, str(number))
        for number, (steps, said, label) in enumerate(rows)
    ]
    assert measured(frames).to_json() == measured(stored).to_json()


def test_the_same_seed_gives_the_same_report() -> None:
    assert measured(pool(), seed=3).to_csv() == measured(pool(), seed=3).to_csv()
    assert measured(pool(), seed=3).to_csv() != measured(pool(), seed=4).to_csv()


def test_a_model_cannot_take_a_floors_name() -> None:
    with pytest.raises(DataError, match="name of a floor"):
        evaluate(StepReader(), pool(), name=RANDOM, progress=False)
