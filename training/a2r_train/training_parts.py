"""The clips of a run, folder by folder, with the caches of their feature maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2r_gym.errors import DataError
from a2r_train.data.clips import ClipSet, join_labels
from a2r_train.data.human_clips import HumanClipSet, join_human_clips, load_human_clips
from a2r_train.features import FeatureStore, cache_features, join_stores
from a2r_train.human_sampler import HumanSampler
from a2r_train.labels import LabelledTask, with_opposites
from a2r_train.recipes import Recipe
from a2r_train.step_losses import HumanPart
from a2r_train.template_match import matched_template

__all__ = [
    "HumanTrainingPart",
    "TrainingPart",
    "frames_of",
    "human_folder",
    "labelled_clips",
    "load_human",
    "match_human",
    "part_features",
]


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


def human_folder(recipe: Recipe, folder: Path | None) -> Path:
    """Return the folder of the human clips that a recipe needs.

    Raises:
        DataError: It was not given.
    """
    if folder is None:
        needs = "takes human clips in" if recipe.human is not None else "compares with human clips"
        raise DataError(
            f"recipe {recipe.name} {needs}: pass --human with the folder of Something-Something V2, or "
            "make a stand-in with: a2r hands --out data/hands"
        )
    return folder


def load_human(recipe: Recipe, folder: Path | None, cache: Path | None = None) -> list[HumanTrainingPart]:
    """Load each template that a recipe names apart: recipes share their feature maps; without names all at once.

    Args:
        recipe: The recipe; without human data there is nothing to load.
        folder: Of Something-Something V2 or of ``a2r hands``.
        cache: Folder of decoded frames and feature maps; None: in that folder.

    Raises:
        DataError: The recipe takes human clips in, and there is no folder.
    """
    if recipe.human is None:
        return []
    folder = human_folder(recipe, folder)
    groups: list[list[int] | None] = [[template] for template in recipe.human.templates]
    return [
        HumanTrainingPart(load_human_clips(folder, group, cache_dir=cache), cache or folder / "cache")
        for group in groups or [None]
    ]


def part_features(
    part: TrainingPart | HumanTrainingPart, num_augmentations: int, backbone: str, workers: int
) -> FeatureStore:
    """Compute or read the feature maps of a part's clips."""
    return cache_features(
        part.clips,
        backbone,
        part.cache,
        num_augmentations=num_augmentations,
        seed=0,  # the same maps for every seed of a run
        workers=workers,
    )


def labelled_clips(parts: Sequence[TrainingPart], recipe: Recipe) -> ClipSet:
    """Join the clips, with the labels that the recipe reads."""
    clips = join_labels([part.clips for part in parts])
    clips = clips.with_labels(recipe.labels) if recipe.labels else clips
    return with_opposites(clips) if recipe.sampler.opposites else clips


def match_human(
    parts: Sequence[HumanTrainingPart], recipe: Recipe, tasks: tuple[LabelledTask, ...], num_frames: int, workers: int
) -> HumanPart:
    """Encode the human clips, and match their templates with the robot's tasks."""
    assert recipe.human is not None, "checked where the clips are loaded"
    clips, seed = join_human_clips([part.clips for part in parts]), recipe.trainer.seed
    count = recipe.human.num_augmentations
    store = join_stores([part_features(part, count, recipe.backbone, workers) for part in parts])
    if recipe.human.shuffled:
        order = np.random.default_rng(seed).permutation(len(clips))
        clips = replace(clips, template=clips.template[order], instruction=clips.instruction[order])
    sampler = HumanSampler(clips, store, recipe.human.sampler, num_frames=num_frames, seed=seed)
    among = [int(template) for template in np.unique(clips.template)]
    matched = [matched_template(task.info.instruction, among, recipe.human.matching) for task in tasks]
    return HumanPart(sampler, store, np.array(matched, dtype=np.int64))


def frames_of(parts: Sequence[TrainingPart], wanted: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Look up the frames of clips that are numbered through all parts."""
    begins = np.cumsum([0, *(len(part.clips) for part in parts)])
    part_of = np.searchsorted(begins, wanted, side="right") - 1
    return np.stack([parts[part].clips.frames[clip - begins[part]] for clip, part in zip(wanted, part_of, strict=True)])
