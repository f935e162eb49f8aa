"""The cross-entropy method against known optima, and against the reference implementation of CMA-ES."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from a2r_gym.errors import NonFiniteRewardError
from a2r_gym.planners.cem import BoundsError, CEMConfig, cem, check_bounds


def sphere(points: np.ndarray) -> np.ndarray:
    return np.asarray(((points - 0.3) ** 2).sum(axis=1))


def rosenbrock(points: np.ndarray) -> np.ndarray:
    first, second = points[:, :-1], points[:, 1:]
    return np.asarray((100.0 * (second - first**2) ** 2 + (1.0 - first) ** 2).sum(axis=1))


def beyond(points: np.ndarray) -> np.ndarray:
    """Its optimum lies outside of the bounds: the best is a corner."""
    return np.asarray(((points - 3.0) ** 2).sum(axis=1))


def searched(cost: Callable[[np.ndarray], np.ndarray], config: CEMConfig, seed: int, dimensions: int = 6) -> float:
    bounds = check_bounds([-2.0] * dimensions, [2.0] * dimensions)
    return -cem(lambda points: -cost(points), bounds, config, np.random.default_rng(seed)).score


def searched_by_cma(
    cost: Callable[[np.ndarray], np.ndarray], config: CEMConfig, seed: int, dimensions: int = 6
) -> float:
    import cma

    options = {
        "popsize": config.population_size, "maxiter": config.num_iterations + 1, "bounds": [-2.0, 2.0],
        "seed": seed + 1, "verbose": -9, "tolfun": 0, "tolx": 0,
    }  # fmt: skip
    start = np.random.default_rng(seed).uniform(-2.0, 2.0, size=dimensions)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = cma.CMAEvolutionStrategy(start, 4.0 / 12**0.5, options)
    for _ in range(config.num_iterations + 1):
        points = np.array(search.ask())
        search.tell(list(points), cost(points).tolist())
    return float(search.result.fbest)


class TestAgainstReference:
    @pytest.mark.parametrize("cost", [sphere, rosenbrock, beyond])
    @pytest.mark.parametrize("iterations", [4, 15])
    def test_finds_as_good_a_point_as_cma_with_equal_evaluations(
        self, cost: Callable[[np.ndarray], np.ndarray], iterations: int
    ) -> None:
        config = CEMConfig(population_size=100, num_iterations=iterations)
        ours = np.median([searched(cost, config, seed) for seed in range(9)])
        theirs = np.median([searched_by_cma(cost, config, seed) for seed in range(9)])
        assert ours <= theirs + 1e-9


class TestSearch:
    def test_finds_the_optimum_of_the_sphere(self) -> None:
        assert searched(sphere, CEMConfig(num_iterations=30), seed=0) < 1e-6

    def test_more_iterations_are_never_worse(self) -> None:
        few, many = (searched(rosenbrock, CEMConfig(num_iterations=count), seed=3) for count in (2, 8))
        assert many <= few

    def test_no_iteration_is_the_best_of_one_uniform_population(self) -> None:
        bounds = check_bounds([-2.0] * 3, [2.0] * 3)
        found = cem(lambda points: -sphere(points), bounds, CEMConfig(num_iterations=0), np.random.default_rng(5))
        drawn = np.random.default_rng(5).uniform(size=(100, 3)) * 4.0 - 2.0
        np.testing.assert_allclose(found.best_D, drawn[sphere(drawn).argmin()])

    def test_the_arcsine_law_draws_more_from_the_ends_and_nothing_beyond(self) -> None:
        bounds, config = check_bounds([-1.0], [3.0]), CEMConfig(population_size=4000, num_iterations=0)
        for initial, share in (("uniform", 0.2), ("arcsine", 0.41)):  # 4 / pi * arcsin(sqrt(0.1))
            law = replace(config, initial=initial)
            drawn = cem(lambda points: points[:, 0], bounds, law, np.random.default_rng(0)).candidates_ND
            assert -1.0 <= drawn.min() < drawn.max() <= 3.0
            assert np.mean(np.abs(drawn - 1.0) > 1.6) == pytest.approx(share, abs=0.03)

    def test_candidates_stay_within_the_bounds(self) -> None:
        seen: list[np.ndarray] = []

        def objective(points: np.ndarray) -> np.ndarray:
            seen.append(points.copy())
            return -beyond(points)

        found = cem(
            objective, check_bounds([-2.0] * 4, [2.0] * 4), CEMConfig(num_iterations=5), np.random.default_rng(0)
        )
        assert np.abs(np.concatenate(seen)).max() <= 2.0
        np.testing.assert_allclose(found.best_D, 2.0, atol=0.1)

    def test_the_same_seed_finds_the_same(self) -> None:
        assert searched(rosenbrock, CEMConfig(), seed=4) == searched(rosenbrock, CEMConfig(), seed=4)

    def test_the_best_is_of_all_populations_and_elites_are_kept(self) -> None:
        bounds = check_bounds([-2.0] * 6, [2.0] * 6)
        found = cem(lambda points: -rosenbrock(points), bounds, CEMConfig(num_iterations=6), np.random.default_rng(1))
        assert found.score == max(found.history)
        assert list(found.history) == sorted(found.history)  # the best one stays in the next population

    def test_a_start_is_where_the_first_population_lies(self) -> None:
        bounds = check_bounds([-2.0] * 3, [2.0] * 3)
        start = (np.full(3, 1.5), np.full(3, 0.01))
        config = CEMConfig(num_iterations=0)
        found = cem(lambda points: -sphere(points), bounds, config, np.random.default_rng(0), start=start)
        assert np.abs(found.candidates_ND - 1.5).max() < 0.1

    def test_smoothing_keeps_the_search_wider(self) -> None:
        bounds = check_bounds([-2.0] * 3, [2.0] * 3)
        widths = [
            cem(
                lambda points: -sphere(points),
                bounds,
                CEMConfig(num_iterations=4, smoothing=smoothing),
                np.random.default_rng(0),
            ).std_D.mean()
            for smoothing in (0.0, 0.6)
        ]
        assert widths[0] < widths[1]

    def test_candidates_come_best_first(self) -> None:
        bounds = check_bounds([-2.0] * 3, [2.0] * 3)
        found = cem(lambda points: -sphere(points), bounds, CEMConfig(), np.random.default_rng(0))
        assert (np.diff(found.scores_N) <= 0).all()
        np.testing.assert_allclose(-sphere(found.top(7)), found.scores_N[:7])


class TestMistakes:
    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_a_score_that_is_not_finite_is_an_error(self, bad: float) -> None:
        def objective(points: np.ndarray) -> np.ndarray:
            scores = points.sum(axis=1)
            scores[17] = bad
            return np.asarray(scores)

        with pytest.raises(NonFiniteRewardError, match="at \\[17\\]"):
            cem(objective, check_bounds([0.0], [1.0]), CEMConfig(), np.random.default_rng(0))

    @pytest.mark.parametrize(
        ("low", "high", "told"),
        [([-np.inf], [1.0], "finite"), ([0.0], [0.0], "low < high"), ([0.0, 0.0], [1.0], "one length")],
    )
    def test_bounds_that_cannot_be_searched_are_an_error(self, low: list[float], high: list[float], told: str) -> None:
        with pytest.raises(BoundsError, match=told):
            check_bounds(low, high)

    @pytest.mark.parametrize("wrong", [{"elite_ratio": 0.0}, {"population_size": 0}, {"smoothing": 1.0}])
    def test_a_configuration_out_of_range_is_an_error(self, wrong: dict[str, float]) -> None:
        with pytest.raises(ValueError, match="expected"):
            CEMConfig(**wrong)  # type: ignore[arg-type]
