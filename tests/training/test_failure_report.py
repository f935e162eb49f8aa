"""A run's report: names go into the tasks' entries, numbers into the record."""

from __future__ import annotations

import numpy as np
import pytest

from a2r_gym.models.reward_network import TaskEntry
from a2r_train.failure_clusters import FailureClusters
from a2r_train.failure_report import FailureReport, report_failures
from tests.training.synthetic import TABLETOP, make_clips

CLIPS = make_clips()
OWN = np.repeat(np.arange(4), 18)
ENTRIES = tuple(TaskEntry(name=name, instructions=(name,)) for name in TABLETOP)


def _clusters(swapped: int = 0) -> FailureClusters:
    """Clusters of the first task's failures: a mode for each source, some clips in the other's."""
    clusters = FailureClusters(len(CLIPS), 3)
    clusters.modes[6:18] = np.repeat([0, 1], 6)
    clusters.modes[6 : 6 + swapped] = 1
    clusters.closeness[6:18] = 0.5
    clusters.centroids[0] = np.eye(2, 4, dtype=np.float32)
    return clusters


def _report(swapped: int = 0) -> FailureReport:
    return report_failures(CLIPS, OWN, _clusters(), _clusters(swapped))


def test_names_and_numbers_of_modes_go_into_the_entries() -> None:
    described = _report().described(ENTRIES, begun=False)
    assert described[0].failure_modes == ("random motion", "missed it")
    assert [entry.num_failure_modes for entry in described] == [2, 0, 0, 0]
    assert [entry.name for entry in described] == list(TABLETOP)


def test_what_an_earlier_run_has_learned_of_other_tasks_stays() -> None:
    known = TaskEntry(name=TABLETOP[1], instructions=("open",), failure_modes=("one",), num_failure_modes=1)
    described = _report().described((ENTRIES[0], known, *ENTRIES[2:]), begun=True)
    assert described[1] == known
    assert [entry.num_failure_modes for entry in described] == [2, 1, None, None]


@pytest.mark.parametrize(("swapped", "equal"), [(0, 1.0), (3, 0.75)])
def test_it_tells_the_share_of_equal_labels_and_the_information_in_the_sources(swapped: int, equal: float) -> None:
    report = _report(swapped)
    assert report.record() == {"labels_equal": equal, "source_information": pytest.approx(1.0)}
    assert report.summary() == (
        f"2 failure modes of 1 tasks; {equal:.1%} of labels equal in the last two epochs; normalised mutual "
        "information with the clips' sources 1.00"
    )


def test_a_run_without_clusters_says_so() -> None:
    nothing = FailureClusters(len(CLIPS), 3)
    report = report_failures(CLIPS, OWN, nothing, nothing)
    assert report.record() == {"labels_equal": None, "source_information": None}
    assert report.summary().startswith("no failure modes")
    assert [entry.num_failure_modes for entry in report.described(ENTRIES, begun=False)] == [0] * 4
