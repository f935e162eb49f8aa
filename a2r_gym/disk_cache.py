"""What is costly to make and can always be made anew: exported graphs, models that are only drawn.

Entries stand under ``$A2R_CACHE``, else under the user's cache folder. Each is a folder that takes its place in one
move, so that several processes may ask for it at once. Nothing is ever changed: another key is another entry.
"""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

__all__ = ["CACHE_FOLDER", "cached", "digest"]

CACHE_FOLDER: Final = "A2R_CACHE"
"""Environment variable: the folder of all entries."""


def digest(parts: Iterable[str | bytes]) -> str:
    """Hash what an entry follows from: 24 hexadecimal digits of SHA-256, other where parts are cut otherwise."""
    hashed = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        hashed.update(len(data).to_bytes(8, "little"))
        hashed.update(data)
    return hashed.hexdigest()[:24]


def cached(name: str, make: Callable[[Path], None]) -> Path:
    """Return an entry's folder; whoever asks first makes it.

    Args:
        name: Of the entry, a file name; it holds the `digest` of all that the entry follows from.
        make: Fills an empty folder.

    Returns:
        The folder, to be read only.

    Example:
        >>> from pathlib import Path
        >>> cached("a-word", lambda folder: Path(folder, "it").write_text("word"))  # doctest: +SKIP
    """
    place = _root() / name
    if place.is_dir():
        return place
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=place.parent) as work:
        made = Path(work) / "made"
        made.mkdir()
        make(made)
        try:
            made.rename(place)
        except OSError:
            if not place.is_dir():  # else another process was first
                raise
    return place


def _root() -> Path:
    """Return the folder of all entries; where none can be written it lasts as long as this process."""
    given, base = os.environ.get(CACHE_FOLDER), os.environ.get("XDG_CACHE_HOME")
    root = Path(given) if given else (Path(base) if base else Path("~/.cache")) / "a2r-gym"
    root = root.expanduser()
    try:
        root.mkdir(parents=True, exist_ok=True)
        writable = os.access(root, os.W_OK)
    except OSError:
        writable = False
    return root if writable else _passing(root)


@functools.cache
def _passing(wanted: Path) -> Path:
    warnings.warn(
        f"{wanted} cannot be written, so exported graphs are made anew in each process: set {CACHE_FOLDER} to a "
        "folder that can be",
        RuntimeWarning,
        stacklevel=4,
    )
    folder = tempfile.TemporaryDirectory(prefix="a2r-gym-")
    _HELD.append(folder)
    return Path(folder.name)


_HELD: list[tempfile.TemporaryDirectory[str]] = []
"""Folders that go with the process."""
