"""What templates of Something-Something V2 say about each other, and how their sentences are said.

A clip of one template is a counter-example of its opposite and of what it only pretends, says nothing certain about
those that could also be said of it, and does not do any other. Templates go by SS-V2's own numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from a2r_train.data.ssv2_templates import OPPOSITES, PRETENCES, TEMPLATES, filled

__all__ = ["HUMAN_SETS", "counter_template", "imperative", "paraphrases", "placeholders", "relation", "said"]

HUMAN_SETS: Final[dict[int, tuple[int, ...]]] = {
    3: (5, 41, 93),
    6: (5, 41, 44, 46, 93, 94),
    9: (5, 41, 44, 46, 93, 94, 86, 87, 170),
    12: (5, 41, 44, 46, 93, 94, 86, 87, 170, 27, 106, 158),
}
"""The paper protocol's human tasks. 3 and 6 are DVD's; 9 and 12 were fixed here before anything was trained."""
_ALIKE: Final[tuple[frozenset[int], ...]] = (
    frozenset({93, 86, 35, 36, 37, 40, 42, 100}),
    frozenset({94, 87, 35, 36, 37, 40, 42, 100}),
    frozenset({41, 35, 36, 40, 42, 100}),
    frozenset({44, 35, 36, 37, 40, 42, 100}),
    frozenset({27, 28, 45, 47, 89, 147}),
    frozenset({43, 74, 107, 109, 112}),
    frozenset({106, 43, 8, 11, 145}),
    frozenset({148, 45, 47, 89, 147}),
    frozenset({170, 33, 97, 58, 139, 140}),
    frozenset({46, 33, 89, 121}),
    frozenset({5, 33}),
    frozenset({158, 57, 159, 21}),
    frozenset({164, 21, 158}),
    frozenset({15, 55, 69, 100, 160, 16}),
    frozenset({6, 112, 43}),
    frozenset({171, 45, 47, 121}),
)
"""Templates that one clip can often be called by."""
_IRREGULAR: Final = {
    "closing": "close", "moving": "move", "removing": "remove", "taking": "take", "squeezing": "squeeze",
    "piling": "pile", "scooping": "scoop", "putting": "put", "tipping": "tip", "dropping": "drop", "spinning": "spin",
    "hitting": "hit", "plugging": "plug", "digging": "dig", "letting": "let", "wiping": "wipe", "poking": "poke",
    "sprinkling": "sprinkle",
}  # fmt: skip

_DETERMINED: Final = re.compile(r"(a|an|the|my|his|her|two|three|one|some|up|something|number)\b", re.I)
_PARAPHRASES: Final[dict[int, tuple[str, ...]]] = {
    int(template): tuple(sentences)
    for template, sentences in json.loads(
        (files("a2r_train") / "template_paraphrases.json").read_text(encoding="utf-8")
    )["sentences"].items()
}


def counter_template(template: int) -> int | None:
    """Return a template that a clip of this one surely does not do: its opposite, or what it only pretends."""
    places = TEMPLATES[template].num_placeholders
    others = (*OPPOSITES.get(template, ()), *PRETENCES.get(template, ()))
    return next((other for other in others if TEMPLATES[other].num_placeholders == places), None)


def relation(shown: int, said: int) -> int:
    """Judge what a clip of one template says about the sentence of another.

    Args:
        shown: Template of the clip.
        said: Template of the sentence.

    Returns:
        1 does, 0 does not, -1 unknown.
    """
    if shown == said:
        return 1
    if said in OPPOSITES.get(shown, ()) or said in PRETENCES.get(shown, ()):
        return 0
    return -1 if any(shown in group and said in group for group in _ALIKE) else 0


def placeholders(template: int, sentence: str) -> tuple[str, ...]:
    """Find what fills a template's placeholders in a sentence; empty where the sentence is another template's.

    Example:
        >>> placeholders(106, "putting a ball into a cup")
        ('a ball', 'a cup')
    """
    words = [re.escape(part) for part in re.split(r"\[[^\]]*\]", TEMPLATES[template].text)]
    found = re.fullmatch(
        "(.+?)".join(words[:-1]) + ("(.+)" if len(words) > 1 else "") + words[-1], sentence, flags=re.I
    )
    return found.groups() if found else ()


def said(template: int, things: Sequence[str], *, generic: bool = False) -> str:
    """Say a template's sentence of some things, or of "something"."""
    if generic or len(things) != TEMPLATES[template].num_placeholders:
        name = TEMPLATES[template].name
        return name[:1].lower() + name[1:]
    return filled(template, things)


def paraphrases(template: int, things: Sequence[str]) -> tuple[str, ...]:
    """Return other instructions that say what a template says of some things; none where nobody has written any.

    Example:
        >>> paraphrases(10, ("a ball", "cup"))
        ('let a ball fall into the cup', 'let go of a ball above the cup')
    """
    named = [thing if _DETERMINED.match(thing) else f"the {thing}" for thing in things]
    return tuple(sentence.format(*named) for sentence in _PARAPHRASES.get(template, ()))


def imperative(sentence: str) -> str:
    """Say a template's sentence as an instruction.

    Example:
        >>> imperative("closing the top drawer")
        'close the top drawer'
        >>> imperative("moving cup away from the camera")
        'move the cup away from the camera'
    """
    verb, _, rest = sentence.partition(" ")
    stem = _IRREGULAR.get(verb.lower(), verb.lower().removesuffix("ing"))
    determined = _DETERMINED.match(rest)
    return f"{stem} {'' if determined or not rest else 'the '}{rest}".strip()
