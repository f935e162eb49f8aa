"""What a benchmark found, as Markdown, as one HTML file that needs no other, and as CSV."""

from __future__ import annotations

import csv
import html
import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from a2r_gym.metrics import Estimate
from a2r_gym.whole_file import whole_file
from benchmarks.figures import curve_plot, interval_plot
from benchmarks.rendered import Curves, Rendered, Row, Value

__all__ = ["Report", "hardware", "versions"]

_PACKAGES: Final = ("a2r-gym", "torch", "numpy", "gymnasium", "mujoco", "openvino", "joblib", "distributed")
_DASH: Final = "\u2013"
_WORDS: Final = ("failed", "needs weights", "not run")
_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 78rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; font-size: 13px; display: block; overflow-x: auto; }
th, td { border: 1px solid #ddd; padding: .25rem .5rem; text-align: left; }
th { background: #f4f4f4; } tr.floor td { color: #777; } tr.ceiling td { color: #2d7336; }
td.words { color: #a33; } svg { max-width: 100%; height: auto; } p.note { color: #555; font-size: 13px; }
"""
_CSV: Final = ("table", "row", "kind", "column", "value", "low", "high", "n", "text")


@dataclass(frozen=True, kw_only=True)
class Report:
    """All tables with what one must know of the run.

    Attributes:
        title: Headline.
        facts: What holds for all tables.
        tables: The tables.
        troubles: Cells without a result, and why.
    """

    title: str
    facts: Sequence[str]
    tables: Sequence[Rendered]
    troubles: Sequence[str]

    def save(self, folder: Path) -> list[Path]:
        """Write ``report.md``, ``report.html`` and ``results.csv``; returns them."""
        records = [record for table in self.tables for record in table.records()]
        written = {"report.md": self.to_markdown(), "report.html": self.to_html()}
        for name, text in written.items():
            with whole_file(folder / name) as part:
                part.write_text(text, encoding="utf-8")
        with whole_file(folder / "results.csv") as part, part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, _CSV)
            writer.writeheader()
            writer.writerows(records)
        return [folder / name for name in (*written, "results.csv")]

    def to_markdown(self) -> str:
        """Print as Markdown."""
        lines = [f"# {self.title}", "", *(f"- {fact}" for fact in self.facts)]
        for table in self.tables:
            lines += ["", f"## {table.title}", "", "| | " + " | ".join(table.columns) + " |"]
            lines += ["| --- " * (len(table.columns) + 1) + "|"]
            lines += [f"| {row.label} | " + " | ".join(map(_text, row.values)) + " |" for row in table.rows]
            lines += _curve_lines(table.curves) if table.curves is not None else []
            lines += ["", *(f"{note}\n" for note in table.notes)]
        if self.troubles:
            lines += ["", "## Cells without a result", "", *(f"- {trouble}" for trouble in self.troubles)]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"

    def to_html(self) -> str:
        """Draw as one page, pictures included."""
        body = [f"<h1>{html.escape(self.title)}</h1>", _list(self.facts)]
        for table in self.tables:
            head = "".join(f"<th>{html.escape(column)}</th>" for column in ("", *table.columns))
            rows = "".join(map(_html_row, table.rows))
            body += [f"<h2>{html.escape(table.title)}</h2>", f"<table><tr>{head}</tr>{rows}</table>"]
            body += [interval_plot(table), curve_plot(table.curves) if table.curves is not None else ""]
            body += [*(f'<p class="note">{html.escape(note)}</p>' for note in table.notes)]
        if self.troubles:
            body += ["<h2>Cells without a result</h2>", _list(self.troubles)]
        head = f'<meta charset="utf-8"><title>{html.escape(self.title)}</title><style>{_STYLE}</style>'
        return f'<!DOCTYPE html><html lang="en"><head>{head}</head><body>{"".join(body)}</body></html>\n'


def _text(value: Value) -> str:
    if isinstance(value, Estimate):
        return str(value) if value.low != value.high else f"{value.value:.3f}"
    return _DASH if value is None else value


def _curve_lines(curves: Curves) -> list[str]:
    """Print a figure's lines as a table of their own; none where there are no lines."""
    if not curves.lines:
        return []
    places = curves.places
    lines = ["", f"| {curves.y}, after … {curves.x} | " + " | ".join(f"{place:g}" for place in places) + " |"]
    lines += ["| --- " * (len(places) + 1) + "|"]
    for line in curves.lines:
        found = dict(line.points)
        lines += [f"| {line.label} | " + " | ".join(_text(found.get(place)) for place in places) + " |"]
    return lines


def _html_row(row: Row) -> str:
    words = [" class=words" if value in _WORDS else "" for value in row.values]
    entries = "".join(
        f"<td{word}>{html.escape(_text(value))}</td>" for word, value in zip(words, row.values, strict=True)
    )
    return f'<tr class="{row.kind}"><td>{html.escape(row.label)}</td>{entries}</tr>'


def _list(items: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(item)}</li>" for item in items) + "</ul>"


def versions() -> Mapping[str, str]:
    """Return the versions of what the numbers rest on; packages that are not there are left out."""
    found = {"Python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def hardware() -> str:
    """Describe this machine: processor, cores, memory."""
    cpuinfo = Path("/proc/cpuinfo")
    told = re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text()) if cpuinfo.exists() else None
    name = told[1].strip() if told else platform.processor() or platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{name}, {os.cpu_count()} cores, {memory:.0f} GiB of memory, {platform.system()}"
