"""Every error that a2r-gym raises on purpose: one root, one subclass per mistake.

Each subclass also derives from the builtin that fits, so ``except ValueError`` keeps working. A message
says what was expected, what came, what is available and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "A2RError",
    "BackboneError",
    "BackendError",
    "CheckpointError",
    "DataError",
    "FrameError",
    "InstructionError",
    "MetricError",
    "MissingDependencyError",
    "NonFiniteRewardError",
    "RenderError",
    "RenderModeError",
    "RewardModelError",
    "TaskLeftOutError",
    "UnknownNameError",
    "WeightsError",
    "WorkerError",
    "WrappingError",
    "unknown_name",
]


class A2RError(Exception):
    """Root of all errors raised on purpose by a2r-gym."""


class FrameError(A2RError, ValueError):
    """A frame or video has the wrong dtype, shape, channel order or content."""


class InstructionError(A2RError, ValueError):
    """An instruction is empty, not a string, or their number does not fit the videos."""


class MetricError(A2RError, ValueError):
    """A metric got values of the wrong shape or range, or too few of them."""


class UnknownNameError(A2RError, KeyError):
    """A task, scene, preset, recipe or model name does not exist."""

    def __str__(self) -> str:
        """Return the message itself: ``KeyError`` would print its repr."""
        return str(self.args[0]) if self.args else ""


class RewardModelError(A2RError, TypeError):
    """A file holds no reward model, or what it holds gives something else than scores."""


class TaskLeftOutError(A2RError, ValueError):
    """A task's direction has no meaning under the scene's camera."""


class RenderModeError(A2RError, ValueError):
    """An environment cannot render pictures (``render_mode`` is not ``"rgb_array"``)."""


class RenderError(A2RError, RuntimeError):
    """The renderer gave a black or uniform frame twice, or lost its GL context."""


class BackendError(A2RError, RuntimeError):
    """No OpenGL backend works on this machine, or its CPU lacks what a runtime needs."""


class MissingDependencyError(A2RError, ImportError):
    """An optional package is not installed; the message holds the install line."""


class WeightsError(A2RError, RuntimeError):
    """Pretrained weights are missing or their hash differs."""


class BackboneError(A2RError, ValueError):
    """A backbone's name points to a model that cannot be a backbone."""


class WrappingError(A2RError, ValueError):
    """A wrapper does not fit the environment or the reward model it was given."""


class WorkerError(A2RError, RuntimeError):
    """An environment failed in its worker process; the message holds the worker's traceback."""


class CheckpointError(A2RError, RuntimeError):
    """A checkpoint folder is missing files, cut short, or does not match its manifest."""


class DataError(A2RError, ValueError):
    """A data set on disk is incomplete, cut or inconsistent."""


class NonFiniteRewardError(A2RError, ArithmeticError):
    """A reward, loss or score is NaN or infinite."""


def unknown_name(kind: str, name: str, available: Iterable[str]) -> UnknownNameError:
    """Build the error for a name that does not exist, with the near ones first.

    Args:
        kind: What was looked up, for example ``"task"``.
        name: The name that was asked for.
        available: All names that exist.

    Returns:
        The error, ready to raise.
    """
    names = sorted(available)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f" Did you mean {', '.join(map(repr, near))}?" if near else ""
    return UnknownNameError(f"unknown {kind} {name!r}.{hint} Available: {', '.join(names)}")
