"""Scripted controllers of Meta-World: its own policies, and the ways to fail that training needs.

Successes and failures move alike: speed, delay, noise, when to stop and what to do then are drawn before the source is
looked at. Every episode ends with the hand at rest or withdrawn, so neither stillness nor motion at the end tells them
apart. The source is only the plan; the state labels the episode.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.metaworld import MetaWorldEnv
from a2r_gym.envs.metaworld_tasks import task_info
from a2r_gym.errors import unknown_name

from metaworld.policies import ENV_POLICY_MAP  # isort: skip (after the GL backend is chosen)

__all__ = ["REWIND_UNDONE", "SOURCES", "Controller", "Manner", "expert", "make_controller"]

Vector = NDArray[np.float64]
Action = NDArray[np.float32]
Policy = Callable[[Vector], Action]

SOURCES: Final = ("success", "random", "missed", "stopped_short", "undone")
"""What a controller sets out to do."""
REWIND_UNDONE: Final = True
"""The collector makes "undone" by playing the stored states of a success backwards; the controller only succeeds."""
GAIN: Final = 10.0
"""Action per metre of error, where the hand goes to a point or holds it."""
ARRIVED: Final = 0.03
"""Metres within which a wandering hand takes its next point."""
MISS: Final = (0.06, 0.1)
"""Metres by which a controller that misses mistakes its object's place."""
SHORT: Final = (0.1, 0.8)
"""Fraction of the way at which one stops short."""
STOP: Final = (0.4, 0.7)
"""Fraction of the episode after which a controller that cannot succeed gives up; where successes come."""
RETREAT_HEIGHT: Final = 0.08
"""Metres that the hand withdraws upwards."""
ENDINGS: Final = ("either", "keep_on", "hold", "withdraw")
"""What follows at the end: hold still or withdraw as the manner says; follow the policy on; always hold; withdraw."""
_ENDINGS: Final = {
    "basketball": "keep_on",
    "button-press-topdown": "keep_on",
    "button-press-topdown-wall": "keep_on",
    "button-press-wall": "keep_on",
    "disassemble": "keep_on",
    "door-open": "keep_on",
    "door-unlock": "keep_on",
    "drawer-open": "keep_on",
    "hand-insert": "keep_on",
    "handle-press": "withdraw",  # pressed too far, the handle springs back to its target when the hand leaves
    "handle-press-side": "withdraw",
    "peg-unplug-side": "keep_on",
    "pick-out-of-hole": "keep_on",
    "pick-place": "keep_on",
    "pick-place-wall": "keep_on",
    "plate-slide-side": "hold",
    "reach": "keep_on",
    "reach-wall": "keep_on",
    "stick-pull": "keep_on",
    "stick-push": "keep_on",
}
"""Tasks whose success lasts only while the hand stays, or only when it leaves (measured); the same for all sources."""
_HAND, _OBJECT, _SECOND, _GOAL = slice(0, 3), slice(4, 7), slice(11, 14), slice(36, 39)
_BEFORE: Final = 18
"""Offset in the observation of the same things a step before."""


@dataclass(frozen=True)
class Manner:
    """How a controller moves, whatever it sets out to do.

    Attributes:
        speed: Scale of the hand's moves.
        delay: Steps before it starts.
        noise: Standard deviation of the noise on the action.
        settle: Steps it goes on after its end.
        stop: Fraction of the episode after which it gives up.
        retreat: Whether it withdraws the hand at the end, else holds it.
    """

    speed: float
    delay: int
    noise: float
    settle: int
    stop: float
    retreat: bool

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Manner:
        """Draw a manner; the number of draws is always the same."""
        speed, delay, noise, settle, stop, retreat = rng.uniform(size=6)
        return cls(
            speed=0.8 + 0.2 * float(speed),
            delay=int(delay * 8),
            noise=0.1 * float(noise),
            settle=int(settle * 8),
            stop=STOP[0] + (STOP[1] - STOP[0]) * float(stop),
            retreat=bool(retreat < 0.5),
        )


class Controller:
    """Follows a policy until it is done, then rests or withdraws: observation in, action out. For one episode."""

    def __init__(
        self,
        policy: Policy,
        done: Callable[[int], bool],
        manner: Manner,
        rng: np.random.Generator,
        *,
        keep_on: bool = False,
    ) -> None:
        """Keep what is needed.

        Args:
            policy: What to follow.
            done: From the steps so far to whether the end has come.
            manner: How to move.
            rng: Of the noise.
            keep_on: Never rest.
        """
        self._keep_on = keep_on
        self._policy, self._done, self._manner, self._rng = policy, done, manner, rng
        self._steps = 0
        self._after = -1
        self._wander = np.zeros(3)
        self._rest: Vector | None = None
        self._grip = -1.0

    def __call__(self, obs: Vector) -> Action:
        """Return the action float32 (4,) for an observation."""
        self._after += 1 if self._after >= 0 or (self._steps > 0 and self._done(self._steps)) else 0
        action = np.zeros(4)
        if self._after >= self._manner.settle and not self._keep_on:
            action[:3] = self._resting(obs[_HAND])
            action[3] = self._grip
        elif self._steps >= self._manner.delay:
            asked = self._policy(obs)
            action[:3] = self._manner.speed * asked[:3]
            self._grip = action[3] = float(asked[3])
        else:
            action[3] = self._grip
        self._steps += 1
        drift = self._rng.standard_normal(3)
        self._wander = 0.8 * self._wander + 0.6 * drift  # variance 1: noise that sways, not jitter
        action[:3] += self._manner.noise * self._wander
        return np.clip(action, -1.0, 1.0).astype(np.float32)

    def _resting(self, hand: Vector) -> Vector:
        """Return the move (3,) that holds the hand's place, or takes it up out of the way."""
        if self._rest is None:
            self._rest = hand + np.array([0.0, 0.0, RETREAT_HEIGHT if self._manner.retreat else 0.0])
            self._grip = -1.0 if self._manner.retreat else self._grip
        move: Vector = np.clip(GAIN * (self._rest - hand), -0.6, 0.6)
        return move


def expert(task: str) -> Policy:
    """Return Meta-World's scripted policy of a task, clipped to the action space; it serves any number of episodes.

    Args:
        task: A key of `a2r_gym.envs.metaworld_tasks.TASKS`.

    Returns:
        From observation to action float32 (4,).

    Raises:
        UnknownNameError: There is no such task.
    """
    task_info(task)
    policies: dict[str, Any] = ENV_POLICY_MAP
    scripted = policies[f"{task}-v3"]()

    def policy(obs: Vector) -> Action:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says that its moves will be clipped
            asked = scripted.get_action(obs)
        return np.asarray(np.clip(asked, -1.0, 1.0), dtype=np.float32)

    return policy


def make_controller(env: MetaWorldEnv, source: str, rng: np.random.Generator) -> Controller:
    """Return a controller for the episode that ``env.reset`` has begun.

    Args:
        env: The env that is stepped; it tells the controller when to stop.
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
    ending = _ENDINGS.get(env.task, "either")
    if ending != "either":
        manner = replace(manner, retreat=ending == "withdraw")
    noise_rng, plan_rng = rng.spawn(2)
    policy = expert(env.task)
    last = int(manner.stop * env.max_episode_steps)

    keep_on = ending == "keep_on"

    def given_up(steps: int) -> bool:
        return steps >= last

    def succeeded(steps: int) -> bool:
        del steps
        return env.is_success()

    if source == "random":
        return Controller(_wanderer(plan_rng), given_up, manner, noise_rng)
    if source == "missed":
        return Controller(_mistaken(env.task, policy, plan_rng), given_up, manner, noise_rng, keep_on=keep_on)
    if source == "stopped_short":
        enough = float(plan_rng.uniform(*SHORT))
        return Controller(policy, lambda steps: env.labels()[env.task].progress >= enough, manner, noise_rng)
    return Controller(policy, succeeded, manner, noise_rng, keep_on=keep_on)


def _mistaken(task: str, policy: Policy, rng: np.random.Generator) -> Policy:
    """Shift the object in what a policy sees, so that it acts beside it; where there is none, shift the goal."""
    size, angle = rng.uniform(*MISS), rng.uniform(0.0, 2.0 * np.pi)
    shift = size * np.array([np.cos(angle), np.sin(angle), 0.0])
    part = _GOAL if task.startswith("reach") else _OBJECT

    def mistaken(obs: Vector) -> Action:
        seen = obs.copy()
        seen[part] += shift
        if part is _OBJECT:
            seen[_BEFORE + part.start : _BEFORE + part.stop] += shift
        return policy(seen)

    return mistaken


def _wanderer(rng: np.random.Generator) -> Policy:
    """Wander smoothly from point to point near the objects and the goal."""
    point: list[Any] = [None, 0.0, 0.0]  # where to, how fast, grip

    def wander(obs: Vector) -> Action:
        if point[0] is None or float(np.linalg.norm(point[0] - obs[_HAND])) < ARRIVED or rng.uniform() < 0.02:
            places = [obs[part] for part in (_OBJECT, _SECOND, _GOAL) if obs[part].any()]
            place = places[int(rng.integers(len(places)))] + rng.normal(0.0, 0.09, size=3)
            place[2] = max(place[2], 0.03)
            point[:] = [place, rng.uniform(0.5, 1.0), rng.uniform(-1.0, 1.0)]
        way = GAIN * (point[0] - obs[_HAND])
        move = way * min(1.0, point[1] / max(float(np.abs(way).max()), 1e-9))
        return np.array([*move, point[2]], dtype=np.float32)

    return wander
