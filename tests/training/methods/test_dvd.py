"""DVD's pairs: which show the same task, and that it learns to tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from a2r_train.features import FeatureStore
from a2r_train.methods.dvd import DVDLossConfig, DVDLosses, pair_loss
from a2r_train.step_losses import embed_maps
from tests.training.methods.conftest import MakeMethod
from tests.training.synthetic import make_clips, make_human_part, make_store

MODES = np.full(99, -1)


def test_the_loss_is_the_mean_of_both_answers_over_pairs_of_different_clips() -> None:
    logits = torch.tensor([[9.0, 1.0, -2.0], [1.0, 9.0, 0.5], [-2.0, 0.5, 9.0]])
    same = torch.tensor([[1, 1, 0], [1, 1, -1], [0, -1, 1]])
    expected = 0.5 * np.log1p(np.exp(-1.0)) + 0.5 * np.log1p(np.exp(-2.0))
    assert float(pair_loss(logits, same)) == pytest.approx(expected, abs=1e-6)
    assert float(pair_loss(logits, torch.full((3, 3), -1))) == 0.0


def test_robots_pair_by_their_tasks_and_failures_take_no_part(make_method: MakeMethod) -> None:
    made = make_method(DVDLossConfig())
    losses, batch = made.losses, made.sampler.batch(3)
    assert isinstance(losses, DVDLosses)
    rows = losses._taking_part(batch)
    clips = make_clips()
    assert set(clips.source[batch.clips[rows]]) == {"success"}
    same, task = losses._same(batch, rows, None), clips.task[batch.clips[rows]]
    np.testing.assert_array_equal(same, (task[:, None] == task[None]).astype(int))


def test_as_negatives_failures_are_of_another_task_than_who_does_it(make_method: MakeMethod) -> None:
    human = make_human_part()
    made = make_method(DVDLossConfig(failures=True), human=human)
    losses, batch, people = made.losses, made.sampler.batch(3), human.sampler.batch(3)
    assert isinstance(losses, DVDLosses)
    rows, clips = losses._taking_part(batch), make_clips()
    same = losses._same(batch, rows, people)
    source, task = clips.source[batch.clips[rows]], clips.task[batch.clips[rows]]
    failed, done = np.flatnonzero(source != "success"), np.flatnonzero(source == "success")
    assert len(failed)
    for one in failed:
        for two in done:
            assert same[one, two] == same[two, one]
            if task[one] == task[two]:
                assert same[one, two] == 0
        assert (same[one, failed] == -1).all()  # nobody knows whether two failures fail alike
        across = same[one, len(rows) :]
        if task[one] == "drawer-close":
            np.testing.assert_array_equal(across, np.where(people.templates == 5, 0, -1))
    closed = np.flatnonzero((task == "drawer-close") & (source == "success"))[0]
    np.testing.assert_array_equal(same[closed, len(rows) :] == 1, people.templates == 5)
    np.testing.assert_array_equal(same, same.T)


def test_it_learns_in_few_steps_whether_two_clips_show_the_same_task(make_method: MakeMethod, tmp_path: Path) -> None:
    made = make_method(DVDLossConfig())
    history = made.train(tmp_path, 40)
    assert history[-1]["pairs"] < 0.5 * history[0]["pairs"]
    clips = make_clips()
    done = np.flatnonzero(clips.source == "success")
    maps = made.setting.store.maps[np.zeros_like(done)[:, None], done[:, None], np.arange(0, 16, 2)[None]]
    with torch.no_grad():
        video = embed_maps(made.network, maps)
        logits = made.network.same_task(video, video).numpy()
    same = clips.task[done][:, None] == clips.task[done][None]
    assert logits[same].min() > logits[~same].max()


@pytest.mark.parametrize("failures", [False, True])
def test_what_failures_show_changes_the_loss_only_where_they_are_taken_in(
    make_method: MakeMethod, failures: bool
) -> None:
    clips, store = make_clips(), make_store(make_clips())
    maps = np.array(store.maps[:])
    maps[:, clips.source != "success"] = 0.5
    values = []
    for shown in (store, FeatureStore(maps=maps, flips=store.flips)):
        made = make_method(DVDLossConfig(failures=failures), store=shown)
        made.network.eval()
        values.append(float(made.losses(made.sampler.batch(1), None, MODES)["pairs"].detach()))
    assert (values[0] != values[1]) is failures
