"""The number of modes is chosen once and kept; labels keep their meaning; tasks are clustered apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from a2r_train.failure_clusters import FailureClusters


def _failures(seed: int, ways: int, each: int = 8) -> NDArray[np.float32]:
    """Unit vectors of some ways to fail."""
    rng = np.random.default_rng(seed)
    vectors = np.eye(12)[np.repeat(np.arange(ways), each)] + 0.1 * rng.normal(size=(ways * each, 12))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def _update(clusters: FailureClusters, *tasks: NDArray[np.float32], step: int = 0) -> None:
    own = np.repeat(np.arange(len(tasks)), [len(task) for task in tasks])
    clusters.update(np.arange(len(own)), own, np.concatenate(tasks), step)


def _counts(clusters: FailureClusters) -> list[int]:
    return [len(clusters.centroids[task]) for task in sorted(clusters.centroids)]


class TestAdaptive:
    def test_each_task_has_as_many_modes_as_it_has_ways_to_fail(self) -> None:
        clusters = FailureClusters(48, 5, adaptive=True)
        _update(clusters, _failures(0, 2), _failures(1, 4))
        assert _counts(clusters) == [2, 4]
        assert set(clusters.modes[:16].tolist()) == {0, 1}
        assert set(clusters.modes[16:].tolist()) == {0, 1, 2, 3}

    def test_the_first_choice_stays_and_labels_with_it(self) -> None:
        clusters = FailureClusters(32, 5, adaptive=True)
        _update(clusters, _failures(0, 4))
        before = clusters.modes.copy()
        for step in range(1, 6):
            _update(clusters, _failures(step, 4), step=step)
            np.testing.assert_array_equal(clusters.modes, before)
        _update(clusters, _failures(0, 2, each=16), step=9)  # would be two, were it chosen anew
        assert _counts(clusters) == [4]

    def test_what_an_earlier_run_has_chosen_is_kept(self) -> None:
        clusters = FailureClusters(32, 5, adaptive=True, given={0: 2, 1: 0})
        _update(clusters, _failures(0, 3), _failures(1, 1))
        assert _counts(clusters) == [2, 1]  # 0 is no choice

    def test_a_single_failure_is_a_mode(self) -> None:
        clusters = FailureClusters(1, 5, adaptive=True)
        _update(clusters, _failures(0, 1, each=1))
        assert clusters.modes.tolist() == [0]


class TestFromEpochToEpoch:
    def test_clusters_as_good_as_the_best_stay_and_with_them_all_labels(self) -> None:
        rng = np.random.default_rng(3)
        vectors = np.abs(rng.normal(size=(60, 12)))  # no structure: every fresh clustering is another one
        vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        clusters = FailureClusters(60, 4)
        _update(clusters, vectors)
        before = clusters.modes.copy()
        for step in range(1, 4):
            _update(clusters, vectors, step=step)
            np.testing.assert_array_equal(clusters.modes, before)

    def test_clearly_better_ones_take_over_under_matched_numbers(self) -> None:
        clusters = FailureClusters(24, 3)
        vectors = _failures(0, 3)
        way = np.repeat([0, 1, 2], 8)
        stuck = np.stack([vectors[0], vectors[1], vectors[way > 0].sum(0)])  # two in the first way, one for two ways
        clusters.centroids[0] = stuck / np.linalg.norm(stuck, axis=1, keepdims=True)
        _update(clusters, vectors)
        pairs = set(zip(way.tolist(), clusters.modes.tolist(), strict=True))
        assert len(pairs) == 3
        assert {mode for first, mode in pairs if first == 0} <= {0, 1}
        assert any(mode == 2 for first, mode in pairs if first > 0)


class TestCloseness:
    def test_it_is_the_cosine_to_the_own_centroid_also_after_a_matching(self) -> None:
        clusters = FailureClusters(25, 3)
        for step in range(2):
            vectors = _failures(step, 3)
            _update(clusters, vectors, step=step)
            expected = (vectors * clusters.centroids[0][clusters.modes[:24]]).sum(1)
            np.testing.assert_allclose(clusters.closeness[:24], expected, atol=1e-5)
            assert clusters.closeness[:24].min() > 0.8
            assert np.isnan(clusters.closeness[24])


class TestFixed:
    def test_all_tasks_have_the_same_number_whatever_was_chosen_before(self) -> None:
        clusters = FailureClusters(40, 3, given={0: 2})
        _update(clusters, _failures(0, 2), _failures(1, 3))
        assert _counts(clusters) == [3, 3]

    def test_a_task_with_fewer_failures_has_none(self) -> None:
        clusters = FailureClusters(10, 3)
        _update(clusters, _failures(0, 1, each=2), _failures(1, 1))
        assert _counts(clusters) == [3]
        assert clusters.modes[:2].tolist() == [-1, -1]
