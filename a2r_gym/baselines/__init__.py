"""Other people's rewards behind the same `RewardModel` protocol; README.md beside this file tells what each is.

Trained baselines are checkpoints, see `a2r_gym.models.methods`. Those in `BASELINES` need no training, and have a name
of their own for `a2r_gym.load_reward`. Modules are loaded lazily.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final, cast

from a2r_gym.errors import WeightsError, unknown_name

if TYPE_CHECKING:
    from a2r_gym.protocols import MatrixModel

__all__ = ["BASELINES", "is_baseline", "load_baseline"]

BASELINES: Final[dict[str, str]] = {
    "random": "a2r_gym.baselines.floors:load_random",
    "frame-counter": "a2r_gym.baselines.floors:load_counter",
    "clip:<arch>/<tag or path>": "a2r_gym.baselines.clip:load_clip",
    "vlm-rm:<arch>/<tag or path>": "a2r_gym.baselines.clip:load_vlm_rm",
    "roboclip:<arch>/<tag or path>": "a2r_gym.baselines.roboclip:load_zero_shot",
}
"""Baseline without training -> "module:function".

What stands behind the colon is open_clip's name of the weights, as for the backbone ``open_clip:``. A function takes
it, if there is one, and ``runtime``; it returns a reward model.
"""


def is_baseline(name: str) -> bool:
    """Tell whether a name means a baseline of `BASELINES`, with or without its weights."""
    return name.partition(":")[0] in {key.partition(":")[0] for key in BASELINES}


def load_baseline(name: str, *, runtime: str | None = None) -> MatrixModel:
    """Load a baseline that needs no training.

    Args:
        name: A key of `BASELINES`, with weights of the user's behind its colon.
        runtime: See `a2r_gym.models.runtime.make_runtime`.

    Returns:
        The model.

    Raises:
        UnknownNameError: No such baseline.
        WeightsError: The name says no weights, they are missing or cannot be read.
        MissingDependencyError: open_clip is not installed.

    Example:
        >>> load_baseline("frame-counter").name
        'frame-counter'
    """
    scheme, _, argument = name.partition(":")
    usage = next((key for key in BASELINES if key.partition(":")[0] == scheme), None)
    if usage is None or (argument and ":" not in usage):
        raise unknown_name("baseline", name, BASELINES)
    if ":" in usage and not argument:
        raise WeightsError(
            f"baseline {name!r} runs only with real weights, and names none: expected {usage}, for example "
            f"{scheme}:ViT-B-32/laion2b_s34b_b79k, or {scheme}:ViT-B-32/PATH where this machine has no network"
        )
    module, function = BASELINES[usage].split(":")
    load = getattr(importlib.import_module(module), function)
    return cast("MatrixModel", load(*([argument] if argument else []), runtime=runtime))
