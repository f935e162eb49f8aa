"""How far a learned reward is from the true one, whatever its scale and shaping: Pearson distance and EPIC.

Letters: n transitions of the coverage distribution, m draws of (action, next state), k free transitions.

Source: Gleave et al. (ICLR 2021, arXiv 2006.13900, "Quantifying differences in reward functions"), section 4:
canonically shaped reward, Pearson distance and EPIC, in their sample-based form.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from a2r_gym.errors import MetricError
from a2r_gym.metrics.estimate import NUM_RESAMPLES, Estimate, finite_vector, percentile_interval, resample_counts

__all__ = ["SampledReward", "canonical_reward", "epic_distance", "pearson_distance"]


class SampledReward(NamedTuple):
    """A reward function R(s, a, s'), seen through its values on sampled transitions.

    S and S' are drawn from a distribution over states, A from one over actions, all independent. The m draws
    (A_j, S'_j) are the same for every transition, and both rewards that are compared are sampled on the same
    transitions and draws.

    Attributes:
        taken: Shape (n,), R(s_i, a_i, s'_i) on the transitions of the coverage distribution.
        onward: Shape (n, m), R(s'_i, A_j, S'_j): where the transition's end is the beginning.
        aside: Shape (n, m), R(s_i, A_j, S'_j): the same draws from the transition's beginning.
        anywhere: Shape (k,), R(S, A, S').
    """

    taken: ArrayLike
    onward: ArrayLike
    aside: ArrayLike
    anywhere: ArrayLike


def canonical_reward(reward: SampledReward, gamma: float) -> NDArray[np.float64]:
    """Take shaping out of a reward.

    C(R)(s, a, s') = R(s, a, s') + E[gamma R(s', A, S') - R(s, A, S') - gamma R(S, A, S')], the expectations replaced
    by means over the draws. Two rewards that differ by potential shaping gamma Phi(s') - Phi(s) have the same C up to a
    constant, also on finite draws: what is left of Phi is a mean over the draws, the same for every transition.

    Args:
        reward: The sampled reward.
        gamma: Discount, in [0, 1].

    Returns:
        float64 (n,).

    Raises:
        MetricError: Shapes do not fit, or values are not finite.
    """
    if not 0.0 <= gamma <= 1.0:
        raise MetricError(f"gamma must lie in [0, 1], got {gamma}")
    taken, anywhere = finite_vector(reward.taken, "taken"), finite_vector(reward.anywhere, "anywhere")
    onward, aside = (np.asarray(values, dtype=np.float64) for values in (reward.onward, reward.aside))
    if onward.ndim != 2 or onward.shape != aside.shape or len(onward) != len(taken) or onward.size == 0:
        raise MetricError(
            f"onward and aside must be (n, m) for taken (n,), n and m >= 1; got {onward.shape}, {aside.shape}, "
            f"{taken.shape}"
        )
    if len(anywhere) == 0:
        raise MetricError("anywhere must hold at least one value, got none")
    for name, values in (("onward", onward), ("aside", aside)):
        finite_vector(values.ravel(), name)
    return np.asarray(taken + gamma * onward.mean(axis=1) - aside.mean(axis=1) - gamma * anywhere.mean())


def pearson_distance(
    first: ArrayLike, second: ArrayLike, rng: np.random.Generator, num_resamples: int = NUM_RESAMPLES
) -> Estimate:
    """Pearson distance: sqrt((1 - rho) / 2), rho the correlation of two rewards on the same transitions.

    0 where one is a positive multiple of the other plus a constant, sqrt(1/2) = 0.707 where they are uncorrelated, 1
    where they are opposite. Every transition has equal weight; values are compared, not ranks, so ties need no rule.
    Give the reward of every step of some episodes; where rewards hold for several steps (``reward_every``), give the
    scored steps alone. Shaping changes it: see `epic_distance`.

    Interval: percentile bootstrap over transitions, which takes them as independent: neighbouring steps are not, so
    the interval of whole episodes is too narrow. Resamples in which a reward is constant are left out.

    Args:
        first: Shape (n,), n >= 3, for example the learned reward.
        second: Shape (n,), for example the true one.
        rng: Source of randomness.
        num_resamples: Bootstrap resamples.

    Returns:
        The distance in [0, 1], n the number of transitions.

    Raises:
        MetricError: Shapes differ, fewer than 3, not finite, or a reward is constant: it has no correlation.
    """
    one, two = finite_vector(first, "first"), finite_vector(second, "second")
    if one.shape != two.shape or len(one) < 3:
        raise MetricError(f"need two rewards of one length >= 3, got {len(one)} and {len(two)} values")
    for name, values in (("first", one), ("second", two)):
        if np.ptp(values) == 0:
            raise MetricError(f"the {name} reward is {values[0]:.4g} throughout: a constant has no distance to another")
    counts = np.concatenate([np.ones((1, len(one))), resample_counts(len(one), rng, num_resamples)])
    correlation = _correlations(_standard(one), _standard(two), counts / len(one))
    distances = np.sqrt((1.0 - np.clip(correlation, -1.0, 1.0)) / 2.0)
    draws = distances[1:][~np.isnan(distances[1:])]
    low, high = percentile_interval(draws) if len(draws) else (0.0, 1.0)
    return Estimate(float(distances[0]), low, high, len(one))


def epic_distance(
    first: SampledReward,
    second: SampledReward,
    gamma: float,
    rng: np.random.Generator,
    num_resamples: int = NUM_RESAMPLES,
) -> Estimate:
    """EPIC: the `pearson_distance` of two rewards after `canonical_reward`.

    It ignores potential shaping, positive scale and constants, none of which changes the optimal policy. A reward that
    depends on s' alone, like a similarity of the picture after the step, has C(R) = R minus a constant: its EPIC and
    Pearson distances to another of that kind are equal.

    Interval: percentile bootstrap over the n transitions; the means inside C(R) are held fixed, so their error (of
    order 1 / sqrt(m)) is not in it.

    Args:
        first: For example the learned reward.
        second: For example the true one, on the same transitions and draws.
        gamma: Discount, in [0, 1].
        rng: Source of randomness.
        num_resamples: Bootstrap resamples.

    Returns:
        The distance in [0, 1], n the number of transitions.

    Raises:
        MetricError: See `canonical_reward` and `pearson_distance`.
    """
    return pearson_distance(canonical_reward(first, gamma), canonical_reward(second, gamma), rng, num_resamples)


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = values - values.mean()
    return np.asarray(centred / np.abs(centred).max())


def _correlations(
    first: NDArray[np.float64], second: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Correlation under each row of weights (R, n); NaN where one list is constant there."""
    means = weights @ first, weights @ second
    covariance = weights @ (first * second) - means[0] * means[1]
    variances = (weights @ first**2 - means[0] ** 2) * (weights @ second**2 - means[1] ** 2)
    spread = np.sqrt(np.maximum(variances, 0.0))
    return np.asarray(np.divide(covariance, spread, out=np.full(len(weights), np.nan), where=spread > 1e-10))
