"""Spherical k-means over failure videos, with labels that keep their meaning from epoch to epoch.

Source: Adapt2Reward (ECCV 2024): failures of a task are clustered into K modes at each epoch's end, and
the new clusters are matched to the old ones so that a failure prompt keeps its meaning. The paper fixes K; that K
may be chosen by silhouette is ours.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

__all__ = [
    "MIN_MEMBERS",
    "MIN_SILHOUETTE",
    "Clusters",
    "choose_clusters",
    "match_labels",
    "silhouette",
    "spherical_kmeans",
]

MIN_SILHOUETTE: Final = 0.25
"""A split below it shows no structure (Kaufman and Rousseeuw 1990, chapter 2): it is no split."""
MIN_MEMBERS: Final = 3
"""A split with a smaller cluster only sets an outlier apart: it is no split either."""


class Clusters(NamedTuple):
    """A clustering of N unit vectors.

    Attributes:
        labels: int64 (N,), in [0, n_clusters).
        centroids: float32 (n_clusters, D), unit length.
        objective: Mean cosine of a vector to its centroid, in [-1, 1].
    """

    labels: NDArray[np.int64]
    centroids: NDArray[np.float32]
    objective: float


def spherical_kmeans(
    vectors: NDArray[np.float32],
    n_clusters: int,
    rng: np.random.Generator,
    *,
    num_restarts: int = 4,
    num_iterations: int = 50,
    begin: NDArray[np.float32] | None = None,
) -> Clusters:
    """Cluster unit vectors by cosine.

    Args:
        vectors: float32 (N, D), unit length, N >= n_clusters.
        n_clusters: Number of clusters, >= 1.
        rng: Source of the first centroids.
        num_restarts: Runs from fresh centroids (k-means++); the best objective is kept.
        num_iterations: Most iterations of one run.
        begin: float32 (n_clusters, D): one run from these centroids, whose numbers the clusters keep; None: fresh ones.

    Returns:
        The best clustering found.

    Raises:
        ValueError: Fewer vectors than clusters, or vectors that are not of unit length.
    """
    if not 1 <= n_clusters <= len(vectors):
        raise ValueError(f"n_clusters must be in [1, number of vectors = {len(vectors)}], got {n_clusters}")
    if not np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-3):
        raise ValueError("spherical k-means needs vectors of unit length; divide them by their norm")
    if begin is not None:
        return _one_run(vectors, begin, num_iterations)
    runs = [_one_run(vectors, _plus_plus(vectors, n_clusters, rng), num_iterations) for _ in range(num_restarts)]
    return max(runs, key=lambda run: run.objective)


def _one_run(vectors: NDArray[np.float32], centroids: NDArray[np.float32], num_iterations: int) -> Clusters:
    n_clusters = len(centroids)
    labels = np.full(len(vectors), -1, dtype=np.int64)
    for _ in range(num_iterations):
        cosine = vectors @ centroids.T
        fresh = cosine.argmax(axis=1)
        _fill_empty(fresh, cosine, n_clusters)
        if np.array_equal(fresh, labels):
            break
        labels = fresh
        sums = np.stack([vectors[labels == k].sum(axis=0) for k in range(n_clusters)])
        centroids = (sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)).astype(np.float32)
    return Clusters(labels, centroids, float((vectors * centroids[labels]).sum(axis=1).mean()))


def _plus_plus(vectors: NDArray[np.float32], n_clusters: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """First centroids far apart: each next one drawn by its distance (1 - cosine) to the nearest so far."""
    chosen = [int(rng.integers(len(vectors)))]
    while len(chosen) < n_clusters:
        distance = np.clip(1.0 - (vectors @ vectors[chosen].T).max(axis=1), 0.0, None).astype(np.float64)
        distance[chosen] = 0.0
        total = distance.sum()
        left = np.setdiff1d(np.arange(len(vectors)), chosen)
        chosen.append(int(rng.choice(len(vectors), p=distance / total) if total > 0 else rng.choice(left)))
    return vectors[chosen]


def _fill_empty(labels: NDArray[np.int64], cosine: NDArray[np.float32], n_clusters: int) -> None:
    """Give each empty cluster the vector that fits its own cluster worst."""
    for k in range(n_clusters):
        if (labels == k).any():
            continue
        sizes = np.bincount(labels, minlength=n_clusters)
        fit = np.where(sizes[labels] > 1, cosine[np.arange(len(labels)), labels], np.inf)
        labels[fit.argmin()] = k


def silhouette(vectors: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Tell how well a clustering parts unit vectors: mean of (b - a) / max(a, b) over the vectors.

    ``a`` is a vector's mean distance (1 - cosine) to the others of its cluster, ``b`` that to the nearest other
    cluster; a vector alone in its cluster counts 0. The sum of cosines to a cluster is the cosine to its sum, so no
    table of all pairs is needed.

    Args:
        vectors: float32 (N, D), unit length.
        labels: int64 (N,), at least two different ones.

    Returns:
        In [-1, 1].

    Raises:
        ValueError: There is only one cluster.

    Source:
        Rousseeuw (1987); scikit-learn's ``silhouette_score(metric="cosine")`` gives the same number.
    """
    names, own = np.unique(labels, return_inverse=True)
    if len(names) < 2:
        raise ValueError("a silhouette needs at least two clusters, got one")
    exact = vectors.astype(np.float64)
    sizes = np.bincount(own)
    sums = np.stack([exact[own == k].sum(axis=0) for k in range(len(names))])
    distance = sizes - exact @ sums.T
    rows = np.arange(len(exact))
    within = distance[rows, own] / np.maximum(sizes[own] - 1, 1)
    between = distance / sizes
    between[rows, own] = np.inf
    nearest = between.min(axis=1)
    scale = np.maximum(np.maximum(within, nearest), 1e-12)
    return float(np.where(sizes[own] > 1, (nearest - within) / scale, 0.0).mean())


def choose_clusters(vectors: NDArray[np.float32], max_clusters: int, rng: np.random.Generator) -> Clusters:
    """Cluster unit vectors into as many clusters as part them best, one where no split is good.

    Args:
        vectors: float32 (N, D), unit length, N >= 1.
        max_clusters: Most clusters, >= 1.
        rng: Source of the first centroids.

    Returns:
        The clustering with the largest silhouette of those into 2 to ``max_clusters``, the fewer the better among
        equals; one cluster where none exceeds `MIN_SILHOUETTE` with at least `MIN_MEMBERS` in every cluster.
    """
    best, height = spherical_kmeans(vectors, 1, rng), MIN_SILHOUETTE
    for n_clusters in range(2, min(max_clusters, len(vectors) // MIN_MEMBERS) + 1):
        found = spherical_kmeans(vectors, n_clusters, rng)
        if np.bincount(found.labels).min() >= MIN_MEMBERS:
            reached = silhouette(vectors, found.labels)
            if reached > height:
                best, height = found, reached
    return best


def match_labels(centroids: NDArray[np.float32], previous: NDArray[np.float32]) -> NDArray[np.int64]:
    """Match new clusters to old ones one to one, by the largest total cosine (Hungarian method).

    Args:
        centroids: float32 (K, D), of the new clustering.
        previous: float32 (K, D), of the old one.

    Returns:
        int64 (K,): the old index of each new cluster.
    """
    rows, columns = linear_sum_assignment(-(centroids @ previous.T))
    matched = np.empty(len(centroids), dtype=np.int64)
    matched[rows] = columns
    return matched
