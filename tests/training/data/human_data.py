"""Small data sets in SS-V2's layout, with real webm files whose pictures tell clip and frame."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

from a2r_train.data.ssv2_templates import TEMPLATES, filled

FOLDER = "20bn-something-something-v2"
HEIGHT, WIDTH = 48, 64
CLIPS = (
    (1, "train", 5, ("a drawer",)),
    (2, "train", 93, ("a mug",)),
    (3, "train", 93, ("a box",)),
    (4, "train", 106, ("a ball", "a cup")),
    (5, "validation", 94, ("a mug",)),
    (6, "test", -1, ()),
)
"""Number, split, template, placeholders."""
LENGTH = 12


def grey(number: int, frame: int) -> int:
    """Grey level of a clip's picture."""
    return 30 + (20 * number + 5 * frame) % 200


def write_webm(path: Path, number: int, length: int = LENGTH, size: tuple[int, int] = (HEIGHT, WIDTH)) -> None:
    with av.open(str(path), "w", format="webm") as container:
        stream = container.add_stream("libvpx-vp9", rate=12, options={"deadline": "realtime", "cpu-used": "8"})
        stream.height, stream.width = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for frame in range(length):
            picture = np.full((*size, 3), grey(number, frame), np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def write_layout(
    root: Path, *, clips: Sequence[tuple[int, str, int, tuple[str, ...]]] = CLIPS, long_names: bool = False
) -> Path:
    """Write the official files: json lists, labels, numbered webm."""
    labels = root / "labels"
    labels.mkdir(parents=True)
    (root / FOLDER).mkdir()
    prefix = "something-something-v2-" if long_names else ""
    lists: dict[str, list[dict[str, object]]] = {"train": [], "validation": [], "test": []}
    for number, split, template, placeholders in clips:
        write_webm(root / FOLDER / f"{number}.webm", number)
        entry: dict[str, object] = {"id": str(number)}
        if template >= 0:
            text = TEMPLATES[template].text
            entry |= {"label": filled(template, placeholders), "template": text, "placeholders": list(placeholders)}
        lists[split].append(entry)
    for split, entries in lists.items():
        (labels / f"{prefix}{split}.json").write_text(json.dumps(entries))
    table = {template.name: str(template.id) for template in TEMPLATES}
    (labels / f"{prefix}labels.json").write_text(json.dumps(table))
    return root
