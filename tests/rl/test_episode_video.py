from __future__ import annotations

from pathlib import Path

import imageio.v3 as imageio
import numpy as np

from a2r_gym.rl.episode_video import Episode, draw_curve, record_episode, write_video


def _episode(steps: int = 20, solved_at: int = 12) -> Episode:
    rng = np.random.default_rng(0)
    return Episode(
        frames=rng.integers(0, 256, (steps + 1, 32, 32, 3), dtype=np.uint8),
        similarity=np.linspace(-0.5, 0.5, steps + 1),
        success=np.linspace(0.0, 1.0, steps + 1),
        is_success=np.arange(steps + 1) >= solved_at,
    )


def test_curve_grows_and_the_frame_turns_green_once_solved(tmp_path: Path) -> None:
    path = write_video(_episode(), "close the drawer", tmp_path / "episode.mp4")
    video = imageio.imread(path, plugin="pyav").astype(int)
    assert len(video) >= 21
    right = video[:, :, video.shape[2] // 2 :]
    ink = (right.min(axis=3) < 200).sum(axis=(1, 2))
    assert ink[2] < ink[10] < ink[20]
    red, green = video[:, 3, 3:380, 0].mean(axis=1), video[:, 3, 3:380, 1].mean(axis=1)
    assert green[14] > red[14] + 60
    assert green[5] < red[5] + 60


def test_columns_of_a_curve_rise_with_the_steps() -> None:
    columns = draw_curve(_episode(), "close the drawer").columns
    assert (np.diff(columns) > 0).all()


def test_recorded_episode_has_a_score_for_each_frame(tiny_checkpoint: Path) -> None:
    episode = record_episode(
        "A2R-Tabletop-drawer-close-v1", lambda obs: np.zeros(5, np.float32), reward_model=str(tiny_checkpoint)
    )
    assert len(episode.frames) == len(episode.similarity) == len(episode.success) == len(episode.is_success) == 61
    assert not episode.is_success.any()
