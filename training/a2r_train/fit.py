"""``a2r fit``: train a reward model by a recipe on collected clips, calibrate it, write its checkpoint."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from tqdm import tqdm
from tyro.conf import Positional

from a2r_gym.baselines.dvd import MIN_DEMONSTRATIONS
from a2r_gym.errors import CheckpointError, DataError
from a2r_gym.models.calibration import Calibration
from a2r_gym.models.checkpoint import CheckpointMeta, load_network, save_checkpoint
from a2r_gym.models.methods import find_method
from a2r_gym.models.reward_network import NetworkConfig, RewardNetwork, TaskEntry
from a2r_train.calibrate import calibrate
from a2r_train.card import model_card
from a2r_train.data.clips import ClipSet, load_clips
from a2r_train.demonstrations import Demonstrations, load_demonstrations
from a2r_train.failure_report import report_failures
from a2r_train.failure_sheets import draw_modes
from a2r_train.features import join_stores
from a2r_train.labels import LabelledTask, labelled_tasks, resolve_labels
from a2r_train.methods import find_training
from a2r_train.methods.interface import Losses, RunSetting
from a2r_train.ranks import is_first, joined
from a2r_train.recipes import Recipe, get_recipe
from a2r_train.sampler import BatchSampler
from a2r_train.step_losses import LossConfig
from a2r_train.trainer import Trainer
from a2r_train.training_parts import (
    HumanTrainingPart,
    TrainingPart,
    frames_of,
    human_folder,
    labelled_clips,
    load_human,
    match_human,
    part_features,
)

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

__all__ = ["FitArgs", "fit", "main"]


@dataclass(frozen=True, kw_only=True)
class FitArgs:
    """Train a reward model, for example ``a2r fit a2r-small --data data/product --validation data/validation``.

    Attributes:
        recipe: Name of the recipe.
        data: Folders of collected clips to train on.
        validation: Folders of collected clips to calibrate on.
        human: Folder of Something-Something V2 or of ``a2r hands``, for recipes that take human clips in or compare
            with some.
        out: Folder of the run; its checkpoint is OUT/checkpoint.
        begin: Checkpoint whose weights to begin with, for example to refine it on an agent's own rollouts.
        resume: Go on with the run in OUT.
        steps: Number of steps; None: the recipe's.
        seed: Of the run.
        workers: Processes that encode the clips.
        threads: Of torch.
        cache: Folder of decoded frames and feature maps; None: in each data folder.
        name: Of the model, in its card.
        max_failure_modes: Choose the number of failure modes of each task by silhouette, at most this many; None: as
            the recipe says.
    """

    recipe: Positional[str]
    data: tuple[Path, ...]
    validation: tuple[Path, ...]
    human: Path | None = None
    out: Path = Path("runs/a2r-small")
    begin: Path | None = None
    resume: bool = False
    steps: int | None = None
    seed: int = 0
    workers: int = 2
    threads: int = 2
    cache: Path | None = None
    name: str = "a2r-small"
    max_failure_modes: int | None = None

    def __post_init__(self) -> None:
        """Check ranges.

        Raises:
            DataError: ``max_failure_modes`` is not positive.
        """
        if self.max_failure_modes is not None and self.max_failure_modes < 1:
            raise DataError(f"expected --max-failure-modes >= 1, got {self.max_failure_modes}")

    def settled_recipe(self) -> Recipe:
        """Return the recipe with what the arguments change of it."""
        recipe = get_recipe(self.recipe)
        steps = recipe.trainer.num_steps if self.steps is None else self.steps
        trainer = replace(recipe.trainer, num_steps=steps, seed=self.seed, num_threads=self.threads)
        if self.max_failure_modes is None:
            return replace(recipe, trainer=trainer)
        trainer = replace(trainer, adaptive_failure_modes=True)
        return replace(recipe, trainer=trainer, num_failure_modes=self.max_failure_modes)


def main(argv: Sequence[str] | None = None) -> int:
    """Train, calibrate and write the checkpoint.

    Args:
        argv: Arguments of the command line, see `FitArgs`; None: the process's own.

    Returns:
        0.

    Raises:
        CheckpointError: OUT holds a run and ``resume`` is off.
        DataError: Data are missing or unusable.
    """
    import tyro

    args = tyro.cli(FitArgs, args=argv, prog="a2r fit")
    with joined():
        _fit(args)
    return 0


def _fit(args: FitArgs) -> None:
    recipe = args.settled_recipe()
    if (args.out / "state.pt").exists() and not args.resume:
        raise CheckpointError(f"{args.out} holds a run: pass --resume to go on with it, or another --out")
    parts = [TrainingPart(load_clips([folder], args.cache), args.cache or folder / "cache") for folder in args.data]
    families = sorted({str(family) for part in parts for family in part.clips.family})
    folder = fit(
        recipe,
        parts,
        load_clips(args.validation, args.cache),
        human=load_human(recipe, args.human, args.cache),
        demonstrations=_demonstrations(recipe, args, families),
        out=args.out,
        begin=args.begin,
        workers=args.workers,
        name=args.name,
    )
    if is_first():
        print(f"wrote {folder}; measure it with: a2r evaluate --model {folder} --data FOLDER_OF_TEST_CLIPS")


def _demonstrations(recipe: Recipe, args: FitArgs, families: Sequence[str]) -> Demonstrations | None:
    """Load what the recipe's method is to compare with."""
    if not recipe.demonstrations:
        return None
    return load_demonstrations(
        human_folder(recipe, args.human),
        families,
        count=recipe.demonstrations,
        least=MIN_DEMONSTRATIONS,
        backbone=recipe.backbone,
        cache=args.cache,
        matching="text" if recipe.human is None else recipe.human.matching,
        seed=recipe.trainer.seed,
        workers=args.workers,
    )


def fit(
    recipe: Recipe,
    parts: Sequence[TrainingPart],
    validation: ClipSet,
    *,
    human: Sequence[HumanTrainingPart] = (),
    demonstrations: Demonstrations | None = None,
    out: Path,
    begin: Path | None = None,
    workers: int = 2,
    name: str,
) -> Path:
    """Train by a recipe; a run that ``out`` holds is gone on with.

    Of several ranks (see `a2r_train.ranks`) all train, and the first one writes the checkpoint.

    Args:
        recipe: The recipe.
        parts: Training clips, folder by folder: one that is added later leaves the others' feature maps as they are.
        validation: Clips to calibrate on.
        human: Clips of the human domain, template by template, where the recipe takes them in.
        demonstrations: Human clips that the model compares with, where the recipe asks for them.
        out: Folder of the run.
        begin: Checkpoint whose weights to begin with; None: the backbone's.
        workers: Processes that encode the clips.
        name: Of the model.

    Returns:
        The checkpoint's folder.

    Raises:
        CheckpointError: ``begin`` is a network of another shape.
        DataError: There are no demonstrations of what the model is to judge.
    """
    start = time.time()
    clips, setting = _settle(recipe, parts, validation, human, demonstrations, workers)
    training = find_training(recipe.losses.method)
    torch.manual_seed(recipe.trainer.seed)
    network = _network(recipe.losses.method, training.config(setting), begin)
    trainer = _trainer(network, clips, setting, training.losses(network, setting), out)
    resumed = trainer.resume()
    if is_first() and setting.human is None and isinstance(recipe.losses, LossConfig) and recipe.losses.cross_domain:
        print("no human clips: the cross-domain loss L_CDC is off")
    _train(trainer, recipe, out, resumed)
    if not is_first():
        return out / "checkpoint"
    record = _tell_failures(trainer, clips, parts, out, begun=begin is not None)
    training.finish(network, setting)
    reward = find_method(network.method).reward(network, Calibration(slope=1.0, intercept=0.0), name=name)
    meta = CheckpointMeta(
        calibration=calibrate(reward, validation, _trained(clips)),
        recipe=recipe.name,
        provenance={
            "recipe": json.loads(json.dumps(asdict(recipe))),
            "training_clips": len(clips),
            "human_clips": sum(len(part.clips) for part in human),
            "human_source": human[0].clips.source if human else None,
            "validation_clips": len(validation),
            "torch": torch.__version__,
            "failure_modes": record,
        },
    )
    folder = out / "checkpoint"
    save_checkpoint(folder, network, meta, model_card(name, clips, network, meta))
    print(f"{'resumed and ' if resumed else ''}trained in {(time.time() - start) / 60:.1f} minutes")
    return folder


def _trained(clips: ClipSet) -> set[str]:
    """Name the tasks that the robot did."""
    return {f"{family}/{task}" for family, task in zip(clips.family, clips.task, strict=True)}


def _settle(
    recipe: Recipe,
    parts: Sequence[TrainingPart],
    validation: ClipSet,
    human: Sequence[HumanTrainingPart],
    demonstrations: Demonstrations | None,
    workers: int,
) -> tuple[ClipSet, RunSetting]:
    """Encode the clips, and bring together what a method may know of the run."""
    store = join_stores([part_features(part, recipe.num_augmentations, recipe.backbone, workers) for part in parts])
    clips = labelled_clips(parts, recipe)
    tasks = labelled_tasks(clips.label_names)
    setting = RunSetting(
        recipe=recipe,
        entries=_entries(tasks, clips),
        tasks=tasks,
        store=store,
        human=match_human(human, recipe, tasks, NetworkConfig.num_frames, workers) if human else None,
        templates=tuple(sorted({int(number) for part in human for number in part.clips.template})),
        judged=tuple(sorted(set(_own_tasks(validation)))),
        demonstrations=demonstrations,
    )
    return clips, setting


def _trainer(network: RewardNetwork, clips: ClipSet, setting: RunSetting, losses: Losses, out: Path) -> Trainer:
    config = setting.recipe.trainer
    sampler = BatchSampler(
        clips,
        resolve_labels(clips, setting.tasks),
        setting.tasks,
        setting.store,
        setting.recipe.sampler,
        num_frames=network.config.num_frames,
        seed=config.seed,
    )
    people = None if setting.human is None else setting.human.sampler
    return Trainer(network, sampler, setting.store, np.arange(len(setting.tasks)), losses, config, out, people)


def _tell_failures(
    trainer: Trainer, clips: ClipSet, parts: Sequence[TrainingPart], out: Path, *, begun: bool
) -> dict[str, float | None]:
    """Name the run's failure modes, draw them, and tell the network; returns what the checkpoint records of them."""
    network = trainer.network
    failures = report_failures(clips, trainer.own_task, trainer.final_clusters(), trainer.clusters)
    network.describe_tasks(failures.described(network.config.tasks, begun=begun))
    if failures.modes:
        draw_modes(failures.modes, clips, lambda chosen: frames_of(parts, chosen), out / "failures")
    if network.config.num_failure_modes:
        print(failures.summary())
    return failures.record()


def _own_tasks(clips: ClipSet) -> list[str]:
    """Return the ``family/task`` that each clip was collected for."""
    return [str(name) for name in np.char.add(np.char.add(clips.family.astype(str), "/"), clips.task.astype(str))]


def _entries(tasks: Sequence[LabelledTask], clips: ClipSet) -> tuple[TaskEntry, ...]:
    """List the network's tasks; one that nobody tried has no failure modes."""
    tried = set(_own_tasks(clips))
    return tuple(
        TaskEntry(
            name=task.name,
            instructions=(task.info.instruction, *task.info.paraphrases),
            num_failure_modes=None if task.name in tried else 0,
        )
        for task in tasks
    )


def _network(method: str, config: NetworkConfig, begin: Path | None) -> RewardNetwork:
    """Build the network, with a checkpoint's weights where one is given."""
    if begin is None:
        return find_method(method).network(config)
    network, _ = load_network(begin)
    if network.method != method:
        raise CheckpointError(f"{begin} is of method {network.method!r}, the recipe of {method!r}: begin from another")
    if _without_modes(network.config) != _without_modes(config):
        raise CheckpointError(
            f"{begin} has other tasks or sizes than this recipe and data: begin from another checkpoint"
            + _modes_hint(network.config.num_failure_modes, config.num_failure_modes)
        )
    return network


def _without_modes(config: NetworkConfig) -> NetworkConfig:
    """Leave out what a run finds out about its tasks' failure modes."""
    tasks = tuple(TaskEntry(name=task.name, instructions=task.instructions) for task in config.tasks)
    return replace(config, tasks=tasks)


def _modes_hint(found: int, asked: int) -> str:
    return f"; it has {found} failure modes and not {asked}: --max-failure-modes {found} fits" if found != asked else ""


def _train(trainer: Trainer, recipe: Recipe, out: Path, resumed: bool) -> None:
    """Run the loop under a progress bar, with TensorBoard scalars."""
    from torch.utils.tensorboard import SummaryWriter

    if not is_first():
        trainer.run(lambda step, losses: None)
        return
    out.mkdir(parents=True, exist_ok=True)
    total = recipe.trainer.num_steps
    with (
        SummaryWriter(str(out / "tensorboard"), purge_step=trainer.step if resumed else None) as writer,
        tqdm(total=total, initial=trainer.step, desc="training", unit="step") as bar,
    ):
        trainer.run(_reporter(writer, bar))


def _reporter(writer: SummaryWriter, bar: tqdm[None]) -> Callable[[int, dict[str, float]], None]:
    smooth: dict[str, float] = {}

    def report(step: int, losses: dict[str, float]) -> None:
        bar.update()
        for key, value in losses.items():
            smooth[key] = value if key not in smooth else 0.95 * smooth[key] + 0.05 * value
            writer.add_scalar(f"loss/{key}", value, step)
        if step % 10 == 0:
            bar.set_postfix({key: f"{value:.2f}" for key, value in smooth.items()})

    return report
