"""The page's example is a backbone, and the page names those that exist."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import timm
import torch

from a2r_gym.models import backbones
from a2r_gym.models.backbones import BACKBONES
from a2r_gym.models.scoring import Adapt2Reward
from tests.models.conftest import CALIBRATION, MakeNetwork, MakeVideo

PAGE = Path(backbones.__file__).with_name("README.md").read_text(encoding="utf-8")


def test_the_example_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_network: MakeNetwork, make_video: MakeVideo
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    name, entry = re.findall(r'`"(regnet:<path>)": "(.*?)"`', PAGE)[0]
    module = ModuleType(entry.partition(":")[0])
    exec(compile(code, "README.md", "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(BACKBONES, name, entry)
    monkeypatch.setenv("A2R_WEIGHTS", str(tmp_path))
    torch.save(timm.create_model("regnetx_002", pretrained=False).state_dict(), tmp_path / "regnet.pth")
    network = make_network(backbone="regnet:regnet.pth")
    assert (network.backbone.channels, network.backbone.grid) == (368, 7)
    model = Adapt2Reward(network, CALIBRATION, name="regnet", runtime="torch")
    assert np.isfinite(model.score([make_video(2)], ["close the drawer"]).similarity).all()


def test_the_page_lists_every_backbone() -> None:
    rows = re.findall(r"^\| `([^`]*)`", PAGE, re.MULTILINE)
    assert rows == [name for name, entry in BACKBONES.items() if entry.startswith("a2r_gym.")]
