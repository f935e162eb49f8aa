"""A readable name for each failure mode, from what is known about the clips in it.

A name is what most of the clips set out to do, or the two most frequent plans. Names of one task differ: those that do
not are told with what the clips' states say, then with all plans and what was done instead, at last by a number.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["ModeFacts", "mode_facts", "name_modes"]

_PLANS: Final = {
    "random": "random motion",
    "missed": "missed it",
    "stopped_short": "stopped short",
    "undone": "undone at the end",
    "success": "tried and failed",
}
"""What a clip of each source did; sources of other controllers are told by their own name."""
_MAJORITY: Final = 0.5
"""More than this share of a mode's clips speaks for the mode."""
_SHARE: Final = 0.2
"""Sources with less are not told of."""
_NOTHING: Final = 0.05
"""Progress below it is none."""
_LOST: Final = 0.3
"""A clip whose progress is gone again at the end by more was undone."""


@dataclass(frozen=True, kw_only=True)
class ModeFacts:
    """What is known about the clips of a failure mode.

    Attributes:
        num_clips: How many there are.
        sources: Source and number of clips, the most frequent first.
        progress: Mean progress at the end, in [0, 1]; NaN where unknown.
        peak: Mean of the largest progress on the way, in [0, 1]; NaN where unknown.
        nowhere: Share of clips that never made any progress, in [0, 1].
        undone: Share of clips whose progress was gone again at the end, in [0, 1].
        instead: Another task that most clips did; empty for none.
    """

    num_clips: int
    sources: tuple[tuple[str, int], ...]
    progress: float = math.nan
    peak: float = math.nan
    nowhere: float = 0.0
    undone: float = 0.0
    instead: str = ""


def mode_facts(
    sources: NDArray[np.str_],
    progress: NDArray[np.float32],
    others: Mapping[str, NDArray[np.bool_]] | None = None,
) -> ModeFacts:
    """Sum up the clips of a mode.

    Args:
        sources: str (N,), what each clip's controller set out to do.
        progress: float32 (N, T), of its own task at its kept frames, in [0, 1]; NaN where unknown.
        others: Other task -> bool (N,), whether the clip did that one.

    Returns:
        The facts.
    """
    counts = Counter(map(str, sources.tolist()))
    ordered = tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
    known = progress[np.isfinite(progress).all(axis=1)]
    if not len(known):
        return ModeFacts(num_clips=len(sources), sources=ordered)
    peak, end = known.max(axis=1), known[:, -1]
    shares = {task: float(did.mean()) for task, did in (others or {}).items()}
    likeliest = max(shares, key=lambda task: shares[task], default="")
    return ModeFacts(
        num_clips=len(sources),
        sources=ordered,
        progress=float(end.mean()),
        peak=float(peak.mean()),
        nowhere=float((peak < _NOTHING).mean()),
        undone=float((peak - end > _LOST).mean()),
        instead=likeliest if shares.get(likeliest, 0.0) > _MAJORITY else "",
    )


def name_modes(modes: Sequence[ModeFacts]) -> tuple[str, ...]:
    """Name the failure modes of one task.

    Args:
        modes: Facts of each mode, in the order of their numbers.

    Returns:
        A name for each; no two are equal.

    Example:
        >>> short = ModeFacts(num_clips=9, sources=(("stopped_short", 8), ("random", 1)), progress=0.58, peak=0.6)
        >>> random = ModeFacts(num_clips=20, sources=(("random", 20),), progress=0.0, peak=0.01, nowhere=1.0)
        >>> name_modes([short, random])
        ('stopped short, about 60 % done', 'random motion')
    """
    names = [_short(facts) for facts in modes]
    for longer in (_with_state, _with_all):
        names = [longer(facts) if names.count(name) > 1 else name for name, facts in zip(names, modes, strict=True)]
    return tuple(
        f"{name} ({names[: place + 1].count(name)})" if names.count(name) > 1 else name
        for place, name in enumerate(names)
    )


def _short(facts: ModeFacts) -> str:
    """Name by what most clips set out to do; how far they came is told where it is the point."""
    plan = _plan(facts)
    return _with_state(facts) if plan == _PLANS["stopped_short"] else plan


def _with_state(facts: ModeFacts) -> str:
    return _joined(_plan(facts), _state(facts))


def _with_all(facts: ModeFacts) -> str:
    return _joined(_mix(facts), _state(facts), f"did {facts.instead} instead" if facts.instead else "")


def _joined(*parts: str) -> str:
    """Say each part once."""
    return ", ".join(dict.fromkeys(part for part in parts if part))


def _plan(facts: ModeFacts) -> str:
    """Tell what most clips set out to do, or the two most frequent plans."""
    if facts.sources and facts.sources[0][1] > _MAJORITY * facts.num_clips:
        return _words(facts.sources[0][0])
    return _mix(facts)


def _mix(facts: ModeFacts) -> str:
    """Tell the most frequent plans, at most two."""
    told = [_words(source) for source, count in facts.sources if count >= _SHARE * facts.num_clips]
    return " or ".join(told[:2]) or ("of several kinds" if facts.num_clips else "no clips")


def _state(facts: ModeFacts) -> str:
    """Tell how most clips ended; empty where that is unknown."""
    if math.isnan(facts.progress):
        return ""
    if facts.undone > _MAJORITY:
        return _PLANS["undone"]
    if facts.nowhere > _MAJORITY:
        return "got nowhere"
    return f"about {10 * round(10 * facts.progress)} % done"


def _words(source: str) -> str:
    return _PLANS.get(source, source.replace("_", " ").replace("-", " "))
