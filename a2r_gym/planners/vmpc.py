"""Visual model predictive control: predict what candidate actions would show, carry out the best, look again.

Source: Visual Foresight (Ebert et al. 2018) as DVD (Chen et al. 2021) and Adapt2Reward use it: an episode is 3 plans of
20 steps, each the best of 100 sampled ones. Ours holds each drawn action for some steps and draws the first ones by the
arcsine law, since steps drawn evenly one by one cancel out and go nowhere, and refines with `a2r_gym.planners.cem`.
Where dynamics can tell cheaply which things a candidate moves, more are drawn than are scored, and half of the first
population is chosen so that every thing is moved by some: no reward tells a hand that touches nothing where to go.

Shape suffixes: N candidates, H steps of a plan, A action, D = (H / hold) A dimensions of the search, P frames so far.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.base import SimulatorEnv
from a2r_gym.planners.cem import Bounds, CEMConfig, CEMResult, cem, check_bounds, draw
from a2r_gym.planners.dynamics.interface import Dynamics, Moment, TellsTouch
from a2r_gym.planners.plan_scorer import PlanScorer
from a2r_gym.protocols import RewardModel

__all__ = ["VMPC", "Plan", "PlannedEpisode", "VMPCConfig", "chosen_by_touch"]


@dataclass(frozen=True, kw_only=True)
class VMPCConfig:
    """How to plan.

    Attributes:
        num_plans: Plans of an episode.
        plan_steps: H, environment steps of each.
        action_hold: Steps for which each drawn action is held; divides ``plan_steps``.
        screening: How many candidates are drawn for each one of the first population; 1: none is chosen by touch.
        measure: What candidates are judged by, one of `a2r_gym.planners.plan_scorer.MEASURES`.
        cem: Size and length of the search.
    """

    num_plans: int = 3
    plan_steps: int = 20
    action_hold: int = 10
    screening: int = 4
    measure: str = "similarity"
    cem: CEMConfig = field(default_factory=lambda: CEMConfig(num_iterations=1, initial="arcsine"))

    def __post_init__(self) -> None:
        """Check ranges."""
        if min(self.num_plans, self.plan_steps, self.action_hold, self.screening) < 1:
            raise ValueError("expected num_plans, plan_steps, action_hold and screening >= 1")
        if self.plan_steps % self.action_hold:
            raise ValueError(
                f"expected plan_steps to be a multiple of action_hold, got {self.plan_steps} and {self.action_hold}"
            )


class Plan(NamedTuple):
    """What was decided at one moment.

    Attributes:
        actions: float32 (H, A).
        score: Of the best candidate.
        candidates: float32 (N, H, A), the last population, best first.
        search: What the search found.
    """

    actions: NDArray[np.float32]
    score: float
    candidates: NDArray[np.float32]
    search: CEMResult


class PlannedEpisode(NamedTuple):
    """What happened, L steps.

    Attributes:
        frames: uint8 (L + 1, H, W, 3).
        actions: float32 (L, A).
        is_success: bool (L + 1,), the environment's rule.
        plans: One after the other.
        moments: Where each was made.
    """

    frames: NDArray[np.uint8]
    actions: NDArray[np.float32]
    is_success: NDArray[np.bool_]
    plans: tuple[Plan, ...]
    moments: tuple[Moment, ...]


def chosen_by_touch(touched_NM: NDArray[np.bool_], count: int) -> NDArray[np.int64]:
    """Choose candidates so that half of them move something, and every thing is moved by as many as another.

    Args:
        touched_NM: bool (N, M), which of M things each candidate moves.
        count: How many to choose, at most N.

    Returns:
        int64 (count,), in the order of their choice: for each thing in turn the next that moves it, up to half of all;
        the others as they were drawn.
    """
    waiting = [np.flatnonzero(moves).tolist()[::-1] for moves in touched_NM.T]
    chosen: dict[int, None] = {}
    while any(waiting) and len(chosen) < count // 2:
        for queue in waiting:
            if queue and len(chosen) < count // 2:
                chosen[queue.pop()] = None
    rest = (row for row in range(len(touched_NM)) if row not in chosen)
    return np.array([*chosen, *itertools.islice(rest, count - len(chosen))], dtype=np.int64)


class VMPC:
    """Plans with a reward model.

    Args:
        model: The reward model; None where candidates are judged by their true progress.
        dynamics: What is believed to happen.
        instruction: What is to be done.
        action_space: Of the environment.
        config: How to plan.

    Raises:
        BoundsError: The action space is not a finite box.
        UnknownNameError: There is no such measure.
    """

    def __init__(
        self,
        model: RewardModel | None,
        dynamics: Dynamics,
        instruction: str,
        action_space: gym.Space[Any],
        config: VMPCConfig,
    ) -> None:
        low, high = getattr(action_space, "low", None), getattr(action_space, "high", None)
        if low is None or high is None:
            low = high = np.full(1, np.nan)
        check_bounds(low, high)
        knots = config.plan_steps // config.action_hold
        self._bounds: Bounds = check_bounds(np.tile(low, knots), np.tile(high, knots))
        self._actions = len(low)
        self._dynamics, self._config = dynamics, config
        self._scorer = PlanScorer(model, instruction, config.measure)

    def look(self, state: NDArray[np.float64], frames: NDArray[np.uint8], before: Moment | None = None) -> Moment:
        """Take in what an episode has shown; what an earlier moment holds is not encoded again.

        Args:
            state: float64 (S,), where the simulator stands.
            frames: uint8 (P, H, W, 3), all so far.
            before: An earlier moment of the same episode.

        Returns:
            The moment.
        """
        known = 0 if before is None else len(before.frames)
        features = self._scorer.encode(frames[known:])
        if features is not None and before is not None and before.features is not None:
            features = np.concatenate([before.features, features])
        return Moment(state=state, frames=frames, features=features)

    def plan(self, moment: Moment, rng: np.random.Generator) -> Plan:
        """Search for the best actions from a moment on.

        Raises:
            NonFiniteRewardError: A candidate's score is not finite.
        """
        steps = self._scorer.wanted(len(moment.frames), self._config.plan_steps)

        def objective(candidates_ND: NDArray[np.float64]) -> NDArray[np.float32]:
            predicted = self._dynamics.predict(moment, self._expanded(candidates_ND), steps)
            return self._scorer.scores(moment, predicted, self._config.plan_steps)

        found = cem(objective, self._bounds, self._config.cem, rng, first=self._first(moment, rng))
        return Plan(self._expanded(found.best_D[None])[0], found.score, self._expanded(found.candidates_ND), found)

    def _first(self, moment: Moment, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw the first population, half of it by what its candidates move: float64 (N, D)."""
        search = self._config.cem
        drawn_ND = draw(self._bounds, self._config.screening * search.population_size, search.initial, rng)
        if self._config.screening == 1 or not isinstance(self._dynamics, TellsTouch):
            return drawn_ND[: search.population_size]
        touched = self._dynamics.touched(moment, self._expanded(drawn_ND))
        if touched is None:
            return drawn_ND[: search.population_size]
        return drawn_ND[chosen_by_touch(touched, search.population_size)]

    def _expanded(self, candidates_ND: NDArray[np.float64]) -> NDArray[np.float32]:
        """Hold each drawn action: (N, D) to (N, H, A)."""
        knots_NKA = candidates_ND.reshape(len(candidates_ND), -1, self._actions)
        return np.repeat(knots_NKA, self._config.action_hold, axis=1).astype(np.float32)

    def run(self, env: SimulatorEnv, *, seed: int, report: Callable[[int, Plan], None] | None = None) -> PlannedEpisode:
        """Run one episode.

        Args:
            env: A bare environment with a settable state, see `simulator_env`.
            seed: Of its reset and of the search.
            report: Called after each plan with its number.

        Returns:
            What happened.
        """
        rng = np.random.default_rng([seed, 7])
        _, info = env.reset(seed=seed)
        frames, solved, actions = [env.render()], [bool(info["is_success"])], []
        plans, moments = [], []
        moment: Moment | None = None
        for number in range(self._config.num_plans):
            moment = self.look(env.get_state(), np.stack(frames), moment)
            plan = self.plan(moment, rng)
            plans.append(plan)
            moments.append(moment)
            for action in plan.actions:
                info = env.step(action)[-1]
                frames.append(env.render())
                solved.append(bool(info["is_success"]))
                actions.append(action)
            if report is not None:
                report(number, plan)
        return PlannedEpisode(np.stack(frames), np.stack(actions), np.array(solved), tuple(plans), tuple(moments))
