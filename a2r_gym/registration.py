"""Every environment id, and how it is built: a table, a loop, one entry point.

Gymnasium builds the plain environment through `make_env`, puts its ``TimeLimit`` around it and then calls
`add_reward`: so the learned reward is outermost, sees every episode's end, and ``max_episode_steps`` works as in any
other id. The environment's spec records the `VideoTextReward` with its arguments.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import WrapperSpec
from numpy.typing import NDArray

from a2r_gym.envs.base import TaskInfo
from a2r_gym.envs.c2r.tasks import TASKS as C2R_TASKS
from a2r_gym.envs.metaworld_tasks import TASKS as METAWORLD_TASKS
from a2r_gym.envs.tabletop.tasks import TASKS as TABLETOP_TASKS
from a2r_gym.errors import unknown_name

__all__ = [
    "ENV_IDS",
    "FAMILIES",
    "Family",
    "add_reward",
    "env_id",
    "expert",
    "make_env",
    "register_family",
    "task_info",
]

NO_REWARD = "none"
"""``reward_model=NO_REWARD`` builds an id without a learned reward."""

_REWARD_KWARGS = (
    "reward_model",
    "reward_mode",
    "reward_every",
    "progress_base",
    "progress_weight",
    "progress_gamma",
)

_NO_TIME_LIMIT = 2**31 - 1
"""Given to the plain environments: Gymnasium's ``TimeLimit`` around them keeps the time."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """One family of environments.

    Attributes:
        name: As in its ids.
        env: ``"module:Class"`` of the plain environment.
        experts: Module whose ``expert(task)`` gives the scripted policy.
        tasks: Its tasks by name.
    """

    name: str
    env: str
    experts: str
    tasks: Mapping[str, TaskInfo]


FAMILIES = {
    family.name: family
    for family in (
        Family(
            name="MetaWorld",
            env="a2r_gym.envs.metaworld:MetaWorldEnv",
            experts="a2r_gym.envs.metaworld_experts",
            tasks=METAWORLD_TASKS,
        ),
        Family(
            name="Tabletop",
            env="a2r_gym.envs.tabletop.env:TabletopEnv",
            experts="a2r_gym.envs.tabletop.experts",
            tasks=TABLETOP_TASKS,
        ),
        Family(
            name="C2R",
            env="a2r_gym.envs.c2r.env:C2REnv",
            experts="a2r_gym.envs.c2r.experts",
            tasks=C2R_TASKS,
        ),
    )
}
"""All families by name."""


def env_id(family: str, task: str) -> str:
    """Name an environment.

    Args:
        family: A key of `FAMILIES`.
        task: One of its tasks.

    Returns:
        The id.

    Example:
        >>> env_id("MetaWorld", "drawer-close")
        'A2R-MetaWorld-drawer-close-v1'
    """
    return f"A2R-{family}-{task}-v1"


ENV_IDS: tuple[str, ...] = tuple(env_id(family.name, task) for family in FAMILIES.values() for task in family.tasks)
"""All ids, family by family."""


def _place(identifier: str) -> tuple[Family, str]:
    """Find an id's family and task; the ``a2r_gym:`` in front may stand there."""
    name = identifier.removeprefix("a2r_gym:")
    for family in FAMILIES.values():
        for task in family.tasks:
            if name == env_id(family.name, task):
                return family, task
    raise unknown_name("environment id", identifier, ENV_IDS)


def task_info(identifier: str) -> TaskInfo:
    """Look up what an environment's task is.

    Args:
        identifier: One of `ENV_IDS`.

    Returns:
        Its task: instruction, paraphrases, opposite, time limit.

    Raises:
        UnknownNameError: There is no such id.
    """
    family, task = _place(identifier)
    return family.tasks[task]


def expert(identifier: str) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Build an environment's scripted policy.

    Args:
        identifier: One of `ENV_IDS`.

    Returns:
        From an observation to an action; build a new one for each episode.

    Raises:
        UnknownNameError: There is no such id.

    Example:
        >>> policy = expert("A2R-MetaWorld-drawer-close-v1")  # doctest: +SKIP
    """
    family, task = _place(identifier)
    policy: Callable[[NDArray[Any]], NDArray[Any]] = importlib.import_module(family.experts).expert(task)
    return policy


class _EnvCreator:
    """The entry point of all ids; an object, because Gymnasium reads the render modes off it."""

    metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012 (Gymnasium's own type)

    def __call__(
        self, *, family: str, task: str, render_mode: str | None = "rgb_array", **kwargs: Any
    ) -> gym.Env[Any, Any]:
        """Build the plain environment of an id; Gymnasium calls this.

        Args:
            family: A key of `FAMILIES`.
            task: One of its tasks.
            render_mode: ``"rgb_array"``, or None together with ``reward_model="none"``.
            kwargs: The environment's own arguments; the reward's are left to `add_reward`.

        Returns:
            The environment, without a time limit and without a learned reward.
        """
        module, _, name = FAMILIES[family].env.partition(":")
        env_class = getattr(importlib.import_module(module), name)
        own = {key: value for key, value in kwargs.items() if key not in _REWARD_KWARGS}
        env: gym.Env[Any, Any] = env_class(
            task=task, render_mode=render_mode, **{"max_episode_steps": _NO_TIME_LIMIT, **own}
        )
        return env


make_env = _EnvCreator()


def add_reward(env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
    """Put the learned reward around an id's environment, as its ``gym.make`` call asked for; Gymnasium calls this.

    Args:
        env: What ``gym.make`` has built so far.

    Returns:
        The environment in its `VideoTextReward`, or as it came for ``reward_model="none"``.
    """
    from a2r_gym.wrappers.episode_rewards import model_name
    from a2r_gym.wrappers.reward import VideoTextReward

    spec = env.unwrapped.spec
    assert spec is not None, "gym.make sets it"
    kwargs = {key: spec.kwargs[key] for key in ("instruction", *_REWARD_KWARGS) if key in spec.kwargs}
    # A spec is deep-copied and written to JSON: it holds the model's name, never the model.
    if "reward_model" in kwargs:
        spec.kwargs["reward_model"] = model_name(kwargs["reward_model"])
    if kwargs.get("reward_model") == NO_REWARD:
        return env
    return VideoTextReward(env, **kwargs)


def register_family(family: Family) -> None:
    """Register a family's ids with Gymnasium; ``import a2r_gym`` does it for all of `FAMILIES`.

    Args:
        family: A value of `FAMILIES`.
    """
    reward = WrapperSpec(name="VideoTextReward", entry_point=f"{__name__}:{add_reward.__name__}", kwargs={})
    for task, info in family.tasks.items():
        gym.register(
            id=env_id(family.name, task),
            entry_point=f"{__name__}:make_env",
            max_episode_steps=info.max_episode_steps,
            kwargs={"family": family.name, "task": task},
            additional_wrappers=(reward,),
        )
