"""The throughput benchmark in miniature: every arm runs, every demand has its line, a step does nothing twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.speed.clock import Arm, Timing, interleave, ratio, repeat
from benchmarks.speed.demands import DEMANDS, demands_table
from benchmarks.speed.report import draw, section_table
from benchmarks.speed.section import Section

ROOT = Path(__file__).parents[2]
TIMING = Timing(cpu=(0.002, 0.004, 0.006), wall=(0.01, 0.01, 0.01), others=(0.5, 0.5, 0.5))


def test_every_arm_runs_once_to_warm_up_and_once_a_round_in_turn() -> None:
    order: list[str] = []
    arms = [Arm(name, repeat(2, lambda name=name: order.append(name)), 2) for name in "abc"]  # type: ignore[misc]
    timings = interleave(arms, 3, "test")
    assert "".join(order[::2]) == "abc" + "abc" + "bca" + "cab"
    assert order[::2] == order[1::2]
    assert {name: len(timing.cpu) for name, timing in timings.items()} == {"a": 3, "b": 3, "c": 3}
    assert all(0.0 <= share <= 1.0 for timing in timings.values() for share in timing.others)


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    slow = Timing(cpu=(0.02, 0.4, 0.12), wall=TIMING.wall, others=TIMING.others)
    assert ratio(slow, TIMING) == pytest.approx(20.0)
    assert TIMING.record()["cpu_ms"] == pytest.approx(4.0)
    assert TIMING.record()["cpu_ms_quartiles"] == pytest.approx([3.0, 5.0])


def _line(value: float) -> str:
    """Return the first demand's line where this was measured."""
    first = DEMANDS[0]
    return next(
        line for line in demands_table({first.section: {"numbers": {first.number: value}}}) if first.what in line
    )


def test_the_table_holds_every_demand_beside_what_was_measured() -> None:
    lines = demands_table({})
    assert len(lines) == len(DEMANDS) + 2
    assert all(line.endswith("| \u2013 | |") for line in lines[2:])
    assert DEMANDS[0].least
    assert _line(DEMANDS[0].asked).endswith("| yes |")
    assert _line(DEMANDS[0].asked - 1).endswith("| no |")


def test_a_section_is_printed_and_drawn(tmp_path: Path) -> None:
    section = Section(
        title="Loops", timings={"ours": TIMING, "A: theirs": TIMING}, numbers={"x": 2.0}, notes=("Note.",)
    )
    text = "\n".join(section_table(section.record()))
    assert "| ours | 4 | 3 to 5 | 250 | 10 | 50% |" in text
    assert "Note." in text
    draw({}, tmp_path / "loop.svg")
    assert not (tmp_path / "loop.svg").exists()
    draw({"loop": section.record()}, tmp_path / "loop.svg")
    assert (tmp_path / "loop.svg").read_text().count("<svg") == 1


def _run(out: Path, *options: str) -> dict[str, Any]:
    command = [sys.executable, "-W", "ignore", "benchmarks/throughput.py", "--quick", "--out", str(out), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    results: dict[str, Any] = json.loads((out / "results.json").read_text())
    return results["sections"]  # type: ignore[no-any-return]


@pytest.mark.usefixtures("needs_metaworld")
def test_a_miniature_measures_what_it_says(tmp_path: Path) -> None:
    first = _run(tmp_path, "--only", "parts", "batches")
    assert list(first) == ["parts", "batches"]
    assert {"encode, torch", "head, torch", "streamed, torch", "window of 16, torch"} <= set(first["parts"]["timings"])
    assert "2 envs in one batch against 2 x one" in first["batches"]["numbers"]
    both = _run(tmp_path, "--only", "fidelity", "plans")
    assert list(both) == ["parts", "batches", "fidelity", "plans"]
    assert both["parts"] == first["parts"]
    assert 0.0 < both["fidelity"]["numbers"]["pixel difference, mean of 255"] < 3.0
    assert both["plans"]["numbers"]["seconds of a latent plan"] > 0.0
    report = (tmp_path / "report.md").read_text()
    assert all(demand.what in report for demand in DEMANDS)


@pytest.mark.usefixtures("needs_metaworld")
def test_a_step_of_our_loop_renders_and_encodes_once() -> None:
    from benchmarks.speed.loops import OurLoop, reward_model

    model = reward_model("torch")
    loop = OurLoop(reward=model)
    inside: Any = loop.env.unwrapped
    counts = {"rendered": 0, "encoded": 0}
    render, encode = inside.render, model._encode

    def count_render() -> NDArray[np.uint8]:
        counts["rendered"] += 1
        picture: NDArray[np.uint8] = render()
        return picture

    class Counting:
        name = "torch"

        def __call__(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
            counts["encoded"] += len(frames)
            return encode(frames)

    inside.render, model._encode = count_render, Counting()
    try:
        loop.run(5)
    finally:
        model._encode = encode
        loop.env.close()
    assert counts == {"rendered": 5, "encoded": 5}


@pytest.fixture
def needs_metaworld() -> None:
    """Skip where the simulator is not installed."""
    pytest.importorskip("metaworld", reason="needs the metaworld extra")
