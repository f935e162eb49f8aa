"""a2r-gym: a learned, language-conditioned reward for any Gymnasium environment.

Importing this registers the ids in `ENV_IDS` with Gymnasium. It imports neither torch nor a simulator: the names below
are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from a2r_gym.registration import ENV_IDS, FAMILIES, expert, register_family

if TYPE_CHECKING:
    from a2r_gym.models.checkpoint import load_reward
    from a2r_gym.protocols import RewardModel, Scores
    from a2r_gym.wrappers.frame_buffer import FrameCapture
    from a2r_gym.wrappers.reward import VideoTextReward
    from a2r_gym.wrappers.vector_reward import VectorVideoTextReward

__all__ = [
    "ENV_IDS",
    "FrameCapture",
    "RewardModel",
    "Scores",
    "VectorVideoTextReward",
    "VideoTextReward",
    "__version__",
    "expert",
    "load_reward",
]

_LAZY = {
    "FrameCapture": "a2r_gym.wrappers.frame_buffer",
    "RewardModel": "a2r_gym.protocols",
    "Scores": "a2r_gym.protocols",
    "VectorVideoTextReward": "a2r_gym.wrappers.vector_reward",
    "VideoTextReward": "a2r_gym.wrappers.reward",
    "load_reward": "a2r_gym.models.checkpoint",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("a2r-gym")
    elif name in _LAZY:
        value = getattr(importlib.import_module(_LAZY[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})


for _family in FAMILIES.values():
    register_family(_family)
