from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from a2r_gym.metrics import Estimate
from benchmarks.rendered import Curve, Curves, Rendered, Row, mean_of
from benchmarks.report import Report

TABLE = Rendered(
    name="toy",
    title="Toy",
    columns=("one", "two <&>"),
    rows=(
        Row(label="ours", values=(Estimate(0.5, 0.4, 0.6, 10), None)),
        Row(label="chance", values=(Estimate(0.25, 0.25, 0.25, 4), "needs weights"), kind="floor"),
    ),
    notes=("A note.",),
)


def test_means_widen_with_their_parts_and_pass_words_on() -> None:
    mean = mean_of([Estimate(0.4, 0.3, 0.5, 10), Estimate(0.6, 0.5, 0.7, 20)])
    assert isinstance(mean, Estimate)
    assert mean.n == 30
    assert abs(mean.value - 0.5) < 1e-12
    assert abs((mean.high - mean.low) - 0.2 / 2**0.5) < 1e-12
    assert mean_of([Estimate(0.0, 0.0, 0.3, 10)]) == Estimate(0.0, 0.0, 0.3, 10)
    assert mean_of([Estimate(0.4, 0.3, 0.5, 10), "failed"]) == "failed"
    assert mean_of([]) is None


def test_a_report_is_written_in_three_forms_the_page_with_its_pictures_inside(tmp_path: Path) -> None:
    report = Report(title="All", facts=["a fact"], tables=[TABLE], troubles=["toy: bad, here, seed 0: failed: why"])
    markdown, page, table = (path.read_text() for path in report.save(tmp_path))
    assert "| ours | 0.500 [0.400, 0.600] | \u2013 |" in markdown
    assert "| chance | 0.250 | needs weights |" in markdown
    assert "- toy: bad, here, seed 0: failed: why" in markdown
    assert "<th>two &lt;&amp;&gt;</th>" in page
    assert page.count("<svg") == 1
    assert table.splitlines() == [
        "table,row,kind,column,value,low,high,n,text",
        "toy,ours,method,one,0.5,0.4,0.6,10,",
        "toy,chance,floor,one,0.25,0.25,0.25,4,",
        "toy,chance,floor,two <&>,,,,,needs weights",
    ]
    assert report.save(tmp_path)[2].read_text() == table


def test_curves_stand_below_their_table_as_numbers_and_as_a_picture(tmp_path: Path) -> None:
    lines = (
        Curve(label="ours", points=((0.0, Estimate(0.0, 0.0, 0.0, 6)), (500.0, Estimate(0.5, 0.4, 0.6, 6)))),
        Curve(label="chance", points=((500.0, Estimate(0.1, 0.0, 0.2, 6)),), kind="floor"),
    )
    drawn = replace(TABLE, curves=Curves(x="decisions", y="success", lines=lines))
    report = Report(
        title="All", facts=[], tables=[drawn, replace(TABLE, curves=Curves(x="", y="", lines=()))], troubles=[]
    )
    markdown, page, table = (path.read_text() for path in report.save(tmp_path))
    assert "| success, after \u2026 decisions | 0 | 500 |" in markdown
    assert "| ours | 0.000 | 0.500 [0.400, 0.600] |" in markdown
    assert "| chance | \u2013 | 0.100 [0.000, 0.200] |" in markdown
    assert page.count("<svg") == 3
    assert table.splitlines()[4:7] == [
        "toy,ours,method,success after 0 decisions,0,0,0,6,",
        "toy,ours,method,success after 500 decisions,0.5,0.4,0.6,6,",
        "toy,chance,floor,success after 500 decisions,0.1,0,0.2,6,",
    ]
