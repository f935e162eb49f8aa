"""Trainings in one process: their pools' workers know the tests' tiny backbone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.pool import ThreadPool
from types import SimpleNamespace

import pytest
from torch import nn

from a2r_gym.models import runtime, windowed
from a2r_train import features


@contextmanager
def in_threads() -> Iterator[None]:
    """Let the pool's workers be threads, which know the tiny backbone, and encode in torch: nothing to compile."""

    def make_torch(module: nn.Module, size: int, name: str | None = None) -> runtime.TorchRuntime:
        del size, name
        return runtime.TorchRuntime(module)

    with pytest.MonkeyPatch.context() as patch:
        for module in (runtime, windowed):
            patch.setattr(module, "make_runtime", make_torch)
        patch.setattr(features.multiprocessing, "get_context", lambda _: SimpleNamespace(Pool=ThreadPool))
        yield
