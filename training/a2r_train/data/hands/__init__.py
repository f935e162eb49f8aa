"""Embedded stand-in for Something-Something V2: hands that act on things, rendered in SS-V2's exact layout.

SS-V2 can neither be shipped nor downloaded without an account. These clips take its place until someone has it: other
bodies, objects, rooms and cameras than the robot's, so that what is learned from them is the action. Nothing of the
robot environments is in them: every shape and texture is computed here.

`repertoire` lists the actions. `opening`, `moving`, `lifting`, `poking`, `placing`, `inserting` and `twisting` draw
them with the things of `things`, `furniture` and `rotors`; `performance` moves hand and things, `surroundings` and
`camera` make the view, `film` renders, `dataset` writes, `command` is ``a2r hands``.
"""

from a2r_train.data.hands.dataset import HandsConfig, make_hands

__all__ = ["HandsConfig", "make_hands"]
