"""The 174 templates of Something-Something V2 (Goyal et al. 2017, arXiv 1706.04261), and how they relate.

A template is a sentence with placeholders in brackets: ``Closing [something]``. Ids are those of SS-V2's
``labels.json``. The names, the opposites and the mirror pairs are data: ``ssv2_templates.json`` and
``ssv2_relations.json`` beside this file.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from a2r_gym.errors import DataError, unknown_name

__all__ = ["MIRRORS", "OPPOSITES", "PRETENCES", "TEMPLATES", "Template", "filled", "mirrored_sentence", "template_ids"]

_PLACEHOLDER = re.compile(r"\[[^\]]*\]")


@dataclass(frozen=True)
class Template:
    """One template.

    Attributes:
        id: SS-V2's number.
        text: With placeholders in brackets.
    """

    id: int
    text: str

    @property
    def name(self) -> str:
        """Return it without brackets, as ``labels.json`` has it."""
        return self.text.replace("[", "").replace("]", "")

    @property
    def num_placeholders(self) -> int:
        """Return how many placeholders there are."""
        return len(_PLACEHOLDER.findall(self.text))


def _read(name: str) -> Any:
    return json.loads((files("a2r_train.data") / name).read_text(encoding="utf-8"))


TEMPLATES: tuple[Template, ...] = tuple(
    Template(number, text) for number, text in enumerate(_read("ssv2_templates.json")["templates"])
)
"""All templates; the place is the id."""
_RELATIONS: dict[str, list[list[int]]] = _read("ssv2_relations.json")


def _both_ways(pairs: Iterable[Sequence[int]]) -> dict[int, tuple[int, ...]]:
    table: dict[int, tuple[int, ...]] = {}
    for first, second in pairs:
        table[first] = (*table.get(first, ()), second)
        table[second] = (*table.get(second, ()), first)
    return table


OPPOSITES: dict[int, tuple[int, ...]] = _both_ways(_RELATIONS["opposites"])
"""Template -> templates that a clip of it surely does not show: closing and opening, left and right."""
MIRRORS: dict[int, int] = {first: second[0] for first, second in _both_ways(_RELATIONS["mirrors"]).items()}
"""Template -> what it becomes when the clip is flipped left to right; the others stay what they are."""
PRETENCES: dict[int, tuple[int, ...]] = _both_ways(_RELATIONS["pretences"])
"""Template -> its pretence, and back."""


def template_ids(templates: Iterable[int | str]) -> tuple[int, ...]:
    """Return ids for ids and names.

    Args:
        templates: Ids, or texts with or without brackets, in any case.

    Raises:
        UnknownNameError: There is no such template.
    """
    by_name = _by_name()
    found = []
    for template in templates:
        if isinstance(template, str) and not template.isdecimal():
            key = _plain(template)
            if key not in by_name:
                raise unknown_name("SS-V2 template", template, [entry.name for entry in TEMPLATES])
            found.append(by_name[key])
        else:
            if not 0 <= int(template) < len(TEMPLATES):
                raise unknown_name("SS-V2 template", str(template), [f"0..{len(TEMPLATES) - 1}"])
            found.append(int(template))
    return tuple(dict.fromkeys(found))


@functools.cache
def _by_name() -> dict[str, int]:
    return {_plain(entry.text): entry.id for entry in TEMPLATES}


def _plain(text: str) -> str:
    return " ".join(text.replace("[", "").replace("]", "").lower().split())


def filled(template: int | str, placeholders: Sequence[str]) -> str:
    """Return a template's sentence in lower case, its placeholders filled in.

    Args:
        template: Id, or text with brackets.
        placeholders: What stands in each, in order.

    Raises:
        DataError: Their number does not fit.

    Example:
        >>> filled(106, ["a ball", "a cup"])
        'putting a ball into a cup'
    """
    text = template if isinstance(template, str) else TEMPLATES[template].text
    slots = _PLACEHOLDER.findall(text)
    if len(slots) != len(placeholders):
        raise DataError(f"{text!r} has {len(slots)} placeholders, got {len(placeholders)}: {list(placeholders)}")
    words = iter(placeholders)
    sentence = _PLACEHOLDER.sub(lambda match: next(words), text[:1].lower() + text[1:])
    return " ".join(sentence.split())


def mirrored_sentence(sentence: str) -> str:
    """Return what a sentence becomes when its clip is flipped left to right.

    Example:
        >>> mirrored_sentence("pushing a cup from left to right")
        'pushing a cup from right to left'
    """
    swapped = {"left": "right", "right": "left"}
    # "right out" and "right away" are no directions
    return re.sub(r"\b(left|right)\b(?! out\b| away\b)", lambda match: swapped[match.group(0)], sentence)
