"""A run that was killed ends bit for bit as one that was not; losses can be switched off; clusters keep their names."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from a2r_gym.errors import CheckpointError, NonFiniteRewardError
from a2r_train import trainer as trainer_module
from a2r_train.failure_clusters import FailureClusters
from a2r_train.human_sampler import HumanSamplerConfig
from a2r_train.losses import cross_domain_loss
from a2r_train.step_losses import LossConfig, StepLosses
from a2r_train.trainer import Trainer, TrainerConfig
from tests.training.synthetic import (
    TABLETOP,
    make_clips,
    make_human_part,
    make_sampler,
    make_store,
    make_trainer,
    tiny_network,
)

ROOT = Path(__file__).resolve().parents[2]
TERMS = ("video_language", "failure_video_language", "success", "order", "paraphrase")
NOTHING: dict[str, float] = dict.fromkeys((*TERMS, "cross_domain"), 0.0)


def _ignore(step: int, losses: dict[str, float]) -> None:
    del step, losses


def _state(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(folder / "state.pt", weights_only=True)
    return state


def _same(one: object, two: object) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(two, torch.Tensor):
        return torch.equal(one, two)
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(_same(one[key], two[key]) for key in one)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(_same, one, two))
    return bool(one == two)


class _Stop(Exception):
    """Breaks a run off between two steps."""


def _stop_at(step: int) -> Any:
    def report(now: int, losses: dict[str, float]) -> None:
        del losses
        if now == step:
            raise _Stop

    return report


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run six steps, clustering at 2 and 4, saving at 3 and 6."""
    folder = tmp_path_factory.mktemp("unbroken")
    make_trainer(folder).run(_ignore)
    return folder


class TestResume:
    def test_equal_arguments_give_equal_runs(self, unbroken: Path, tmp_path: Path) -> None:
        make_trainer(tmp_path).run(_ignore)
        assert _same(_state(unbroken), _state(tmp_path))

    @pytest.mark.parametrize("step", range(1, 6))
    def test_a_run_that_broke_off_after_any_step_ends_bit_for_bit_the_same(
        self, unbroken: Path, tmp_path: Path, step: int
    ) -> None:
        with pytest.raises(_Stop):
            make_trainer(tmp_path).run(_stop_at(step))
        again = make_trainer(tmp_path)
        assert again.resume() is (step > 3)  # the report of step 3 comes before its state is saved
        assert again.step == (3 if step > 3 else 0)
        again.run(_ignore)
        assert _same(_state(unbroken), _state(tmp_path))

    def test_a_killed_process_is_gone_on_with_bit_for_bit(self, unbroken: Path, tmp_path: Path) -> None:
        program = (
            "import os, signal\nfrom pathlib import Path\nfrom tests.training.synthetic import make_trainer\n"
            "def report(step, losses):\n    if step == 5: os.kill(os.getpid(), signal.SIGKILL)\n"
            f"make_trainer(Path({str(tmp_path)!r})).run(report)\n"
        )
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'training'}"}
        done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert _state(tmp_path)["step"] == 3
        again = make_trainer(tmp_path)
        assert again.resume()
        again.run(_ignore)
        assert _same(_state(unbroken), _state(tmp_path))

    def test_a_save_that_fails_keeps_the_last_state(
        self, unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(_Stop):
            make_trainer(tmp_path).run(_stop_at(5))
        before = (tmp_path / "state.pt").read_bytes()
        again = make_trainer(tmp_path)
        again.resume()

        def half(_: object, path: Path) -> None:
            Path(path).write_bytes(b"half")
            raise OSError("no space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(trainer_module.torch, "save", half)
            with pytest.raises(OSError, match="no space"):
                again.run(_ignore)
        assert (tmp_path / "state.pt").read_bytes() == before
        third = make_trainer(tmp_path)
        third.resume()
        third.run(_ignore)
        assert _same(_state(unbroken), _state(tmp_path))

    def test_a_finished_run_does_nothing_more(self, unbroken: Path) -> None:
        before = (unbroken / "state.pt").read_bytes()
        again = make_trainer(unbroken)
        assert again.resume()
        again.run(_stop_at(6))
        assert (unbroken / "state.pt").read_bytes() == before

    def test_without_a_state_it_begins_anew(self, tmp_path: Path) -> None:
        trainer = make_trainer(tmp_path / "none")
        assert not trainer.resume()
        assert trainer.step == 0

    def test_a_state_of_another_network_or_data_set_is_refused(self, unbroken: Path) -> None:
        with pytest.raises(CheckpointError, match="is of another network or data set; use another folder"):
            make_trainer(unbroken, network=tiny_network(num_failure_modes=2)).resume()
        clips = make_clips(per_source=5)
        sampler = make_sampler(clips, make_store(clips))
        config = TrainerConfig(num_threads=1)
        network, store, labels = tiny_network(), make_store(clips), np.arange(len(TABLETOP))
        losses = StepLosses(network, store, labels, LossConfig())
        other = Trainer(network, sampler, store, labels, losses, config, unbroken)
        with pytest.raises(CheckpointError, match="another network or data set"):
            other.resume()


class TestNotFinite:
    def test_a_loss_that_is_not_finite_raises_and_keeps_the_last_state(self, tmp_path: Path) -> None:
        with pytest.raises(_Stop):
            make_trainer(tmp_path).run(_stop_at(4))
        before = (tmp_path / "state.pt").read_bytes()
        maps = make_store(make_clips()).maps[:].copy()
        maps[:] = np.nan
        broken = make_trainer(tmp_path, maps=maps)
        broken.resume()
        with pytest.raises(NonFiniteRewardError, match=r"loss at step 3 is not finite: .*video_language.*nan"):
            broken.run(_ignore)
        assert (tmp_path / "state.pt").read_bytes() == before

    def test_a_gradient_that_is_not_finite_is_never_saved(self, tmp_path: Path) -> None:
        trainer = make_trainer(tmp_path)
        count = itertools.count(1)
        weight = trainer.network.head.enter.weight
        weight.register_hook(lambda gradient: gradient * float("nan") if next(count) == 3 else gradient)
        with pytest.raises(NonFiniteRewardError):
            trainer.run(_ignore)  # the loss of step 3 is finite, its gradient is not, and its state would be saved
        assert not (tmp_path / "state.pt").exists()


class TestLosses:
    @pytest.mark.parametrize("off", TERMS)
    def test_each_can_be_switched_off(self, tmp_path: Path, off: str) -> None:
        seen: set[str] = set()
        make_trainer(tmp_path, losses=LossConfig(**{off: 0.0})).run(lambda _, losses: seen.update(losses))
        assert seen == set(TERMS) - {off}

    @pytest.mark.parametrize("only", TERMS)
    def test_each_can_stand_alone_and_scales_with_its_weight(self, tmp_path: Path, only: str) -> None:
        first: list[dict[str, float]] = []
        for weight in (1.0, 2.0):
            losses = LossConfig(**{**NOTHING, only: weight})
            make_trainer(tmp_path / str(weight), losses=losses, num_steps=3).run(lambda _, found: first.append(found))
        assert first[0].keys() == {only}
        if only != "failure_video_language":  # 0 before the first clustering
            assert first[0][only] > 0
        assert first[3][only] == pytest.approx(2 * first[0][only])

    def test_without_the_failure_loss_prompts_stay_as_they_were_and_nothing_is_clustered(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise AssertionError("clustered")

        monkeypatch.setattr(FailureClusters, "update", refuse)
        trainer = make_trainer(tmp_path, losses=LossConfig(failure_video_language=0.0))
        before = trainer.network.failure_prompts.prompts_GKLD.detach().clone()
        trainer.run(_ignore)
        assert torch.equal(trainer.network.failure_prompts.prompts_GKLD, before)

    def test_with_it_the_prompts_move(self, tmp_path: Path) -> None:
        trainer = make_trainer(tmp_path)
        before = trainer.network.failure_prompts.prompts_GKLD.detach().clone()
        trainer.run(_ignore)
        assert not torch.equal(trainer.network.failure_prompts.prompts_GKLD, before)

    def test_without_human_clips_the_cross_domain_weight_changes_nothing(self, unbroken: Path, tmp_path: Path) -> None:
        make_trainer(tmp_path, losses=LossConfig(cross_domain=0.0)).run(_ignore)
        assert _same(_state(unbroken)["weights"], _state(tmp_path)["weights"])
        assert callable(cross_domain_loss)  # there for when human clips are

    def test_with_human_clips_each_of_their_losses_is_there_and_can_be_switched_off(self, tmp_path: Path) -> None:
        human = make_human_part(HumanSamplerConfig(undone=4))
        seen: set[str] = set()
        make_trainer(tmp_path / "all", human=human).run(lambda _, losses: seen.update(losses))
        assert seen == {
            *TERMS, "cross_domain", "human_video_language", "human_success", "human_paraphrase", "human_order",
        }  # fmt: skip
        seen.clear()
        off = LossConfig(cross_domain=0.0, order=0.0, paraphrase=0.0)
        make_trainer(tmp_path / "some", human=human, losses=off).run(lambda _, losses: seen.update(losses))
        assert seen == {*TERMS, "human_video_language", "human_success"} - {"order", "paraphrase"}

    def test_a_run_with_human_clips_goes_on_to_the_bit(self, tmp_path: Path) -> None:
        whole, broken = tmp_path / "whole", tmp_path / "broken"
        make_trainer(whole, human=make_human_part()).run(_ignore)
        trainer = make_trainer(broken, human=make_human_part(), num_steps=6)

        def stop(step: int, _: object) -> None:
            if step == 4:
                raise _Stop

        with pytest.raises(_Stop):
            trainer.run(stop)
        resumed = make_trainer(broken, human=make_human_part())
        assert resumed.resume()
        resumed.run(_ignore)
        assert _same(_state(whole)["weights"], _state(broken)["weights"])

    def test_robot_and_human_clips_of_the_same_task_come_together(self, tmp_path: Path) -> None:
        only = LossConfig(**{**NOTHING, "cross_domain": 1.0})
        found: list[float] = []
        trainer = make_trainer(tmp_path, human=make_human_part(), losses=only, num_steps=40, learning_rate=5e-3)
        trainer.run(lambda _, losses: found.append(losses["cross_domain"]))
        assert np.mean(found[-5:]) < 0.8 * np.mean(found[:5])

    def test_a_network_without_failure_prompts_trains_without_their_loss(self, tmp_path: Path) -> None:
        network = tiny_network(num_failure_modes=0)
        seen: set[str] = set()
        losses = LossConfig(failure_video_language=0.0)
        make_trainer(tmp_path, network=network, losses=losses).run(lambda _, found: seen.update(found))
        assert seen == set(TERMS) - {"failure_video_language"}

    def test_the_failure_loss_begins_with_the_first_clusters(self, tmp_path: Path) -> None:
        losses: list[float] = []
        make_trainer(tmp_path).run(lambda _, found: losses.append(found["failure_video_language"]))
        assert losses[:2] == [0.0, 0.0]
        assert all(loss > 0 for loss in losses[2:])

    def test_they_fall(self, tmp_path: Path) -> None:
        history: list[dict[str, float]] = []
        make_trainer(tmp_path, num_steps=40, epoch_steps=10, save_every=40).run(lambda _, found: history.append(found))
        for name, share in (("video_language", 0.6), ("success", 0.3), ("failure_video_language", 0.8)):
            begin = np.mean([found[name] for found in history[10:13]]) if "failure" in name else history[0][name]
            assert np.mean([found[name] for found in history[-3:]]) < share * begin, name

    def test_the_frozen_towers_do_not_move(self, tmp_path: Path) -> None:
        trainer = make_trainer(tmp_path)
        named = trainer.network.named_parameters()
        frozen = {name: value.detach().clone() for name, value in named if not value.requires_grad}
        trainer.run(_ignore)
        after = dict(trainer.network.named_parameters())
        assert frozen
        assert all(torch.equal(value, after[name]) for name, value in frozen.items())


class TestClusters:
    def _trained(self, folder: Path) -> Trainer:
        trainer = make_trainer(folder)
        trainer.run(_ignore)
        return trainer

    def _planted(self, trainer: Trainer, task: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a task's failure clips and which of three ways each fails in."""
        failures = trainer._sampler.failures
        mine = failures[trainer._sampler.own_task[failures] == task]
        return mine, mine % 3

    def test_they_find_the_ways_in_which_clips_fail(self, tmp_path: Path) -> None:
        trainer = self._trained(tmp_path)
        for task in range(len(TABLETOP)):
            clips, way = self._planted(trainer, task)
            assert len(set(zip(trainer.clusters.modes[clips].tolist(), way.tolist(), strict=True))) == 3

    def test_only_failures_have_one(self, tmp_path: Path) -> None:
        trainer = self._trained(tmp_path)
        with_mode = np.flatnonzero(trainer.clusters.modes >= 0)
        np.testing.assert_array_equal(with_mode, np.sort(trainer._sampler.failures))

    @pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 1, 0)])
    def test_a_mode_keeps_its_number_whatever_order_a_clustering_comes_in(
        self, tmp_path: Path, order: tuple[int, ...]
    ) -> None:
        trainer = self._trained(tmp_path)
        names = np.array(order)
        before = trainer.clusters.modes.copy()
        trainer.clusters.modes[:] = np.where(before < 0, -1, names[before])  # as if the last epoch had named them so
        for task, centroids in trainer.clusters.centroids.items():
            renamed = np.empty_like(centroids)
            renamed[names] = centroids
            trainer.clusters.centroids[task] = renamed
        trainer._cluster()
        failures = trainer._sampler.failures
        np.testing.assert_array_equal(trainer.clusters.modes[failures], names[before[failures]])

    def test_centroids_are_those_of_their_numbers(self, tmp_path: Path) -> None:
        trainer = self._trained(tmp_path)
        trainer._cluster()
        for task, centroids in trainer.clusters.centroids.items():
            clips, _ = self._planted(trainer, task)
            nearest = (trainer.courses(clips) @ centroids.T).argmax(axis=1)
            np.testing.assert_array_equal(nearest, trainer.clusters.modes[clips])

    def test_they_keep_their_meaning_from_epoch_to_epoch(self, tmp_path: Path) -> None:
        trainer = make_trainer(tmp_path, num_steps=12)
        modes: list[np.ndarray] = []
        trainer.run(lambda step, _: modes.append(trainer.clusters.modes.copy()) if step > 2 and step % 2 else None)
        for one, two in itertools.pairwise(modes):
            np.testing.assert_array_equal(one, two)

    def test_a_task_with_too_few_failures_has_none(self, tmp_path: Path) -> None:
        clips = make_clips(per_source=1, sources=("success", "missed"))  # one failure a task, three modes
        store = make_store(clips)
        config = TrainerConfig(num_steps=4, epoch_steps=2, save_every=4, warmup_steps=2, num_threads=1)
        network, labels = tiny_network(), np.arange(len(TABLETOP))
        step_losses = StepLosses(network, store, labels, LossConfig())
        trainer = Trainer(network, make_sampler(clips, store), store, labels, step_losses, config, tmp_path)
        losses: list[float] = []
        trainer.run(lambda _, found: losses.append(found["failure_video_language"]))
        assert losses == [0.0] * 4
        assert (trainer.clusters.modes == -1).all()

    def test_their_number_may_be_chosen_and_prompts_beyond_it_rest(self, tmp_path: Path) -> None:
        network = tiny_network(num_failure_modes=5)
        trainer = make_trainer(tmp_path, network=network, adaptive=True)
        assert network.failure_prompts.counts_G.tolist() == [5] * 4  # until then all are negatives, as in the paper
        trainer.run(_ignore)
        assert network.failure_prompts.counts_G.tolist() == [3] * 4
        prompts = network.failure_prompts.prompts_GKLD
        prompts.grad = None
        torch.stack(list(trainer._losses(6).values())).sum().backward()
        assert prompts.grad is not None
        assert prompts.grad[:, :3].any()
        assert not prompts.grad[:, 3:].any()

    def test_a_resumed_run_keeps_the_number_it_has_chosen(self, tmp_path: Path) -> None:
        for folder, stop in ((tmp_path / "one", 99), (tmp_path / "two", 5)):
            trainer = make_trainer(folder, network=tiny_network(num_failure_modes=5), adaptive=True)
            if stop < 99:
                with pytest.raises(_Stop):
                    trainer.run(_stop_at(stop))
                trainer = make_trainer(folder, network=tiny_network(num_failure_modes=5), adaptive=True)
                assert trainer.resume()
                assert trainer.network.failure_prompts.counts_G.tolist() == [3] * 4
            trainer.run(_ignore)
        assert _same(_state(tmp_path / "one"), _state(tmp_path / "two"))

    def test_the_last_ones_are_clustered_once_more_and_the_run_stays_as_it_is(self, tmp_path: Path) -> None:
        trainer = self._trained(tmp_path)
        before = _state(tmp_path)
        last = trainer.final_clusters()
        np.testing.assert_array_equal(last.modes, trainer.clusters.modes)  # well parted: the labels are stable
        trainer.save()
        assert _same(before, _state(tmp_path))
        for task, centroids in last.centroids.items():
            clips, _ = self._planted(trainer, task)
            nearest = (trainer.courses(clips) @ centroids.T).argmax(axis=1)
            np.testing.assert_array_equal(nearest, last.modes[clips])

    def test_without_a_clustering_there_are_no_last_ones(self, tmp_path: Path) -> None:
        trainer = make_trainer(tmp_path, num_steps=2)
        trainer.run(_ignore)
        last = trainer.final_clusters()
        assert not last.centroids
        assert (last.modes == -1).all()

    def test_embedding_leaves_the_network_in_training(self, tmp_path: Path) -> None:
        trainer = make_trainer(tmp_path)
        one, two = (trainer.courses(np.arange(5)) for _ in range(2))
        np.testing.assert_array_equal(one, two)  # no dropout
        np.testing.assert_allclose(np.linalg.norm(one, axis=1), 1.0, atol=1e-5)
        assert trainer.network.training


class TestConfig:
    @pytest.mark.parametrize("name", ["num_steps", "epoch_steps", "save_every", "num_threads"])
    def test_numbers_out_of_range_are_named(self, name: str) -> None:
        with pytest.raises(ValueError, match=f"{name} must be >= 1, got 0"):
            TrainerConfig(**{name: 0})

    def test_the_rate_rises_to_one_and_falls_to_two_percent(self) -> None:
        config = TrainerConfig(num_steps=200, warmup_steps=20)
        rates = [config.rate(step) for step in range(201)]
        assert rates[0] == pytest.approx(1 / 20)
        assert max(rates) == 1.0
        assert rates.index(1.0) == 19
        assert rates[200] == pytest.approx(0.02)
        assert (np.diff(rates[20:]) <= 0).all()
        assert min(rates) > 0
