"""The cross-entropy method: draw, keep the best, draw again around them.

Source: Rubinstein and Kroese, The Cross-Entropy Method, 2004, with a diagonal Gaussian. As in DVD (Chen et al. 2021)
the first population may be uniform in the bounds, and no iteration at all is random shooting.

Shape suffixes: N population, E elites, D dimensions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from a2r_gym.errors import A2RError, NonFiniteRewardError, unknown_name

__all__ = ["INITIAL", "Bounds", "BoundsError", "CEMConfig", "CEMResult", "cem", "check_bounds", "draw"]


INITIAL: Final = ("uniform", "arcsine")
"""Laws of the first population."""


class BoundsError(A2RError, ValueError):
    """Bounds of a search are not finite, not in order, or of another shape than the start."""


class Bounds(NamedTuple):
    """Where a search goes on: float64 (D,) each, finite, low < high."""

    low_D: NDArray[np.float64]
    high_D: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class CEMConfig:
    """How to search.

    Attributes:
        population_size: Candidates of an iteration.
        num_iterations: Iterations after the first population; 0 is random shooting.
        elite_ratio: Share of a population that the next is drawn around; DVD's is 0.2.
        smoothing: Weight of the last mean and deviation in the next, in [0, 1).
        min_std: Smallest deviation, as a share of the width between the bounds: below it a search stands still.
        kept_elites: Share of the elites that stay in the next population, so that the best is never lost.
        initial: How the first population is drawn where no start is given, one of `INITIAL`: evenly between the
            bounds (DVD's), or by the arcsine law, which favours both ends: motions that go somewhere.
    """

    population_size: int = 100
    num_iterations: int = 2
    elite_ratio: float = 0.2
    smoothing: float = 0.1
    min_std: float = 0.0
    kept_elites: float = 0.3
    initial: str = "uniform"

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.population_size < 1 or self.num_iterations < 0:
            raise ValueError(
                "expected population_size >= 1 and num_iterations >= 0, got "
                f"{self.population_size} and {self.num_iterations}"
            )
        if not 0.0 < self.elite_ratio <= 1.0:
            raise ValueError(f"expected elite_ratio in (0, 1], got {self.elite_ratio}")
        if self.initial not in INITIAL:
            raise unknown_name("first population", self.initial, INITIAL)
        if not 0.0 <= self.smoothing < 1.0 or not 0.0 <= self.kept_elites <= 1.0 or self.min_std < 0.0:
            raise ValueError(
                "expected smoothing in [0, 1), kept_elites in [0, 1] and min_std >= 0, got "
                f"{self.smoothing}, {self.kept_elites} and {self.min_std}"
            )

    @property
    def num_elites(self) -> int:
        """E, at least 1."""
        return max(1, round(self.elite_ratio * self.population_size))


class CEMResult(NamedTuple):
    """What a search found.

    Attributes:
        best_D: float64 (D,), the best candidate of all.
        score: Its score.
        mean_D: float64 (D,), where the last elites are; a start for the next search.
        std_D: float64 (D,), their deviation.
        candidates_ND: float64 (N, D), the last population, best first.
        scores_N: float64 (N,), falling.
        history: Best score of each population.
    """

    best_D: NDArray[np.float64]
    score: float
    mean_D: NDArray[np.float64]
    std_D: NDArray[np.float64]
    candidates_ND: NDArray[np.float64]
    scores_N: NDArray[np.float64]
    history: tuple[float, ...]

    def top(self, count: int) -> NDArray[np.float64]:
        """Return the best candidates of the last population, float64 (count, D)."""
        return self.candidates_ND[:count]


def check_bounds(low: ArrayLike, high: ArrayLike) -> Bounds:
    """Check the bounds of a search.

    Args:
        low: (D,).
        high: (D,).

    Raises:
        BoundsError: They are infinite or NaN, of two shapes, or not in order.
    """
    low_D, high_D = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    if low_D.shape != high_D.shape or low_D.ndim != 1 or not len(low_D):
        raise BoundsError(f"expected two bounds of one length, got {low_D.shape} and {high_D.shape}")
    if not (np.isfinite(low_D).all() and np.isfinite(high_D).all()):
        raise BoundsError(
            f"expected finite bounds, got {low_D} to {high_D}: a search draws its first candidates evenly between "
            "them; wrap the environment in gymnasium.wrappers.RescaleAction"
        )
    if not (low_D < high_D).all():
        raise BoundsError(f"expected low < high, got {low_D} to {high_D}")
    return Bounds(low_D, high_D)


def cem(
    objective: Callable[[NDArray[np.float64]], NDArray[np.floating]],
    bounds: Bounds,
    config: CEMConfig,
    rng: np.random.Generator,
    *,
    start: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    first: NDArray[np.float64] | None = None,
) -> CEMResult:
    """Search for the candidate with the highest score.

    Args:
        objective: From candidates (N, D) to scores (N,), higher is better.
        bounds: Of each dimension; see `check_bounds`.
        config: How to search.
        rng: Source of randomness.
        start: Mean and deviation (D,) of the first population; None: it is drawn over the whole space.
        first: The first population itself, float64 (N, D), for callers that draw it with knowledge of their own.

    Returns:
        What was found.

    Raises:
        NonFiniteRewardError: A score is NaN or infinite.
    """
    if start is None:
        candidates_ND = draw(bounds, config.population_size, config.initial, rng) if first is None else first
        mean_D, std_D = candidates_ND.mean(axis=0), candidates_ND.std(axis=0)
    else:
        mean_D, std_D = (np.array(part, dtype=np.float64) for part in start)
        candidates_ND = _gaussian(mean_D, std_D, bounds, config.population_size, rng)
    history: list[float] = []
    best_D, best = candidates_ND[0], -np.inf
    for iteration in range(config.num_iterations + 1):
        if iteration:
            kept = candidates_ND[: round(config.kept_elites * config.num_elites)]
            fresh = _gaussian(mean_D, std_D, bounds, config.population_size - len(kept), rng)
            candidates_ND = np.concatenate([kept, fresh])
        candidates_ND, scores_N = _ranked(objective, candidates_ND)
        history.append(float(scores_N[0]))
        if scores_N[0] > best:
            best_D, best = candidates_ND[0].copy(), float(scores_N[0])
        elites_ED = candidates_ND[: config.num_elites]
        old = config.smoothing if iteration or start is not None else 0.0
        mean_D = old * mean_D + (1.0 - old) * elites_ED.mean(axis=0)
        std_D = old * std_D + (1.0 - old) * elites_ED.std(axis=0)
        std_D = np.maximum(std_D, config.min_std * (bounds.high_D - bounds.low_D))
    return CEMResult(best_D, best, mean_D, std_D, candidates_ND, scores_N, tuple(history))


def draw(bounds: Bounds, count: int, initial: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw candidates over the whole space: float64 (N, D), by one of the laws of `INITIAL`."""
    share_ND = rng.uniform(size=(count, len(bounds.low_D)))
    if initial == "arcsine":
        share_ND = np.sin(np.pi / 2.0 * share_ND) ** 2
    return np.asarray(bounds.low_D + share_ND * (bounds.high_D - bounds.low_D))


def _gaussian(
    mean_D: NDArray[np.float64], std_D: NDArray[np.float64], bounds: Bounds, count: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    drawn = rng.normal(mean_D, std_D, size=(count, len(mean_D)))
    return np.asarray(np.clip(drawn, *bounds))


def _ranked(
    objective: Callable[[NDArray[np.float64]], NDArray[np.floating]], candidates_ND: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Score candidates and sort them, best first; of equals the earlier drawn."""
    scores_N = np.asarray(objective(candidates_ND), dtype=np.float64)
    if scores_N.shape != (len(candidates_ND),):
        raise ValueError(f"expected one score for each of {len(candidates_ND)} candidates, got {scores_N.shape}")
    if not np.isfinite(scores_N).all():
        wrong = np.flatnonzero(~np.isfinite(scores_N))
        raise NonFiniteRewardError(f"scores of candidates must be finite, got {scores_N[wrong[:4]]} at {wrong[:4]}")
    order = np.argsort(-scores_N, kind="stable")
    return candidates_ND[order], scores_N[order]
