"""How each method is trained, by the method's name; its network and use stand in `a2r_gym.models.methods`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final, cast

from a2r_gym.errors import unknown_name

if TYPE_CHECKING:
    from a2r_train.methods.interface import TrainingMethod

__all__ = ["TRAINING_METHODS", "find_training"]

TRAINING_METHODS: Final[dict[str, str]] = {
    "adapt2reward": "a2r_train.methods.adapt2reward:METHOD",
    "dvd": "a2r_train.methods.dvd:METHOD",
    "liv": "a2r_train.methods.liv:METHOD",
    "concept2robot": "a2r_train.methods.concept2robot:METHOD",
    "roboclip": "a2r_train.methods.roboclip:METHOD",
}
"""Method -> "module:attribute", loaded lazily."""


def find_training(name: str) -> TrainingMethod:
    """Return how a method is trained.

    Raises:
        UnknownNameError: There is no such method.
    """
    if name not in TRAINING_METHODS:
        raise unknown_name("method", name, TRAINING_METHODS)
    module, attribute = TRAINING_METHODS[name].split(":")
    return cast("TrainingMethod", getattr(importlib.import_module(module), attribute))
