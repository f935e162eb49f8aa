"""Viewpoints and the directions of their pictures."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from a2r_gym.envs.c2r.cameras import VIEWPOINTS, Viewpoint, viewpoint_of
from a2r_gym.errors import UnknownNameError


def test_right_and_away_are_level_directions_at_a_right_angle() -> None:
    front = Viewpoint(azimuth=0.0, elevation=30.0, distance=1.0)
    np.testing.assert_allclose(front.away, [-1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(front.right, [0.0, 1.0], atol=1e-12)
    for view in VIEWPOINTS:
        assert view.right @ view.away == pytest.approx(0.0)
        assert (np.array(view.target) - view.eye)[:2] @ view.away > 0.0


def test_the_others_are_clearly_different() -> None:
    for one, other in itertools.combinations(VIEWPOINTS, 2):
        assert np.linalg.norm(one.eye - other.eye) > 0.35


def test_a_camera_is_a_viewpoints_number_as_text() -> None:
    assert viewpoint_of("2", 0) == viewpoint_of(None, 2) == VIEWPOINTS[2]
    with pytest.raises(UnknownNameError, match="Available: 0, 1, 2, 3"):
        viewpoint_of(None, 4)
