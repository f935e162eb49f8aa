"""Success rules as functions from an episode's history to a label; each builder gives the rule of one kind of task.

All of them look at the simulator's state alone. Ambiguous is what lies between half and 1.5 times a threshold, what is
done but still in the hand, and what ended where it began but got there by the task's own motion from elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from a2r_gym.envs.base import TaskLabel
from a2r_gym.envs.c2r.measures import History, Measures

__all__ = [
    "Rule",
    "apart",
    "beside",
    "closed",
    "covered",
    "dropped",
    "inside",
    "lifted",
    "moved",
    "onto",
    "opened",
    "taken_out",
    "tipped",
    "turned",
    "uncovered",
]

Rule = Callable[[History], TaskLabel]

AMBIGUOUS: Final = (0.5, 1.5)
"""Between these multiples of a threshold a clip is flagged."""
UPRIGHT: Final = 0.35
"""Radians; what leans less stands."""
ON_TABLE: Final = 0.02
"""Metres; what has risen less, or sunk less, still stands on the table."""
LET_GO: Final = 0.05
"""Metres between fingertips and thing beyond which the hand has let go."""
FALLING: Final = 0.9
"""Metres per second; the hand itself goes down at 0.6 at most."""


def _near(value: float, threshold: float) -> bool:
    return AMBIGUOUS[0] * threshold <= value <= AMBIGUOUS[1] * threshold


def _by_gain(gain: float, low: float, threshold: float, holds: bool = True) -> TaskLabel:
    """Judge by how far something has come, where further is better and something else must hold."""
    success = gain > threshold and holds
    ambiguous = _near(gain, threshold) or (not success and gain - low > threshold)
    progress = float(np.clip(gain / threshold, 0.0, 1.0))
    return TaskLabel(bool(success), bool(ambiguous), progress if holds else min(progress, 0.9))


def _by_gap(history: History, limit: float, placed: bool, near: bool) -> TaskLabel:
    """Judge by how near the first has come to the second, where it must also be let go in the right place."""
    gap, start = history.now.gap, history.start.gap
    let_go = history.now.reach > LET_GO
    done = gap < limit and placed
    progress = float(np.clip((start - gap) / max(start - limit, 1e-6), 0.0, 1.0))
    success = done and let_go and start > limit
    taken_and_put_back = start <= limit and history.high.gap > 2.0 * limit
    ambiguous = near or (done and not let_go) or taken_and_put_back
    return TaskLabel(bool(success), bool(ambiguous), 1.0 if success else min(progress, 0.9))


def _standing(now: Measures) -> bool:
    return now.tilt < UPRIGHT and abs(now.rise) < ON_TABLE


def moved(right: int, away: int, threshold: float = 0.06) -> Rule:
    """Return the rule of something pushed along the table in one direction of the picture.

    Args:
        right: 1, -1 or 0.
        away: 1, -1 or 0.
        threshold: Metres.
    """

    def rule(history: History) -> TaskLabel:
        def along(moment: Measures) -> float:
            return right * moment.right + away * moment.away

        now = history.now
        across = abs(right * now.away) + abs(away * now.right)
        low = along(history.low if right + away > 0 else history.high)
        return _by_gain(along(now), low, threshold, holds=_standing(now) and across < max(along(now), 0.04))

    return rule


def opened(threshold: float) -> Rule:
    """Return the rule of a joint that must have opened by so many metres or radians."""

    def rule(history: History) -> TaskLabel:
        start = history.start.joint
        return _by_gain(history.now.joint - start, history.low.joint - start, threshold)

    return rule


def closed(threshold: float) -> Rule:
    """Return the rule of a joint that must end less open than so many metres or radians."""

    def rule(history: History) -> TaskLabel:
        start, now = history.start.joint, history.now.joint
        began_open = start > AMBIGUOUS[1] * threshold
        success = began_open and now < threshold
        # opened first and closed again: the rule asks for an open start, the picture may not
        closed_again = not began_open and now < threshold and history.high.joint - now > threshold
        ambiguous = (_near(now, threshold) and history.high.joint > threshold) or closed_again
        progress = float(np.clip((start - now) / (start - threshold), 0.0, 1.0)) if began_open else 0.0
        return TaskLabel(bool(success), bool(ambiguous), progress)

    return rule


def inside(history: History) -> TaskLabel:
    """Judge something put into a bowl: its middle is within the rim, it rests on the bowl's bottom, and is let go."""
    now = history.now
    low = now.level < 0.035 and now.second_tilt < UPRIGHT
    return _by_gap(history, 0.05, low, near=not low and now.gap < 0.05 and now.level < 0.06)


def taken_out(history: History) -> TaskLabel:
    """Judge something taken out of a bowl: it rests on the table beside the bowl and is let go."""
    now = history.now
    outside = now.gap > 0.09 > history.start.gap
    done = outside and abs(now.rise) < ON_TABLE and now.second_tilt < UPRIGHT
    success = done and now.reach > LET_GO
    progress = float(np.clip(now.gap / 0.09, 0.0, 1.0))
    ambiguous = (done and not success) or 0.06 < now.gap < 0.09 or (outside and not done)
    return TaskLabel(bool(success), bool(ambiguous), 1.0 if success else min(progress, 0.9))


def onto(history: History) -> TaskLabel:
    """Judge something put onto a box: it rests on top and is let go."""
    now = history.now
    on_top = 0.032 < now.level < 0.06 and now.second_tilt < UPRIGHT
    return _by_gap(history, 0.055, on_top, near=on_top and 0.045 < now.gap < 0.075)


def beside(threshold: float) -> Rule:
    """Return the rule of something that comes to stand next to something else, which stays where it is.

    Args:
        threshold: Metres between their middles.
    """

    def rule(history: History) -> TaskLabel:
        now = history.now
        placed = _standing(now) and now.shoved < 0.04 and now.second_tilt < UPRIGHT
        return _by_gap(history, threshold, placed, near=threshold < now.gap < 1.2 * threshold)

    return rule


def apart(threshold: float = 0.07) -> Rule:
    """Return the rule of something moved away from something else, which stays where it is.

    Args:
        threshold: Metres by which the gap must have grown.
    """

    def rule(history: History) -> TaskLabel:
        start, now = history.start.gap, history.now
        holds = _standing(now) and now.shoved < 0.04
        return _by_gain(now.gap - start, history.low.gap - start, threshold, holds)

    return rule


def tipped(history: History) -> TaskLabel:
    """Judge something tipped over: it lies on its side."""
    tilt = history.now.tilt
    success = tilt > 1.2 and abs(history.now.rise) < 0.08
    return TaskLabel(bool(success), bool(UPRIGHT < tilt < 1.4 and not success), float(np.clip(tilt / 1.2, 0.0, 1.0)))


def turned(threshold: float = 0.8) -> Rule:
    """Return the rule of something turned about the vertical, either way, that stays where it is.

    Args:
        threshold: Radians.
    """

    def rule(history: History) -> TaskLabel:
        now = history.now
        holds = _standing(now) and np.hypot(now.right, now.away) < 0.08
        return _by_gain(abs(now.turn), 0.0, threshold, bool(holds))

    return rule


def covered(history: History) -> TaskLabel:
    """Judge something covered: the dome stands on the table around the thing and is let go."""
    now = history.now
    down = _standing(now) and now.tilt < 0.15 and now.shoved < 0.06
    return _by_gap(history, 0.03, down, near=now.gap < 0.03 and not down)


def uncovered(history: History) -> TaskLabel:
    """Judge something uncovered: the dome was taken off and lies beside it."""
    now = history.now
    done = now.gap > 0.085 > history.start.gap and now.rise < 0.04 and now.shoved < 0.05
    success = done and now.reach > LET_GO
    ambiguous = (done and not success) or 0.03 < now.gap < 0.085 or (not done and now.gap >= 0.085)
    return TaskLabel(bool(success), bool(ambiguous), 1.0 if success else float(np.clip(now.gap / 0.085, 0.0, 0.9)))


def lifted(threshold: float = 0.08) -> Rule:
    """Return the rule of something held up in the air.

    Args:
        threshold: Metres above where it stood.
    """

    def rule(history: History) -> TaskLabel:
        now = history.now
        return _by_gain(now.rise, history.low.rise, threshold, holds=now.reach < LET_GO)

    return rule


def dropped(threshold: float = 0.08) -> Rule:
    """Return the rule of something lifted that then fell freely back to the table.

    Args:
        threshold: Metres above where it stood that it must have been lifted.
    """

    def rule(history: History) -> TaskLabel:
        now, high = history.now, history.high
        fell = high.sink > FALLING
        landed = -0.06 < now.rise < 0.03
        success = high.rise > threshold and fell and landed
        ambiguous = _near(high.rise, threshold) or (high.rise > threshold and fell and not landed)
        progress = 0.5 * float(np.clip(high.rise / threshold, 0.0, 1.0))
        return TaskLabel(bool(success), bool(ambiguous), 1.0 if success else progress)

    return rule
