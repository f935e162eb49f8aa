"""What the tests of pictures share: which pixels show a thing, and where they lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray


@contextmanager
def hidden(env: Any, material: str) -> Iterator[None]:
    """Leave what has a material out of an environment's pictures."""
    colour = env._renderer.model.material(material).rgba
    kept = colour.copy()
    colour[3] = 0.0
    try:
        yield
    finally:
        colour[:] = kept


def pixels_of(env: Any, material: str) -> NDArray[np.bool_]:
    """Return which pixels (H, W) show a material."""
    seen = env.render()
    with hidden(env, material):
        without = env.render()
    mask: NDArray[np.bool_] = (seen != without).any(axis=-1)
    return mask


def centre(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the mean place of pixels, (right, down)."""
    assert mask.any(), "nothing of it is in the picture"
    down, right = np.nonzero(mask)
    return np.array([right.mean(), down.mean()])
