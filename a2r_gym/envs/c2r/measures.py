"""What the success rules look at, at one moment and over an episode."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["HISTORY_SIZE", "History", "Measures", "extend", "pack", "unpack"]


class Measures(NamedTuple):
    """One moment. "First" is the thing that the task acts on, "second" the one that it is put into, onto or beside.

    Attributes:
        right: Metres the first has moved to the picture's right since the start.
        away: Metres it has moved away from the camera.
        rise: Metres it has risen.
        tilt: Radians between its axis and the vertical.
        turn: Radians it has turned about the vertical.
        sink: Metres per second at which it sinks.
        joint: Position of its joint, metres or radians; 0 without one.
        gap: Metres between first and second on the table; 0 without a second.
        level: Metres that the first's middle is above the second's.
        reach: Metres between the fingertips and the first.
        shoved: Metres the second has moved on the table.
        second_tilt: Radians between the second's axis and the vertical.
    """

    right: float = 0.0
    away: float = 0.0
    rise: float = 0.0
    tilt: float = 0.0
    turn: float = 0.0
    sink: float = 0.0
    joint: float = 0.0
    gap: float = 0.0
    level: float = 0.0
    reach: float = 0.0
    shoved: float = 0.0
    second_tilt: float = 0.0


class History(NamedTuple):
    """An episode as far as the rules need it: its start, its present, and the extremes so far."""

    start: Measures
    now: Measures
    low: Measures
    high: Measures


HISTORY_SIZE = 4 * len(Measures._fields)
"""Numbers of a packed history."""


def extend(history: History, now: Measures) -> History:
    """Add a moment to an episode."""
    low = Measures(*np.minimum(history.low, now).tolist())
    high = Measures(*np.maximum(history.high, now).tolist())
    return History(history.start, now, low, high)


def pack(history: History) -> NDArray[np.float64]:
    """Return a history as float64 (`HISTORY_SIZE`,)."""
    return np.concatenate([np.asarray(part, dtype=np.float64) for part in history])


def unpack(values: NDArray[np.float64]) -> History:
    """Undo `pack`."""
    rows = values.reshape(4, len(Measures._fields)).tolist()
    return History(*(Measures(*row) for row in rows))
