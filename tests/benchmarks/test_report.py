from __future__ import annotations

from pathlib import Path

from a2r_gym.metrics import Estimate
from benchmarks.generalisation import pool_seeds
from benchmarks.rendered import Rendered, Row, mean_of
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


def test_seeds_widen_an_interval_and_one_alone_keeps_its_own() -> None:
    assert pool_seeds([[-0.2, -0.3, 0.1, 7]]) == Estimate(-0.2, -0.3, 0.1, 7)
    pooled = pool_seeds([[0.4, 0.3, 0.5, 10], [0.6, 0.5, 0.7, 10]])
    assert abs(pooled.value - 0.5) < 1e-12
    assert pooled.high - pooled.low > 0.2


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
