"""Spherical k-means finds what scikit-learn's finds, fills every cluster, and labels keep their meaning."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from a2r_train.clustering import MIN_MEMBERS, choose_clusters, match_labels, silhouette, spherical_kmeans

sklearn_cluster = pytest.importorskip("sklearn.cluster", reason="scikit-learn is not installed")


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def _blobs(seed: int, clusters: int = 3, each: int = 30, noise: float = 0.15) -> tuple[NDArray[np.float32], NDArray]:
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(clusters), each)
    return _unit(np.eye(16)[truth] + noise * rng.normal(size=(len(truth), 16))), truth


class TestAgainstScikitLearn:
    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("noise", [0.2, 1.0])
    def test_the_objective_is_as_good(self, seed: int, noise: float) -> None:
        vectors, _ = _blobs(seed, clusters=4, noise=noise)
        theirs = sklearn_cluster.KMeans(4, n_init=10, random_state=seed).fit(vectors)
        centres = np.stack([vectors[theirs.labels_ == k].sum(0) for k in range(4)])
        objective = (vectors * _unit(centres)[theirs.labels_]).sum(1).mean()
        found = spherical_kmeans(vectors, 4, np.random.default_rng(seed), num_restarts=10)
        assert found.objective >= objective - 2e-3

    def test_clear_clusters_are_the_same(self) -> None:
        vectors, truth = _blobs(0)
        found = spherical_kmeans(vectors, 3, np.random.default_rng(0))
        theirs = sklearn_cluster.KMeans(3, n_init=10, random_state=0).fit_predict(vectors)
        for other in (truth, theirs):
            assert len({*zip(found.labels.tolist(), other.tolist(), strict=True)}) == 3


class TestSilhouette:
    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("clusters", [2, 3, 6])
    def test_it_is_scikit_learns_by_cosine(self, seed: int, clusters: int) -> None:
        metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
        vectors, _ = _blobs(seed, clusters=4, each=12, noise=0.6)
        labels = np.random.default_rng(seed).integers(clusters, size=len(vectors))
        labels[0] = 9  # a cluster of one, and names with gaps
        expected = metrics.silhouette_score(vectors, labels, metric="cosine")
        assert silhouette(vectors, labels) == pytest.approx(expected, abs=1e-6)

    def test_equal_vectors_have_none(self) -> None:
        assert silhouette(np.tile(_unit(np.ones((1, 4))), (6, 1)), np.arange(6) % 2) == pytest.approx(0.0, abs=1e-6)

    def test_one_cluster_is_refused(self) -> None:
        with pytest.raises(ValueError, match="at least two clusters"):
            silhouette(_unit(np.eye(3)), np.zeros(3, np.int64))


class TestChosenNumber:
    @pytest.mark.parametrize("clusters", [2, 3, 4])
    def test_it_is_that_of_the_blobs(self, clusters: int) -> None:
        vectors, truth = _blobs(clusters, clusters=clusters)
        found = choose_clusters(vectors, 6, np.random.default_rng(0))
        assert len(found.centroids) == clusters
        assert len({*zip(found.labels.tolist(), truth.tolist(), strict=True)}) == clusters

    def test_it_is_never_above_the_most(self) -> None:
        vectors, _ = _blobs(0, clusters=4)
        assert len(choose_clusters(vectors, 3, np.random.default_rng(0)).centroids) <= 3
        assert len(choose_clusters(vectors, 1, np.random.default_rng(0)).centroids) == 1

    def test_without_structure_there_is_one(self) -> None:
        vectors = _unit(np.random.default_rng(0).normal(size=(60, 16)))
        found = choose_clusters(vectors, 5, np.random.default_rng(0))
        assert found.centroids.shape == (1, 16)
        assert not found.labels.any()

    def test_an_outlier_is_no_cluster(self) -> None:
        vectors, _ = _blobs(0, clusters=1, noise=0.02)
        outlier = np.zeros((MIN_MEMBERS - 1, 16), np.float32)
        outlier[:, 5] = 1.0
        together = np.concatenate([vectors, outlier])
        assert silhouette(together, (np.arange(len(together)) >= len(vectors)).astype(np.int64)) > 0.9
        assert len(choose_clusters(together, 2, np.random.default_rng(0)).centroids) == 1

    @pytest.mark.parametrize("count", [1, 2])
    def test_few_vectors_are_one_cluster(self, count: int) -> None:
        found = choose_clusters(_unit(np.eye(4)[:count]), 5, np.random.default_rng(0))
        assert found.labels.tolist() == [0] * count


class TestAgainstBruteForce:
    @pytest.mark.parametrize("seed", range(4))
    def test_the_best_of_all_partitions_is_found(self, seed: int) -> None:
        vectors = _unit(np.random.default_rng(seed).normal(size=(7, 3)))
        best = max(
            sum(np.linalg.norm(vectors[np.array(labels) == k].sum(axis=0)) for k in set(labels)) / len(vectors)
            for labels in itertools.product(range(2), repeat=len(vectors))
        )  # a centroid is its cluster's sum, made a unit vector: the cosines add up to the sum's length
        found = spherical_kmeans(vectors, 2, np.random.default_rng(0), num_restarts=20)
        assert found.objective == pytest.approx(best, abs=1e-5)

    @given(st.integers(0, 1000), st.integers(1, 5))
    def test_the_matching_is_the_best_of_all(self, seed: int, clusters: int) -> None:
        rng = np.random.default_rng(seed)
        new, old = (_unit(rng.normal(size=(clusters, 3))) for _ in range(2))
        cosine, rows = new @ old.T, np.arange(clusters)
        best = max(cosine[rows, list(order)].sum() for order in itertools.permutations(range(clusters)))
        assert cosine[rows, match_labels(new, old)].sum() == pytest.approx(best, abs=1e-5)


class TestClusters:
    @settings(max_examples=30, deadline=None)
    @given(st.integers(0, 1000), st.integers(1, 12), st.data())
    def test_labels_centroids_and_objective_fit_together(self, seed: int, count: int, data: st.DataObject) -> None:
        clusters = data.draw(st.integers(1, count))
        vectors = _unit(np.random.default_rng(seed).normal(size=(count, 4)))
        found = spherical_kmeans(vectors, clusters, np.random.default_rng(seed))
        assert sorted(set(found.labels.tolist())) == list(range(clusters))  # none is empty
        assert found.centroids.shape == (clusters, 4)
        np.testing.assert_allclose(np.linalg.norm(found.centroids, axis=1), 1.0, atol=1e-4)
        expected = (vectors * found.centroids[found.labels]).sum(1).mean()
        assert found.objective == pytest.approx(expected, abs=1e-5)

    def test_the_same_vector_many_times_still_fills_every_cluster(self) -> None:
        vectors = np.tile(_unit(np.ones((1, 5))), (7, 1))
        found = spherical_kmeans(vectors, 3, np.random.default_rng(0))
        assert set(found.labels.tolist()) == {0, 1, 2}
        assert found.objective == pytest.approx(1.0, abs=1e-5)

    def test_the_same_rng_gives_the_same_clusters(self) -> None:
        vectors, _ = _blobs(3, noise=1.0)
        first, second = (spherical_kmeans(vectors, 3, np.random.default_rng(5)) for _ in range(2))
        np.testing.assert_array_equal(first.labels, second.labels)
        np.testing.assert_array_equal(first.centroids, second.centroids)

    def test_a_run_that_begins_with_centroids_keeps_their_numbers(self) -> None:
        vectors, truth = _blobs(0)
        order = np.array([2, 0, 1])
        begin = _unit(np.eye(16)[order] + 0.1)
        found = spherical_kmeans(vectors, 3, np.random.default_rng(0), begin=begin)
        np.testing.assert_array_equal(order[found.labels], truth)

    def test_more_restarts_are_never_worse(self) -> None:
        vectors, _ = _blobs(3, clusters=6, noise=1.0)
        one, many = (
            spherical_kmeans(vectors, 6, np.random.default_rng(1), num_restarts=restarts) for restarts in (1, 8)
        )
        assert many.objective >= one.objective

    @pytest.mark.parametrize("clusters", [0, 4])
    def test_the_number_of_clusters_must_be_possible(self, clusters: int) -> None:
        with pytest.raises(ValueError, match=rf"number of vectors = 3\], got {clusters}"):
            spherical_kmeans(_unit(np.eye(3)), clusters, np.random.default_rng(0))

    @pytest.mark.parametrize("bad", [2.0, np.nan])
    def test_vectors_must_have_unit_length(self, bad: float) -> None:
        with pytest.raises(ValueError, match="unit length"):
            spherical_kmeans(bad * np.eye(3, dtype=np.float32), 2, np.random.default_rng(0))


class TestMatchLabels:
    @given(st.permutations(range(5)), st.integers(0, 100))
    def test_it_restores_a_shuffled_clustering(self, order: list[int], seed: int) -> None:
        rng = np.random.default_rng(seed)
        previous = _unit(rng.normal(size=(5, 12)))
        moved = _unit(previous[order] + 0.01 * rng.normal(size=(5, 12)))
        assert match_labels(moved, previous).tolist() == list(order)

    @given(st.integers(0, 100), st.integers(1, 6))
    def test_it_is_a_permutation_even_of_strangers(self, seed: int, clusters: int) -> None:
        rng = np.random.default_rng(seed)
        new, old = (_unit(rng.normal(size=(clusters, 3))) for _ in range(2))
        assert sorted(match_labels(new, old).tolist()) == list(range(clusters))

    def test_the_total_counts_and_not_the_first_choice(self) -> None:
        old = _unit(np.array([[1.0, 0.0], [0.8, 0.6]]))
        new = _unit(np.array([[0.95, 0.3], [1.0, -0.2]]))  # both are nearest to a different sum than greedy takes
        cosine = new @ old.T
        matched = match_labels(new, old)
        assert cosine[[0, 1], matched].sum() == pytest.approx(max(np.trace(cosine), np.trace(cosine[:, ::-1])))
