"""A checkpoint is a folder: config.json, model.safetensors, SHA256SUMS and a card.

The tensors are those that training changed plus the image trunk's; the text tower's base comes from its
package. Where the user's name of the backbone points to files, image and text are read from there again, and the
config holds the files' hash. Nothing is unpickled. A folder is written beside its place and moved in whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from a2r_gym.baselines import BASELINES, is_baseline, load_baseline
from a2r_gym.errors import CheckpointError, unknown_name
from a2r_gym.models.calibration import Calibration
from a2r_gym.models.methods import METHODS, find_method
from a2r_gym.models.reward_network import RewardNetwork, TaskEntry
from a2r_gym.protocols import MatrixModel

__all__ = [
    "BUNDLED",
    "FORMAT",
    "CheckpointMeta",
    "bundled_names",
    "find_checkpoint",
    "load_network",
    "load_reward",
    "replace_calibration",
    "save_checkpoint",
    "tensors_sha256",
    "update_card",
]

FORMAT = 2
"""Version of the folder's layout."""

BUNDLED = "a2r-small"
"""The checkpoint that comes with the package."""

_ROOT = Path(__file__).resolve().parent.parent / "checkpoints"
_MEASURED = "<!-- measured by a2r evaluate -->"
_CONFIG, _TENSORS, _SUMS, _CARD = "config.json", "model.safetensors", "SHA256SUMS", "README.md"


@dataclass(frozen=True, kw_only=True)
class CheckpointMeta:
    """What a checkpoint records beside the network.

    Attributes:
        calibration: From similarity and margin to probability of success.
        render_preset: The preset of the pictures it was trained on.
        camera: A word on the cameras it was trained on.
        recipe: Name of the recipe that made it.
        provenance: Seeds, steps, data sets, versions; free form, JSON.
    """

    calibration: Calibration
    render_preset: str = "fast"
    camera: str = "default"
    recipe: str = ""
    provenance: dict[str, Any] = field(default_factory=dict)


def bundled_names() -> list[str]:
    """Names of the checkpoints that come with the package."""
    return sorted(path.parent.name for path in _ROOT.glob(f"*/{_CONFIG}"))


def _tensors(network: RewardNetwork) -> dict[str, Tensor]:
    """What is stored: everything but the frozen base of the text tower, and of the image trunk where it is a user's."""
    frozen = ("text.",) if network.backbone.weights_sha256 is None else ("text.", "image.")
    kept = {
        name: value.detach().cpu().contiguous()
        for name, value in network.state_dict().items()
        if name in network.trained_names or not name.startswith(frozen)
    }
    return {name: value for name, value in kept.items() if value.dtype.is_floating_point}


def save_checkpoint(folder: Path, network: RewardNetwork, meta: CheckpointMeta, card: str) -> None:
    """Write a checkpoint folder in one move.

    Args:
        folder: Where it will stand; one that is there is replaced.
        network: The network; what training changes of it and its image trunk are stored.
        meta: What to record beside it.
        card: The model card, Markdown.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        fresh = Path(scratch) / "new"
        fresh.mkdir()
        save_file(_tensors(network), fresh / _TENSORS)
        (fresh / _TENSORS).chmod(0o644)
        config = {"format": FORMAT, "method": network.method, "model": asdict(network.config), **asdict(meta)}
        config["model"].pop("task_names")
        if network.backbone.weights_sha256 is not None:
            config["backbone_sha256"] = network.backbone.weights_sha256
        (fresh / _CONFIG).write_text(json.dumps(config, indent=1) + "\n")
        (fresh / _CARD).write_text(card)
        _move_in(fresh, folder)


def update_card(folder: Path, measured: str) -> None:
    """Put a report at the end of a checkpoint's card, in the place of an earlier one, and renew the manifest.

    Args:
        folder: The checkpoint.
        measured: Markdown.

    Raises:
        CheckpointError: Files are missing, cut or changed.
    """
    with _changing(folder) as fresh:
        card = (fresh / _CARD).read_text(encoding="utf-8").split(_MEASURED)[0].rstrip()
        (fresh / _CARD).write_text(f"{card}\n\n{_MEASURED}\n\n{measured.strip()}\n", encoding="utf-8")


def replace_calibration(folder: Path, calibration: Calibration, told: tuple[str, str]) -> None:
    """Put another calibration in the place of a checkpoint's, and renew the manifest.

    Args:
        folder: The checkpoint.
        calibration: The new one.
        told: What the line of the card that tells it begins with, and the whole new line.

    Raises:
        CheckpointError: Files are missing, cut or changed.
    """
    with _changing(folder) as fresh:
        config = json.loads((fresh / _CONFIG).read_text())
        config["calibration"] = asdict(calibration)
        (fresh / _CONFIG).write_text(json.dumps(config, indent=1) + "\n")
        lines = (fresh / _CARD).read_text(encoding="utf-8").split("\n")
        begins, line = told
        (fresh / _CARD).write_text(
            "\n".join(line if old.startswith(begins) else old for old in lines), encoding="utf-8"
        )


@contextlib.contextmanager
def _changing(folder: Path) -> Iterator[Path]:
    """Yield a copy of a checkpoint's folder that takes its place, with a new manifest, when it has been changed."""
    _check_manifest(folder)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        fresh = Path(scratch) / "new"
        shutil.copytree(folder, fresh)
        yield fresh
        _move_in(fresh, folder)


def _move_in(fresh: Path, folder: Path) -> None:
    """Write a folder's manifest and put it in its place, in one move."""
    names = (_CARD, _CONFIG, _TENSORS)
    (fresh / _SUMS).write_text("".join(f"{_sha256(fresh / name)}  {name}\n" for name in names))
    old = fresh.with_name("old")
    if folder.exists():
        os.replace(folder, old)
    try:
        os.replace(fresh, folder)
    except OSError:
        if old.exists():
            os.rename(old, folder)
        raise


def load_reward(name: str | os.PathLike[str] | None = None, *, runtime: str | None = None) -> MatrixModel:
    """Load a reward model.

    Args:
        name: A bundled checkpoint's name, a folder, or a baseline without training, one of
            `a2r_gym.baselines.BASELINES`; None: `BUNDLED`.
        runtime: ``"torch"``, ``"openvino"``, ``"openvino-bf16"``, ``"cuda"`` (a GPU, in bf16), or None: the fastest
            that is installed and changes no score by more than rounding.

    Returns:
        The model, ready to score: of the class that the checkpoint's method has.

    Raises:
        UnknownNameError: Neither a bundled name, nor a folder, nor a baseline.
        CheckpointError: Files are missing, cut or changed.
        WeightsError: The text tower's package, the backbone's files or a baseline's weights are missing.

    Example:
        >>> import a2r_gym
        >>> model = a2r_gym.load_reward("a2r-small")  # doctest: +SKIP
    """
    name = os.fspath(name or BUNDLED)
    if is_baseline(name) and not Path(name).exists():
        return load_baseline(name, runtime=runtime)
    network, meta = load_network(find_checkpoint(name))
    reward: MatrixModel = find_method(network.method).reward(network, meta.calibration, name=name, runtime=runtime)
    return reward


def load_network(folder: Path) -> tuple[RewardNetwork, CheckpointMeta]:
    """Load a checkpoint folder's network and record; see `load_reward` for the errors."""
    _check_manifest(folder)
    config = json.loads((folder / _CONFIG).read_text())
    if config["format"] != FORMAT:
        advice = "update a2r-gym" if config["format"] > FORMAT else "train it again, or take the a2r-gym that wrote it"
        raise CheckpointError(f"{folder}: format {config['format']}, this version reads {FORMAT}; {advice}")
    written = config.get("method", "adapt2reward")  # the only one, before there were others
    if written not in METHODS:
        raise CheckpointError(f"{folder} is of method {written!r}, which this version does not know; update a2r-gym")
    method, sizes = find_method(written), {key: _frozen(value) for key, value in config["model"].items()}
    tasks = tuple(TaskEntry(**task) for task in sizes.pop("tasks"))
    network = method.network(method.config(tasks=tasks, **sizes), image_weights=False)
    found, expected = network.backbone.weights_sha256, config.get("backbone_sha256")
    if found != expected:
        raise CheckpointError(
            f"{folder} was trained on a backbone {network.config.backbone!r} with SHA-256 {expected}, the one that is "
            f"there now has {found}; put back the files that it was trained on"
        )
    try:
        stored = load_file(folder / _TENSORS)
    except SafetensorError as error:
        raise CheckpointError(f"{folder / _TENSORS} cannot be read ({error}); get the checkpoint again") from error
    _fill(network, stored, folder)
    meta = CheckpointMeta(
        calibration=Calibration(**_frozen(config["calibration"])),
        **{key: config[key] for key in ("render_preset", "camera", "recipe", "provenance")},
    )
    return network, meta


def _frozen(value: Any) -> Any:
    """Turn JSON's lists into the tuples that configs hold, at any depth."""
    if isinstance(value, list):
        return tuple(_frozen(part) for part in value)
    return {key: _frozen(part) for key, part in value.items()} if isinstance(value, dict) else value


def find_checkpoint(name: str) -> Path:
    """Return the folder of a bundled checkpoint's name, or of a folder; see `load_reward` for the errors."""
    for folder in (_ROOT / name, Path(name)):
        if (folder / _CONFIG).is_file() or (folder / _SUMS).is_file():
            return folder
    if Path(name).is_dir():
        raise CheckpointError(
            f"{name} is no checkpoint: it holds no {_CONFIG}; expected {_CONFIG}, {_TENSORS}, {_SUMS}"
        )
    raise unknown_name("reward model", name, [*bundled_names(), *BASELINES, "PATH/TO/FOLDER"])


def tensors_sha256(folder: Path) -> str:
    """Hash a checkpoint's tensors: what was trained on its features fits no other."""
    return _sha256(folder / _TENSORS)


def _check_manifest(folder: Path) -> None:
    """Compare every file with SHA256SUMS: a flipped byte in safetensors would load without a word."""
    sums = folder / _SUMS
    if not sums.is_file():
        raise CheckpointError(f"{folder}: {_SUMS} is missing; a checkpoint without its manifest is not loaded")
    lines = [line.split(maxsplit=1) for line in sums.read_text(errors="replace").splitlines()]
    listed = {line[1]: line[0] for line in lines if len(line) == 2}
    for name in (_CONFIG, _TENSORS):
        if name not in listed:
            raise CheckpointError(f"{sums} does not list {name}; get the checkpoint again")
    for name, expected in listed.items():
        if not (folder / name).is_file():
            raise CheckpointError(f"{folder}: {name} is missing; get the checkpoint again")
        found = _sha256(folder / name)
        if found != expected:
            raise CheckpointError(
                f"{folder / name} has SHA-256 {found}, its manifest says {expected}: it was cut or changed; "
                "get the checkpoint again"
            )


def _fill(network: RewardNetwork, stored: dict[str, Tensor], folder: Path) -> None:
    expected = _tensors(network)
    missing, surplus = sorted(expected.keys() - stored.keys()), sorted(stored.keys() - expected.keys())
    if missing or surplus:
        raise CheckpointError(
            f"{folder}: tensors do not fit its config; missing {missing[:3]}, not known {surplus[:3]}"
        )
    wrong = [name for name, value in stored.items() if value.shape != expected[name].shape]
    if wrong:
        raise CheckpointError(f"{folder}: tensor {wrong[0]} has another shape than its config says")
    with torch.no_grad():
        network.load_state_dict(stored, strict=False)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
