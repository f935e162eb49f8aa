"""Concept2Robot's environments in training: what their clips say, and each of their recipes from clips to a report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import a2r_gym
from a2r_gym.baselines.dvd import MIN_DEMONSTRATIONS
from a2r_gym.envs.c2r.tasks import TASKS
from a2r_gym.errors import InstructionError
from a2r_gym.models.checkpoint import load_network
from a2r_train.data.clips import ClipSet
from a2r_train.demonstrations import load_demonstrations
from a2r_train.evaluate import evaluate, task_tables
from a2r_train.fit import fit
from a2r_train.labels import labelled_tasks, mirror_table, resolve_labels, with_opposites
from a2r_train.recipes import C2R_LABELS, Recipe, get_recipe
from a2r_train.training_parts import TrainingPart, load_human
from tests.tiny_backbone import IMAGE_SIZE, TINY
from tests.training.data.human_data import write_layout
from tests.training.in_threads import in_threads
from tests.training.synthetic import DONE_AT, KEPT, make_clips

CLASSES = {
    "c2r-ours": "Adapt2Reward", "c2r-concept2robot": "Concept2Robot", "c2r-dvd": "DVD", "c2r-liv": "LIV",
}  # fmt: skip
SOURCES = ("success", "random", "missed", "stopped_short", "undone")


@pytest.fixture(scope="module", autouse=True)
def _in_threads(tiny_backbone: str) -> Iterator[None]:
    with in_threads():
        yield


@pytest.fixture(scope="module")
def human(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write human clips of all templates that the recipes name, to train on and to compare with."""
    assert get_recipe("c2r-ours").human is not None
    clips = []
    for template in get_recipe("c2r-ours").human.templates:  # type: ignore[union-attr]
        things = ("a block", "a bowl") if template == 106 else ("a bottle",)
        clips.append((template, "train", template, things))
        clips += [(1000 * template + number, "validation", template, things) for number in range(MIN_DEMONSTRATIONS)]
    return write_layout(tmp_path_factory.mktemp("human") / "ssv2", clips=clips)


def _clips(*, per_source: int = 2, seed: int = 0) -> ClipSet:
    clips = make_clips(C2R_LABELS, per_source=per_source, sources=SOURCES, size=IMAGE_SIZE)
    return replace(clips, scene=np.array(["default"] * len(clips)), seed=clips.seed + 1000 * seed)


def _small(recipe: str) -> Recipe:
    made = get_recipe(recipe)
    trainer = replace(made.trainer, num_steps=4, epoch_steps=2, save_every=2, warmup_steps=1, num_threads=1)
    return replace(made, backbone=TINY, num_augmentations=2, trainer=trainer)


@pytest.mark.parametrize("recipe", list(CLASSES))
def test_a_recipe_leads_from_clips_to_a_report(recipe: str, human: Path, tmp_path: Path) -> None:
    small = _small(recipe)
    shown = None
    if small.demonstrations:
        shown = load_demonstrations(
            human, ["c2r"], count=small.demonstrations, least=MIN_DEMONSTRATIONS, backbone=TINY,
            cache=tmp_path / "cache", matching="hand", seed=0, workers=1,
        )  # fmt: skip
    folder = fit(
        small, [TrainingPart(_clips(), tmp_path / "cache")], _clips(seed=1),
        human=load_human(small, human, tmp_path / "cache"), demonstrations=shown, out=tmp_path / "run", workers=1,
        name="mini",
    )  # fmt: skip
    model = a2r_gym.load_reward(folder, runtime="torch")
    assert type(model).__name__ == CLASSES[recipe]
    assert load_network(folder)[1].provenance["human_clips"] == 9
    told = [TASKS[label.split("/")[1]].instruction for label in C2R_LABELS]
    assert np.isfinite(model.score(_clips().frames[: len(told)], told).similarity).all()
    if recipe == "c2r-dvd":  # a report asks for all of the family's tasks: this one was not shown them all
        with pytest.raises(InstructionError, match="no demonstrations of 'take the block out of the bowl'"):
            model.score(_clips().frames[:1], [TASKS["take-out"].instruction])
        return
    done = evaluate(model, _clips(seed=2), task_tables(), voc_per_task=1, progress=False)
    assert set(done.groups) == {"c2r/default view"}
    assert {line["task"] for line in done.report.tasks} == set(C2R_LABELS)


def test_all_recipes_have_the_same_data() -> None:
    ours = get_recipe("c2r-ours")
    assert ours.labels == C2R_LABELS
    for name in CLASSES:
        recipe = get_recipe(name)
        for shared in ("backbone", "num_augmentations", "labels", "trainer"):
            assert getattr(recipe, shared) == getattr(ours, shared), shared
        assert recipe.human is not None
        assert {TASKS[label.split("/")[1]].template for label in C2R_LABELS} < set(recipe.human.templates)
        assert recipe.human.matching == "hand"


def test_clips_show_the_opposites_that_playing_them_backwards_shows() -> None:
    clips = with_opposites(make_clips(C2R_LABELS, per_source=1))
    added = ("push-left", "move-towards", "drawer-open", "take-out")  # to drop a can is not to lift it backwards
    assert clips.label_names == (*C2R_LABELS, *(f"c2r/{task}" for task in added))


def test_a_mirrored_picture_swaps_left_and_right() -> None:
    names = tuple(f"c2r/{task}" for task in TASKS)
    mirrored = [names[column] for column in mirror_table(labelled_tasks(names))]
    swapped = {"c2r/push-right": "c2r/push-left", "c2r/push-left": "c2r/push-right"}
    assert mirrored == [swapped.get(name, name) for name in names]


def test_a_scene_decides_its_own_tasks_and_not_those_about_other_things() -> None:
    names = ("c2r/push-right", "c2r/tip-over", "c2r/lift", "c2r/take-out", "c2r/put-into")
    clips = make_clips(names, per_source=1, sources=("success",))
    clips.success[:2, :, 2:] = -1  # the bottle's scenes
    clips.success[4, :, [0, 1, 2, 3]] = -1  # the block's: it decides what is read of it
    labels = resolve_labels(clips, labelled_tasks(names))
    assert labels[0, -1].tolist() == [1, 0, 0, 0, 0]
    assert labels[1, -1].tolist() == [0, 1, 0, 0, 0]
    assert labels[4, :, 3].tolist() == [-1] * DONE_AT + [0] * (KEPT - DONE_AT)


def test_reports_tell_new_viewpoints_and_distractors_apart() -> None:
    clips = _clips()
    changes = ("default", "viewpoint=0,distractors=0", "viewpoint=3,distractors=0", "viewpoint=0,distractors=2",
               "viewpoint=1,distractors=4")  # fmt: skip
    clips = replace(clips, scene=np.array([changes[row % len(changes)] for row in range(len(clips))]))
    done = evaluate(a2r_gym.load_reward("random"), clips, task_tables(), voc_per_task=1, progress=False)
    found = {key: set(clips.scene[group.mask]) for key, group in done.groups.items()}
    assert found == {
        "c2r/default view": set(changes[:2]),
        "c2r/viewpoints": {changes[2]},
        "c2r/distractors": {changes[3]},
        "c2r/viewpoints and distractors": {changes[4]},
    }
