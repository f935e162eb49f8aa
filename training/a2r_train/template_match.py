"""Which of SS-V2's templates fit a sentence: by a hand-made list, by words, or by the cosine of sentence embeddings.

The paper picks human tasks by hand. Ranking templates by text does it for any sentence, so that a new robot task finds
human videos on its own. The list that was made by hand is data (``template_match.json``) and the yardstick for both
rankings.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.errors import InstructionError, unknown_name
from a2r_train.data.ssv2_templates import TEMPLATES, template_ids

__all__ = ["FITTING", "HAND_MADE", "MATCHINGS", "Encoder", "matched_template", "minilm_encoder", "rank_templates"]

MATCHINGS: Final = ("text", "hand")
"""Ways to find the template of a robot task."""
FITTING: Final = 0.4
"""Overlap of words from which a template counts as saying the same as a sentence."""

Encoder = Callable[[Sequence[str]], NDArray[np.float32]]
"""Turns B sentences into float32 (B, D), of any length."""

_DATA: Final = json.loads((files("a2r_train") / "template_match.json").read_text(encoding="utf-8"))
HAND_MADE: Final[dict[str, tuple[int, ...]]] = {key: tuple(value) for key, value in _DATA["hand_made"].items()}
"""Instruction of a robot task -> templates that mean the same, the best first."""
_SYNONYMS: Final[dict[str, str]] = _DATA["synonyms"]
_IGNORED: Final = frozenset(_DATA["ignored"])
"""Words that say nothing; left and right are told by `_tokens`."""
PRETENCE: Final = 0.5
"""Factor for templates that only pretend, where the sentence does not speak of pretending."""
_DIRECTED: Final = frozenset({"left", "right"})


def matched_template(sentence: str, among: Iterable[int | str], matching: str = "text") -> int:
    """Return the template that says what a robot's sentence says.

    Args:
        sentence: Such as ``"push the mug to the left"``.
        among: Ids or names to choose from.
        matching: ``text``: the one whose words fit best, if they fit well enough; ``hand``: by the hand-made list.

    Returns:
        Its id, -1 where none fits.

    Raises:
        UnknownNameError: There is no such matching.

    Example:
        >>> [matched_template(told, [5, 41, 93, 94]) for told in ("close the drawer", "press the button")]
        [5, -1]
    """
    if matching not in MATCHINGS:
        raise unknown_name("matching", matching, MATCHINGS)
    numbers = template_ids(among)
    if matching == "hand":
        return next((number for number in HAND_MADE.get(sentence, ()) if number in numbers), -1)
    ranked = rank_templates(sentence, numbers)
    return ranked[0][0] if ranked and ranked[0][1] >= FITTING else -1


def rank_templates(
    sentence: str, among: Iterable[int | str] | None = None, *, encoder: Encoder | None = None
) -> list[tuple[int, float]]:
    """Rank templates by how well they fit a sentence.

    Args:
        sentence: Such as ``"push the mug to the left"``.
        among: Ids or names; None: all templates.
        encoder: Gives sentence embeddings, whose cosine is the score; None: the overlap of words, rare ones counting
            more. Words are exact about left and right, embeddings know synonyms.

    Returns:
        Pairs of id and score, best first; scores are at most 1, and ties keep the order of the ids.

    Raises:
        InstructionError: The sentence is empty.

    Example:
        >>> [number for number, _ in rank_templates("push the cup to the left", [41, 93, 94])]
        [94, 93, 41]
    """
    if not sentence.strip():
        raise InstructionError("expected a sentence, got an empty string")
    numbers = tuple(range(len(TEMPLATES))) if among is None else template_ids(among)
    scores = _overlaps(sentence, numbers) if encoder is None else _cosines(sentence, numbers, encoder)
    return sorted(zip(numbers, scores, strict=True), key=lambda pair: (-pair[1], pair[0]))


def _cosines(sentence: str, numbers: Sequence[int], encoder: Encoder) -> list[float]:
    vectors = np.asarray(encoder([sentence, *(TEMPLATES[number].name for number in numbers)]), dtype=np.float64)
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return [float(value) for value in vectors[1:] @ vectors[0]]


def _overlaps(sentence: str, numbers: Sequence[int]) -> list[float]:
    own, weights = _tokens(sentence), _weights()
    known = {token for token in own if token in weights}
    scores = []
    for number in numbers:
        other = _tokens(TEMPLATES[number].name)
        both = sum(weights[token] for token in known & other)
        all_of_them = sum(weights[token] for token in known | other)
        share = both / all_of_them if all_of_them else 0.0
        scores.append(share * (PRETENCE if "pretend" in other - own else 1.0))
    return scores


@functools.cache
def _weights() -> dict[str, float]:
    """Inverse document frequency of the templates' words."""
    count: dict[str, int] = {}
    for template in TEMPLATES:
        for token in _tokens(template.name):
            count[token] = count.get(token, 0) + 1
    return {token: math.log(len(TEMPLATES) / number) for token, number in count.items()}


def _tokens(sentence: str) -> set[str]:
    """Return a sentence's words in a common form; left and right with the word before, as ``to left``."""
    words = [_plain(word) for word in re.findall(r"[a-z']+", sentence.lower())]
    words = [_SYNONYMS.get(word, word) for word in words]
    kept = [word for word in words if word not in ("the", "a", "an")]
    tokens = {word for word in kept if word not in _IGNORED | _DIRECTED}
    for before, word in zip(["", *kept], kept, strict=False):
        if word in _DIRECTED:
            tokens.add(f"from {word}" if before == "from" else f"to {word}")
    return tokens


def _plain(word: str) -> str:
    """Return a verb's stem: ``closing`` and ``close``, ``putting`` and ``put`` become one."""
    if word.endswith("ing") and len(word) > 5:
        stem = word[:-3]
        if len(stem) > 2 and stem[-1] == stem[-2] and stem[-1] not in "ls":
            return stem[:-1]
        return stem + "e" if stem + "e" in _FINAL_E else stem
    return word


_FINAL_E: Final = frozenset(_DATA["final_e"])


def minilm_encoder() -> Encoder:
    """Return the embedded text tower as an encoder: frozen all-MiniLM-L6-v2.

    It hardly tells left from right (cosine 0.98); pair it with the opposites table where that matters.
    """
    import torch

    from a2r_gym.models.backbones import DEFAULT_BACKBONE, load_backbone

    tower = load_backbone(DEFAULT_BACKBONE, image_weights=False).text

    def encode(sentences: Sequence[str]) -> NDArray[np.float32]:
        with torch.no_grad():
            return np.asarray(tower(list(sentences)).float().numpy(), dtype=np.float32)

    return encode
