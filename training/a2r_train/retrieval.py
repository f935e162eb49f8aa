"""Which instruction of its family comes first on a clip that satisfies one task, and which is taken for it.

Letters: E clips, V of them that satisfy one task.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2r_gym.metrics import first_of
from a2r_train.scored_clips import ScoredClips

__all__ = ["Retrieval", "retrieval"]


class Retrieval(NamedTuple):
    """Clips that satisfy one task, and which instruction came first.

    Attributes:
        clips: int (V,), indices.
        right: str (V,), ``family/task`` that the clip satisfies.
        first: str (V,), the instruction with the highest similarity.
        hit: bool (V,), whether the right one is strictly first.
        num_candidates: int (V,).
    """

    clips: NDArray[np.int64]
    right: NDArray[np.str_]
    first: NDArray[np.str_]
    hit: NDArray[np.bool_]
    num_candidates: NDArray[np.int64]


def retrieval(scored: ScoredClips, mask: NDArray[np.bool_], *, same_object: bool = False) -> Retrieval:
    """Rank the family's instructions by similarity on clips that satisfy one task.

    Args:
        scored: The scored clips.
        mask: bool (E,), clips that may be used.
        same_object: Whether only tasks with the same object compete; clips without a competitor are left out.

    Returns:
        One entry per clip. Tasks that a clip's scene leaves out do not compete.
    """
    satisfied = np.where(mask, scored.satisfied(), -1)
    columns = scored.similarity.shape[1]
    clips, tables, rights = [], [], []
    for clip in map(int, np.flatnonzero(satisfied >= 0)):
        right = scored.clips.label_names[satisfied[clip]]
        rivals = [
            scored.column(scored.info(name).instruction)
            for name in _rivals(scored, clip, right, same_object=same_object)
        ]
        own = scored.column(scored.info(right).instruction)
        if set(rivals) - {own}:
            row = np.full(columns, np.nan)
            row[[own, *rivals]] = scored.similarity[clip, [own, *rivals]]
            clips.append(clip)
            tables.append(row)
            rights.append((right, own))
    table = np.array(tables).reshape(len(tables), columns)
    hit = first_of(table, np.array([own for _, own in rights], dtype=np.int64))
    first = [scored.sentences[column] for column in np.nanargmax(table, axis=1)] if len(table) else []
    return Retrieval(
        np.array(clips, dtype=np.int64),
        np.array([right for right, _ in rights], dtype=str),
        np.array(first, dtype=str),
        hit,
        np.isfinite(table).sum(axis=1),
    )


def _rivals(scored: ScoredClips, clip: int, right: str, *, same_object: bool) -> Iterable[str]:
    """Tasks of the family that compete with the right one on a clip."""
    family = right.split("/")[0]
    decided = dict(zip(scored.clips.label_names, scored.clips.success[clip, -1] >= 0, strict=True))
    for task, info in scored.tables[family].items():
        name = f"{family}/{task}"
        left_out = family == "tabletop" and not decided.get(name, False)
        if not left_out and not (same_object and info.object != scored.info(right).object):
            yield name
