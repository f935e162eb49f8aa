"""Backbones are found by name or by scheme, and only the one that is asked for is imported."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from a2r_gym.errors import BackboneError, UnknownNameError
from a2r_gym.models.backbones import BACKBONES, load_backbone


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """Register a backbone without an argument and a scheme; gives what they are called with."""
    called: list[tuple[object, ...]] = []
    module = ModuleType("recording_backbone")
    module.load = lambda *given, image_weights: called.append((*given, image_weights))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "recording_backbone", module)
    monkeypatch.setitem(BACKBONES, "plain", "recording_backbone:load")
    monkeypatch.setitem(BACKBONES, "scheme:<path>", "recording_backbone:load")
    return called


def test_a_scheme_passes_on_all_that_stands_behind_its_colon(calls: list[tuple[object, ...]]) -> None:
    load_backbone("scheme:a/b:c/d.pt")
    load_backbone("scheme:/x", image_weights=False)
    load_backbone("plain")
    assert calls == [("a/b:c/d.pt", True), ("/x", False), (True,)]


@pytest.mark.parametrize("name", ["resnet", "schema:x", "scheme", "plain:x", "efficientnet-lite0+minilm:x"])
def test_an_unknown_name_lists_what_exists(calls: list[tuple[object, ...]], name: str) -> None:
    with pytest.raises(UnknownNameError, match=rf"unknown backbone '{name.replace('+', '.')}'") as caught:
        load_backbone(name)
    assert all(known in str(caught.value) for known in BACKBONES)
    assert not calls


def test_a_scheme_without_its_argument_says_what_is_expected(calls: list[tuple[object, ...]]) -> None:
    with pytest.raises(BackboneError, match="expected scheme:<path>"):
        load_backbone("scheme:")
    assert not calls


def test_the_registry_imports_no_library() -> None:
    program = (
        "import sys, a2r_gym.models.backbones; print({'torch', 'timm', 'open_clip', 'transformers'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
