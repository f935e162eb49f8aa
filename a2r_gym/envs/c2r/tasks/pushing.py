"""Tasks that move one thing along the table in a direction of the picture."""

from __future__ import annotations

from typing import Final

from a2r_gym.envs.c2r.rules import moved
from a2r_gym.envs.c2r.task import C2RTask, Layout

__all__ = ["PUSHING"]


def _push(
    name: str, opposite: str, template: int, thing: str, heading: tuple[int, int], instruction: str, *paraphrases: str
) -> C2RTask:
    return C2RTask(
        name=name,
        instruction=instruction,
        paraphrases=paraphrases,
        opposite=opposite,
        object=thing,
        template=template,
        first=thing,
        layout=Layout(heading=heading),
        rule=moved(*heading),
        plan="push",
    )


PUSHING: Final = (
    _push(
        "push-right", "push-left", 93, "bottle", (1, 0), "push the bottle from left to right",
        "move the bottle to the right", "slide the bottle rightwards", "shove the bottle over to the right side",
        "push the bottle towards the right", "make the bottle go from the left to the right",
    ),
    _push(
        "push-left", "push-right", 94, "bottle", (-1, 0), "push the bottle from right to left",
        "move the bottle to the left", "slide the bottle leftwards", "shove the bottle over to the left side",
        "push the bottle towards the left", "make the bottle go from the right to the left",
    ),
    _push(
        "move-away", "move-towards", 41, "can", (0, 1), "move the can away from the camera",
        "push the can to the back", "slide the can further away", "move the can away from you",
        "push the can backwards, off from the viewer",
    ),
    _push(
        "move-towards", "move-away", 44, "can", (0, -1), "move the can towards the camera",
        "pull the can to the front", "slide the can nearer", "bring the can closer to the viewer",
        "move the can towards you",
    ),
)  # fmt: skip
"""All of them."""
