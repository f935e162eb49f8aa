"""The video of an episode beside its reward."""

from __future__ import annotations

from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest

from a2r_gym.rl.episode_video import Episode, draw_curve, record_episode, write_video
from a2r_gym.rl.evaluation import evaluate_policy
from a2r_gym.wrappers import VideoTextReward
from tests.rl.point_env import POINT, STEPS, BrightnessModel, PointEnv

RIGHT = np.ones(1, np.float32)


@pytest.fixture
def episode() -> Episode:
    return record_episode(POINT, lambda obs: RIGHT, reward_model=BrightnessModel(), seed=2)


def test_it_is_the_evaluations_episode_of_that_number_each_frame_rendered_once(episode: Episode) -> None:
    seed = PointEnv.seeds[-1]
    assert PointEnv.renders == len(episode.frames) == STEPS + 1
    assert episode.is_success.any()
    evaluate_policy(POINT, lambda obs: RIGHT, episodes=3)
    assert PointEnv.seeds[-1] == seed


def test_scores_are_those_of_the_reward_while_it_runs(episode: Episode) -> None:
    env = VideoTextReward(PointEnv(task="right"), reward_model=BrightnessModel())
    infos = [env.reset(seed=PointEnv.seeds[-1])[1]]
    infos += [env.step(RIGHT)[-1] for _ in range(STEPS)]
    np.testing.assert_allclose(episode.success, [info["a2r/success"] for info in infos], atol=1e-6)
    np.testing.assert_allclose(episode.similarity, [info["a2r/similarity"] for info in infos], atol=1e-6)


def test_the_video_shows_every_step_and_marks_success_from_its_first(episode: Episode, tmp_path: Path) -> None:
    video = imageio.imread(write_video(episode, "push it", tmp_path / "episode.mp4"), plugin="pyav")
    assert video.shape == (STEPS + 1 + 20, 384, 768, 3)
    first = int(episode.is_success.argmax())
    greenness = video[:, 100, 2].astype(int) @ [-1, 2, -1]  # in the border
    assert (greenness[:first] < 60).all()
    assert (greenness[first:] > 120).all()
    assert list(tmp_path.iterdir()) == [tmp_path / "episode.mp4"]


def test_the_curve_grows(episode: Episode, tmp_path: Path) -> None:
    video = imageio.imread(write_video(episode, "push it", tmp_path / "episode.mp4"), plugin="pyav")
    coloured = [(np.ptp(picture[:300, 384:].astype(int), axis=-1) > 60).sum() for picture in video]
    assert coloured[0] < coloured[4] < coloured[8] < coloured[STEPS]
    assert coloured[STEPS] > 200


def test_columns_of_the_curve_follow_the_steps(episode: Episode) -> None:
    columns = draw_curve(episode, "push it").columns
    assert len(columns) == len(episode.frames)
    assert (np.diff(columns) > 0).all()
