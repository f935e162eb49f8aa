"""A network on a user's files is trained, saved, and loaded from those files again, or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from a2r_gym.errors import CheckpointError, WeightsError
from a2r_gym.models.adapt2reward import Adapt2RewardNetwork
from a2r_gym.models.checkpoint import CheckpointMeta, load_network, load_reward, save_checkpoint
from a2r_gym.models.scoring import Adapt2Reward
from tests.models.backbones.tiny_clip import write_clip_model
from tests.models.backbones.tiny_singularity import singularity_state
from tests.models.backbones.tiny_video import write_video_model
from tests.models.conftest import CALIBRATION, MakeNetwork, MakeVideo

META = CheckpointMeta(calibration=CALIBRATION)
SENTENCES = ["close the drawer", "push the mug to the left"]


@pytest.fixture(params=["open_clip", "hf-video", "singularity"])
def backbone(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write weights into a folder that $A2R_WEIGHTS names; gives the backbone's name."""
    monkeypatch.setenv("A2R_WEIGHTS", str(tmp_path / "weights"))
    (tmp_path / "weights").mkdir()
    if request.param == "open_clip":
        pytest.importorskip("open_clip", reason="needs the extra open-clip")
        write_clip_model(tmp_path / "weights/tiny", "vit")
        return "open_clip:./tiny"
    if request.param == "hf-video":
        write_video_model(tmp_path / "weights/tiny", "videomae")
        return "hf-video:tiny"
    torch.save({"model": singularity_state()}, tmp_path / "weights/tiny")
    return "singularity:tiny"


@pytest.fixture
def trained(backbone: str, make_network: MakeNetwork) -> Adapt2RewardNetwork:
    """Give a network whose every trained tensor is away from its start."""
    network = make_network(backbone=backbone)
    assert network.trained_names
    with torch.no_grad():
        for name, value in network.named_parameters():
            if name in network.trained_names:
                value += 0.05 * torch.randn(value.shape, generator=torch.Generator().manual_seed(len(name)))
    return network


def _weights(tmp_path: Path) -> list[Path]:
    place = tmp_path / "weights/tiny"
    return [place] if place.is_file() else [*place.glob("*.bin"), *place.glob("*.safetensors")]


def test_scores_come_back_bit_for_bit_and_the_base_is_not_stored(
    tmp_path: Path, trained: Adapt2RewardNetwork, backbone: str, make_video: MakeVideo
) -> None:
    save_checkpoint(tmp_path / "mine", trained, META, "# mine\n")
    loaded = load_reward(tmp_path / "mine", runtime="torch")
    model = Adapt2Reward(trained, CALIBRATION, name="trained", runtime="torch")
    videos = [make_video(5), make_video(12, 1)]
    for left, right in zip(model.score(videos, SENTENCES), loaded.score(videos, SENTENCES), strict=True):
        np.testing.assert_array_equal(left, right)
    stored = load_file(tmp_path / "mine/model.safetensors").keys()
    assert not any(name.startswith("image.") for name in stored)
    assert {name for name in stored if name.startswith("text.")} == {
        name for name in trained.trained_names if name.startswith("text.")
    }
    config = (tmp_path / "mine/config.json").read_text()
    assert json.loads(config)["model"]["backbone"] == backbone
    assert str(tmp_path) not in config


def test_other_files_in_their_place_are_refused(tmp_path: Path, trained: Adapt2RewardNetwork) -> None:
    save_checkpoint(tmp_path / "mine", trained, META, "")
    (tmp_path / "weights/tiny").rename(tmp_path / "old")
    if (tmp_path / "old").is_file():
        torch.save({"model": singularity_state(seed=4)}, tmp_path / "weights/tiny")
    elif list((tmp_path / "old").glob("*.bin")):
        write_clip_model(tmp_path / "weights/tiny", "vit", seed=1)
    else:
        write_video_model(tmp_path / "weights/tiny", "videomae", seed=1)
    with pytest.raises(CheckpointError, match=r"was trained on a backbone '.*tiny' with SHA-256 [0-9a-f]{64}"):
        load_network(tmp_path / "mine")


def test_missing_files_are_named(tmp_path: Path, trained: Adapt2RewardNetwork, backbone: str) -> None:
    save_checkpoint(tmp_path / "mine", trained, META, "")
    (tmp_path / "weights/tiny").rename(tmp_path / "old")
    with pytest.raises(WeightsError, match=rf"backbone '{backbone}': no \S*weights/tiny"):
        load_network(tmp_path / "mine")


def test_a_training_step_changes_what_may_be_trained_and_nothing_else(trained: Adapt2RewardNetwork) -> None:
    before = {name: value.clone() for name, value in trained.state_dict().items()}
    optimizer = torch.optim.SGD([value for value in trained.parameters() if value.requires_grad], lr=0.1)
    backbone = trained.backbone
    trained.train()
    frames = torch.randint(0, 256, (4, backbone.image_size, backbone.image_size, 3), dtype=torch.uint8)
    features = trained.compressor(trained.image(backbone.normalise(frames))).view(2, 2, -1)
    videos = trained.encode_video(features.repeat(1, trained.config.num_frames // 2, 1))
    texts = trained.encode_text(SENTENCES)
    failures = trained.encode_failures(SENTENCES, torch.tensor([0, 1]))
    loss = (videos @ texts.T).sum() + torch.einsum("bd,bkd->bk", videos, failures).square().sum()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    changed = {name for name, value in trained.state_dict().items() if not torch.equal(value, before[name])}
    assert changed <= trained.trained_names
    adapted = {name for name in trained.trained_names if name.endswith((".0.up", ".0.down"))}
    assert adapted | {"failure_prompts.prompts_GKLD", "compressor.project.weight"} <= changed
