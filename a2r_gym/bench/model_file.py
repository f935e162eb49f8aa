"""A model by name, by folder, or by a Python file of anybody's that holds a class with ``score``."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import re
import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

from a2r_gym.bench.score_only import as_reward_model
from a2r_gym.errors import RewardModelError, UnknownNameError
from a2r_gym.protocols import RewardModel

__all__ = ["LoadedModel", "load_model"]

_FILE: Final = re.compile(r"(?P<path>.+\.py)(?::(?P<name>\w+))?")
_MANIFEST: Final = "SHA256SUMS"


class LoadedModel(NamedTuple):
    """A model, ready to be measured.

    Attributes:
        model: It.
        name: A short name for tables and folders.
        identity: Changes where its weights or its file do.
    """

    model: RewardModel
    name: str
    identity: str


def load_model(spec: str, runtime: str | None = None) -> LoadedModel:
    """Load a model.

    Args:
        spec: A name or folder that `a2r_gym.load_reward` takes, or ``path.py:ClassName``. The file is run, and the
            class built without arguments; ``:ClassName`` may be left out where one class of the file has ``score``.
        runtime: Runtime of a checkpoint's frame encoder; a file's model chooses its own.

    Returns:
        The model.

    Raises:
        RewardModelError: The file is missing, fails, or holds no such class.
        UnknownNameError: There is no model of that name.
        CheckpointError: Files of a checkpoint are missing, cut or changed.
    """
    found = _FILE.fullmatch(spec)
    if found is not None and not Path(spec).is_dir():
        return _from_file(Path(found["path"]), found["name"])
    from a2r_gym.models.checkpoint import load_reward  # here: torch takes seconds, a file's model may do without

    model = load_reward(spec, runtime=runtime)
    name = "/".join(Path(spec).resolve().parts[-2:]) if Path(spec).is_dir() else spec
    return LoadedModel(model, name, f"{spec} {_weights_hash(spec)} {runtime} {version('a2r-gym')}")


def _weights_hash(spec: str) -> str:
    """Hash a checkpoint's manifest; empty for a model that is no checkpoint."""
    from a2r_gym.models.checkpoint import find_checkpoint

    try:
        manifest = find_checkpoint(spec) / _MANIFEST
    except UnknownNameError:
        return ""
    return hashlib.sha256(manifest.read_bytes()).hexdigest()[:16] if manifest.is_file() else ""


def _from_file(path: Path, name: str | None) -> LoadedModel:
    if not path.is_file():
        raise RewardModelError(f"{path} does not exist; expected PATH.py:ClassName, a model's name or its folder")
    module = _run(path)
    scorers = [
        key
        for key, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__ and callable(getattr(value, "score", None))
    ]
    if name is None and len(scorers) != 1:
        which = f"{', '.join(scorers)}; say which: {path}:{scorers[0]}" if scorers else "none; expected one"
        raise RewardModelError(f"{path} should hold a class with score(videos, instructions), it holds {which}")
    chosen = name or scorers[0]
    if not callable(getattr(module, chosen, None)):
        raise RewardModelError(f"{path} holds no class {chosen!r}; those with score: {', '.join(scorers) or 'none'}")
    model = as_reward_model(_build(path, chosen, getattr(module, chosen)))
    return LoadedModel(model, f"{path.stem}.{chosen}", hashlib.sha256(path.read_bytes()).hexdigest()[:16])


def _run(path: Path) -> ModuleType:
    """Import a file under a name of its own."""
    name = f"a2r_model_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise RewardModelError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        sys.modules.pop(name, None)
        raise RewardModelError(f"{path} fails when it is run: {type(error).__name__}: {error}") from error
    return module


def _build(path: Path, name: str, factory: Any) -> Any:
    try:
        return factory()
    except Exception as error:
        raise RewardModelError(
            f"{path}: {name}() fails: {type(error).__name__}: {error}; it is built without arguments"
        ) from error
