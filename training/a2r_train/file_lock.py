"""One process at a time: several trainings share the caches of their data."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

__all__ = ["locked"]


@contextmanager
def locked(path: Path) -> Iterator[IO[str]]:
    """Wait until no other process holds a lock, and hold it.

    It is let go at the end, and when the process dies; a child that has been given the file holds it too.

    Args:
        path: The lock's file; made with its folder where it is missing, and left behind.

    Yields:
        The open file.

    Example:
        >>> with locked(Path("out/.lock")):  # doctest: +SKIP
        ...     compute()
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
