"""Scripted controllers: an expert for each task, and the ways to fail that training needs.

Successes and failures move alike: speed, start delay, noise and style are drawn before the source is looked at, so that
a reward model cannot tell them by how the hand moves. The source is only the plan; the state labels the episode.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.c2r.command import HAND_HIGH, HAND_LOW
from a2r_gym.envs.c2r.follower import Follower, Waypoint
from a2r_gym.envs.c2r.observation import OBSERVATION
from a2r_gym.envs.c2r.paths import Style
from a2r_gym.envs.c2r.plans import make_plan
from a2r_gym.envs.c2r.tasks import task_info
from a2r_gym.envs.c2r.trajectory import encode
from a2r_gym.errors import unknown_name

__all__ = ["REWIND_UNDONE", "SOURCES", "Controller", "Manner", "expert", "make_controller", "trajectory_expert"]

Vector = NDArray[np.float64]

SOURCES: Final = ("success", "random", "missed", "stopped_short", "undone")
"""What a controller sets out to do."""
REWIND_UNDONE: Final = False
"""Here the hand really undoes what it did; a collector need not play states backwards."""
RESTS: Final = 0.3
"""Share of the episodes in which the hand rests once it is done."""
ROAMS: Final = 6
"""Places over the table that it goes to else."""
ROAM_Z: Final = (0.2, 0.32)
ROAM_WIDTH: Final = 0.1
"""Metres: their heights, and the standard deviation of the way to them."""
HOLDING: Final = ("lift", "drop")
"""Plans that may end with the thing in the hand: there it always rests."""


class TaskEnv(Protocol):
    """What `make_controller` needs of an environment."""

    task: str


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a controller moves, whatever it sets out to do.

    Attributes:
        speed: Fraction of the hand's top speed.
        delay: Steps before it starts.
        noise: Standard deviation of the noise on the action, at full speed; less where the hand goes slowly.
        roams: Whether it moves about over the table once it is done.
        style: How it carries the task out.
    """

    speed: float = 1.0
    delay: int = 0
    noise: float = 0.0
    roams: bool = False
    style: Style = field(default_factory=Style)

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Manner:
        """Draw a manner; the number of draws is always the same."""
        speed, delay, noise, roams, amount, remainder, beside, side = rng.uniform(size=8)
        style = Style(
            amount=float(amount),
            remainder=float(remainder),
            beside=bool(beside < 0.6),
            side=1.0 if side < 0.5 else -1.0,
        )
        return cls(
            speed=0.9 + 0.1 * float(speed),
            delay=int(delay * 3),
            noise=0.12 * float(noise),
            roams=bool(roams > RESTS),
            style=style,
        )


class Controller:
    """Follows a plan: observation in, action out. Starts anew when an observation's time is 0."""

    def __init__(self, planner: Callable[[Vector], list[Waypoint]], manner: Manner, rng: np.random.Generator) -> None:
        """Keep what is needed; the plan is made at the first observation.

        Args:
            planner: From the first observation to the plan.
            manner: How to move.
            rng: Of the noise.
        """
        self._planner, self._manner, self._rng = planner, manner, rng
        self._follow: Follower | None = None
        self._sway = np.zeros(5)
        self._waited = 0

    def __call__(self, obs: Vector) -> NDArray[np.float32]:
        """Return the action float32 (6,) for an observation."""
        if self._follow is None or obs[OBSERVATION["time"]] == 0.0:
            self._follow = Follower(self._planner(obs), self._manner.speed)
            self._sway, self._waited = np.zeros(5), 0
        self._waited += 1
        action = self._follow(obs)
        if self._waited <= self._manner.delay:
            action[:5] = 0.0
        self._sway = 0.8 * self._sway + 0.6 * self._rng.standard_normal(5)  # variance 1: it sways, it does not shake
        action[:5] += self._manner.noise * self._follow.pace * self._sway
        return np.clip(action, -1.0, 1.0).astype(np.float32)


def expert(task: str) -> Controller:
    """Return the clean scripted policy of a task; it works from every viewpoint and for any number of episodes.

    Args:
        task: A key of `TASKS`.

    Returns:
        From observation to action float32 (6,); for ``control="trajectory"`` see `trajectory_expert`.

    Raises:
        UnknownNameError: There is no such task.
    """
    task_info(task)
    manner = Manner()
    return Controller(lambda obs: make_plan(task, "success", obs, manner.style), manner, np.random.default_rng(0))


def trajectory_expert(task: str) -> Callable[[Vector], NDArray[np.float32]]:
    """Return the scripted policy of an env with ``control="trajectory"``.

    Args:
        task: A key of `TASKS`.

    Returns:
        From an episode's first observation to its action float32 (48,).

    Raises:
        UnknownNameError: There is no such task.
    """
    task_info(task)
    return lambda obs: encode(make_plan(task, "success", obs, Style()), obs)


def make_controller(env: TaskEnv, source: str, rng: np.random.Generator) -> Controller:
    """Return a controller for the episode that ``env.reset`` has begun.

    Args:
        env: Gives the task.
        source: One of `SOURCES`.
        rng: Of this episode; the same state gives all sources the same manner and noise.

    Returns:
        From observation to action.

    Raises:
        UnknownNameError: There is no such source.
    """
    if source not in SOURCES:
        raise unknown_name("source", source, SOURCES)
    manner = Manner.draw(rng)
    noise_rng, plan_rng, roam_rng = rng.spawn(3)
    task = env.task

    def planner(obs: Vector) -> list[Waypoint]:
        if source == "random":
            return _explore(obs, plan_rng)
        plan = make_plan(task, source, obs, manner.style)
        if manner.roams and task_info(task).plan not in HOLDING:
            plan = plan + _roam(plan[-1], roam_rng)
        return plan

    return Controller(planner, manner, noise_rng)


def _roam(last: Waypoint, rng: np.random.Generator) -> list[Waypoint]:
    """Go about over the table from where a plan has ended."""
    path, place = [], last.place
    for _ in range(ROAMS):
        ground = place[:2] + rng.normal(0.0, ROAM_WIDTH, size=2)
        place = np.clip(np.array([*ground, rng.uniform(*ROAM_Z)]), HAND_LOW, HAND_HIGH)
        path.append(replace(last, place=place, speed=float(rng.uniform(0.4, 1.0))))
    return path


def _explore(obs: Vector, rng: np.random.Generator) -> list[Waypoint]:
    """Wander smoothly among the things, opening and closing the hand."""
    things = [obs[OBSERVATION[part]] for part in ("first", "second", "handle")]
    near = [thing[:2] for thing in things if thing.any()]
    path = []
    for _ in range(10):
        ground = near[int(rng.integers(len(near)))] + rng.normal(0.0, 0.08, size=2)
        place = np.clip(np.array([*ground, rng.uniform(0.02, 0.2)]), HAND_LOW, HAND_HIGH)
        yaw, grip = float(rng.uniform(-1.5, 1.5)), float(rng.uniform(-1.0, 1.0))
        path.append(Waypoint(place=place, yaw=yaw, grip=grip, speed=float(rng.uniform(0.5, 1.0))))
    return path
