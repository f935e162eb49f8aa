"""Every baseline from clips to a reward model, in miniature: ``fit``, its checkpoint, and the protocol's table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import a2r_gym
from a2r_gym.baselines.dvd import MIN_DEMONSTRATIONS
from a2r_gym.errors import CheckpointError, DataError
from a2r_gym.models.checkpoint import load_network
from a2r_gym.protocols import MatrixModel
from a2r_train import fit as fit_module
from a2r_train.demonstrations import Demonstrations, load_demonstrations
from a2r_train.fit import fit
from a2r_train.recipes import RECIPES, HumanData, MethodLosses, Recipe, get_recipe
from a2r_train.sampler import SamplerConfig
from a2r_train.step_losses import LossConfig
from a2r_train.trainer import TrainerConfig
from a2r_train.training_parts import TrainingPart, human_folder, load_human
from tests.tiny_backbone import TINY
from tests.training.data.human_data import write_layout
from tests.training.in_threads import in_threads
from tests.training.synthetic import TABLETOP
from tests.training.test_fit import _clips

CLASSES = {
    "dvd": "DVD", "dvd-failures": "DVD", "liv": "LIV", "clip-ours": "LIV", "concept2robot": "Concept2Robot",
    "roboclip-ours": "RoboCLIP", "bce": "Adapt2Reward",
}  # fmt: skip
SHOWN = {5: "a drawer", 46: "a drawer", 93: "a mug", 94: "a mug", 41: "a mug", 170: "a tap"}


@pytest.fixture(scope="module", autouse=True)
def _in_threads(tiny_backbone: str) -> Iterator[None]:
    with in_threads():
        yield


@pytest.fixture(scope="module")
def human(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write human clips: two templates to train on, three of each task to compare with."""
    clips = [(1, "train", 5, ("a drawer",)), (2, "train", 93, ("a mug",)), (3, "train", 93, ("a box",))]
    for template, thing in SHOWN.items():
        clips += [(10 * template + number, "validation", template, (thing,)) for number in range(MIN_DEMONSTRATIONS)]
    return write_layout(tmp_path_factory.mktemp("human") / "ssv2", clips=clips)


def _recipe(losses: MethodLosses, demonstrations: int = 0, *, people: bool = True) -> Recipe:
    made = get_recipe("liv-human-3")
    return replace(
        made,
        name="mini",
        backbone=TINY,
        labels=TABLETOP,
        num_augmentations=2,
        sampler=SamplerConfig(tasks_per_step=4, prefixes=False, family_weights=()),
        trainer=TrainerConfig(num_steps=4, epoch_steps=2, save_every=2, warmup_steps=1, num_threads=1),
        losses=losses,
        demonstrations=demonstrations,
        human=HumanData(templates=(5, 93)) if people else None,
    )


def _shown(recipe: Recipe, human: Path, cache: Path) -> Demonstrations | None:
    if not recipe.demonstrations:
        return None
    return load_demonstrations(
        human, ["tabletop"], count=recipe.demonstrations, least=MIN_DEMONSTRATIONS, backbone=TINY, cache=cache,
        matching="text", seed=0, workers=1,
    )  # fmt: skip


def _fit(recipe: Recipe, human: Path, out: Path) -> Path:
    return fit(
        recipe, [TrainingPart(_clips(), out / "cache")], _clips(1, 2), human=load_human(recipe, human, out / "cache"),
        demonstrations=_shown(recipe, human, out / "cache"), out=out, workers=1, name="x",
    )  # fmt: skip


@pytest.mark.parametrize("baseline", list(CLASSES))
def test_a_run_ends_in_a_checkpoint_of_the_right_class_that_streams_what_it_scores(
    baseline: str, human: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = get_recipe(f"{baseline}-human-6")
    folder = _fit(_recipe(named.losses, named.demonstrations), human, tmp_path)
    assert "L_CDC is off" not in capsys.readouterr().out
    model = a2r_gym.load_reward(folder, runtime="torch")
    assert type(model).__name__ == CLASSES[baseline]
    assert isinstance(model, MatrixModel)
    film = np.asarray(_clips().frames[0])
    steps, stream = model.score_steps(film, "close the drawer"), model.stream(["close the drawer"])
    pushed = [stream.push(film[[step]], np.array([step == 0])).similarity[0] for step in range(len(film))]
    np.testing.assert_allclose(pushed, steps.similarity, atol=1e-4)
    meta = load_network(folder)[1]
    assert (meta.recipe, meta.provenance["human_clips"]) == ("mini", 3)
    card = (folder / "README.md").read_text()
    assert "3 of something-something-v2" in card
    assert ("a baseline" in card) is (baseline != "bce")
    assert "Failure prompts: none." in card


def test_a_run_that_broke_off_gives_the_same_checkpoint(
    human: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = _recipe(get_recipe("dvd-human-6").losses, 3)
    whole = _fit(recipe, human, tmp_path / "whole")

    def stop_at_3(step: int, losses: dict[str, float]) -> None:
        del losses
        if step == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fit_module, "_reporter", lambda writer, bar: stop_at_3)
        with pytest.raises(KeyboardInterrupt):
            _fit(recipe, human, tmp_path / "broken")
    assert not (tmp_path / "broken/checkpoint").exists()
    again = _fit(recipe, human, tmp_path / "broken")
    for name in ("model.safetensors", "config.json"):
        assert (again / name).read_bytes() == (whole / name).read_bytes()


class TestDemonstrations:
    def test_dvd_keeps_as_many_as_there_are_of_each_task(self, human: Path, tmp_path: Path) -> None:
        network, _ = load_network(_fit(_recipe(get_recipe("dvd-robot-only").losses, 8, people=False), human, tmp_path))
        assert network.config.demonstrations == (3,) * 7  # of eight that were asked for
        assert network.config.sentences[1][0] == "open the drawer"
        assert network.demonstrations_GND.shape == (7, 3, network.config.embedding)
        np.testing.assert_allclose(network.demonstrations_GND.norm(dim=-1).numpy(), 1.0, atol=1e-5)

    def test_a_task_to_be_judged_without_any_is_refused_before_training(self, tmp_path: Path) -> None:
        clips = [(number, "validation", 5, ("a drawer",)) for number in range(1, 4)]
        lacking = write_layout(tmp_path / "ssv2", clips=[*clips, (9, "train", 93, ("a mug",))])
        recipe = _recipe(get_recipe("dvd-robot-only").losses, 3, people=False)
        with pytest.raises(DataError, match="no human demonstrations of tabletop/drawer-open, tabletop/mug-left"):
            _fit(recipe, lacking, tmp_path / "run")
        assert not (tmp_path / "run/state.pt").exists()

    def test_a_recipe_without_any_and_a_command_without_human_clips_are_refused(
        self, human: Path, tmp_path: Path
    ) -> None:
        with pytest.raises(DataError, match="the recipe's demonstrations must be at least 3"):
            _fit(_recipe(get_recipe("dvd-human-6").losses), human, tmp_path)
        with pytest.raises(DataError, match="recipe dvd-robot-only compares with human clips: pass --human"):
            human_folder(get_recipe("dvd-robot-only"), None)


def test_a_checkpoint_of_another_method_is_no_beginning(human: Path, tmp_path: Path) -> None:
    folder = _fit(_recipe(get_recipe("liv-human-6").losses), human, tmp_path)
    with pytest.raises(CheckpointError, match="is of method 'liv', the recipe of 'adapt2reward'"):
        fit_module._network("adapt2reward", load_network(folder)[0].config, folder)


class TestRecipes:
    @pytest.mark.parametrize("baseline", list(CLASSES))
    def test_a_baseline_gets_the_data_and_the_steps_that_ours_gets(self, baseline: str) -> None:
        for row in ("robot-only", "human-3", "human-6", "human-9", "human-12"):
            ours, theirs = get_recipe(f"ours-{row}"), get_recipe(f"{baseline}-{row}")
            for shared in ("backbone", "num_augmentations", "labels", "trainer"):
                assert getattr(ours, shared) == getattr(theirs, shared), shared
            assert ours.sampler.opposites
            assert theirs.sampler.opposites
            if ours.human is not None and theirs.human is not None:
                assert ours.human.templates == theirs.human.templates
                assert ours.human.num_augmentations == theirs.human.num_augmentations
            assert (ours.human is None) is (theirs.human is None)
            assert not theirs.sampler.prefixes

    def test_only_dvd_compares(self) -> None:
        asking = {name for name in RECIPES if get_recipe(name).demonstrations}
        assert asking == {name for name in RECIPES if name.startswith(("dvd-", "c2r-dvd"))}

    def test_bce_only_learns_success_against_failure(self) -> None:
        losses = get_recipe("bce-human-6").losses
        assert isinstance(losses, LossConfig)
        assert {name for name, weight in vars(losses).items() if weight} == {"success"}
