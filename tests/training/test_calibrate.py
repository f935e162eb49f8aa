"""The calibration is logistic regression with balanced classes, and refuses what cannot be calibrated."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from a2r_gym.errors import A2RError, DataError, NonFiniteRewardError
from a2r_gym.protocols import ScoreMatrix
from a2r_train.calibrate import calibrate, fit_calibration
from a2r_train.data.clips import ClipSet
from tests.training.synthetic import make_clips


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


class TestRefused:
    @pytest.mark.parametrize("label", [True, False])
    def test_one_class_missing(self, label: bool) -> None:
        with pytest.raises(DataError, match="succeed and clips that fail; collect more"):
            fit_calibration(np.zeros(4, np.float32), np.full(4, label))

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_scores_that_are_not_finite(self, bad: float) -> None:
        similarity, success = _scores(0)
        similarity[3] = bad
        with pytest.raises(NonFiniteRewardError, match="1 similarities are NaN or infinite"):
            fit_calibration(similarity, success)

    @pytest.mark.parametrize("shape", [(3,), (4, 1), (0,)])
    def test_numbers_that_do_not_fit_together(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(DataError, match="one similarity and one label a clip"):
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
