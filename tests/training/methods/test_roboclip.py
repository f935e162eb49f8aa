"""RoboCLIP's contrast on our backbone takes no failures in, and learns which sentence is a clip's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from a2r_train.features import FeatureStore
from a2r_train.methods.roboclip import RoboCLIPLossConfig
from a2r_train.step_losses import embed_maps
from tests.training.methods.conftest import MakeMethod
from tests.training.synthetic import TABLETOP, make_clips, make_human_part, make_store

MODES = np.full(99, -1)


def test_it_learns_whose_sentence_is_whose(make_method: MakeMethod, tmp_path: Path) -> None:
    made = make_method(RoboCLIPLossConfig())
    made.train(tmp_path, 40)
    clips = make_clips()
    done = np.flatnonzero(clips.source == "success")
    maps = made.setting.store.maps[np.zeros_like(done)[:, None], done[:, None], np.arange(0, 16, 2)[None]]
    with torch.no_grad():
        texts = made.network.encode_text([task.info.instruction for task in made.setting.tasks])
        found = (embed_maps(made.network, maps) @ texts.T).argmax(1).numpy()
    assert (found == [TABLETOP.index(f"tabletop/{task}") for task in clips.task[done]]).mean() > 0.9


def test_failures_do_not_change_the_loss(make_method: MakeMethod) -> None:
    human, clips, store = make_human_part(), make_clips(), make_store(make_clips())
    maps = np.array(store.maps[:])
    maps[:, clips.source != "success"] = 0.5
    values = []
    for shown in (store, FeatureStore(maps=maps, flips=store.flips)):
        made = make_method(RoboCLIPLossConfig(), store=shown, human=human)
        made.network.eval()
        losses = made.losses(made.sampler.batch(1), human.sampler.batch(1), MODES)
        values.append({name: float(loss.detach()) for name, loss in losses.items()})
    assert values[0].keys() == {"language", "human_language"}
    assert values[0] == values[1]
