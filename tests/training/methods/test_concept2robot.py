"""Concept2Robot's classes and what it learns from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from a2r_train.features import FeatureStore
from a2r_train.methods.concept2robot import Concept2RobotLossConfig, class_templates
from a2r_train.step_losses import embed_maps
from tests.training.methods.conftest import MakeMethod
from tests.training.synthetic import make_clips, make_human_part, make_store

MODES = np.full(99, -1)


def test_classes_are_what_humans_and_robots_show_mirrored_ones_too(make_method: MakeMethod) -> None:
    alone, both = (make_method(Concept2RobotLossConfig(), human=human) for human in (None, make_human_part()))
    assert class_templates(alone.setting) == (5, 46, 93, 94)
    assert class_templates(both.setting) == (5, 6, 46, 93, 94)
    config = both.network.config
    known = {sentences[0]: number for sentences, number in zip(config.sentences, config.classes, strict=True)}
    assert known["open the drawer"] == 2
    assert known["push the mug away from the camera"] == -1
    assert known["Covering something with something"] == 1


def test_it_learns_the_template_of_robot_clips(make_method: MakeMethod, tmp_path: Path) -> None:
    made = make_method(Concept2RobotLossConfig())
    made.train(tmp_path, 40)
    clips = make_clips()
    done = np.flatnonzero(clips.source == "success")
    maps = made.setting.store.maps[np.zeros_like(done)[:, None], done[:, None], np.arange(0, 16, 2)[None]]
    with torch.no_grad():
        found = made.network.class_logits(embed_maps(made.network, maps)).argmax(1).numpy()
    wanted = {"drawer-close": 0, "drawer-open": 1, "mug-right": 2, "mug-left": 3}
    assert (found == [wanted[task] for task in clips.task[done]]).mean() > 0.9


def test_both_domains_have_a_term_and_failures_none(make_method: MakeMethod) -> None:
    human, clips, store = make_human_part(), make_clips(), make_store(make_clips())
    maps = np.array(store.maps[:])
    maps[:, clips.source != "success"] = 0.5
    values = []
    for shown in (store, FeatureStore(maps=maps, flips=store.flips)):
        made = make_method(Concept2RobotLossConfig(), store=shown, human=human)
        made.network.eval()
        losses = made.losses(made.sampler.batch(1), human.sampler.batch(1), MODES)
        values.append({name: float(loss.detach()) for name, loss in losses.items()})
    assert values[0].keys() == {"robot", "human"}
    assert values[0] == values[1]
