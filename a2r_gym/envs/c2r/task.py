"""What a task of this family is: a sentence, the things it is about, where they stand, and when it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from a2r_gym.envs.base import TaskInfo
from a2r_gym.envs.c2r.rules import Rule

__all__ = ["EPISODE_STEPS", "C2RTask", "Layout"]

EPISODE_STEPS: Final = 80
"""Steps of an episode, 50 ms each."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where a task's things stand at first.

    Attributes:
        kind: ``"alone"``; ``"pair"``: first and second apart; ``"nested"``: the first in, or over, the second;
            ``"cabinet"``: fixed, its front turned to the camera.
        gap: Metres between first and second, smallest and largest; pairs only.
        heading: Direction (right, away) in the picture in which the first is going to move; (0, 0) where that does not
            matter. Room is left there.
        joint: Smallest and largest start of the joint, metres or radians; cabinets only.
    """

    kind: Literal["alone", "pair", "nested", "cabinet"] = "alone"
    gap: tuple[float, float] = (0.0, 0.0)
    heading: tuple[int, int] = (0, 0)
    joint: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class C2RTask(TaskInfo):
    """One task.

    Attributes:
        template: Number of the Something-Something V2 template that it corresponds to.
        first: What it acts on, a key of `a2r_gym.envs.c2r.objects.OBJECTS`.
        second: What that is put into, onto or beside; None where there is no such thing.
        layout: Where they stand at first.
        rule: From an episode's history to its label.
        plan: Name of the scripted motion, a key of `a2r_gym.envs.c2r.plans.PLANS`.
    """

    template: int
    first: str
    second: str | None = None
    layout: Layout
    rule: Rule
    plan: str
    max_episode_steps: int = EPISODE_STEPS
    marker: bool = False
