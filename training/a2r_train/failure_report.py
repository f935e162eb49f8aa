"""What a run tells about its failure modes at its end: their names, and how steady and how meaningful they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from a2r_gym.models.reward_network import TaskEntry
from a2r_train.data.clips import ClipSet
from a2r_train.failure_clusters import FailureClusters
from a2r_train.failure_modes import FailureMode, FailureRows, describe_modes, source_information

__all__ = ["FailureReport", "report_failures"]


@dataclass(frozen=True, kw_only=True)
class FailureReport:
    """The failure modes of a run.

    Attributes:
        modes: All modes of all tasks that were clustered.
        counts: Task -> number of its modes.
        labels_equal: Share of failure clips with the same mode in the last two epochs; None without failure modes.
        source_information: Normalised mutual information between modes and the clips' sources, the mean over tasks;
            None where no task has failures of two sources.
    """

    modes: tuple[FailureMode, ...]
    counts: Mapping[str, int]
    labels_equal: float | None
    source_information: float | None

    def described(self, entries: Sequence[TaskEntry], *, begun: bool) -> tuple[TaskEntry, ...]:
        """Put number and names of the failure modes into the tasks' entries.

        Args:
            entries: The network's tasks.
            begun: Whether the run began with a checkpoint: then tasks without clusters keep what is known of them.
                Otherwise their prompts have learned nothing, and they have no modes.

        Returns:
            The entries.
        """
        names = {task: tuple(mode.name for mode in self.modes if mode.task == task) for task in self.counts}
        return tuple(
            replace(entry, failure_modes=names[entry.name], num_failure_modes=self.counts[entry.name])
            if entry.name in names
            else (entry if begun else replace(entry, num_failure_modes=0))
            for entry in entries
        )

    def record(self) -> dict[str, float | None]:
        """Give the numbers for a checkpoint's record."""
        return {"labels_equal": self.labels_equal, "source_information": self.source_information}

    def summary(self) -> str:
        """Say it in a line."""
        if self.labels_equal is None:
            return "no failure modes: the run has no failure loss, or ended with its first epoch"
        known = self.source_information
        information = "" if known is None else f"; normalised mutual information with the clips' sources {known:.2f}"
        return (
            f"{len(self.modes)} failure modes of {len(self.counts)} tasks; {self.labels_equal:.1%} of labels equal in "
            f"the last two epochs{information}"
        )


def report_failures(
    clips: ClipSet, own_task: NDArray[np.int64], last: FailureClusters, before: FailureClusters
) -> FailureReport:
    """Name the failure modes, and compare them with the epoch before and with what the clips set out to do.

    Args:
        clips: The clips of the run.
        own_task: int64 (E,), label index of each clip's own task.
        last: The clusters at the run's end.
        before: Those of the epoch before.

    Returns:
        The report.
    """
    chosen = np.flatnonzero(last.modes >= 0)
    rows = FailureRows(clips=chosen, label=own_task[chosen], mode=last.modes[chosen], closeness=last.closeness[chosen])
    counts = {clips.label_names[label]: len(centroids) for label, centroids in sorted(last.centroids.items())}
    return FailureReport(
        modes=describe_modes(clips, rows, counts),
        counts=counts,
        labels_equal=float((last.modes[chosen] == before.modes[chosen]).mean()) if len(chosen) else None,
        source_information=source_information(clips, rows),
    )
