"""The tasks that families have, trained or not, with the human template that says the same.

A method that reads no text learns here what its instructions mean; it may be asked for tasks that no robot has shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from a2r_train.labels import family_tasks
from a2r_train.template_match import matched_template

__all__ = ["KnownTask", "known_tasks"]


class KnownTask(NamedTuple):
    """A task.

    Attributes:
        name: ``family/task``.
        sentences: Its instruction, then its paraphrases.
        template: SS-V2's id of the template that says the same; -1: none does.
    """

    name: str
    sentences: tuple[str, ...]
    template: int


def known_tasks(families: Sequence[str], among: Iterable[int], matching: str = "text") -> tuple[KnownTask, ...]:
    """List all tasks of some families.

    Args:
        families: Such as ``["tabletop"]``.
        among: Templates to choose from.
        matching: One of `a2r_train.template_match.MATCHINGS`.

    Example:
        >>> [task.template for task in known_tasks(["tabletop"], (5, 41))]
        [5, -1, -1, -1, 41, -1, -1]
    """
    templates = tuple(among)
    return tuple(
        KnownTask(
            name=task.name,
            sentences=(task.info.instruction, *task.info.paraphrases),
            template=matched_template(task.info.instruction, templates, matching),
        )
        for task in family_tasks(families)
    )
