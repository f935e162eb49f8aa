"""Whether two data sets hold the same: tables to the byte, videos by their pictures.

x264 was seen to give other bytes for equal frames now and then, when other processes kept the machine busy.
"""

from __future__ import annotations

import json
from pathlib import Path

import imageio.v3 as imageio
import numpy as np


def assert_same_content(one: Path, two: Path) -> None:
    """Compare manifests, and decode what is in the videos."""
    manifests = [json.loads((root / "meta/files.json").read_text()) for root in (one, two)]
    videos = [name for name in manifests[0] if name.endswith(".mp4")]
    assert videos
    tables = [{name: value for name, value in manifest.items() if name not in videos} for manifest in manifests]
    assert tables[0] == tables[1]
    assert manifests[0].keys() == manifests[1].keys()
    for name in videos:
        pictures = [imageio.imread(root / name, plugin="pyav").astype(int) for root in (one, two)]
        assert pictures[0].shape == pictures[1].shape
        assert np.abs(pictures[0] - pictures[1]).mean() < 1.5, name
