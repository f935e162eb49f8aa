"""Tasks that open and close a drawer and a door."""

from __future__ import annotations

from typing import Final

from a2r_gym.envs.c2r.rules import Rule, closed, opened
from a2r_gym.envs.c2r.task import C2RTask, Layout

__all__ = ["OPENING"]

OPEN: Final = {"drawer": (0.095, 0.12), "door": (1.1, 1.45)}
SHUT: Final = {"drawer": (0.0, 0.004), "door": (0.0, 0.03)}
"""Starts of the joint, metres or radians."""
OPENING_TEMPLATE: Final = 46
CLOSING_TEMPLATE: Final = 5


def _open(thing: str, rule: Rule, instruction: str, *paraphrases: str) -> C2RTask:
    return C2RTask(
        name=f"{thing}-open",
        instruction=instruction,
        paraphrases=paraphrases,
        opposite=f"{thing}-close",
        object=thing,
        template=OPENING_TEMPLATE,
        first=thing,
        layout=Layout(kind="cabinet", joint=SHUT[thing]),
        rule=rule,
        plan=f"open_{thing}",
    )


def _close(thing: str, rule: Rule, instruction: str, *paraphrases: str) -> C2RTask:
    return C2RTask(
        name=f"{thing}-close",
        instruction=instruction,
        paraphrases=paraphrases,
        opposite=f"{thing}-open",
        object=thing,
        template=CLOSING_TEMPLATE,
        first=thing,
        layout=Layout(kind="cabinet", joint=OPEN[thing]),
        rule=rule,
        plan=f"close_{thing}",
    )


OPENING: Final = (
    _open(
        "drawer", opened(0.05), "open the drawer",
        "pull the drawer open", "pull out the drawer by its knob", "slide the drawer out", "draw the drawer out",
    ),
    _close(
        "drawer", closed(0.035), "close the drawer",
        "push the drawer shut", "shut the open drawer", "slide the drawer back in", "push the drawer into the cabinet",
    ),
    _open(
        "door", opened(0.6), "open the door of the cabinet",
        "pull the cabinet door open", "swing the door open", "open the cabinet", "pull the little door towards you",
    ),
    _close(
        "door", closed(0.3), "close the door of the cabinet",
        "push the cabinet door shut", "swing the door closed", "shut the cabinet", "push the little door back in place",
    ),
)  # fmt: skip
"""All of them."""
