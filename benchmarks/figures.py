"""Intervals of a table as a picture, in SVG."""

from __future__ import annotations

import io

from a2r_gym.metrics import Estimate
from benchmarks.rendered import Rendered

__all__ = ["interval_plot"]

_COLOURS = {"method": "#1f5fa8", "floor": "#999999", "ceiling": "#4a9950"}
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
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()[drawn.getvalue().index("<svg") :]
