"""Reader for Something-Something V2 in its official layout, and for whatever else is written in it.

::

    labels/labels.json  train.json  validation.json  test.json      (or with the prefix something-something-v2-)
    20bn-something-something-v2/1.webm  2.webm  ...                 (or beside the json files)

``train.json`` and ``validation.json`` are lists of ``{"id", "label", "template", "placeholders"}``, ``test.json`` has
ids only, ``labels.json`` gives each template's number. A side file ``hands.json`` is read where there is one: the
embedded stand-in (`a2r_train.data.hands`) writes it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.errors import DataError, unknown_name
from a2r_train.data.dataset_files import read_json
from a2r_train.data.ssv2_templates import TEMPLATES, filled, template_ids
from a2r_train.data.webm import decode_webm

__all__ = ["SIDE_FILE", "SPLITS", "VIDEO_FOLDER", "HumanClip", "SomethingSomething"]

SPLITS: Final = ("train", "validation", "test")
VIDEO_FOLDER: Final = "20bn-something-something-v2"
SIDE_FILE: Final = "hands.json"
_PREFIX: Final = "something-something-v2-"


@dataclass(frozen=True, kw_only=True)
class HumanClip:
    """One entry of the index.

    Attributes:
        id: The file's number.
        split: One of `SPLITS`.
        template: Its id; -1 in the test split, which has no labels.
        sentence: The template with its placeholders filled in; empty in the test split.
        placeholders: What fills them.
    """

    id: int
    split: str
    template: int = -1
    sentence: str = ""
    placeholders: tuple[str, ...] = ()


class SomethingSomething:
    """A data set on disk."""

    def __init__(self, root: Path | str) -> None:
        """Read the index; no video is opened.

        Args:
            root: Folder with the json files, or whose folder ``labels`` has them.

        Raises:
            DataError: A file is missing, broken, or names a template that SS-V2 does not have.
        """
        self.root = Path(root)
        self._labels = _label_folder(self.root)
        self._check_labels()
        self.clips: tuple[HumanClip, ...] = tuple(clip for split in SPLITS for clip in self._read(split))
        if not self.clips:
            raise DataError(f"{self._labels} lists no clips")

    @property
    def source(self) -> str:
        """Return which data these are, for tables: ``hands`` or ``something-something-v2``."""
        return "hands" if (self.root / SIDE_FILE).exists() else "something-something-v2"

    @functools.cached_property
    def facts(self) -> dict[int, dict[str, Any]]:
        """Exact facts per clip from the side file; empty where there is none."""
        path = self.root / SIDE_FILE
        return {int(key): value for key, value in read_json(path)["clips"].items()} if path.exists() else {}

    def select(
        self,
        *,
        templates: Iterable[int | str] | None = None,
        split: str | None = "train",
        text: str | None = None,
        top: int = 3,
    ) -> list[HumanClip]:
        """Pick clips.

        Args:
            templates: Ids or names; None: all.
            split: One of `SPLITS`; None: all of them.
            text: A sentence; of the templates, only the ``top`` ones whose words fit it best.
            top: See ``text``.

        Raises:
            UnknownNameError: There is no such template or split.
        """
        if split is not None and split not in SPLITS:
            raise unknown_name("split", split, SPLITS)
        wanted = None if templates is None else set(template_ids(templates))
        if text is not None:
            from a2r_train.template_match import rank_templates

            among = sorted(
                {clip.template for clip in self.clips if clip.template >= 0} & (wanted or set(range(len(TEMPLATES))))
            )
            wanted = {template for template, _ in rank_templates(text, among)[:top]}
        return [
            clip for clip in self.clips
            if (split is None or clip.split == split) and (wanted is None or clip.template in wanted)
        ]  # fmt: skip

    def path(self, clip: HumanClip | int) -> Path:
        """Return where a clip's file is, or would be."""
        name = f"{clip if isinstance(clip, int) else clip.id}.webm"
        inside = self.root / VIDEO_FOLDER / name
        return inside if inside.exists() or (self.root / VIDEO_FOLDER).is_dir() else self.root / name

    def video(self, clip: HumanClip | int, *, size: int | None = None) -> NDArray[np.uint8]:
        """Decode a clip.

        Args:
            clip: The entry, or its id.
            size: Side of the square that is cut out of the middle and scaled; None: as stored.

        Returns:
            uint8 (T, H, W, 3).

        Raises:
            DataError: The file is missing or cannot be decoded.
        """
        return decode_webm(self.path(clip), size=size)

    def _check_labels(self) -> None:
        table = {str(name): int(number) for name, number in read_json(self._file("labels")).items()}
        for name, number in table.items():
            if not 0 <= number < len(TEMPLATES) or TEMPLATES[number].name != name:
                raise DataError(f"{self._file('labels')} calls {name!r} template {number}, which SS-V2 does not")

    def _file(self, split: str) -> Path:
        plain, long = self._labels / f"{split}.json", self._labels / f"{_PREFIX}{split}.json"
        return long if long.exists() and not plain.exists() else plain

    def _read(self, split: str) -> Iterable[HumanClip]:
        path = self._file(split)
        if not path.exists() and split == "test":
            return
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"cannot read {path}: {error}") from error
        for entry in entries:
            try:
                yield _clip(entry, split)
            except (KeyError, ValueError, TypeError) as error:
                raise DataError(f"{path}: the entry {entry!r} is not one of SS-V2's: {error}") from error


def _label_folder(root: Path) -> Path:
    for folder in (root / "labels", root):
        if any((folder / f"{prefix}labels.json").exists() for prefix in ("", _PREFIX)):
            return folder
    raise DataError(
        f"{root} holds no labels.json, nor does {root / 'labels'}: expected Something-Something V2 as it is "
        "distributed, or the output of 'a2r hands'"
    )


def _clip(entry: dict[str, Any], split: str) -> HumanClip:
    if "template" not in entry:
        return HumanClip(id=int(entry["id"]), split=split)
    placeholders: Sequence[str] = tuple(map(str, entry.get("placeholders", ())))
    (number,) = template_ids([str(entry["template"])])
    sentence = str(entry["label"]) if entry.get("label") else filled(number, placeholders)
    return HumanClip(
        id=int(entry["id"]), split=split, template=number, sentence=sentence, placeholders=tuple(placeholders)
    )
