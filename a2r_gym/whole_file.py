"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["whole_file"]


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a name beside ``path`` to write to; what is there takes its place in one move at the end.

    Args:
        path: Where the file will stand; its folder is made.

    Yields:
        Where to write. It is gone afterwards, also where the writing broke off.

    Example:
        >>> with whole_file(Path("out/notes.txt")) as part:  # doctest: +SKIP
        ...     part.write_text("all of it")
    """
    part = path.with_name(f"{path.stem}.part{path.suffix}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
