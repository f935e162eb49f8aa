"""The seven tasks of the table-top and their success rules, as data and plain arithmetic.

Rules and thresholds are DVD's (Chen, Nair, Finn 2021, arXiv 2103.16817), measured from the episode's start; left, right
and away are directions in the picture. Nothing here needs mujoco.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.base import TaskInfo, TaskLabel
from a2r_gym.envs.tabletop.scene import SceneParams
from a2r_gym.errors import unknown_name

__all__ = [
    "DRAWER_CLOSED",
    "DRAWER_OPENED",
    "EPISODE_STEPS",
    "FAUCET_TURNED",
    "MAX_TILT",
    "MUG_MOVED",
    "MUG_STRAY",
    "TASKS",
    "History",
    "Measures",
    "decided_tasks",
    "extend",
    "pack",
    "task_info",
    "task_label",
    "unpack",
]

EPISODE_STEPS: Final = 60
"""Steps of an episode (DVD's)."""
DRAWER_CLOSED: Final = 0.05
"""Metres; a drawer less open than this is closed."""
DRAWER_OPENED: Final = 0.06
"""Metres by which a drawer must have come out."""
FAUCET_TURNED: Final = 0.01
"""Radians by which the faucet must have turned."""
MUG_MOVED: Final = 0.03
"""Metres by which the mug must have moved."""
MUG_STRAY: Final = 0.05
"""Metres to either side that a mug pushed away may stray."""
MAX_TILT: Final = 30.0
"""Degrees; a faucet whose turning is further off the picture's left and right is left out."""
AMBIGUOUS: Final = (0.5, 1.5)
"""Between these multiples of a threshold a clip is flagged."""


def _task(name: str, instruction: str, opposite: str | None, *paraphrases: str) -> TaskInfo:
    return TaskInfo(
        name=name,
        instruction=instruction,
        paraphrases=paraphrases,
        opposite=opposite,
        marker=False,
        object=name.split("-")[0],
        max_episode_steps=EPISODE_STEPS,
    )


TASKS: Final[dict[str, TaskInfo]] = {
    task.name: task
    for task in (
        _task(
            "drawer-close", "close the drawer", "drawer-open",
            "push the drawer shut", "shut the open drawer", "slide the drawer back in",
        ),
        _task(
            "drawer-open", "open the drawer", "drawer-close",
            "pull the drawer open", "pull out the drawer by its handle", "slide the drawer out",
        ),
        _task(
            "faucet-left", "turn the faucet to the left", "faucet-right",
            "rotate the faucet handle leftwards", "push the tap handle to the left", "swing the faucet left",
        ),
        _task(
            "faucet-right", "turn the faucet to the right", "faucet-left",
            "rotate the faucet handle rightwards", "push the tap handle to the right", "swing the faucet right",
        ),
        _task(
            "mug-away", "push the mug away from the camera", None,
            "move the cup away from you", "push the cup further away", "slide the mug to the back",
        ),
        _task(
            "mug-left", "push the mug to the left", "mug-right",
            "move the cup leftwards", "slide the mug from right to left", "push the cup towards the left side",
        ),
        _task(
            "mug-right", "push the mug to the right", "mug-left",
            "move the cup rightwards", "slide the mug from left to right", "push the cup towards the right side",
        ),
    )
}  # fmt: skip
"""All tasks by name."""


class Measures(NamedTuple):
    """What the rules look at, at one moment.

    Attributes:
        drawer: Metres the drawer is open.
        faucet: Radians of the knob; grows when a handle that points to the camera swings right in the picture.
        mug_right: Metres the mug has moved to the picture's right since the start.
        mug_away: Metres it has moved away from the camera.
    """

    drawer: float
    faucet: float
    mug_right: float
    mug_away: float


class History(NamedTuple):
    """An episode as far as the rules need it: its start, its present, and the extremes so far."""

    start: Measures
    now: Measures
    low: Measures
    high: Measures


def task_info(task: str) -> TaskInfo:
    """Look up a task.

    Raises:
        UnknownNameError: There is no such task.
    """
    if task not in TASKS:
        raise unknown_name("table-top task", task, TASKS)
    return TASKS[task]


def decided_tasks(scene: SceneParams) -> tuple[str, ...]:
    """Name the tasks that have a meaning under a scene's camera.

    Mug tasks are measured along the camera's own axes and drawers have no side, so only the faucet's can be left out.

    Args:
        scene: The scene.
    """
    return tuple(task for task in TASKS if not task.startswith("faucet") or scene.faucet_tilt <= MAX_TILT)


def task_label(task: str, history: History) -> TaskLabel:
    """Judge one task.

    Ambiguous is what lies between half and 1.5 times a threshold, and what ends where it began but got there by the
    task's own motion from elsewhere (a mug pushed left and back again has, in a way, been pushed right).

    Args:
        task: A key of `TASKS`.
        history: The episode so far.

    Returns:
        success, ambiguous, and progress in [0, 1] (1 at the threshold).
    """
    if task == "drawer-close":
        return _drawer_close(history)
    gain, low, threshold = _gain(task, history)
    stray = abs(history.now.mug_right) if task == "mug-away" else 0.0
    success = gain > threshold and stray < MUG_STRAY
    ambiguous = _near(gain, threshold)
    if task == "mug-away" and gain >= AMBIGUOUS[0] * threshold:
        ambiguous |= _near(stray, MUG_STRAY)
    ambiguous |= not success and gain - low > threshold
    progress = float(np.clip(gain / threshold, 0.0, 1.0))
    if not success and progress == 1.0:  # far enough, but strayed
        progress = float(np.clip(2.0 - stray / MUG_STRAY, 0.0, 1.0))
    return TaskLabel(bool(success), bool(ambiguous), progress)


def _near(value: float, threshold: float) -> bool:
    return AMBIGUOUS[0] * threshold <= value <= AMBIGUOUS[1] * threshold


def _gain(task: str, history: History) -> tuple[float, float, float]:
    """Return how far a task's own measure has come since the start, its lowest value so far, and the threshold."""
    name, sign, threshold = {
        "drawer-open": ("drawer", 1.0, DRAWER_OPENED),
        "faucet-left": ("faucet", -1.0, FAUCET_TURNED),
        "faucet-right": ("faucet", 1.0, FAUCET_TURNED),
        "mug-away": ("mug_away", 1.0, MUG_MOVED),
        "mug-left": ("mug_right", -1.0, MUG_MOVED),
        "mug-right": ("mug_right", 1.0, MUG_MOVED),
    }[task]
    start = getattr(history.start, name)
    far = getattr(history.low if sign > 0 else history.high, name)
    return sign * (getattr(history.now, name) - start), sign * (far - start), threshold


def _drawer_close(history: History) -> TaskLabel:
    start, now = history.start.drawer, history.now.drawer
    began_open = start > DRAWER_CLOSED
    success = began_open and abs(now) < DRAWER_CLOSED
    ambiguous = _near(now, DRAWER_CLOSED) and history.high.drawer > DRAWER_CLOSED
    # opened first and closed again: the rule asks for an open start, the picture may not
    ambiguous |= not began_open and now < DRAWER_CLOSED and history.high.drawer - now > DRAWER_OPENED
    progress = float(np.clip((start - now) / (start - DRAWER_CLOSED), 0.0, 1.0)) if began_open else 0.0
    return TaskLabel(bool(success), bool(ambiguous), progress)


def extend(history: History, now: Measures) -> History:
    """Add a moment to an episode."""
    low = Measures(*np.minimum(history.low, now).tolist())
    high = Measures(*np.maximum(history.high, now).tolist())
    return History(history.start, now, low, high)


def pack(history: History) -> NDArray[np.float64]:
    """Return a history as float64 (16,)."""
    return np.concatenate([np.asarray(part, dtype=np.float64) for part in history])


def unpack(values: NDArray[np.float64]) -> History:
    """Undo `pack`."""
    rows = values.reshape(4, 4).tolist()
    return History(*(Measures(*row) for row in rows))
