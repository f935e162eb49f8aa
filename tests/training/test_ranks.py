"""Two processes train as one does on the same batches; without torchrun nothing is shared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from a2r_train.ranks import average_gradients, is_first, joined, share

ROOT = Path(__file__).resolve().parents[2]
RUN = ("-m", "tests.training.parallel_run")


def _train(folder: Path, *launcher: str) -> list[dict[str, float]]:
    folder.mkdir()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'training'}"}
    done = subprocess.run(
        [sys.executable, *launcher, *RUN, str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    losses: list[dict[str, float]] = json.loads((folder / "losses.json").read_text())
    return losses


def test_two_processes_have_the_losses_and_the_weights_of_one(tmp_path: Path) -> None:
    alone = _train(tmp_path / "alone")
    both = _train(tmp_path / "both", "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    assert [step.keys() for step in both] == [step.keys() for step in alone]
    assert "cross_domain" in alone[0]
    for one, two in zip(alone, both, strict=True):
        for name, value in one.items():
            assert two[name] == pytest.approx(value, rel=2e-3, abs=1e-5), name
    states = [torch.load(tmp_path / name / "state.pt", weights_only=True) for name in ("alone", "both")]
    for name, value in states[0]["weights"].items():
        torch.testing.assert_close(states[1]["weights"][name], value, rtol=1e-2, atol=1e-3, msg=name)
    assert torch.equal(states[0]["modes"], states[1]["modes"])


def test_one_process_shares_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    parameter = torch.ones(2, requires_grad=True)
    parameter.sum().backward()  # type: ignore[no-untyped-call]
    with joined():
        assert is_first()
        rows = share(3, lambda mine: torch.from_numpy(np.asarray(mine)))
        average_gradients([parameter])
    assert rows.tolist() == [0, 1, 2]
    assert parameter.grad is not None
    assert parameter.grad.tolist() == [1.0, 1.0]
