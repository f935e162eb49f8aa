"""A graph is exported once per weights, takes any batch, and gives out copies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip("openvino", reason="OpenVINO is not installed")

from a2r_gym.disk_cache import CACHE_FOLDER
from a2r_gym.models import openvino_graph
from a2r_gym.models.openvino_graph import OpenVINOGraph

EXAMPLE = torch.zeros((2, 4))


class Affine(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)
        nn.init.constant_(self.layer.weight, factor)
        nn.init.constant_(self.layer.bias, 0.5)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.layer(rows)
        return out


@pytest.fixture
def exports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[nn.Module]:
    """Use an empty cache; gives the modules that were exported."""
    monkeypatch.setenv(CACHE_FOLDER, str(tmp_path))
    done, export = [], openvino_graph._export

    def count(module: nn.Module, *rest: Any) -> Any:
        done.append(module)
        return export(module, *rest)

    monkeypatch.setattr(openvino_graph, "_export", count)
    return done


def test_equal_modules_are_exported_once_and_others_again(exports: list[nn.Module]) -> None:
    rows = np.ones((1, 4), np.float32)
    for module in (Affine(1.0), Affine(1.0), Affine(2.0)):
        with torch.no_grad():
            expected = module(torch.from_numpy(rows)).numpy()
        np.testing.assert_allclose(OpenVINOGraph(module, EXAMPLE)(rows), expected, rtol=1e-6)
    assert len(exports) == 2


def test_a_row_is_the_same_in_any_batch(exports: list[nn.Module]) -> None:
    graph, rows = OpenVINOGraph(Affine(0.3), EXAMPLE), np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    np.testing.assert_array_equal(graph(rows), np.concatenate([graph(row[None]) for row in rows]))


def test_a_batch_of_any_size_and_order_in_memory_is_taken(exports: list[nn.Module]) -> None:
    graph, module = OpenVINOGraph(Affine(1.5), EXAMPLE), Affine(1.5)
    for count in (1, 3, 2):
        rows = np.random.default_rng(count).normal(size=(4, count)).astype(np.float32).T
        rows.flags.writeable = False
        with torch.no_grad():
            expected = module(torch.tensor(rows.tolist())).numpy()
        np.testing.assert_allclose(graph(rows), expected, rtol=1e-5)


def test_results_are_copies(exports: list[nn.Module]) -> None:
    graph = OpenVINOGraph(Affine(1.0), EXAMPLE)
    first = graph(np.ones((1, 4), np.float32))
    kept = first.copy()
    graph(np.zeros((1, 4), np.float32))
    np.testing.assert_array_equal(first, kept)


def test_a_module_whose_source_is_not_to_be_had_is_exported_each_time(
    exports: list[nn.Module], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(part: type) -> str:
        raise TypeError("no source")

    monkeypatch.setattr("inspect.getfile", missing)
    for _ in range(2):
        OpenVINOGraph(Affine(1.0), EXAMPLE)
    assert len(exports) == 2
    assert list(tmp_path.iterdir()) == []
