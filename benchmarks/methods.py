"""From the name of a method to a reward model: a recipe is trained, everything else is loaded."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import a2r_gym
from a2r_gym.baselines import is_baseline
from a2r_gym.bench.model_file import load_model
from a2r_gym.errors import UnknownNameError, WorkerError
from a2r_gym.models.checkpoint import bundled_names, find_checkpoint, load_network
from a2r_gym.models.windowed import SimilarityReward
from a2r_gym.protocols import RewardModel
from a2r_train.calibrate import calibrate
from a2r_train.data.clips import load_clips
from a2r_train.file_lock import locked
from a2r_train.recipes import C2R_LABELS, RECIPES, get_recipe
from benchmarks.cells import Cell, Setup, identity
from benchmarks.data import fingerprint
from benchmarks.presets import Preset

__all__ = [
    "TRAINING_DATA",
    "TRAINING_VERSION",
    "is_recipe",
    "settle",
    "told",
    "train",
    "training_cell",
    "training_data",
    "training_id",
    "weights",
]  # fmt: skip

ENTRY: Final = "entry:"
"""What the names of third parties' models begin with."""
TRAINING: Final = "training"
TRAINING_VERSION: Final = 2
TRAINING_DATA: Final = ("paper", "validation-scenes", "human")
_C2R_DATA: Final = ("c2r", "c2r-validation", "human")
"""Robot clips to train and to calibrate on, human clips."""
_LINES: Final = 15
"""Of a training's log, told when it fails."""


def is_recipe(method: str) -> bool:
    """Tell whether a method is trained here; the bundled checkpoint is not, though a recipe has its name."""
    return method in RECIPES and method not in bundled_names()


def training_data(recipe: str) -> tuple[str, str, str]:
    """Name the data that a recipe is trained on, those that it is calibrated on, and the human clips."""
    return _C2R_DATA if get_recipe(recipe).labels == C2R_LABELS else TRAINING_DATA


def weights(method: str, preset: Preset) -> Any:
    """Tell a method's model from others: its recipe and length, its manifest, its file, or its name."""
    if method.startswith(ENTRY):
        path = Path(method.removeprefix(ENTRY).partition(".py")[0] + ".py")
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no such file"
    if is_recipe(method):
        return {"recipe": asdict(get_recipe(method)), "steps": preset.steps}
    try:
        return hashlib.sha256((find_checkpoint(method) / "SHA256SUMS").read_bytes()).hexdigest()
    except UnknownNameError:
        return method


def training_cell(recipe: str, seed: int) -> Cell:
    """Return the cell of a training."""
    return Cell(TRAINING, recipe, "fit", seed)


def training_id(recipe: str, seed: int, setup: Setup) -> str:
    """Name a training by all that its checkpoint follows from."""
    data = [fingerprint(setup, source) for source in training_data(recipe)]
    return identity(training_cell(recipe, seed), TRAINING_VERSION, {}, data, weights(recipe, setup.preset))


def settle(method: str, seed: int, setup: Setup) -> RewardModel:
    """Return a model, trained and calibrated.

    Args:
        method: See `Cell.method`.
        seed: Of its training.
        setup: Where it lies.

    Raises:
        WeightsError: It has none.
        MissingDependencyError: It needs a package that is not there.
        WorkerError: Its training failed.
    """
    if method.startswith(ENTRY):
        return load_model(method.removeprefix(ENTRY)).model
    if is_recipe(method):
        return a2r_gym.load_reward(train(method, seed, setup))
    model = a2r_gym.load_reward(method)
    if is_baseline(method) and isinstance(model, SimilarityReward):
        model.calibration = calibrate(model, load_clips([setup.data / "validation-scenes"]))
    return model


def train(recipe: str, seed: int, setup: Setup) -> Path:
    """Train a recipe where that was not done yet; returns the checkpoint's folder.

    A training that an earlier run has left behind is waited for, and one that was cut off goes on.

    Raises:
        WorkerError: It failed; the end of its log is told.
    """
    folder = setup.out / "models" / f"{recipe}-{seed}-{training_id(recipe, seed, setup)}"
    with locked(folder / ".lock") as lock:
        if not (folder / "checkpoint").exists():
            log = folder / "log.txt"
            with log.open("a") as file:
                command = _command(recipe, seed, setup, folder)
                # The child holds the lock too: where this process is killed, the next run waits for the child.
                status = subprocess.run(
                    command, stdout=file, stderr=file, check=False, pass_fds=(lock.fileno(),)
                ).returncode
            if status:
                told = log.read_text(errors="replace").replace("\r", "\n").strip().splitlines()[-_LINES:]
                raise WorkerError(
                    f"training {recipe} ended with status {status}, see {log.relative_to(setup.out)}:\n"
                    + "\n".join(told)
                )
    return folder / "checkpoint"


def _command(recipe: str, seed: int, setup: Setup, folder: Path) -> list[str]:
    robot, validation, _ = training_data(recipe)
    command = [
        sys.executable, "-m", "a2r_gym.cli", "fit", recipe, "--data", str(setup.data / robot), "--validation",
        str(setup.data / validation), "--human", str(setup.human), "--out", str(folder), "--seed", str(seed),
        "--threads", str(setup.threads), "--workers", "1", "--name", recipe, "--resume",
    ]  # fmt: skip
    return command + (["--steps", str(setup.preset.steps)] if setup.preset.steps else [])


def told(checkpoint: Path) -> dict[str, Any]:
    """Return what a checkpoint tells of its training."""
    provenance = load_network(checkpoint)[1].provenance
    return {key: provenance.get(key) for key in ("training_clips", "human_clips", "human_source")}
