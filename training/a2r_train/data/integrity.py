"""Which clips of a data set in SS-V2's layout are missing, cut short or cannot be decoded, by id."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from tqdm import tqdm

from a2r_gym.errors import DataError
from a2r_train.data.something_something import VIDEO_FOLDER, SomethingSomething
from a2r_train.data.webm import claimed_frames, decode_webm

__all__ = ["IntegrityReport", "check_integrity"]

SLACK: Final = 2
"""Frames by which a file may fall short of what its header says: the header rounds."""
_SHOWN: Final = 20


@dataclass(frozen=True, kw_only=True)
class IntegrityReport:
    """What was found.

    Attributes:
        root: The data set.
        source: ``hands`` or ``something-something-v2``.
        num_clips: How many its json files list.
        num_checked: How many were looked at.
        missing: Ids without a file.
        short: Id -> how many frames there are and how many there should be.
        undecodable: Id -> what the decoder said.
        unlisted: Ids of files that no json file lists; they do no harm.
    """

    root: Path
    source: str
    num_clips: int
    num_checked: int
    missing: tuple[int, ...] = ()
    short: dict[int, tuple[int, int]] = field(default_factory=dict)
    undecodable: dict[int, str] = field(default_factory=dict)
    unlisted: tuple[int, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Tell whether every clip that was looked at is there and whole."""
        return not (self.missing or self.short or self.undecodable)

    @property
    def bad(self) -> tuple[int, ...]:
        """Return the ids of all clips that are not whole."""
        return tuple(sorted({*self.missing, *self.short, *self.undecodable}))

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "root": str(self.root),
            "source": self.source,
            "num_clips": self.num_clips,
            "num_checked": self.num_checked,
            "is_whole": self.is_whole,
            "missing": list(self.missing),
            "short": {str(key): list(value) for key, value in self.short.items()},
            "undecodable": {str(key): value for key, value in self.undecodable.items()},
            "unlisted": list(self.unlisted),
        }

    def __str__(self) -> str:
        """Return it as text: a line a kind, with the first ids."""
        short = [f"{key} ({found} of {expected} frames)" for key, (found, expected) in self.short.items()]
        broken = [f"{key} ({said})" for key, said in self.undecodable.items()]
        lines = [
            f"{self.root}: {self.source}, {self.num_clips} clips, {self.num_checked} checked",
            _line("missing", list(map(str, self.missing))),
            _line("short", short),
            _line("undecodable", broken),
        ]
        if self.unlisted:
            lines.append(_line("in no list", list(map(str, self.unlisted))))
        lines.append("whole" if self.is_whole else f"NOT whole: {len(self.bad)} clips; fetch or render them again")
        return "\n".join(lines)


def _line(kind: str, entries: list[str]) -> str:
    more = f", and {len(entries) - _SHOWN} more" if len(entries) > _SHOWN else ""
    return f"{kind:>12}: {len(entries)}{': ' if entries else ''}{', '.join(entries[:_SHOWN])}{more}"


def check_integrity(root: Path | str, *, sample: int = 0, seed: int = 0) -> IntegrityReport:
    """Look at every clip, or at some that are drawn at random.

    Args:
        root: Something-Something V2, or the output of ``a2r hands``.
        sample: How many clips to decode; 0: all of them. Missing files are looked for among all clips either way.
        seed: Of the draw.

    Raises:
        DataError: The json files are missing or broken.
    """
    data = SomethingSomething(root)
    numbers = [clip.id for clip in data.clips]
    missing = [number for number in numbers if not data.path(number).exists()]
    there = sorted(set(numbers) - set(missing))
    if 0 < sample < len(there):
        there = sorted(np.random.default_rng(seed).choice(there, size=sample, replace=False).tolist())
    short: dict[int, tuple[int, int]] = {}
    broken: dict[int, str] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # decoding leaves the interpreter free
        found = tqdm(
            pool.map(lambda number: _look_at(data, number), there), total=len(there), desc="check clips", unit="clip"
        )
        for number, fault in zip(there, found, strict=True):
            if isinstance(fault, str):
                broken[number] = fault
            elif fault is not None:
                short[number] = fault
    return IntegrityReport(
        root=data.root,
        source=data.source,
        num_clips=len(numbers),
        num_checked=len(there) + len(missing),
        missing=tuple(sorted(missing)),
        short=short,
        undecodable=broken,
        unlisted=_unlisted(data, set(numbers)),
    )


def _look_at(data: SomethingSomething, number: int) -> str | tuple[int, int] | None:
    """Return what the decoder said, or found and expected frames of a short clip, or None."""
    path = data.path(number)
    try:
        found, expected = len(decode_webm(path)), claimed_frames(path)
    except DataError as error:
        return str(error).replace(str(path), path.name)
    facts = data.facts.get(number)
    if facts is not None:
        expected = len(facts["progress"])
        return None if found == expected else (found, expected)
    return (found, expected) if found < expected - SLACK else None


def _unlisted(data: SomethingSomething, listed: set[int]) -> tuple[int, ...]:
    folder = data.root / VIDEO_FOLDER
    files = (folder if folder.is_dir() else data.root).glob("*.webm")
    return tuple(sorted({int(path.stem) for path in files if path.stem.isdecimal()} - listed))
