"""The failure clusters of a run: which mode each failure clip is of, from epoch to epoch.

The paper's K is the same for all tasks. Ours may choose it per task by silhouette, once, at the task's first
clustering: from then on its clusters are matched one to one with the last epoch's, so no prompt gains or loses its
meaning.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from a2r_train.clustering import Clusters, choose_clusters, match_labels, spherical_kmeans

__all__ = ["FailureClusters"]


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
        self.modes[:], self.closeness[:] = -1, np.nan
        for task in np.unique(own_task).tolist():
            rows = np.flatnonzero(own_task == task)
            found = self._cluster(task, vectors[rows], np.random.default_rng([self._seed, step, task]))
            if found is None:
                continue
            labels, centroids = found.labels, found.centroids
            if task in self.centroids:
                renamed = match_labels(found.centroids, self.centroids[task])
                labels, centroids = renamed[found.labels], np.empty_like(found.centroids)
                centroids[renamed] = found.centroids
            self.modes[clips[rows]] = labels
            self.closeness[clips[rows]] = (vectors[rows] * centroids[labels]).sum(axis=1)
            self.centroids[task] = centroids

    def _cluster(self, task: int, vectors: NDArray[np.float32], rng: np.random.Generator) -> Clusters | None:
        """Cluster one task's failures; None where there are too few."""
        count = len(self.centroids[task]) if task in self.centroids else self._given.get(task, 0)
        if self._adaptive and not count:
            return choose_clusters(vectors, self._most, rng)
        count = count if self._adaptive else self._most
        return spherical_kmeans(vectors, count, rng) if len(vectors) >= count else None
