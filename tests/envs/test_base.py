"""Actions that do not fit."""

from __future__ import annotations

import numpy as np
import pytest

from a2r_gym.envs.base import ActionError, check_action
from a2r_gym.errors import A2RError


def test_a_fitting_action_comes_back_as_float64() -> None:
    checked = check_action(np.array([0.5, -2.0], np.float32), 2)
    assert checked.dtype == np.float64
    assert checked.tolist() == [0.5, -2.0]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (np.zeros(3), r"expected an action of shape \(2,\), got \(3,\)$"),
        (np.zeros((1, 2)), r"got \(1, 2\); step a vector environment"),
        ([0.0, np.nan], "finite numbers"),
    ],
)
def test_any_other_is_refused(action: object, message: str) -> None:
    with pytest.raises(ActionError, match=message):
        check_action(action, 2)  # type: ignore[arg-type]
    assert issubclass(ActionError, (A2RError, ValueError))
