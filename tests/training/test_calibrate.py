"""The calibration is logistic regression with balanced classes, and refuses what cannot be calibrated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import a2r_gym
from a2r_gym.errors import A2RError, CheckpointError, DataError, NonFiniteRewardError
from a2r_gym.models.calibration import Calibration
from a2r_gym.models.checkpoint import CheckpointMeta, load_network, save_checkpoint
from a2r_gym.protocols import ScoreMatrix
from a2r_train import calibrate as command
from a2r_train.calibrate import Pairs, calibrate, fit_calibration, fit_with_margin
from a2r_train.card import CALIBRATION, calibration_line
from a2r_train.data.clips import ClipSet
from tests.tiny_backbone import IMAGE_SIZE
from tests.training.synthetic import make_clips, tiny_network


def _scores(seed: int, successes: int = 150, failures: int = 400, gap: float = 0.25) -> tuple[NDArray, NDArray]:
    rng = np.random.default_rng(seed)
    success = np.arange(successes + failures) < successes
    similarity = np.clip(0.2 + gap * success + 0.15 * rng.normal(size=len(success)), -1, 1)
    return similarity.astype(np.float32), success


class TestAgainstScikitLearn:
    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize("gap", [0.1, 0.3])
    def test_slope_and_intercept_are_its(self, seed: int, gap: float) -> None:
        linear_model = pytest.importorskip("sklearn.linear_model")
        similarity, success = _scores(seed, gap=gap)
        theirs = linear_model.LogisticRegression(C=1e8, class_weight="balanced", tol=1e-10, max_iter=2000)
        theirs.fit(similarity[:, None].astype(np.float64), success)
        ours = fit_calibration(similarity, success)
        assert ours.slope == pytest.approx(float(theirs.coef_[0, 0]), rel=1e-3)
        assert ours.intercept == pytest.approx(float(theirs.intercept_[0]), rel=1e-3, abs=1e-3)
        np.testing.assert_allclose(
            ours(similarity), theirs.predict_proba(similarity[:, None].astype(np.float64))[:, 1], atol=1e-3
        )


class TestFit:
    def test_both_classes_weigh_the_same_however_many_there_are(self) -> None:
        similarity, success = _scores(0, successes=100, failures=100)
        often = np.concatenate([np.arange(200), *[np.flatnonzero(~success)] * 5])
        few, many = fit_calibration(similarity, success), fit_calibration(similarity[often], success[often])
        assert many.slope == pytest.approx(few.slope, rel=1e-3)
        assert many.intercept == pytest.approx(few.intercept, rel=1e-3)

    def test_classes_that_do_not_overlap_give_finite_numbers_that_part_them(self) -> None:
        success = np.arange(40) < 20
        similarity = np.where(success, 0.6, 0.2).astype(np.float32)
        calibration = fit_calibration(similarity, success)
        assert np.isfinite([calibration.slope, calibration.intercept]).all()
        assert calibration(similarity)[success].min() > 0.95
        assert calibration(similarity)[~success].max() < 0.05

    def test_the_slope_is_positive_even_where_scores_are_upside_down(self) -> None:
        similarity, success = _scores(0)
        calibration = fit_calibration(-similarity, success)
        assert calibration.slope > 0
        assert calibration(-similarity) == pytest.approx(np.full(len(success), 0.5), abs=0.05)


def _pairs(seed: int, *, others: int = 200, similarity_tells: bool = False) -> Pairs:
    """Draw pairs: the margin tells own successes from own failures, similarity tells other instructions apart."""
    rng = np.random.default_rng(seed)
    own = np.arange(400 + others) < 400
    success = np.arange(400 + others) < 150
    similarity = 0.4 * own + 0.3 * rng.normal(size=len(own)) + 0.4 * success * similarity_tells
    margin = np.where(own, np.where(success, 0.3, -0.3), 0.1) + 0.2 * rng.normal(size=len(own))
    return Pairs(similarity.astype(np.float32), margin.astype(np.float32), success, own)


class TestWithMargin:
    def test_it_is_weighted_logistic_regression(self) -> None:
        linear_model = pytest.importorskip("sklearn.linear_model")
        pairs = _pairs(0, similarity_tells=True)
        own, other = pairs.own & ~pairs.success, ~pairs.own
        weights = pairs.success / pairs.success.sum() + 0.8 * own / own.sum() + 0.2 * other / other.sum()
        inputs = np.stack([pairs.similarity, pairs.margin], axis=1).astype(np.float64)
        theirs = linear_model.LogisticRegression(C=1e9, tol=1e-10, max_iter=5000)
        theirs.fit(inputs, pairs.success, sample_weight=weights * 1000)
        expected = (*theirs.coef_[0], float(theirs.intercept_[0]))
        assert fit_with_margin(pairs) == pytest.approx(expected, rel=2e-2, abs=2e-2)

    def test_a_slope_is_never_negative(self) -> None:
        pairs = _pairs(1, others=0, similarity_tells=True)
        slope, margin_slope, intercept = fit_with_margin(pairs._replace(similarity=-pairs.similarity))
        assert slope == 0.0
        assert margin_slope > 1.0
        assert np.isfinite(intercept)

    def test_classes_that_do_not_overlap_give_finite_numbers(self) -> None:
        success = np.arange(40) < 20
        apart = np.where(success, 0.5, -0.5).astype(np.float32)
        found = fit_with_margin(Pairs(apart, apart, success, np.ones(40, np.bool_)))
        assert np.isfinite(found).all()

    def test_scores_that_are_not_finite(self) -> None:
        pairs = _pairs(2)
        pairs.margin[0] = np.nan
        with pytest.raises(NonFiniteRewardError, match="1 scores"):
            fit_with_margin(pairs)


class TestCommand:
    @pytest.fixture
    def folder(self, tmp_path: Path, tiny_backbone: str) -> Path:
        network = tiny_network(("tabletop/drawer-close", "tabletop/mug-left"))
        meta = CheckpointMeta(calibration=Calibration(slope=1.0, intercept=0.0))
        save_checkpoint(tmp_path / "model", network, meta, f"# tiny\n\n{CALIBRATION} none yet.\n- Other: line.\n")
        return tmp_path / "model"

    @pytest.fixture
    def loaded(self, monkeypatch: pytest.MonkeyPatch) -> ClipSet:
        clips = make_clips(size=IMAGE_SIZE)
        monkeypatch.setattr(command, "load_clips", lambda *_: clips)
        return clips

    def test_a_copy_has_the_same_weights_and_another_calibration(self, folder: Path, loaded: ClipSet) -> None:
        out = folder.with_name("mine")
        assert command.main([str(folder), "--validation", "x", "--out", str(out)]) == 0
        assert (out / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()
        meta, before = load_network(out)[1], load_network(folder)[1]
        assert before.calibration == Calibration(slope=1.0, intercept=0.0)
        assert meta.calibration.with_margin is not None
        trained = {"tabletop/drawer-close", "tabletop/mug-left"}
        assert meta.calibration == calibrate(a2r_gym.load_reward(folder), loaded, trained)
        lines = (out / "README.md").read_text().splitlines()
        assert lines[2:] == [calibration_line(meta.calibration), "- Other: line."]

    def test_another_folder_is_not_overwritten(self, folder: Path, loaded: ClipSet) -> None:
        out = folder.with_name("theirs")
        out.mkdir()
        with pytest.raises(CheckpointError, match="another --out"):
            command.main([str(folder), "--validation", "x", "--out", str(out)])
        assert not list(out.iterdir())


class TestRefused:
    @pytest.mark.parametrize("label", [True, False])
    def test_one_class_missing(self, label: bool) -> None:
        with pytest.raises(DataError, match="succeed and clips that fail; collect more"):
            fit_calibration(np.zeros(4, np.float32), np.full(4, label))

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_scores_that_are_not_finite(self, bad: float) -> None:
        similarity, success = _scores(0)
        similarity[3] = bad
        with pytest.raises(NonFiniteRewardError, match="1 scores are NaN or infinite"):
            fit_calibration(similarity, success)

    @pytest.mark.parametrize("shape", [(3,), (4, 1), (0,)])
    def test_numbers_that_do_not_fit_together(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(DataError, match="one score and one label a clip"):
            fit_calibration(np.zeros(shape, np.float32), np.arange(4) < 2)

    def test_no_clips_at_all(self) -> None:
        with pytest.raises(A2RError, match="collect more validation clips"):
            fit_calibration(np.zeros(0, np.float32), np.zeros(0, np.bool_))


class KnowsTheDrawer:
    """Tells successes from failures where the drawer is meant, and guesses elsewhere; looks the answer up."""

    def __init__(self, clips: ClipSet) -> None:
        self._clips, self._rng = clips, np.random.default_rng(0)

    def score_matrix(self, videos: list[NDArray], instructions: list[str]) -> ScoreMatrix:
        sure = "drawer" in instructions[0]
        truth = np.array([self._solved(video) for video in videos])
        similarity = np.where(truth, 0.4, -0.4) if sure else self._rng.uniform(-0.4, 0.4, size=len(videos))
        noisy = (similarity + 0.2 * self._rng.normal(size=len(videos)))[:, None].astype(np.float32)
        return ScoreMatrix(noisy, noisy)

    def _solved(self, video: NDArray) -> bool:
        row = next(row for row, frames in enumerate(self._clips.frames) if np.array_equal(frames, video))
        own = self._clips.label_names.index(f"{self._clips.family[row]}/{self._clips.task[row]}")
        return bool(self._clips.success[row, -1, own] == 1)


class TestTrainedTasks:
    def test_tasks_that_the_robot_never_did_do_not_blur_the_calibration(self) -> None:
        clips = make_clips()
        known = {name for name in clips.label_names if "drawer" in name}
        apart, mixed = (calibrate(KnowsTheDrawer(clips), clips, trained) for trained in (known, ()))
        assert apart.slope > 1.5 * mixed.slope

    def test_all_tasks_count_where_none_of_the_trained_is_there(self) -> None:
        clips = make_clips()
        one, other = (calibrate(KnowsTheDrawer(clips), clips, trained) for trained in (["metaworld/none"], ()))
        assert one == other
