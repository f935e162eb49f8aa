"""Which things nobody takes for each other: what people call a mug may be a cup, but it is no tap.

Kinds were written down by hand (``things.json``), wide enough that all common names of a thing are in one. Of a thing
that is in none, nothing is sure.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Final

__all__ = ["apart", "kind_of"]

_KINDS: Final[dict[str, int]] = {
    name: kind
    for kind, names in enumerate(json.loads((files("a2r_train") / "things.json").read_text(encoding="utf-8"))["kinds"])
    for name in names
}
_NAME: Final = re.compile(r"\b(" + "|".join(sorted(map(re.escape, _KINDS), key=len, reverse=True)) + r")$", re.I)
_BEHIND: Final = re.compile(r"\b(to|from|on|in|of|with|under|behind) (?!tape\b).*", re.I)


@functools.cache
def kind_of(thing: str) -> int:
    """Return the kind of a thing by the name that ends it, -1 for none: an orange toy is no orange.

    Example:
        >>> kind_of("a red coffee mug") == kind_of("plastic cup") != kind_of("faucet to the left")
        True
        >>> kind_of("thingamajig")
        -1
    """
    name = _NAME.search(_BEHIND.sub("", thing).strip())
    return _KINDS[name.group().lower()] if name else -1


def apart(shown: Sequence[str], told: Sequence[str]) -> bool:
    """Tell whether a clip of some things surely does not show one that a sentence names.

    Args:
        shown: Things of the clip.
        told: Things of the sentence.

    Example:
        >>> apart(["mug"], ["faucet"]), apart(["mug"], ["glass"]), apart(["tin", "bowl"], ["cup"])
        (True, False, False)
    """
    kinds = {kind_of(thing) for thing in shown}
    return bool(kinds) and -1 not in kinds and any(kind_of(thing) not in (-1, *kinds) for thing in told)
