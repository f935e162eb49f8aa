"""Two LLVMs in one process: Mesa's software renderer brings one, Triton (which comes with torch) has another inside.

Where Mesa's is loaded first, Triton's names are bound to it, and ``import torchvision`` crashes without a word. Triton
first is harmless. So it is loaded before the first OpenGL context, and where others have rendered already, bound to
its own names.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path

__all__ = ["load_triton_first"]

_EXTENSION = "triton._C.libtriton"
_MAPS = Path("/proc/self/maps")


def load_triton_first() -> None:
    """Load Triton's library, if it is installed and not loaded yet; it imports no torch and takes some 0.4 s."""
    if sys.platform != "linux" or _EXTENSION in sys.modules or importlib.util.find_spec("triton") is None:
        return
    flags = sys.getdlopenflags()
    if _mesa_is_loaded():  # only then: names of its own would also hide a preloaded allocator
        sys.setdlopenflags(flags | os.RTLD_DEEPBIND)
    try:
        importlib.import_module(_EXTENSION)
    except ImportError:  # a broken Triton is torch's to report, where it is needed
        return
    finally:
        sys.setdlopenflags(flags)


def _mesa_is_loaded() -> bool:
    try:
        return "libLLVM" in _MAPS.read_text(errors="replace")
    except OSError:
        return True
