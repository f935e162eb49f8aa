"""Meta-World's fifty tasks as data: sentences, opposites, objects and time limits.

Names are Meta-World's without ``-v3`` (Farama-Foundation/Metaworld, MIT). No sentence says left or right: the cameras
differ between tasks. Nothing here needs mujoco.
"""

from __future__ import annotations

from typing import Final

from a2r_gym.envs.base import TaskInfo
from a2r_gym.errors import unknown_name

__all__ = ["EPISODE_STEPS", "TASKS", "task_info"]

EPISODE_STEPS: Final = 150
"""Steps of an episode where the table below says nothing else; Meta-World's 500 are mostly waiting."""


def _task(
    name: str,
    object_name: str,
    instruction: str,
    *paraphrases: str,
    opposite: str | None = None,
    marker: bool = False,
    steps: int = EPISODE_STEPS,
) -> TaskInfo:
    return TaskInfo(
        name=name,
        instruction=instruction,
        paraphrases=paraphrases,
        opposite=opposite,
        marker=marker,
        object=object_name,
        max_episode_steps=steps,
    )


TASKS: Final[dict[str, TaskInfo]] = {
    task.name: task
    for task in (
        _task(
            "assembly", "ring", "put the ring onto the peg",
            "place the wrench's ring over the post", "hang the round nut on the peg", "slip the ring over the peg",
            opposite="disassemble",
        ),
        _task(
            "basketball", "basketball", "put the basketball into the hoop",
            "drop the ball through the hoop", "dunk the ball in the basket", "score a basket with the ball",
        ),
        _task(
            "bin-picking", "bin", "move the cube from one bin to the other",
            "pick the block up and drop it in the other bin", "carry the cube over into the empty bin",
            "transfer the block between the bins",
            steps=200,
        ),
        _task(
            "box-close", "box", "put the lid on the box",
            "close the box with its cover", "cover the box", "place the cover on the open box",
            steps=200,
        ),
        _task(
            "button-press", "button", "press the button from the front",
            "push in the button on the front of the box", "press the red button sideways into its box",
            "poke the button forwards",
            steps=100,
        ),
        _task(
            "button-press-topdown", "button", "press the button from above",
            "push the button on top of the box down", "press the button downwards", "hit the button from the top",
            steps=100,
        ),
        _task(
            "button-press-topdown-wall", "button", "press the button on top of the box, next to the wall",
            "press the button from above with a wall in front", "push the top button down past the brick wall",
            "reach over the wall and press the button down",
            steps=100,
        ),
        _task(
            "button-press-wall", "button", "reach over the wall and press the button from the front",
            "press the front button behind the brick wall", "go around the wall and push the button in",
            "push in the button that the wall stands before",
        ),
        _task(
            "coffee-button", "coffee machine", "press the button of the coffee machine",
            "start the coffee machine", "push the coffee maker's button", "turn the coffee machine on",
            steps=100,
        ),
        _task(
            "coffee-pull", "coffee mug", "pull the mug away from the coffee machine",
            "take the cup out from under the coffee machine", "move the mug off the coffee machine",
            "drag the coffee cup away from the machine",
            opposite="coffee-push",
        ),
        _task(
            "coffee-push", "coffee mug", "push the mug under the coffee machine",
            "put the cup in the coffee machine", "slide the mug up to the coffee machine",
            "bring the coffee cup to the machine",
            opposite="coffee-pull", steps=100,
        ),
        _task(
            "dial-turn", "dial", "turn the dial",
            "rotate the knob", "twist the dial round", "turn the round knob",
        ),
        _task(
            "disassemble", "ring", "take the ring off the peg",
            "pull the wrench's ring up from the post", "remove the round nut from the peg", "lift the ring off its peg",
            opposite="assembly", steps=200,
        ),
        _task(
            "door-close", "door", "close the door",
            "shut the door", "push the door shut", "swing the door closed",
            opposite="door-open", steps=100,
        ),
        _task(
            "door-lock", "door lock", "lock the door",
            "turn the lock to locked", "rotate the latch down to lock the door", "fasten the door's lock",
            opposite="door-unlock",
        ),
        _task(
            "door-open", "door", "open the door",
            "pull the door open", "swing the door open", "open the door by its handle",
            opposite="door-close",
        ),
        _task(
            "door-unlock", "door lock", "unlock the door",
            "turn the lock to unlocked", "rotate the latch to unlock the door", "undo the door's lock",
            opposite="door-lock", steps=100,
        ),
        _task(
            "drawer-close", "drawer", "close the drawer",
            "push the drawer shut", "shut the open drawer", "slide the drawer back in",
            opposite="drawer-open",
        ),
        _task(
            "drawer-open", "drawer", "open the drawer",
            "pull the drawer open", "pull out the drawer by its handle", "slide the drawer out",
            opposite="drawer-close",
        ),
        _task(
            "faucet-close", "faucet", "close the faucet",
            "turn the faucet off", "shut the tap", "turn the tap's handle to closed",
            opposite="faucet-open", steps=100,
        ),
        _task(
            "faucet-open", "faucet", "open the faucet",
            "turn the faucet on", "turn on the tap", "turn the tap's handle to open",
            opposite="faucet-close", steps=100,
        ),
        _task(
            "hammer", "hammer", "hammer the nail into the block",
            "hit the nail with the hammer", "drive the nail in with the hammer",
            "pick up the hammer and strike the nail",
        ),
        _task(
            "hand-insert", "hole", "put the cube into the hole in the table",
            "insert the block in the hole with the gripper", "lower the hand with the cube into the hole",
            "drop the block through the table's hole",
            steps=100,
        ),
        _task(
            "handle-press", "handle", "press the handle down",
            "push the lever handle downwards", "push down the handle in front of you", "lower the handle",
            opposite="handle-pull", steps=100,
        ),
        _task(
            "handle-press-side", "side handle", "press the handle at the side down",
            "push the sideways handle down", "lower the handle that points sideways", "push down on the side handle",
            opposite="handle-pull-side", steps=100,
        ),
        _task(
            "handle-pull", "handle", "pull the handle up",
            "lift the handle", "raise the handle in front of you", "pull the lever handle upwards",
            opposite="handle-press",
        ),
        _task(
            "handle-pull-side", "side handle", "pull the handle at the side up",
            "lift the sideways handle", "raise the handle that points sideways", "pull up on the side handle",
            opposite="handle-press-side",
        ),
        _task(
            "lever-pull", "lever", "pull the lever up",
            "raise the lever", "flip the lever upwards", "swing the lever up to vertical",
        ),
        _task(
            "peg-insert-side", "peg", "insert the peg into the hole in the side of the box",
            "put the peg in the box's side hole", "push the stick into the hole of the block",
            "plug the peg into the box",
            opposite="peg-unplug-side", steps=200,
        ),
        _task(
            "peg-unplug-side", "peg", "pull the peg out of the box",
            "unplug the peg from the side of the box", "remove the peg from its hole", "take the peg out of the block",
            opposite="peg-insert-side", steps=200,
        ),
        _task(
            "pick-out-of-hole", "hole", "lift the puck out of the hole",
            "pick the puck up from the hole", "take the cylinder out of the hole in the table",
            "get the puck out of the hole",
            steps=200,
        ),
        _task(
            "pick-place", "puck", "pick up the puck and hold it at the marker in the air",
            "lift the puck to the target", "grasp the puck and carry it up to the marker",
            "raise the cylinder to the goal point",
            marker=True, steps=100,
        ),
        _task(
            "pick-place-wall", "puck", "lift the puck over the wall to the marker",
            "pick the puck up and carry it over the brick wall",
            "grasp the puck and bring it past the wall to the target",
            "carry the cylinder over the wall to the goal point",
            marker=True, steps=200,
        ),
        _task(
            "plate-slide", "plate", "slide the plate into the net",
            "push the plate into the cabinet in front of it", "shove the disc into the goal",
            "slide the puck into the net",
            opposite="plate-slide-back", steps=100,
        ),
        _task(
            "plate-slide-back", "plate", "slide the plate back out of the net",
            "pull the plate out of the goal", "drag the disc out of the net", "bring the plate back from the net",
            opposite="plate-slide",
        ),
        _task(
            "plate-slide-back-side", "side plate", "slide the plate sideways out of the net",
            "pull the plate sideways out of the goal", "drag the disc out of the side net",
            "move the plate sideways away from the net",
            opposite="plate-slide-side", steps=100,
        ),
        _task(
            "plate-slide-side", "side plate", "slide the plate sideways into the net",
            "push the plate sideways into the goal", "shove the disc into the side net",
            "move the plate sideways to the net",
            opposite="plate-slide-back-side", steps=100,
        ),
        _task(
            "push", "puck", "push the puck to the marker",
            "slide the puck over the table to the target", "move the puck along the table to the marker",
            "shove the cylinder to the goal point",
            marker=True, steps=100,
        ),
        _task(
            "push-back", "block", "pull the block back to the marker",
            "drag the block towards the robot", "move the cube back to the target",
            "pull the cube back along the table",
            marker=True,
        ),
        _task(
            "push-wall", "puck", "push the puck around the wall to the marker",
            "slide the puck past the brick wall to the target", "move the puck behind the wall",
            "shove the cylinder around the wall to the goal point",
            marker=True,
        ),
        _task(
            "reach", "marker", "move the hand to the marker",
            "reach the target with the gripper", "bring the gripper to the goal point",
            "touch the marker with the hand",
            marker=True, steps=100,
        ),
        _task(
            "reach-wall", "marker", "move the hand over the wall to the marker",
            "reach past the brick wall to the target", "bring the gripper behind the wall to the marker",
            "go over the wall with the hand to the goal point",
            marker=True, steps=100,
        ),
        _task(
            "shelf-place", "shelf", "put the cube on the shelf",
            "place the block on the shelf", "lift the cube onto the shelf", "set the block down in the shelf",
        ),
        _task(
            "soccer", "soccer ball", "push the soccer ball into the goal",
            "score a goal with the football", "roll the ball into the goal", "move the football into the net",
        ),
        _task(
            "stick-pull", "stick", "pull the thermos with the stick",
            "hook the bottle's handle with the stick and pull it", "use the stick to drag the thermos",
            "draw the bottle closer with the blue stick",
            opposite="stick-push", steps=200,
        ),
        _task(
            "stick-push", "stick", "push the thermos with the stick",
            "shove the bottle along with the stick", "use the stick to push the thermos away",
            "poke the bottle forwards with the blue stick",
            opposite="stick-pull",
        ),
        _task(
            "sweep", "cube", "sweep the cube off the table",
            "push the block over the table's edge", "brush the cube off the side of the table",
            "slide the block off the table",
        ),
        _task(
            "sweep-into", "cube", "sweep the cube into the hole in the table",
            "push the block into the hole", "slide the cube into the hole", "brush the block over to the hole",
            steps=100,
        ),
        _task(
            "window-close", "window", "close the window",
            "slide the window shut", "push the window closed", "shut the window",
            opposite="window-open",
        ),
        _task(
            "window-open", "window", "open the window",
            "slide the window open", "push the window open by its handle", "move the window's pane aside",
            opposite="window-close",
        ),
    )
}  # fmt: skip
"""All tasks by name."""


def task_info(task: str) -> TaskInfo:
    """Look up a task.

    Raises:
        UnknownNameError: There is no such task.
    """
    if task not in TASKS:
        raise unknown_name("Meta-World task", task, TASKS)
    return TASKS[task]
