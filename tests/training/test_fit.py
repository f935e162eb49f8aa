"""A miniature run, end to end: clips in, a checkpoint out that scores without the training package."""

from __future__ import annotations

import csv
import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file

import a2r_gym
from a2r_gym.errors import CheckpointError, DataError, UnknownNameError
from a2r_gym.models.checkpoint import load_network
from a2r_train import fit as fit_module
from a2r_train import recipes
from a2r_train.calibrate import fit_calibration, fit_with_margin, score_pairs
from a2r_train.data.clips import ClipSet
from a2r_train.fit import FitArgs, fit, main
from a2r_train.recipes import PAPER_LABELS, RECIPES, HumanData, Recipe, get_recipe
from a2r_train.sampler import SamplerConfig
from a2r_train.step_losses import LossConfig
from a2r_train.trainer import TrainerConfig
from a2r_train.training_parts import TrainingPart, frames_of, load_human
from tests.tiny_backbone import ENTRY, IMAGE_SIZE, TINY
from tests.training.collected import write_clips
from tests.training.data.human_data import write_layout
from tests.training.in_threads import in_threads
from tests.training.synthetic import KEPT, TABLETOP, make_clips

ROOT = Path(__file__).resolve().parents[2]


def _clips(seed: int = 0, per_source: int = 3) -> ClipSet:
    """Clips whose pictures show what happens: a square that goes its task's way, or not."""
    clips = make_clips(per_source=per_source, size=IMAGE_SIZE)
    frames = np.random.default_rng(seed).integers(60, 90, clips.frames.shape, dtype=np.uint8)
    for clip in range(len(clips)):
        lane = 2 + 7 * TABLETOP.index(f"tabletop/{clips.task[clip]}")
        for frame in range(KEPT):
            along = frame if clips.source[clip] == "success" else frame // 4
            frames[clip, frame, lane : lane + 6, along : along + 8] = (250, 30, 200)
    return replace(clips, frames=frames, seed=clips.seed + 1000 * seed)


def _recipe(**changes: object) -> Recipe:
    trainer = TrainerConfig(
        num_steps=6, epoch_steps=2, save_every=3, warmup_steps=2, learning_rate=2e-3, num_threads=1
    )  # fmt: skip
    made = Recipe(name="mini", backbone=TINY, sampler=SamplerConfig(tasks_per_step=4), trainer=trainer)
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module", autouse=True)
def _in_threads(tiny_backbone: str) -> object:
    with in_threads(), pytest.MonkeyPatch.context() as patch:
        patch.setitem(recipes.RECIPES, "mini", _recipe)
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a finished run."""
    root = tmp_path_factory.mktemp("fit")
    fit(_recipe(), [TrainingPart(_clips(), root / "cache")], _clips(1, 2), out=root / "run", workers=1, name="mine")
    return root / "run"


class TestCheckpoint:
    def test_it_loads_and_scores_without_the_training_package(self, run: Path) -> None:
        program = (
            "import sys; sys.modules['a2r_train'] = None\n"
            "from a2r_gym.models.backbones import BACKBONES\n"
            f"BACKBONES['tiny'] = {ENTRY!r}\n"
            "import a2r_gym, numpy as np\n"
            f"model = a2r_gym.load_reward({str(run / 'checkpoint')!r}, runtime='torch')\n"
            "scores = model.score(np.zeros((2, 3, 32, 32, 3), np.uint8), ['close the drawer', 'push the cup away'])\n"
            "assert np.isfinite(scores.similarity).all() and ((0 <= scores.success) & (scores.success <= 1)).all()\n"
            "print(scores.failure_posterior.shape)\n"
        )
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
        assert done.stdout.strip() == "(2, 3)", done.stderr

    def test_sums_list_every_file_and_are_right(self, run: Path) -> None:
        lines = dict(line.split()[::-1] for line in (run / "checkpoint/SHA256SUMS").read_text().splitlines())
        files = {path.name for path in (run / "checkpoint").iterdir()} - {"SHA256SUMS"}
        assert set(lines) == files == {"README.md", "config.json", "model.safetensors"}
        for name, expected in lines.items():
            assert hashlib.sha256((run / "checkpoint" / name).read_bytes()).hexdigest() == expected

    def test_the_card_tells_method_data_and_limits(self, run: Path) -> None:
        card = (run / "checkpoint/README.md").read_text()
        assert card.startswith("# mine\n")
        assert f"| tabletop | {len(TABLETOP)} | 1 | {len(_clips())} |" in card
        assert "Failure prompts: 3 for each of 4 training tasks" in card
        assert "cross-domain loss was off" in card
        slope, margin_slope, intercept = load_network(run / "checkpoint")[1].calibration.with_margin or (0.0, 0.0, 0.0)
        assert f"sigmoid({slope:.2f} * similarity {margin_slope:+.2f} * margin {intercept:+.2f})" in card

    def test_it_records_tasks_recipe_and_numbers_of_clips(self, run: Path) -> None:
        network, meta = load_network(run / "checkpoint")
        assert network.config.task_names == TABLETOP
        assert network.config.tasks[0].instructions[0] == "close the drawer"
        assert len(network.config.tasks[0].instructions) == 4
        assert meta.recipe == "mini"
        assert meta.provenance["training_clips"] == len(_clips())
        assert meta.provenance["validation_clips"] == len(_clips(1, 2))
        assert meta.provenance["recipe"]["trainer"]["num_steps"] == 6

    def test_its_weights_are_those_of_the_last_state(self, run: Path) -> None:
        import torch

        state = torch.load(run / "state.pt", weights_only=True)
        stored = load_file(run / "checkpoint/model.safetensors")
        assert state["step"] == 6
        assert all(torch.equal(stored[name], value) for name, value in state["weights"].items())

    def test_success_is_calibrated_on_the_validation_clips(self, run: Path) -> None:
        clips = _clips(1, 2)
        model = a2r_gym.load_reward(run / "checkpoint", runtime="torch")
        pairs = score_pairs(model, clips)
        assert pairs.own.sum() == len(clips)
        assert (pairs.success & pairs.own).sum() == pairs.success.sum() == len(TABLETOP) * 2
        expected = fit_calibration(pairs.similarity[pairs.own], pairs.success[pairs.own])
        _, meta = load_network(run / "checkpoint")
        assert meta.calibration.with_margin == pytest.approx(fit_with_margin(pairs), rel=1e-3, abs=1e-3)
        assert meta.calibration.slope == pytest.approx(expected.slope, rel=1e-3)
        assert meta.calibration.intercept == pytest.approx(expected.intercept, rel=1e-3, abs=1e-3)

    def test_scalars_are_written_for_tensorboard(self, run: Path) -> None:
        accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
        events = accumulator.EventAccumulator(str(run / "tensorboard"))
        events.Reload()
        assert set(events.Tags()["scalars"]) == {
            "loss/video_language", "loss/failure_video_language", "loss/success", "loss/order", "loss/paraphrase",
        }  # fmt: skip
        assert [event.step for event in events.Scalars("loss/success")] == list(range(1, 7))


class TestFailureModes:
    def test_they_are_counted_and_named_in_the_checkpoint(self, run: Path) -> None:
        network, meta = load_network(run / "checkpoint")
        assert [task.num_failure_modes for task in network.config.tasks] == [3] * 4
        for task in network.config.tasks:
            assert len(set(task.failure_modes)) == 3
        model = a2r_gym.load_reward(run / "checkpoint", runtime="torch")
        known = model.failure_modes("close the drawer")
        assert known is not None
        assert known.names == network.config.tasks[0].failure_modes
        found = meta.provenance["failure_modes"]
        assert 0.0 <= found["labels_equal"] <= 1.0
        assert 0.0 <= found["source_information"] <= 1.0
        card = (run / "checkpoint/README.md").read_text()
        assert f"{found['labels_equal']:.1%} of the clips' modes are the same" in card
        assert f"set out to do: {found['source_information']:.2f}." in card

    def test_their_exemplars_are_drawn_beside_it_of_all_parts(self, run: Path, tmp_path: Path) -> None:
        lines = list(csv.DictReader((run / "failures/index.csv").open()))
        network, _ = load_network(run / "checkpoint")
        assert [line["name"] for line in lines] == [
            name for task in network.config.tasks for name in task.failure_modes
        ]
        assert sum(int(line["clips"]) for line in lines) == int((_clips().source != "success").sum())
        assert all((run / "failures" / line["sheet"]).is_file() for line in lines)
        parts = [TrainingPart(_clips(seed, seed), tmp_path) for seed in (1, 2)]
        wanted = np.array([0, len(parts[0].clips) - 1, len(parts[0].clips), len(parts[0].clips) + 20])
        found = frames_of(parts, wanted)
        expected = np.concatenate([part.clips.frames for part in parts])[wanted]
        np.testing.assert_array_equal(found, expected)

    def test_their_number_may_be_chosen_per_task_and_is_kept_by_a_run_that_begins_there(
        self, run: Path, tmp_path: Path
    ) -> None:
        recipe = _recipe(num_failure_modes=4, trainer=replace(_recipe().trainer, adaptive_failure_modes=True))
        parts = [TrainingPart(_clips(), run.parent / "cache")]
        first = fit(recipe, parts, _clips(1, 2), out=tmp_path / "one", workers=1, name="x")
        counts = load_network(first)[0].config.mode_counts
        assert all(1 <= count <= 4 for count in counts)
        assert min(counts) < 4
        assert f"{min(counts)} to {max(counts)} for each" in (first / "README.md").read_text() or len(set(counts)) == 1
        second = fit(recipe, parts, _clips(1, 2), out=tmp_path / "two", begin=first, workers=1, name="x")
        assert load_network(second)[0].config.mode_counts == counts
        with pytest.raises(CheckpointError, match="it has 4 failure modes and not 3: --max-failure-modes 4 fits"):
            fit(_recipe(), parts, _clips(1, 2), out=tmp_path / "three", begin=first, workers=1, name="x")

    def test_without_their_loss_or_a_second_epoch_there_are_none_and_it_is_said(
        self, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        recipe = _recipe(trainer=replace(_recipe().trainer, num_steps=2))
        folder = fit(
            recipe, [TrainingPart(_clips(), run.parent / "cache")], _clips(1, 2), out=tmp_path, workers=1, name="x"
        )  # fmt: skip
        assert "no failure modes: the run" in capsys.readouterr().out
        assert a2r_gym.load_reward(folder, runtime="torch").failure_modes("close the drawer") is None
        assert not (tmp_path / "failures").exists()

    def test_the_option_makes_any_recipe_choose(self) -> None:
        given: dict[str, Any] = {"recipe": "paper", "data": (), "validation": ()}
        assert FitArgs(**given).settled_recipe().num_failure_modes == 3
        chosen = FitArgs(**given, max_failure_modes=5).settled_recipe()
        assert (chosen.num_failure_modes, chosen.trainer.adaptive_failure_modes) == (5, True)
        with pytest.raises(DataError, match="--max-failure-modes >= 1, got 0"):
            FitArgs(**given, max_failure_modes=0)


class TestHumanClips:
    def _recipe(self, **changes: object) -> Recipe:
        human = HumanData(**{"templates": (5, 93), **changes})  # type: ignore[arg-type]
        return _recipe(labels=TABLETOP, human=human)

    def _fit(self, recipe: Recipe, human: Path | None, out: Path) -> Path:
        part = load_human(recipe, human, out / "cache")
        return fit(
            recipe, [TrainingPart(_clips(), out / "cache")], _clips(1, 2), human=part, out=out, workers=1, name="x"
        )

    def test_they_are_taken_in_and_the_checkpoint_says_which(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder = self._fit(self._recipe(), write_layout(tmp_path / "human"), tmp_path / "run")
        _, meta = load_network(folder)
        assert (meta.provenance["human_clips"], meta.provenance["human_source"]) == (3, "something-something-v2")
        assert "L_CDC is off" not in capsys.readouterr().out

    def test_shuffled_labels_make_another_run(self, tmp_path: Path) -> None:
        human = write_layout(tmp_path / "human")
        true, dealt = (
            load_file(self._fit(self._recipe(shuffled=shuffled), human, tmp_path / str(shuffled)) / "model.safetensors")
            for shuffled in (False, True)
        )
        assert any(not bool((true[name] == dealt[name]).all()) for name in true)

    def test_a_recipe_that_wants_them_says_where_they_come_from(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="a2r hands --out data/hands"):
            self._fit(self._recipe(), None, tmp_path)

    def test_a_recipe_that_leaves_tasks_out_refuses_clips_of_them(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="tabletop/mug-right does not fit"):
            fit(
                _recipe(labels=TABLETOP[:3]), [TrainingPart(_clips(), tmp_path / "cache")], _clips(1, 2),
                out=tmp_path, workers=1, name="x",
            )  # fmt: skip

    def test_the_protocols_rows_leave_out_what_the_robot_never_did(self) -> None:
        rows = [get_recipe(name) for name in RECIPES if name.startswith(("ours-", "paper-"))]
        assert len(rows) == 20
        assert {row.labels for row in rows} == {PAPER_LABELS}
        assert all(row.name in RECIPES for row in rows)

    def test_the_stand_in_has_every_template_that_a_recipe_asks_for(self) -> None:
        from a2r_train.data.hands.repertoire import REPERTOIRE

        rendered = {template for act in REPERTOIRE for template in act.templates}
        asked = {template for name in RECIPES if (human := get_recipe(name).human) for template in human.templates}
        assert asked
        assert asked <= rendered


class TestScorePairs:
    def test_clips_too_close_to_tell_and_undecided_ones_are_left_out(self, run: Path) -> None:
        model = a2r_gym.load_reward(run / "checkpoint", runtime="torch")
        clips = _clips(1, 1)
        clips.ambiguous[0, -1] = True
        clips.success[1, -1] = -1
        assert score_pairs(model, clips).own.sum() == len(clips) - 2
        clips.success[:] = -1
        with pytest.raises(DataError, match="no validation clip has a decided label"):
            score_pairs(model, clips)


class TestResume:
    def test_a_run_that_broke_off_gives_the_same_checkpoint(
        self, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        parts = [TrainingPart(_clips(), run.parent / "cache")]
        with monkeypatch.context() as patch:
            patch.setattr(fit_module, "_reporter", lambda writer, bar: _stop_at_5)
            with pytest.raises(KeyboardInterrupt):
                fit(_recipe(), parts, _clips(1, 2), out=tmp_path, workers=1, name="mine")
        assert not (tmp_path / "checkpoint").exists()
        capsys.readouterr()
        fit(_recipe(), parts, _clips(1, 2), out=tmp_path, workers=1, name="mine")
        assert "resumed and trained" in capsys.readouterr().out
        for name in ("model.safetensors", "config.json", "SHA256SUMS"):
            assert (tmp_path / "checkpoint" / name).read_bytes() == (run / "checkpoint" / name).read_bytes()

    def test_validation_of_one_class_is_refused_and_nothing_is_written(self, run: Path, tmp_path: Path) -> None:
        clips = _clips(1, 2)
        failures = clips.select(clips.source != "success")
        with pytest.raises(DataError, match="collect more validation clips"):
            fit(
                _recipe(), [TrainingPart(_clips(), run.parent / "cache")], failures, out=tmp_path, workers=1, name="x"
            )  # fmt: skip
        assert not (tmp_path / "checkpoint").exists()


def _stop_at_5(step: int, losses: dict[str, float]) -> None:
    del losses
    if step == 5:
        raise KeyboardInterrupt


class TestCrossDomain:
    @pytest.mark.parametrize("weight", [0.0, 1.0])
    def test_without_human_clips_it_is_off_and_says_so_where_it_was_asked_for(
        self, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], weight: float
    ) -> None:
        recipe = _recipe(losses=LossConfig(cross_domain=weight), trainer=replace(_recipe().trainer, num_steps=1))
        parts = [TrainingPart(_clips(), run.parent / "cache")]
        fit(recipe, parts, _clips(1, 2), out=tmp_path, workers=1, name="x")
        assert ("no human clips: the cross-domain loss L_CDC is off" in capsys.readouterr().out) is bool(weight)


class TestBegin:
    def test_weights_are_those_of_the_checkpoint(self, run: Path) -> None:
        import torch

        network, _ = load_network(run / "checkpoint")
        begun = fit_module._network("adapt2reward", network.config, run / "checkpoint")
        for name, value in network.trainable_state().items():
            assert torch.equal(begun.trainable_state()[name], value)
        assert begun.trained_names == network.trained_names

    def test_a_checkpoint_of_other_tasks_is_refused(self, run: Path) -> None:
        network, _ = load_network(run / "checkpoint")
        other = replace(network.config, tasks=network.config.tasks[:2])
        with pytest.raises(CheckpointError, match="has other tasks or sizes"):
            fit_module._network("adapt2reward", other, run / "checkpoint")


class TestCommand:
    def test_it_trains_on_folders_goes_on_with_resume_and_refuses_without(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        one, two = (write_clips(_clips(seed, 1), tmp_path / f"data{seed}") for seed in (0, 1))
        validation = write_clips(_clips(2, 1), tmp_path / "validation")
        arguments = ["mini", "--data", str(one), str(two), "--validation", str(validation), "--workers", "1"]
        arguments += ["--threads", "1", "--out", str(tmp_path / "run"), "--name", "mine", "--seed", "3"]
        assert main([*arguments, "--steps", "2"]) == 0
        assert f"wrote {tmp_path / 'run/checkpoint'}" in capsys.readouterr().out
        _, meta = load_network(tmp_path / "run/checkpoint")
        assert meta.provenance["training_clips"] == 24
        assert meta.provenance["recipe"]["trainer"]["seed"] == 3
        for folder in (one, two):  # each folder keeps its own feature maps
            assert len(list((folder / "cache").glob("features-*/maps.npy"))) == 1
        before = (tmp_path / "run/state.pt").read_bytes()
        with pytest.raises(CheckpointError, match=r"run holds a run: pass --resume to go on with it, or another --out"):
            main([*arguments, "--steps", "4"])
        assert (tmp_path / "run/state.pt").read_bytes() == before
        assert main([*arguments, "--steps", "4", "--resume"]) == 0
        assert load_network(tmp_path / "run/checkpoint")[1].provenance["recipe"]["trainer"]["num_steps"] == 4

    def test_an_unknown_recipe_is_answered_with_near_ones(self, tmp_path: Path) -> None:
        with pytest.raises(UnknownNameError, match=r"unknown recipe 'a2r-smal'.*'a2r-small'"):
            main(["a2r-smal", "--data", str(tmp_path), "--validation", str(tmp_path)])

    def test_folders_without_data_are_an_error_before_anything_is_written(self, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        with pytest.raises(DataError, match="no data set is there"):
            main(
                [
                    "mini",
                    "--data",
                    str(tmp_path / "empty"),
                    "--validation",
                    str(tmp_path),
                    "--out",
                    str(tmp_path / "run"),
                ]
            )
        assert not (tmp_path / "run").exists()


class TestRecipes:
    def test_each_has_its_own_name_and_the_papers_are_the_published_method(self) -> None:
        for name in RECIPES:
            assert get_recipe(name).name == name
        paper = get_recipe("paper")
        assert not paper.sampler.prefixes
        assert not paper.trainer.adaptive_failure_modes
        assert paper.sampler.tasks_per_step == 8
        assert paper.num_failure_modes == 3
        assert paper.losses == LossConfig(order=0.0, paraphrase=0.0)  # the paper's weights are 1 each
        assert get_recipe("paper-without-bce").losses == replace(paper.losses, success=0.0)
        assert get_recipe("paper-without-prompts").losses == replace(paper.losses, failure_video_language=0.0)
