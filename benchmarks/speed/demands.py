"""What the reward loop is asked to do, and what was measured, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["DEMANDS", "Demand", "demands_table"]


class Demand(NamedTuple):
    """A line of the table.

    Attributes:
        what: In words.
        section: That measures it.
        number: Its name there.
        least: Whether the asked value is a lower bound.
        asked: The bound.
        form: How values are printed.
    """

    what: str
    section: str
    number: str
    least: bool
    asked: float
    form: str = "{:.1f}x"


_SHARE, _FINE, _TIMES = "{:.2f}", "{:.4f}", "{:.2f}x"
_MB, _SECONDS = "{:.0f} MB", "{:.2f} s"

DEMANDS = (
    Demand("whole loop against B, one core", "loop", "ours against B", True, 36),
    Demand("whole loop against B2", "loop", "ours against B2", True, 18),
    Demand("whole loop against A", "loop", "ours against A", True, 140),
    Demand("whole loop against its own bound", "loop", "ours against its bound", True, 0.8, _SHARE),
    Demand("OpenVINO f32 against eager torch, batch 1", "parts", "encode against torch, openvino", True, 3),
    Demand("- worst cosine", "fidelity", "worst cosine, openvino", True, 0.995, _FINE),
    Demand("- worst change of the reward", "fidelity", "worst change of the reward, openvino", False, 0.01, _FINE),
    Demand("OpenVINO bf16 against eager torch, batch 1", "parts", "encode against torch, openvino-bf16", True, 6),
    Demand("- worst cosine", "fidelity", "worst cosine, openvino-bf16", True, 0.995, _FINE),
    Demand("- worst change of the reward", "fidelity", "worst change of the reward, openvino-bf16", False, 0.01, _FINE),
    Demand("streaming against a window of 16, torch", "parts", "streaming, torch", True, 12),
    Demand("streaming against a window of 16, OpenVINO", "parts", "streaming, openvino", True, 12),
    Demand("render against Gymnasium's, 224 px", "pictures", "render, 224 px", True, 20),
    Demand("render against Gymnasium's, own sizes", "pictures", "render, own sizes", True, 25),
    Demand("mean pixel difference, of 255", "fidelity", "pixel difference, mean of 255", False, 1.5, _SHARE),
    Demand("two workers against one", "workers", "two workers against one", True, 1.8, _TIMES),
    Demand("- by CPU seconds", "workers", "two workers against one, by CPU seconds", True, 1.8, _TIMES),
    Demand("a step at episode length 500 against 50", "episodes", "loop, 500 steps against 50", False, 1.2, _TIMES),
    Demand("reward of 8 envs, one batch", "batches", "8 envs in one batch against 8 x one", False, 0.8, _SHARE),
    Demand("lost beside a busy process", "workers", "lost beside a busy process", False, 0.15, _SHARE),
    Demand("memory of each further environment", "memory", "MB of each further environment", False, 200, _MB),
    Demand("memory grown over 50,000 frames", "memory", "MB grown over 50000 frames", False, 20, _MB),
    Demand("memory grown over 200 open/close cycles", "memory", "MB grown over 200 opened and closed", False, 20, _MB),
    Demand("a latent plan, 100 candidates x 20 steps", "plans", "seconds of a latent plan", False, 0.7, _SECONDS),
    Demand("- against one in the simulator", "plans", "latent against the simulator", True, 4),
    Demand("training epoch with cached features", "training", "epoch without cached features", True, 10),
    Demand("- against one that trains the trunk", "training", "epoch that trains the trunk too", True, 10),
)
"""In the order of the table; "flat" memory is taken for 20 MB at most."""


def demands_table(sections: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Print the table in Markdown; what was not measured has a dash.

    Args:
        sections: Records of sections by name.
    """
    lines = ["| what | asked | measured | |", "| --- | --- | --- | --- |"]
    for demand in DEMANDS:
        value = sections.get(demand.section, {}).get("numbers", {}).get(demand.number)
        sign = ">=" if demand.least else "<="
        asked = f"{sign} {demand.form.format(demand.asked)}"
        if value is None:
            lines.append(f"| {demand.what} | {asked} | \u2013 | |")
            continue
        met = value >= demand.asked if demand.least else value <= demand.asked
        lines.append(f"| {demand.what} | {asked} | {demand.form.format(value)} | {'yes' if met else 'no'} |")
    return lines
