"""A report's three forms hold the same numbers, and files are whole."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from a2r_gym.bench.report import Report, Row
from a2r_gym.metrics import Estimate

NAN = float("nan")


@pytest.fixture
def report() -> Report:
    """Make a report with every kind of cell."""
    return Report(
        title="Bench of mine",
        model="mine",
        facts=["two\nlines"],
        rows=[
            Row(
                name="AUROC",
                estimate=Estimate(0.75, 0.5, 0.9, 4),
                floors={"clock": Estimate(0.5, 0.4, 0.6, 4)},
                note="a | b",
            ),
            Row(name="VOC", estimate=Estimate(NAN, NAN, NAN, 0), floors={"clock": Estimate(1.0, 1.0, 1.0, 4)}),
        ],
        left_out={"ECE": "no reason"},
        instructions=[{"instruction": "close | it", "n": 4, "AUROC": Estimate(0.75, 0.5, 0.9, 4), "mean": NAN}],
    )


def test_markdown_has_the_model_beside_the_floors(report: Report) -> None:
    lines = report.to_markdown().splitlines()
    assert "- two lines" in lines
    assert "| AUROC | 0.750 [0.500, 0.900] | 0.500 | 4 | a \\| b |" in lines
    assert "| VOC | \u2013 | 1.000 | 0 |  |" in lines
    assert "- ECE: no reason" in lines
    assert "| close \\| it | 4 | 0.750 [0.500, 0.900] | \u2013 |" in lines


def test_csv_has_a_line_for_each_metric_and_model(report: Report) -> None:
    rows = list(csv.DictReader(io.StringIO(report.to_csv())))
    assert [(row["metric"], row["model"]) for row in rows] == [
        (metric, model) for metric in ("AUROC", "VOC") for model in ("mine", "clock")
    ]
    assert [float(rows[0][key]) for key in ("value", "low", "high", "n")] == [0.75, 0.5, 0.9, 4]
    assert rows[0]["note"] == "a | b"


def test_json_is_strict_and_complete(report: Report) -> None:
    content = json.loads(report.to_json(), parse_constant=lambda text: pytest.fail(f"{text} is no JSON"))
    assert content["rows"][0]["models"]["mine"] == {"value": 0.75, "low": 0.5, "high": 0.9, "n": 4}
    assert content["rows"][1]["models"]["mine"]["value"] is None
    assert content["instructions"][0]["AUROC"]["low"] == 0.5
    assert content["left_out"] == {"ECE": "no reason"}


def test_files_hold_the_three_forms_and_nothing_half_is_left(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "new" / "out"
    assert report.save(out) == [out / "report.md", out / "report.csv", out / "report.json"]
    assert (out / "report.md").read_text(encoding="utf-8") == report.to_markdown()
    assert (out / "report.csv").read_text(encoding="utf-8") == report.to_csv()
    monkeypatch.setattr(Path, "write_text", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        report.save(out)
    assert (out / "report.md").read_text(encoding="utf-8") == report.to_markdown()
    assert sorted(path.name for path in out.iterdir()) == ["report.csv", "report.json", "report.md"]
