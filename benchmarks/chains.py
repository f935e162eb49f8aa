"""One trial of a chain: two instructions, one after the other, in closed loop.

The planner follows the first instruction until that is said to be done, and then the second, for which time, pictures
and success begin anew. Who says so is either the reward model itself or, for comparison, the task's true rule (an
oracle). What has come true is judged afterwards from the states alone, whatever anybody said.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import Any, Final, NamedTuple

import numpy as np

from a2r_gym.envs.tabletop.env import TabletopEnv
from a2r_gym.envs.tabletop.tasks import History, Measures, extend, task_label
from a2r_gym.planners.cem import CEMConfig
from a2r_gym.planners.dynamics.simulator import SimulatorDynamics
from a2r_gym.planners.instruction_chain import HOLD, InstructionChain
from a2r_gym.planners.vmpc import VMPC, VMPCConfig
from a2r_gym.protocols import RewardModel
from a2r_gym.registration import env_id
from benchmarks.planning import ANY_STEP

__all__ = ["CHAINS", "FIRST_SEED", "SCENE", "Planner", "Verdict", "judge", "run_trial", "true_steps"]

_DRAWER, _MUG = ("drawer-open", "drawer-close"), ("mug-left", "mug-right")
CHAINS: Final = tuple(chain for drawer in _DRAWER for mug in _MUG for chain in ((drawer, mug), (mug, drawer)))
"""The drawer and then the mug, and the other way round; ``open the drawer, push the mug to the left`` comes first."""
SCENE: Final = "train"
FIRST_SEED: Final = 9_800
_STEPS: Final = VMPCConfig().plan_steps


class Planner(NamedTuple):
    """Who acts.

    Attributes:
        model: What candidates are judged by; None: their true progress.
        own_switch: Whether the model says when an instruction is done, else the task's rule.
        search: Size and length of the search.
        num_plans: After which a trial ends.
    """

    model: RewardModel | None
    own_switch: bool
    search: CEMConfig
    num_plans: int


class Verdict(NamedTuple):
    """What came of a trial.

    Attributes:
        first: Whether the first task's rule held at some step.
        both: Whether, counted from that step on, the second's held too: at the last step, for a mug at any.
        switch: ``early``: said to be done before it was; ``late``: not said within `HOLD` plans; ``in time``; ``none``:
            neither done nor said to be.
        said: Steps after which an instruction was said to be done.
    """

    first: bool
    both: bool
    switch: str
    said: list[int]


class _Stage(NamedTuple):
    """What an instruction is followed with."""

    env: TabletopEnv
    vmpc: VMPC


def run_trial(tasks: tuple[str, str], seed: int, planner: Planner) -> Verdict:
    """Run one trial.

    Args:
        tasks: One of `CHAINS`.
        seed: Of its start and of the search.
        planner: Who acts.

    Returns:
        What came of it.
    """
    with ExitStack() as stack:
        stages = [_stage(task, planner, stack) for task in tasks]
        return judge(tasks, *_follow(stages, seed, planner, _start(tasks)))


def _stage(task: str, planner: Planner, stack: ExitStack) -> _Stage:
    env = stack.enter_context(closing(TabletopEnv(task=task, scene=SCENE)))
    dynamics = stack.enter_context(closing(SimulatorDynamics(env_id("Tabletop", task), {"scene": SCENE})))
    config = VMPCConfig(measure="similarity" if planner.model is not None else "progress", cem=planner.search)
    return _Stage(env, VMPC(planner.model, dynamics, env.instruction, env.action_space, config))


def _start(tasks: Sequence[str]) -> dict[str, str]:
    """Let the drawer start so that there is something to do."""
    return {"drawer": "open" if "drawer-close" in tasks else "closed"}


def _follow(
    stages: Sequence[_Stage], seed: int, planner: Planner, start: dict[str, str]
) -> tuple[list[Measures], list[int]]:
    """Plan and carry out; returns what each step measured, and after which steps an instruction was said to be done."""
    chain = InstructionChain([stage.env.instruction for stage in stages], hold=HOLD if planner.own_switch else 1)
    rng = np.random.default_rng([seed, 7])
    stages[0].env.reset(seed=seed, options=start)
    begun = stages[0].env.measures()
    measures, said = [begun], []
    moment, frames, solved = None, [stages[0].env.render()], [False]
    for _ in range(planner.num_plans):
        env, vmpc = stages[chain.place]
        moment = vmpc.look(env.get_state(), np.stack(frames), moment)
        for action in vmpc.plan(moment, rng).actions:
            solved.append(bool(env.step(action)[-1]["is_success"]))
            frames.append(env.render())
            measures.append(_moved(env.measures(), begun.mug_right, begun.mug_away))
        if not chain.see(_believed(planner, env, np.stack(frames), solved)):
            continue
        said.append(len(measures) - 1)
        if chain.is_finished:
            break
        state, env, begun = env.get_state(), stages[chain.place].env, measures[-1]
        env.set_state(state)
        env.begin_task()
        moment, frames, solved = None, [env.render()], [False]
    return measures, said


def _believed(planner: Planner, env: TabletopEnv, frames: Any, solved: Sequence[bool]) -> float:
    if planner.own_switch:
        assert planner.model is not None, "true progress has no opinion of success"
        return float(planner.model.score(frames[None], [env.instruction]).success[0])
    return float(any(solved) if env.task in ANY_STEP else solved[-1])


def judge(tasks: tuple[str, str], measures: Sequence[Measures], said: list[int]) -> Verdict:
    """Tell from the states what has come true, and from what was said whether that was known.

    Args:
        tasks: First and second.
        measures: One for the start and one for each step, all counted from the start.
        said: Steps after which an instruction was said to be done.

    Returns:
        What came of the trial.
    """
    held = true_steps(tasks[0], measures)
    if not any(held):
        return Verdict(False, False, "early" if said else "none", said)
    step = held.index(True)
    then = true_steps(tasks[1], measures[step:])
    due = _STEPS * (-(-step // _STEPS) + HOLD - 1)  # plans are looked at when they end
    switch = "late" if not said or said[0] > due else "early" if said[0] < step else "in time"
    return Verdict(True, any(then) if tasks[1] in ANY_STEP else then[-1], switch, said)


def true_steps(task: str, measures: Sequence[Measures]) -> list[bool]:
    """Tell for each step whether a task's rule holds, counted from the first of them."""
    first = measures[0]
    begun = _moved(first, -first.mug_right, -first.mug_away)
    history = History(begun, begun, begun, begun)
    found = []
    for now in measures:
        history = extend(history, _moved(now, -first.mug_right, -first.mug_away))
        found.append(task_label(task, history).success)
    return found


def _moved(measures: Measures, right: float, away: float) -> Measures:
    """Count the mug's way from elsewhere."""
    return measures._replace(mug_right=measures.mug_right + right, mug_away=measures.mug_away + away)
