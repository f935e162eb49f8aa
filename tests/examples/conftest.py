"""Examples run as their users run them: as scripts."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rl.conftest import tiny_checkpoint

__all__ = ["RunExample", "run_example", "tiny_checkpoint"]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
RunExample = Callable[..., None]


@pytest.fixture
def run_example(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RunExample:
    """Run an example by its file's name with arguments, in a folder of its own."""

    def run(name: str, *arguments: str) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")

    return run
