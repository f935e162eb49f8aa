"""Rendering before torchvision is imported crashes nothing; each order in a fresh interpreter."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from a2r_gym import llvm_clash

RENDER = """
import mujoco
model = mujoco.MjModel.from_xml_string("<mujoco><worldbody><geom size='1'/></worldbody></mujoco>")
renderer = mujoco.Renderer(model, 32, 32)
renderer.render()
"""
BACKEND = "from a2r_gym.rendering import ensure_gl_backend; ensure_gl_backend()"
OTHERS_BACKEND = "import os; os.environ['MUJOCO_GL'] = os.environ.get('MUJOCO_GL') or 'egl'"


@pytest.mark.parametrize(
    ("before", "after"),
    [(BACKEND, "import torchvision"), (OTHERS_BACKEND, "import a2r_gym.models, torchvision")],
    ids=["our renderer, then torchvision", "another's renderer, then our models"],
)
def test_torchvision_can_be_imported_after_rendering(before: str, after: str) -> None:
    code = f"{before}\n{RENDER}\n{after}\nprint('alive', flush=True)\nimport os; os._exit(0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=200)
    assert done.stdout.strip() == "alive", f"exit status {done.returncode}: {done.stderr[-500:]}"


@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="triton is not installed")
def test_triton_is_loaded_without_torch_and_flags_stay() -> None:
    code = (
        "import sys; flags = sys.getdlopenflags(); from a2r_gym.llvm_clash import load_triton_first; "
        "load_triton_first(); print('triton._C.libtriton' in sys.modules, 'torch' in sys.modules, "
        "flags == sys.getdlopenflags())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "True"]


def test_nothing_happens_without_triton(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "triton._C.libtriton", raising=False)
    monkeypatch.setattr(llvm_clash.importlib.util, "find_spec", lambda name: None)
    llvm_clash.load_triton_first()
    assert "triton._C.libtriton" not in sys.modules
