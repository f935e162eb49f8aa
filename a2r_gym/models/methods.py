"""Methods by name: which config, network and reward model a checkpoint's ``method`` stands for."""

from __future__ import annotations

import importlib
from typing import Any, Final, NamedTuple, cast

from a2r_gym.errors import unknown_name
from a2r_gym.models.reward_network import NetworkConfig, RewardNetwork

__all__ = ["METHODS", "Method", "find_method"]

METHODS: Final[dict[str, str]] = {
    "adapt2reward": "a2r_gym.models.scoring:METHOD",
    "dvd": "a2r_gym.baselines.dvd:METHOD",
    "liv": "a2r_gym.baselines.liv:METHOD",
    "concept2robot": "a2r_gym.baselines.concept2robot:METHOD",
    "roboclip": "a2r_gym.baselines.roboclip:METHOD",
}
"""Method -> "module:attribute", loaded lazily."""


class Method(NamedTuple):
    """A way to learn a reward.

    Attributes:
        config: Its config's class.
        network: Its network's class, made of a config.
        reward: Its reward model's class, made of a network, a calibration, ``name`` and ``runtime``.
    """

    config: type[NetworkConfig]
    network: type[RewardNetwork]
    reward: Any


def find_method(name: str) -> Method:
    """Return a method.

    Raises:
        UnknownNameError: There is no such method.
    """
    if name not in METHODS:
        raise unknown_name("method", name, METHODS)
    module, attribute = METHODS[name].split(":")
    return cast(Method, getattr(importlib.import_module(module), attribute))
