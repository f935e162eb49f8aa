"""Tasks that bring one thing into, onto, next to or away from another."""

from __future__ import annotations

from typing import Final

from a2r_gym.envs.c2r.rules import apart, beside, covered, inside, onto, taken_out, uncovered
from a2r_gym.envs.c2r.task import C2RTask, Layout

__all__ = ["PLACING"]

PLACING: Final = (
    C2RTask(
        name="put-into",
        instruction="put the block into the bowl",
        paraphrases=(
            "place the block in the bowl",
            "move the block inside the bowl",
            "set the block down in the bowl",
            "pick up the block and put it into the bowl",
        ),
        opposite="take-out",
        object="block",
        template=106,
        first="block",
        second="bowl",
        layout=Layout(kind="pair", gap=(0.16, 0.22)),
        rule=inside,
        plan="put",
    ),
    C2RTask(
        name="take-out",
        instruction="take the block out of the bowl",
        paraphrases=(
            "remove the block from the bowl",
            "lift the block out of the bowl",
            "get the block out of the bowl",
            "pick the block from the bowl and put it on the table",
        ),
        opposite="put-into",
        object="block",
        template=148,
        first="block",
        second="bowl",
        layout=Layout(kind="nested"),
        rule=taken_out,
        plan="take_out",
    ),
    C2RTask(
        name="put-onto",
        instruction="put the block onto the box",
        paraphrases=(
            "place the block on top of the box",
            "set the block on the box",
            "stack the block on the box",
            "pick up the block and put it on the box",
        ),
        opposite=None,
        object="block",
        template=112,
        first="block",
        second="box",
        layout=Layout(kind="pair", gap=(0.16, 0.22)),
        rule=onto,
        plan="put",
    ),
    C2RTask(
        name="put-next-to",
        instruction="put the can next to the cup",
        paraphrases=(
            "place the can beside the cup",
            "set the can down just beside the cup",
            "bring the can over to the cup",
            "move the can close to the cup",
        ),
        opposite="move-apart",
        object="can",
        template=107,
        first="can",
        second="cup",
        layout=Layout(kind="pair", gap=(0.22, 0.28)),
        rule=beside(0.135),
        plan="put_beside",
    ),
    C2RTask(
        name="move-apart",
        instruction="move the can away from the cup",
        paraphrases=(
            "take the can further from the cup",
            "separate the can from the cup",
            "put the can far from the cup",
            "increase the distance between the can and the cup",
        ),
        opposite="put-next-to",
        object="can",
        template=40,
        first="can",
        second="cup",
        layout=Layout(kind="pair", gap=(0.105, 0.125)),
        rule=apart(),
        plan="carry_off",
    ),
    C2RTask(
        name="cover",
        instruction="cover the block with the bowl",
        paraphrases=(
            "put the bowl over the block",
            "place the bowl upside down over the block",
            "hide the block under the bowl",
            "lower the bowl onto the block",
        ),
        opposite="uncover",
        object="dome",
        template=6,
        first="dome",
        second="block",
        layout=Layout(kind="pair", gap=(0.16, 0.22)),
        rule=covered,
        plan="put",
    ),
    C2RTask(
        name="uncover",
        instruction="take the bowl off the block",
        paraphrases=(
            "uncover the block",
            "lift the bowl from the block and put it aside",
            "remove the bowl that covers the block",
            "reveal the block under the bowl",
        ),
        opposite="cover",
        object="dome",
        template=171,
        first="dome",
        second="block",
        layout=Layout(kind="nested"),
        rule=uncovered,
        plan="take_out",
    ),
)
"""All of them."""
