"""Scripted controllers of the table-top: an expert for each task, and the ways to fail that training needs.

Successes and failures move alike: speed, start delay, noise and style are drawn before the source is looked at, so
that a reward model cannot tell them by how the hand moves. The source is only the plan; the state labels the episode.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.tabletop.env import OBSERVATION, STEP_LENGTH, STEP_YAW, TabletopEnv
from a2r_gym.envs.tabletop.plans import Plan, Style, Waypoint, make_plan
from a2r_gym.envs.tabletop.tasks import task_info
from a2r_gym.errors import unknown_name

__all__ = ["REWIND_UNDONE", "SOURCES", "Controller", "Manner", "expert", "make_controller"]

SOURCES: Final = ("success", "random", "missed", "stopped_short", "undone")
"""What a controller sets out to do."""
REWIND_UNDONE: Final = False
"""Here the hand really undoes what it did; a collector need not play states backwards."""
NEARBY: Final = 0.035
"""Metres within which the command counts the steps of its patience."""
RESTS: Final = 0.15
"""Share of the episodes in which the hand rests once it is done."""
ROAM_Z: Final = (0.22, 0.3)
"""Metres; over all that stands on the table."""
ROAM_WIDTH: Final = 0.12
"""Metres, standard deviation along x and y of the places where the hand roams."""
ROAM_REACH: Final = 0.8
"""It roams up to so far from where it began towards where it ended."""
TIP_ARRIVED: Final = 0.025
"""Metres within which the fingertips have."""
PATIENCE: Final = 4
"""Steps near a waypoint after which it counts as reached, whatever the noise does."""


@dataclass(frozen=True)
class Manner:
    """How a controller moves, whatever it sets out to do.

    Attributes:
        speed: Fraction of the hand's top speed.
        delay: Steps before it starts.
        noise: Standard deviation of the noise on the action, at full speed; less where the hand goes slowly.
        roam: Speed at which it moves about over the table once it is done; 0 where it rests.
        style: How it carries the task out.
    """

    speed: float = 1.0
    delay: int = 0
    noise: float = 0.0
    roam: float = 0.0
    style: Style = field(default_factory=Style)

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Manner:
        """Draw a manner; the number of draws is always the same."""
        speed, delay, noise, roam, amount, remainder, beside, inside = rng.uniform(size=8)
        return cls(
            speed=0.9 + 0.1 * float(speed),
            delay=int(delay * 3),
            noise=0.15 * float(noise),
            roam=0.3 + 0.7 * float(roam) if roam > RESTS else 0.0,
            style=Style(float(amount), float(remainder), bool(beside < 0.6), bool(inside < 0.4)),
        )


class Controller:
    """Follows a plan: observation in, action out. Starts anew when an observation's time is 0."""

    def __init__(
        self, planner: Callable[[NDArray[np.float64]], Plan], manner: Manner, rng: np.random.Generator
    ) -> None:
        """Keep what is needed; the plan is made at the first observation.

        Args:
            planner: From the first observation to the plan.
            manner: How to move.
            rng: Of the noise.
        """
        self._planner, self._manner, self._rng = planner, manner, rng
        self._roam_rng = rng.spawn(1)[0]
        self._plan: Plan | None = None
        self._wander = np.zeros(4)

    def __call__(self, obs: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the action float32 (5,) for an observation."""
        if self._plan is None or obs[OBSERVATION["time"]] == 0.0:
            self._begin(obs)
        assert self._plan is not None
        action = np.zeros(5)
        if self._waited < self._manner.delay:
            self._waited += 1
        else:
            action[:3] = self._advance(obs)
            action[3] = (self._plan.yaw - obs[OBSERVATION["yaw"]]) / STEP_YAW
        action[4] = self._plan.grip
        drift = self._rng.standard_normal(4)
        self._wander = 0.8 * self._wander + 0.6 * drift  # variance 1: noise that sways, not jitter
        pace = self._queue[0].speed if self._queue else 1.0  # a slow hand is a careful one
        action[:4] += self._manner.noise * pace * self._wander
        return np.clip(action, -1.0, 1.0).astype(np.float32)

    def _begin(self, obs: NDArray[np.float64]) -> None:
        self._plan = self._planner(obs)
        self._home = obs[OBSERVATION["tip"]][:2].copy()
        self._queue = list(self._plan.waypoints)
        self._goal: NDArray[np.float64] | None = None
        self._heading = np.zeros(3)
        self._waited = self._near = 0
        self._wander = np.zeros(4)
        self._done = self._finished = False

    def _advance(self, obs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the move (3,), a fraction of `STEP_LENGTH`, towards the waypoint whose turn it is."""
        command = obs[OBSERVATION["command"]]
        while True:
            if self._goal is None:
                if not self._queue:
                    self._finish(command)
                self._goal, self._near = self._queue[0].resolve(obs), 0
                self._heading = _unit(self._goal - command)
            elif self._queue[0].follow:
                self._goal = self._queue[0].resolve(obs)
            if not self._passed(obs) or (self._done and len(self._queue) == 1):
                break
            self._queue.pop(0)
            self._goal = None
        way = self._goal - command
        ahead = max(float(way @ self._heading), 0.0) * self._heading
        aside = way - ahead  # noise is steered against at full speed, however slow the way ahead
        ahead *= min(1.0, self._queue[0].speed * STEP_LENGTH / max(float(np.linalg.norm(ahead)), 1e-9))
        move = ahead + aside
        length = min(float(np.linalg.norm(move)), STEP_LENGTH) * self._manner.speed
        return _unit(move) * length / STEP_LENGTH

    def _passed(self, obs: NDArray[np.float64]) -> bool:
        """Tell whether the waypoint whose turn it is has been reached, and count the steps near it."""
        assert self._goal is not None
        waypoint = self._queue[0]
        if waypoint.until is not None and waypoint.until(obs):
            return True
        distance = float(np.linalg.norm(self._goal - obs[OBSERVATION["command"]]))
        waits = waypoint.arrive and float(np.linalg.norm(self._goal - obs[OBSERVATION["tip"]])) > TIP_ARRIVED
        self._near += int(distance < NEARBY)
        return (distance < waypoint.within and not waits) or self._near > PATIENCE

    def _finish(self, command: NDArray[np.float64]) -> None:
        """Append what follows a finished plan: rest, or up and about over where the hand began."""
        roam = self._manner.roam
        if not self._finished:
            self._finished, self._left = True, command[:2].copy()
        self._done = roam == 0.0
        if self._done or command[2] < ROAM_Z[0] - NEARBY:
            height = command[2] if self._done else ROAM_Z[0]
            self._queue.append(Waypoint(np.array([command[0], command[1], height]), speed=max(roam, 0.6)))
            return
        way = self._roam_rng.uniform(0.0, ROAM_REACH)
        ground = self._home + way * (self._left - self._home) + self._roam_rng.normal(0.0, ROAM_WIDTH, size=2)
        self._queue.append(Waypoint(np.array([*ground, self._roam_rng.uniform(*ROAM_Z)]), speed=roam, within=NEARBY))


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale a vector to length 1; one of no length stays."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9))


def expert(task: str) -> Controller:
    """Return the clean scripted policy of a task; it works in every scene and for any number of episodes.

    Args:
        task: A key of `TASKS`.

    Returns:
        From observation to action.

    Raises:
        UnknownNameError: There is no such task.
    """
    task_info(task)
    manner = Manner()
    return Controller(lambda obs: make_plan(task, "success", obs, manner.style), manner, np.random.default_rng(0))


def make_controller(env: TabletopEnv, source: str, rng: np.random.Generator) -> Controller:
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
    noise_rng, plan_rng = rng.spawn(2)
    task = env.task

    def planner(obs: NDArray[np.float64]) -> Plan:
        if source == "random":
            return _explore(obs, plan_rng)
        return make_plan(task, source, obs, manner.style)

    return Controller(planner, manner, noise_rng)


def _explore(obs: NDArray[np.float64], rng: np.random.Generator) -> Plan:
    """Plan a smooth wandering among the objects."""
    tip = obs[OBSERVATION["faucet_tip"]]
    near = [obs[OBSERVATION["mug"]], obs[OBSERVATION["drawer_handle"]], tip]
    path = []
    for _ in range(8):
        place = near[int(rng.integers(3))][:2] + rng.normal(0.0, 0.09, size=2)
        height = float(rng.uniform(0.03, 0.2))
        path.append(Waypoint(np.array([place[0], place[1], height]), speed=float(rng.uniform(0.5, 1.0))))
    return Plan(path, float(rng.uniform(-1.5, 1.5)), float(rng.uniform(-1.0, 1.0)))
