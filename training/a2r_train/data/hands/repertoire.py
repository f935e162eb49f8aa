"""Which actions there are: SS-V2 template id, who draws them, and how often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from a2r_train.data.hands import inserting, lifting, moving, opening, placing, poking, twisting
from a2r_train.data.hands.paints import Paints
from a2r_train.data.hands.plan import Plan

__all__ = ["REPERTOIRE", "Act", "acts"]


class Act(NamedTuple):
    """One way to show one or more templates.

    Attributes:
        templates: SS-V2's ids; the plan tells which of them it is.
        draw: Draws a plan.
        share: How often it is drawn, relative to the others.
    """

    templates: tuple[int, ...]
    draw: Callable[[np.random.Generator, Paints], Plan]
    share: int


REPERTOIRE: Final = (
    Act((5,), opening.closing, 12),
    Act((46,), opening.opening, 12),
    Act((66,), opening.pretending_to_close, 3),
    Act((67,), opening.pretending_to_open, 3),
    Act((33,), opening.moving_part, 3),
    Act((160,), opening.touching, 2),
    Act((93,), moving.pushing_right, 8),
    Act((94,), moving.pushing_left, 8),
    Act((86,), moving.pulling_right, 3),
    Act((87,), moving.pulling_left, 3),
    Act((41,), moving.away, 8),
    Act((44,), moving.towards, 8),
    Act((170,), twisting.twisting, 10),
    Act((64,), twisting.pretending_to_twist, 3),
    Act((100,), twisting.pressing, 3),
    Act((45,), twisting.lever_up, 1),
    Act((43,), twisting.lever_down, 1),
    Act((45,), lifting.up, 3),
    Act((43,), lifting.down, 3),
    Act((27,), lifting.lifting, 3),
    Act((28,), lifting.lifting_and_dropping, 2),
    Act((47,), lifting.picking_up, 2),
    Act((68,), lifting.pretending_to_pick_up, 2),
    Act((30, 31), lifting.lifting_one_end, 2),
    Act((100,), moving.pushing_slightly, 3),
    Act((55,), poking.poking_slightly, 2),
    Act((56,), poking.poking_lightly, 2),
    Act((69,), poking.pretending_to_poke, 2),
    Act((58, 97), poking.spinning, 2),
    Act((57,), poking.falling_when_poked, 2),
    Act((158,), poking.tipping_over, 3),
    Act((99,), poking.pushing_off, 2),
    Act((122,), poking.rolling, 2),
    Act((164,), lifting.upside_down, 2),
    Act((106,), placing.putting_into, 3),
    Act((148,), placing.taking_out, 3),
    Act((10,), placing.dropping_into, 2),
    Act((72,), placing.pretending_to_put_into, 2),
    Act((82,), placing.pretending_to_take_out, 2),
    Act((112,), placing.putting_onto, 2),
    Act((107,), placing.putting_next_to, 2),
    Act((109,), placing.putting_down, 2),
    Act((6,), placing.covering, 2),
    Act((171,), placing.uncovering, 2),
    Act((49,), inserting.plugging_in, 2),
    Act((89,), inserting.pulling_out, 2),
    Act((101,), inserting.pushing_with, 2),
    Act((40,), placing.moving_away_from, 2),
    Act((42,), placing.closer_to, 2),
)
"""All acts. Those that carry the meanings of robot tasks come most often."""


def acts(seed: int, count: int, templates: tuple[int, ...] = ()) -> list[Act]:
    """Return the act of each clip: shares are kept exactly, the order is shuffled.

    Args:
        seed: Of the data set.
        count: Of clips.
        templates: Only these; empty: all.
    """
    chosen = [act for act in REPERTOIRE if not templates or set(act.templates) & set(templates)]
    deck = [act for act in chosen for _ in range(act.share)]
    rng = np.random.default_rng([0xDEC, seed])
    order: list[Act] = []
    while len(order) < count:
        order += [deck[index] for index in rng.permutation(len(deck))]
    return order[:count]
