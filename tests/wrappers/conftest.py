"""What the wrapper tests share: actions, and streams without `push_rows`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from a2r_gym.protocols import FailureModes, Scores
from a2r_gym.testing import FrameReadingModel, FrameReadingStream

ACTION = np.zeros(2, dtype=np.float32)


class _WholePush:
    """Hides `push_rows`: takes a frame of every episode, or none."""

    def __init__(self, stream: FrameReadingStream) -> None:
        self._stream = stream

    def push(self, frames: NDArray[np.uint8], reset_mask: NDArray[np.bool_]) -> Scores:
        return self._stream.push(frames, reset_mask)


class WholePushModel(FrameReadingModel):
    """A model that implements the protocol and nothing more: no rows, no margin."""

    def stream(self, instructions: Sequence[str]) -> _WholePush:  # type: ignore[override]
        return _WholePush(super().stream(instructions))


class FailureNamingModel(FrameReadingModel):
    """Knows and names the failures of one instruction, knows those of another, and none of a third."""

    def failure_modes(self, instruction: str) -> FailureModes | None:
        names = {"count": ("never began",), "unnamed": ()}
        return FailureModes("toy/count", names[instruction], 1.0) if instruction in names else None


@pytest.fixture(params=[FrameReadingModel, WholePushModel], ids=["rows", "whole"])
def model(request: pytest.FixtureRequest) -> FrameReadingModel:
    """Make a model whose streams take rows, and one whose streams do not."""
    made: FrameReadingModel = request.param()
    return made
