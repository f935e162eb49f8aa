"""Paraphrases that no model is trained with: what the paraphrase row of an evaluation needs to mean anything.

The task tables' own paraphrases may be seen in training; these must not be. Sentences with a direction say it as
seen in the picture. Tasks whose sentence only a direction tells apart (the sliding plate) have none.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["HELD_OUT_PARAPHRASES"]

HELD_OUT_PARAPHRASES: Mapping[str, tuple[str, ...]] = {
    "tabletop/drawer-close": ("get the drawer fully shut", "the robot slides the open drawer back in"),
    "tabletop/drawer-open": ("make the drawer stand open", "the robot draws the drawer out towards itself"),
    "tabletop/faucet-left": ("swing the tap round to the left side", "the robot rotates the faucet's lever leftwards"),
    "tabletop/faucet-right": (
        "swing the tap round to the right side",
        "the robot rotates the faucet's lever rightwards",
    ),
    "tabletop/mug-away": ("make the cup go further off", "the robot shoves the mug into the distance"),
    "tabletop/mug-left": ("make the cup go leftwards", "the robot shoves the mug over to the left side"),
    "tabletop/mug-right": ("make the cup go rightwards", "the robot shoves the mug over to the right side"),
    "metaworld/assembly": ("get the ring over the peg", "the robot threads the wrench's hole onto the upright post"),
    "metaworld/basketball": ("get the ball through the net", "the robot dunks the ball through the net"),
    "metaworld/bin-picking": ("shift the cube over to the second bin", "the robot carries the block across the bins"),
    "metaworld/box-close": ("fit the cover onto the box", "the robot lays the lid over the open box"),
    "metaworld/button-press": ("get the button pushed in", "the robot pokes the button on the box's front"),
    "metaworld/button-press-topdown": ("get the button pushed down", "the robot pokes the button from overhead"),
    "metaworld/button-press-topdown-wall": (
        "get past the wall and push the button down",
        "the robot reaches across the wall and pokes the button from overhead",
    ),
    "metaworld/button-press-wall": (
        "get round the wall and push the button in",
        "the robot reaches across the wall and pokes the button",
    ),
    "metaworld/coffee-button": ("make the coffee machine start", "the robot pokes the coffee maker's button"),
    "metaworld/coffee-pull": (
        "take the cup back out of the coffee machine",
        "the robot drags the mug off the coffee maker",
    ),
    "metaworld/coffee-push": (
        "get the cup under the coffee machine",
        "the robot shoves the mug up to the coffee maker",
    ),
    "metaworld/dial-turn": ("give the dial a turn", "the robot twists the round knob"),
    "metaworld/disassemble": ("get the ring off the peg", "the robot lifts the wrench up and clear of the post"),
    "metaworld/door-close": ("get the door shut", "the robot swings the open door closed"),
    "metaworld/door-lock": ("make sure that the door is locked", "the robot turns the door's lock to locked"),
    "metaworld/door-open": ("make the door stand open", "the robot swings the door out by its handle"),
    "metaworld/door-unlock": ("make sure that the door is unlocked", "the robot turns the door's lock to unlocked"),
    "metaworld/drawer-close": ("get the drawer fully shut", "the robot slides the open drawer back in"),
    "metaworld/drawer-open": ("make the drawer stand open", "the robot draws the drawer out by its handle"),
    "metaworld/faucet-close": ("shut the water off", "the robot turns the tap to closed"),
    "metaworld/faucet-open": ("let the water run", "the robot turns the tap to open"),
    "metaworld/hammer": ("knock the nail in", "the robot drives the nail home with a hammer"),
    "metaworld/hand-insert": ("stick the gripper into the hole", "the robot lowers its hand into the opening"),
    "metaworld/handle-press": ("get the handle down", "the robot forces the lever's handle downwards"),
    "metaworld/handle-press-side": (
        "get the handle on the side down",
        "the robot forces the sideways handle downwards",
    ),
    "metaworld/handle-pull": ("get the handle up", "the robot hauls the handle upwards"),
    "metaworld/handle-pull-side": ("get the handle on the side up", "the robot hauls the sideways handle upwards"),
    "metaworld/lever-pull": ("get the lever up", "the robot hauls the lever upwards"),
    "metaworld/peg-insert-side": (
        "fit the peg into the hole in the side",
        "the robot plugs the peg into the box sideways",
    ),
    "metaworld/peg-unplug-side": ("get the peg out of its socket", "the robot draws the peg out sideways"),
    "metaworld/pick-out-of-hole": ("fetch the puck out of the hole", "the robot lifts the object clear of the hole"),
    "metaworld/pick-place": (
        "bring the puck up to the goal",
        "the robot grasps the object and carries it to the target",
    ),
    "metaworld/pick-place-wall": (
        "bring the puck across the wall to the goal",
        "the robot grasps the object and carries it past the wall",
    ),
    "metaworld/push": ("shove the puck along to the goal", "the robot nudges the object across to the target"),
    "metaworld/push-back": ("shove the puck backwards to the goal", "the robot nudges the object back to the target"),
    "metaworld/push-wall": ("shove the puck round the wall to the goal", "the robot nudges the object past the wall"),
    "metaworld/reach": ("bring the gripper to the goal", "the robot moves its hand until it is at the target"),
    "metaworld/reach-wall": ("bring the gripper past the wall to the goal", "the robot moves its hand beyond the wall"),
    "metaworld/shelf-place": ("set the block down on the shelf", "the robot lifts the cube up and onto the shelf"),
    "metaworld/soccer": ("score a goal with the ball", "the robot knocks the ball into the net"),
    "metaworld/stick-pull": (
        "drag the thermos along with the stick",
        "the robot hooks the container and hauls it by the stick",
    ),
    "metaworld/stick-push": (
        "shove the thermos along with the stick",
        "the robot holds a stick and nudges the container with it",
    ),
    "metaworld/sweep": ("brush the cube off the table", "the robot wipes the block over the table's edge"),
    "metaworld/sweep-into": ("brush the cube down the hole", "the robot wipes the block into the opening"),
    "metaworld/window-close": ("get the window shut", "the robot slides the window pane closed"),
    "metaworld/window-open": ("make the window stand open", "the robot slides the window pane open"),
}
"""``family/task`` -> sentences."""
