"""Intervals of a table, and its curves, as pictures, in SVG."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from a2r_gym.metrics import Estimate
from benchmarks.rendered import Curves, Rendered

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["curve_plot", "interval_plot"]

_COLOURS = {"method": "#1f5fa8", "floor": "#999999", "ceiling": "#4a9950"}
_LINES = ("#1f5fa8", "#c8641e", "#7b4aa0", "#a33b53")
"""Of one method after the other, where lines cross."""
_ROW_HEIGHT, _COLUMN_WIDTH, _LABEL_WIDTH = 0.28, 1.9, 2.6


def interval_plot(table: Rendered) -> str:
    """Draw a panel for each column that holds estimates, with a line for each row.

    Args:
        table: The table.

    Returns:
        An ``<svg>`` element; empty where there is nothing to draw.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    rows = [row for row in table.rows if any(isinstance(value, Estimate) for value in row.values)]
    columns = [
        index for index in range(len(table.columns)) if any(isinstance(row.values[index], Estimate) for row in rows)
    ]
    if not rows:
        return ""
    size = (_LABEL_WIDTH + _COLUMN_WIDTH * len(columns), 0.9 + _ROW_HEIGHT * len(rows))
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasSVG(figure)
    panels = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    for panel, column in zip(panels, columns, strict=True):
        for place, row in enumerate(rows):
            value = row.values[column]
            if isinstance(value, Estimate):
                colour = _COLOURS[row.kind]
                panel.plot([value.low, value.high], [place, place], color=colour, linewidth=2, alpha=0.6)
                panel.plot([value.value], [place], marker="o", markersize=4, color=colour)
        panel.set_title(table.columns[column], fontsize=8, wrap=True)
        panel.tick_params(labelsize=7)
        panel.grid(axis="x", alpha=0.3)
        panel.set_ylim(len(rows) - 0.5, -0.5)
    panels[0].set_yticks(range(len(rows)), [row.label for row in rows], fontsize=7)
    return _svg(figure)


def curve_plot(curves: Curves) -> str:
    """Draw each line with the band of its intervals.

    Args:
        curves: What there is.

    Returns:
        An ``<svg>`` element; empty where there are no lines.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    if not curves.lines:
        return ""
    figure = Figure(figsize=(7.0, 3.6), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.subplots()
    methods = 0
    for line in curves.lines:
        colour = _COLOURS[line.kind]
        if line.kind == "method":
            colour, methods = _LINES[methods % len(_LINES)], methods + 1
        places, values = zip(*line.points, strict=True)
        axes.fill_between(places, [v.low for v in values], [v.high for v in values], color=colour, alpha=0.15)
        axes.plot(places, [v.value for v in values], "o-", markersize=3, color=colour, label=line.label)
    axes.set_xlabel(curves.x, fontsize=8)
    axes.set_ylabel(curves.y, fontsize=8)
    axes.tick_params(labelsize=7)
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize=7, frameon=False)
    return _svg(figure)


def _svg(figure: Figure) -> str:
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()[drawn.getvalue().index("<svg") :]
