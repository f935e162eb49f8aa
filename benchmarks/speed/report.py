"""What the throughput benchmark found, as Markdown and as a plot."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from a2r_gym.whole_file import whole_file

__all__ = ["draw", "section_table"]

_LOOPS = ("A:", "B:", "B2", "C:", "D:")
"""How the names of other people's loops begin."""


def section_table(section: Mapping[str, Any]) -> list[str]:
    """Print a section's record in Markdown."""
    lines = [f"## {section['title']}", ""]
    timings = section["timings"]
    if timings:
        unit = section["unit"]
        lines += [
            f"| | CPU ms a {unit} | quartiles | {unit}s a CPU second | wall ms | others had of the core |",
            "| --- " * 6 + "|",
        ]
        for name, row in timings.items():
            low, high = row["cpu_ms_quartiles"]
            lines.append(
                f"| {name} | {row['cpu_ms']:.3g} | {low:.3g} to {high:.3g} | {1e3 / row['cpu_ms']:.3g} | "
                f"{row['wall_ms']:.3g} | {row['others']:.0%} |"
            )
        lines.append("")
    if section["numbers"]:
        lines += ["| | |", "| --- | --- |"]
        lines += [f"| {name} | {value:.4g} |" for name, value in section["numbers"].items()]
        lines.append("")
    return [*lines, *(f"{note}\n" for note in section["notes"])]


def draw(sections: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Draw steps a CPU second of every loop, and the parts of ours, as SVG.

    Args:
        sections: Records by name; without the section ``loop`` nothing is drawn.
        path: Where it is written.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    if "loop" not in sections:
        return
    timings = sections["loop"]["timings"]
    loops = {
        name: 1e3 / row["cpu_ms"] for name, row in timings.items() if name.startswith("ours") or name[:2] in _LOOPS
    }
    parts = {name: timings[name]["cpu_ms"] for name in ("step", "render", "encode", "head") if name in timings}
    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    FigureCanvasSVG(figure)
    left, right = figure.subplots(1, 2, width_ratios=(3, 1))
    colours = ["#1f5fa8" if name.startswith("ours") else "#999999" for name in loops]
    bars = left.barh(list(loops), list(loops.values()), color=colours)
    left.bar_label(bars, fmt="%.3g", fontsize=8, padding=2)
    left.invert_yaxis()
    left.set_xscale("log")
    left.margins(x=0.15)
    left.set_title("environment steps with a reward, a CPU second", fontsize=9)
    base = 0.0
    for name, value in parts.items():
        right.bar(["parts"], [value], bottom=[base], label=f"{name} {value:.2g}")
        base += value
    if "ours" in timings:
        right.bar(["whole"], [timings["ours"]["cpu_ms"]], color="#1f5fa8")
    right.set_title("CPU ms a step of ours", fontsize=9)
    if parts:
        right.legend(fontsize=7)
    for panel in (left, right):
        panel.tick_params(labelsize=7)
    with whole_file(path) as part:
        figure.savefig(part, format="svg", metadata={"Date": None})
