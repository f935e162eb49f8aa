"""A model that reads words and time passes every probe, one that does not fails those of what it does not read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from a2r_gym.protocols import Scores
from a2r_train.courses import success_videos
from a2r_train.probes import PROBES, _shuffled, score_probes
from a2r_train.scored_clips import ScoredClips, score_clips
from tests.training.test_evaluate import TABLES, Oracle, make_clips


class Still(Oracle):
    """Reads the sentence and the mean picture: the order of time is lost."""

    def score(self, videos: Sequence[NDArray[np.uint8]], instructions: Sequence[str]) -> Scores:
        mean = [np.stack([video[0] * 0, video.mean(axis=0).astype(np.uint8)]) for video in videos]
        return super().score(mean, instructions)


class Deaf(Oracle):
    """Sees what moves, whatever is asked for."""

    def score(self, videos: Sequence[NDArray[np.uint8]], instructions: Sequence[str]) -> Scores:
        gain = np.array([float(v[-1, 0, :, 0].sum()) - float(v[0, 0, :, 0].sum()) for v in videos], dtype=np.float32)
        return Scores(gain, gain, np.full(len(gain), -1), np.zeros((len(gain), 0), dtype=np.float32))


@pytest.fixture(scope="module")
def scored() -> ScoredClips:
    return score_clips(Oracle(), make_clips(), TABLES, progress=False)


def _shares(model: Oracle, scored: ScoredClips) -> dict[str, float]:
    rng = np.random.default_rng(0)
    videos = success_videos(scored, np.ones(len(scored.clips), dtype=bool), 6, rng)
    found = score_probes(model, scored, videos, rng, progress=False)
    lower = np.array([probe.lower for task in found.values() for probe in task])
    return dict(zip(PROBES, np.nanmean(lower, axis=0).tolist(), strict=True))


def test_an_oracle_passes_them_all(scored: ScoredClips) -> None:
    assert min(_shares(Oracle(), scored).values()) > 0.9


def test_without_time_the_order_of_frames_makes_no_difference(scored: ScoredClips) -> None:
    shares = _shares(Still(), scored)
    assert shares["reversed video"] == shares["shuffled video"] == 0.0
    assert shares["opposite instruction"] == shares["unrelated instruction"] == 1.0


def test_without_words_the_instruction_makes_no_difference(scored: ScoredClips) -> None:
    shares = _shares(Deaf(), scored)
    assert shares["opposite instruction"] == shares["unrelated instruction"] == 0.0
    assert shares["reversed video"] == 1.0


def test_a_task_without_an_opposite_is_not_counted(scored: ScoredClips) -> None:
    rng = np.random.default_rng(0)
    mug = {"tabletop/mug-left": np.flatnonzero((scored.name == "tabletop/mug-left") & (scored.kind == "success"))[:1]}
    lower = score_probes(Oracle(), scored, mug, rng, progress=False)["tabletop/mug-left"][0].lower
    assert np.isnan(lower[0])
    assert np.isfinite(lower[1:]).all()


def test_shuffled_frames_are_in_neither_order() -> None:
    for seed in range(50):
        steps = np.diff(_shuffled(3, np.random.default_rng(seed)))
        assert not (steps == 1).all()
        assert not (steps == -1).all()
