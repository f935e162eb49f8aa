"""``a2r fit``: train a reward model by a recipe on collected clips, calibrate it, write its checkpoint."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm
from tyro.conf import Positional

from a2r_gym.errors import CheckpointError, DataError
from a2r_gym.models.adapt2reward import Adapt2RewardNetwork, ModelConfig, TaskEntry
from a2r_gym.models.checkpoint import CheckpointMeta, load_network, save_checkpoint
from a2r_gym.models.scoring import Adapt2Reward, Calibration
from a2r_train.calibrate import fit_calibration
from a2r_train.card import model_card
from a2r_train.data.clips import ClipSet, join_labels, load_clips
from a2r_train.data.human_clips import HumanClipSet, join_human_clips, load_human_clips
from a2r_train.failure_report import report_failures
from a2r_train.failure_sheets import draw_modes
from a2r_train.features import FeatureStore, cache_features, join_stores
from a2r_train.human_sampler import HumanSampler
from a2r_train.labels import LabelledTask, labelled_tasks, resolve_labels, with_mirrored
from a2r_train.recipes import Recipe, get_recipe
from a2r_train.sampler import BatchSampler
from a2r_train.step_losses import HumanPart
from a2r_train.template_match import matched_template
from a2r_train.trainer import Trainer

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

__all__ = ["FitArgs", "HumanTrainingPart", "TrainingPart", "fit", "main"]


@dataclass(frozen=True, kw_only=True)
class FitArgs:
    """Train a reward model, for example ``a2r fit a2r-small --data data/product --validation data/validation``.

    Attributes:
        recipe: Name of the recipe.
        data: Folders of collected clips to train on.
        validation: Folders of collected clips to calibrate on.
        human: Folder of Something-Something V2 or of ``a2r hands``, for recipes that take human clips in.
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
    recipe = args.settled_recipe()
    if (args.out / "state.pt").exists() and not args.resume:
        raise CheckpointError(f"{args.out} holds a run: pass --resume to go on with it, or another --out")
    folder = fit(
        recipe,
        [TrainingPart(load_clips([folder], args.cache), args.cache or folder / "cache") for folder in args.data],
        load_clips(args.validation, args.cache),
        human=_load_human(recipe, args),
        out=args.out,
        begin=args.begin,
        workers=args.workers,
        name=args.name,
    )
    print(f"wrote {folder}; measure it with: a2r evaluate --model {folder} --data FOLDER_OF_TEST_CLIPS")
    return 0


class TrainingPart(NamedTuple):
    """One folder's clips.

    Attributes:
        clips: The clips.
        cache: Folder of their feature maps.
    """

    clips: ClipSet
    cache: Path


class HumanTrainingPart(NamedTuple):
    """Clips of the human domain.

    Attributes:
        clips: The clips.
        cache: Folder of their feature maps.
    """

    clips: HumanClipSet
    cache: Path


def _load_human(recipe: Recipe, args: FitArgs) -> list[HumanTrainingPart]:
    """Load each template that a recipe names apart: recipes share their feature maps; without names all at once."""
    if recipe.human is None:
        return []
    if args.human is None:
        raise DataError(
            f"recipe {recipe.name} takes human clips in: pass --human with the folder of Something-Something V2, or "
            "make a stand-in with: a2r hands --out data/hands"
        )
    cache = args.cache or args.human / "cache"
    groups: list[list[int] | None] = [[template] for template in recipe.human.templates]
    return [
        HumanTrainingPart(load_human_clips(args.human, group, cache_dir=args.cache), cache)
        for group in groups or [None]
    ]


def fit(
    recipe: Recipe,
    parts: Sequence[TrainingPart],
    validation: ClipSet,
    *,
    human: Sequence[HumanTrainingPart] = (),
    out: Path,
    begin: Path | None = None,
    workers: int = 2,
    name: str,
) -> Path:
    """Train by a recipe; a run that ``out`` holds is gone on with.

    Args:
        recipe: The recipe.
        parts: Training clips, folder by folder: one that is added later leaves the others' feature maps as they are.
        validation: Clips to calibrate on.
        human: Clips of the human domain, template by template, where the recipe takes them in.
        out: Folder of the run.
        begin: Checkpoint whose weights to begin with; None: the backbone's.
        workers: Processes that encode the clips.
        name: Of the model.

    Returns:
        The checkpoint's folder.

    Raises:
        CheckpointError: ``begin`` is a network of another shape.
    """
    start = time.time()
    store = join_stores([_features(part, recipe.num_augmentations, recipe.backbone, workers) for part in parts])
    clips = _labelled(parts, recipe)
    tasks = labelled_tasks(clips.label_names)
    labels = resolve_labels(clips, tasks)
    torch.manual_seed(recipe.trainer.seed)
    entries = _entries(tasks, clips)
    config = ModelConfig(tasks=entries, backbone=recipe.backbone, num_failure_modes=recipe.num_failure_modes)
    network = _network(config, begin)
    sampler = BatchSampler(
        clips, labels, tasks, store, recipe.sampler, num_frames=config.num_frames, seed=recipe.trainer.seed
    )
    people = _human_part(human, recipe, tasks, config.num_frames, workers) if human else None
    trainer = Trainer(network, sampler, store, np.arange(len(tasks)), recipe.losses, recipe.trainer, out, people)
    resumed = trainer.resume()
    if people is None and recipe.losses.cross_domain:
        print("no human clips: the cross-domain loss L_CDC is off")
    _train(trainer, recipe, out, resumed)
    failures = report_failures(clips, sampler.own_task, trainer.final_clusters(), trainer.clusters)
    network.describe_tasks(failures.described(network.config.tasks, begun=begin is not None))
    if failures.modes:
        draw_modes(failures.modes, clips, lambda chosen: _frames(parts, chosen), out / "failures")
    print(failures.summary())
    calibration = _calibrate(network, validation, labelled_tasks(validation.label_names), name)
    meta = CheckpointMeta(
        calibration=calibration,
        recipe=recipe.name,
        provenance={
            "recipe": json.loads(json.dumps(asdict(recipe))),
            "training_clips": len(clips),
            "human_clips": sum(len(part.clips) for part in human),
            "human_source": human[0].clips.source if human else None,
            "validation_clips": len(validation),
            "torch": torch.__version__,
            "failure_modes": failures.record(),
        },
    )
    folder = out / "checkpoint"
    save_checkpoint(folder, network, meta, model_card(name, clips, network.config, meta))
    print(f"{'resumed and ' if resumed else ''}trained in {(time.time() - start) / 60:.1f} minutes")
    return folder


def _labelled(parts: Sequence[TrainingPart], recipe: Recipe) -> ClipSet:
    """Join the clips, with the labels that the recipe reads."""
    clips = join_labels([part.clips for part in parts])
    clips = clips.with_labels(recipe.labels) if recipe.labels else clips
    return with_mirrored(clips) if recipe.mirrored else clips


def _entries(tasks: Sequence[LabelledTask], clips: ClipSet) -> tuple[TaskEntry, ...]:
    """List the network's tasks; one that nobody tried has no failure modes."""
    tried = set(np.char.add(np.char.add(clips.family.astype(str), "/"), clips.task.astype(str)).tolist())
    return tuple(
        TaskEntry(
            name=task.name,
            instructions=(task.info.instruction, *task.info.paraphrases),
            num_failure_modes=None if task.name in tried else 0,
        )
        for task in tasks
    )


def _features(
    part: TrainingPart | HumanTrainingPart, num_augmentations: int, backbone: str, workers: int
) -> FeatureStore:
    return cache_features(
        part.clips,
        backbone,
        part.cache,
        num_augmentations=num_augmentations,
        seed=0,  # the same maps for every seed of a run
        workers=workers,
    )


def _human_part(
    parts: Sequence[HumanTrainingPart], recipe: Recipe, tasks: tuple[LabelledTask, ...], num_frames: int, workers: int
) -> HumanPart:
    """Encode the human clips, and match their templates with the robot's tasks."""
    assert recipe.human is not None, "checked where the clips are loaded"
    clips, seed = join_human_clips([part.clips for part in parts]), recipe.trainer.seed
    count = recipe.human.num_augmentations
    store = join_stores([_features(part, count, recipe.backbone, workers) for part in parts])
    if recipe.human.shuffled:
        order = np.random.default_rng(seed).permutation(len(clips))
        clips = replace(clips, template=clips.template[order], instruction=clips.instruction[order])
    sampler = HumanSampler(clips, store, recipe.human.sampler, num_frames=num_frames, seed=seed)
    among = [int(template) for template in np.unique(clips.template)]
    matched = [matched_template(task.info.instruction, among, recipe.human.matching) for task in tasks]
    return HumanPart(sampler, store, np.array(matched, dtype=np.int64))


def _network(config: ModelConfig, begin: Path | None) -> Adapt2RewardNetwork:
    """Build the network, with a checkpoint's weights where one is given."""
    if begin is None:
        return Adapt2RewardNetwork(config)
    network, _ = load_network(begin)
    if _without_modes(network.config) != _without_modes(config):
        raise CheckpointError(
            f"{begin} has other tasks or sizes than this recipe and data: begin from another checkpoint"
            + _modes_hint(network.config.num_failure_modes, config.num_failure_modes)
        )
    return network


def _without_modes(config: ModelConfig) -> ModelConfig:
    """Leave out what a run finds out about its tasks' failure modes."""
    tasks = tuple(TaskEntry(name=task.name, instructions=task.instructions) for task in config.tasks)
    return replace(config, tasks=tasks)


def _modes_hint(found: int, asked: int) -> str:
    return f"; it has {found} failure modes and not {asked}: --max-failure-modes {found} fits" if found != asked else ""


def _frames(parts: Sequence[TrainingPart], wanted: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Look up the frames of clips that are numbered through all parts."""
    begins = np.cumsum([0, *(len(part.clips) for part in parts)])
    part_of = np.searchsorted(begins, wanted, side="right") - 1
    return np.stack([parts[part].clips.frames[clip - begins[part]] for clip, part in zip(wanted, part_of, strict=True)])


def _train(trainer: Trainer, recipe: Recipe, out: Path, resumed: bool) -> None:
    """Run the loop under a progress bar, with TensorBoard scalars."""
    from torch.utils.tensorboard import SummaryWriter

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


def _calibrate(network: Adapt2RewardNetwork, clips: ClipSet, tasks: tuple[LabelledTask, ...], name: str) -> Calibration:
    """Fit the calibration on every clip's own task."""
    model = Adapt2Reward(network, Calibration(slope=1.0, intercept=0.0), name=name)
    similarity, success = own_scores(model, clips, tasks)
    return fit_calibration(similarity, success)


def own_scores(
    model: Adapt2Reward, clips: ClipSet, tasks: tuple[LabelledTask, ...]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Score every clip that its own task decides against that task's instruction.

    Returns:
        Similarity float32 (N,) and whether it is a success, bool (N,).

    Raises:
        DataError: No clip is decided.
    """
    similarity, success = [], []
    names = np.char.add(np.char.add(clips.family.astype(str), "/"), clips.task.astype(str))
    for index, task in enumerate(tqdm(tasks, desc="calibrating", unit="task")):
        decided = (clips.success[:, -1, index] >= 0) & ~clips.ambiguous[:, -1, index] & (names == task.name)
        rows = np.flatnonzero(decided)
        for part in np.split(rows, range(64, len(rows), 64)):
            if len(part):
                videos = [np.asarray(clips.frames[row]) for row in part]
                similarity.append(model.score_matrix(videos, [task.info.instruction]).similarity[:, 0])
                success.append(clips.success[part, -1, index] == 1)
    if not similarity:
        raise DataError("no validation clip has a decided label of its own task")
    return np.concatenate(similarity), np.concatenate(success)
