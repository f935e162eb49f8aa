"""The learning curve on disk."""

from __future__ import annotations

import math
from pathlib import Path

import imageio.v3 as imageio
import numpy as np

from a2r_gym.rl.learning_curve import CurvePoint, draw_learning, read_curve, write_curve

POINTS = [CurvePoint(0, 0.1, 10, math.nan, 0.5), CurvePoint(1_234_567, 0.7, 10, 0.25, 60.0)]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    assert read_curve(tmp_path) == []
    write_curve(tmp_path, POINTS)
    back = read_curve(tmp_path)
    assert back[1] == POINTS[1]
    assert back[0].step == 0
    assert math.isnan(back[0].mean_reward)


def test_the_file_is_a_table_with_a_head(tmp_path: Path) -> None:
    write_curve(tmp_path, POINTS)
    assert (tmp_path / "curve.csv").read_text().splitlines() == [
        "step,success_rate,episodes,mean_reward,seconds",
        "0,0.1,10,nan,0.5",
        "1234567,0.7,10,0.25,60",
    ]


def test_it_is_drawn(tmp_path: Path) -> None:
    picture = imageio.imread(draw_learning(POINTS, "title", tmp_path / "curve.png"))
    assert picture.std() > 5
    assert np.ndim(imageio.imread(draw_learning([], "nothing yet", tmp_path / "empty.png"))) == 3
