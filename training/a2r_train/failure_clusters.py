"""The failure clusters of a run: which mode each failure clip is of, from epoch to epoch.

The paper's K is the same for all tasks. Ours may choose it per task by silhouette, once, at the task's first
clustering: from then on its clusters go on from the last epoch's or are matched one to one with them, so no prompt
gains or loses its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from a2r_train.clustering import Clusters, choose_clusters, match_labels, spherical_kmeans

__all__ = ["MIN_GAIN", "FailureClusters"]

MIN_GAIN: Final = 0.01
"""Mean cosine by which fresh clusters must be better than those that go on from the last epoch's."""


class FailureClusters:
    """Modes of all clips, and each task's centroids.

    Args:
        num_clips: E.
        num_failure_modes: K, or the most that a task may have.
        adaptive: Choose the number per task.
        given: Task -> number of modes that an earlier run has chosen; kept where ``adaptive``.
        seed: Of the run.

    Attributes:
        modes: int64 (E,), the mode of each failure clip; -1 for none.
        closeness: float32 (E,), cosine of each failure clip to its centroid; NaN for none.
        centroids: Task -> float32 (its number of modes, D), unit length.
    """

    def __init__(
        self,
        num_clips: int,
        num_failure_modes: int,
        *,
        adaptive: bool = False,
        given: Mapping[int, int] | None = None,
        seed: int = 0,
    ) -> None:
        self._most, self._adaptive, self._given, self._seed = num_failure_modes, adaptive, dict(given or {}), seed
        self.modes: NDArray[np.int64] = np.full(num_clips, -1, dtype=np.int64)
        self.closeness: NDArray[np.float32] = np.full(num_clips, np.nan, dtype=np.float32)
        self.centroids: dict[int, NDArray[np.float32]] = {}

    def update(
        self, clips: NDArray[np.int64], own_task: NDArray[np.int64], vectors: NDArray[np.float32], step: int
    ) -> None:
        """Cluster each task's failures anew and carry the labels over.

        Args:
            clips: int64 (F,), the failure clips.
            own_task: int64 (F,), the task of each.
            vectors: float32 (F, D), unit length.
            step: Of the run; with the seed it fixes what is drawn.
        """
        before = self.modes.copy()
        self.modes[:], self.closeness[:] = -1, np.nan
        for task in np.unique(own_task).tolist():
            rows = np.flatnonzero(own_task == task)
            rng = np.random.default_rng([self._seed, step, task])
            found = self._cluster(task, vectors[rows], before[clips[rows]], rng)
            if found is not None:
                self.modes[clips[rows]] = found.labels
                self.closeness[clips[rows]] = (vectors[rows] * found.centroids[found.labels]).sum(axis=1)
                self.centroids[task] = found.centroids

    def _cluster(
        self, task: int, vectors: NDArray[np.float32], before: NDArray[np.int64], rng: np.random.Generator
    ) -> Clusters | None:
        """Cluster one task's failures, which were of the modes ``before``; None where there are too few."""
        if task in self.centroids:
            return _go_on(vectors, _centroids_now(vectors, before, self.centroids[task]), rng)
        count = self._given.get(task, 0) if self._adaptive else self._most
        if self._adaptive and not count:
            return choose_clusters(vectors, self._most, rng)
        return spherical_kmeans(vectors, count, rng) if len(vectors) >= count else None


def _centroids_now(
    vectors: NDArray[np.float32], modes: NDArray[np.int64], centroids: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return where the clips of each mode are now: training has moved them, and the old centroids not with them."""
    now = centroids.copy()
    for mode in np.unique(modes[modes >= 0]).tolist():
        mean = vectors[modes == mode].mean(axis=0)
        now[mode] = mean / max(float(np.linalg.norm(mean)), 1e-6)
    return np.asarray(now)


def _go_on(vectors: NDArray[np.float32], previous: NDArray[np.float32], rng: np.random.Generator) -> Clusters:
    """Cluster from the last epoch's centroids on; fresh ones replace them only where they are clearly better.

    Two clusterings of nearly the same quality may part the clips otherwise: then no matching could carry labels over.
    """
    kept = spherical_kmeans(vectors, len(previous), rng, begin=previous)
    fresh = spherical_kmeans(vectors, len(previous), rng)
    if fresh.objective <= kept.objective + MIN_GAIN:
        return kept
    renamed = match_labels(fresh.centroids, previous)
    centroids = np.empty_like(fresh.centroids)
    centroids[renamed] = fresh.centroids
    return Clusters(renamed[fresh.labels], centroids, fresh.objective)
