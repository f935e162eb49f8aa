"""Spherical k-means over failure videos, with labels that keep their meaning from epoch to epoch.

Source: Adapt2Reward (ECCV 2024): failures of a task are clustered into K modes at each epoch's end, and
the new clusters are matched to the old ones so that a failure prompt keeps its meaning.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

__all__ = ["Clusters", "match_labels", "spherical_kmeans"]


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
) -> Clusters:
    """Cluster unit vectors by cosine.

    Args:
        vectors: float32 (N, D), unit length, N >= n_clusters.
        n_clusters: Number of clusters, >= 1.
        rng: Source of the first centroids.
        num_restarts: Runs from fresh centroids (k-means++); the best objective is kept.
        num_iterations: Most iterations of one run.

    Returns:
        The best clustering found.

    Raises:
        ValueError: Fewer vectors than clusters, or vectors that are not of unit length.
    """
    if not 1 <= n_clusters <= len(vectors):
        raise ValueError(f"n_clusters must be in [1, number of vectors = {len(vectors)}], got {n_clusters}")
    if not np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-3):
        raise ValueError("spherical k-means needs vectors of unit length; divide them by their norm")
    runs = [_one_run(vectors, n_clusters, rng, num_iterations) for _ in range(num_restarts)]
    return max(runs, key=lambda run: run.objective)


def _one_run(vectors: NDArray[np.float32], n_clusters: int, rng: np.random.Generator, num_iterations: int) -> Clusters:
    centroids = _plus_plus(vectors, n_clusters, rng)
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
