"""``a2r plan`` in miniature."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from a2r_gym.errors import UnknownNameError
from a2r_gym.planners.command import main
from a2r_gym.planners.dynamics.simulator import StateError
from a2r_gym.planners.plan_scorer import PlanningError
from a2r_gym.video_file import read_clip

SMALL = [
    "--num-plans", "2", "--plan-steps", "4", "--action-hold", "2", "--population-size", "4", "--num-iterations", "0"
]  # fmt: skip


def test_shows_the_episode_its_candidates_and_a_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("metaworld")
    options = ["A2R-Tabletop-drawer-close-v1", "--scene", "9001", "--workers", "0", "--out", str(tmp_path)]
    assert main([*options, *SMALL]) == 0
    assert "in 1 episodes" in capsys.readouterr().out
    record = json.loads((tmp_path / "plan.json").read_text())
    assert record["instruction"] == "close the drawer"
    assert len(record["episodes"][0]["scores"]) == 2
    assert np.isfinite(record["episodes"][0]["scores"]).all()
    assert len(read_clip(tmp_path / "episode.mp4").frames) >= 9  # the start and 8 steps
    assert (tmp_path / "candidates.png").stat().st_size > 10_000


def test_mistakes_are_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="latent"):
        main(["A2R-Tabletop-drawer-close-v1", "--dynamics", "latend"])
    with pytest.raises(StateError, match="Pendulum"):
        main(["Pendulum-v1", "--instruction", "swing up", "--out", str(tmp_path)])
    with pytest.raises(PlanningError, match="a2r dynamics"):
        main(["A2R-Tabletop-drawer-close-v1", "--dynamics", "latent", "--out", str(tmp_path)])
