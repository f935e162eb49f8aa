"""Tasks that do something with one thing where it stands: tip over, turn, lift, drop."""

from __future__ import annotations

from typing import Final

from a2r_gym.envs.c2r.rules import dropped, lifted, tipped, turned
from a2r_gym.envs.c2r.task import C2RTask, Layout

__all__ = ["HANDLING"]

HANDLING: Final = (
    C2RTask(
        name="tip-over",
        instruction="tip the bottle over",
        paraphrases=(
            "knock the bottle over",
            "make the bottle fall on its side",
            "push the bottle over",
            "topple the bottle",
        ),
        opposite=None,
        object="bottle",
        template=158,
        first="bottle",
        layout=Layout(),
        rule=tipped,
        plan="tip",
    ),
    C2RTask(
        name="rotate",
        instruction="turn the brick around",
        paraphrases=(
            "rotate the brick on the table",
            "spin the brick on the spot",
            "turn the brick sideways",
            "twist the brick about the vertical",
        ),
        opposite=None,
        object="brick",
        template=140,
        first="brick",
        layout=Layout(),
        rule=turned(),
        plan="rotate",
    ),
    C2RTask(
        name="lift",
        instruction="lift the can up and hold it",
        paraphrases=(
            "pick the can up without dropping it",
            "raise the can off the table",
            "hold the can up in the air",
            "lift the can and keep it up",
        ),
        opposite="drop",
        object="can",
        template=27,
        first="can",
        layout=Layout(),
        rule=lifted(),
        plan="lift",
    ),
    C2RTask(
        name="drop",
        instruction="lift the can up and let it drop",
        paraphrases=(
            "pick the can up and drop it",
            "let the can fall onto the table",
            "raise the can, then let go of it",
            "drop the can from above the table",
        ),
        opposite="lift",
        object="can",
        template=28,
        first="can",
        layout=Layout(),
        rule=dropped(),
        plan="drop",
    ),
)
"""All of them."""
