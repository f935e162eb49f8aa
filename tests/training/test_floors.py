"""What needs no reward model: it must find a planted leak, and nothing where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from a2r_gym.baselines.floors import FrameCounter
from a2r_gym.metrics import voc
from a2r_gym.protocols import RewardModel
from a2r_train.floors import NUM_FOLDS, fold_scores, mean_floor, motion_profile


def test_motion_is_the_mean_difference_of_neighbouring_frames() -> None:
    videos = np.zeros((2, 3, 8, 8, 3), dtype=np.uint8)
    videos[0, 1] = 10
    videos[1, 2:] = 255
    assert motion_profile(videos).tolist() == [[10.0, 10.0], [0.0, 255.0]]


def test_lengths_that_tell_success_are_found() -> None:
    labels = np.arange(60) % 2 == 0
    lengths = np.where(labels, 50, 30) + np.arange(60) % 5
    assert mean_floor([(lengths, labels)], np.random.default_rng(0))[0].value == 1.0


def test_failures_on_both_sides_of_the_successes_are_found() -> None:
    labels = np.arange(90) % 3 == 0
    lengths = np.where(labels, 50, np.where(np.arange(90) % 3 == 1, 30, 70)) + np.arange(90) % 7
    assert mean_floor([(lengths, labels)], np.random.default_rng(0))[0].value > 0.95


def test_chance_stays_near_one_half_with_few_clips() -> None:
    rng = np.random.default_rng(1)
    tasks = [(rng.normal(size=30), np.arange(30) % 2 == 0) for _ in range(30)]
    estimate, used = mean_floor(tasks, rng)
    assert used == 30
    assert estimate.value == pytest.approx(0.5, abs=0.06)


def test_folds_keep_every_clip_once() -> None:
    labels = np.arange(40) < 15
    folds = fold_scores(np.arange(40.0), labels, seed=0)
    assert len(folds) == NUM_FOLDS
    assert sum(len(fold.successes) for fold in folds) == 15
    assert sum(len(fold.failures[0]) for fold in folds) == 25


def test_a_task_with_fewer_clips_than_folds_is_left_out() -> None:
    estimate, used = mean_floor([(np.arange(8.0), np.arange(8) < 4)], np.random.default_rng(0))
    assert used == 0
    assert np.isnan(estimate.value)


def test_the_frame_counter_rises_on_any_video() -> None:
    video = np.zeros((6, 4, 4, 3), dtype=np.uint8)
    assert voc(FrameCounter().score_steps(video, "close the drawer").similarity) == pytest.approx(1.0)


def test_the_frame_counter_is_a_reward_model_whose_stream_agrees() -> None:
    counter = FrameCounter()
    assert isinstance(counter, RewardModel)
    frames, stream = np.zeros((2, 4, 4, 3), dtype=np.uint8), counter.stream(["a", "b"])
    stream.push(frames, np.array([True, True]))
    streamed = stream.push(frames, np.array([False, True])).similarity
    assert (
        streamed.tolist() == counter.score([np.zeros((n, 4, 4, 3), np.uint8) for n in (2, 1)], ["a", "b"])[0].tolist()
    )
