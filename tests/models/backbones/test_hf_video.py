"""Small random video models, saved as transformers saves them, encode single frames."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from a2r_gym.errors import BackboneError, WeightsError
from a2r_gym.models.backbones import DEFAULT_BACKBONE, load_backbone
from a2r_gym.models.backbones.hf_video import TRUST_CODE
from a2r_gym.models.backbones.interface import Backbone
from tests.models.backbones.runtimes import assert_runtimes_agree
from tests.models.backbones.tiny_video import FAMILIES, GRID, PATCH, SIZE, SIZED, WIDTH, write_video_model

FOREIGN = """
import torch
from transformers import PretrainedConfig, PreTrainedModel

class OwnConfig(PretrainedConfig):
    model_type = "own-video"
    def __init__(self, model=None, **rest):
        self.model = model
        super().__init__(**rest)

class OwnVideo(PreTrainedModel):
    config_class = OwnConfig
    def __init__(self, config):
        super().__init__(config)
        self.patches = torch.nn.Conv3d(3, 16, (1, 8, 8), stride=(1, 8, 8))
        self.post_init()
    def encode_vision(self, image, test=False):
        assert test and image.shape[1] == 4
        tokens = self.patches(image.transpose(1, 2)).flatten(2).transpose(1, 2)
        tokens = torch.cat([100 + tokens[:, :1], tokens], dim=1)
        return tokens, tokens.mean(1)
"""


@pytest.fixture(scope="module", params=list(FAMILIES))
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Backbone, Any]:
    """Give each family, its backbone, and the model that was saved."""
    folder = tmp_path_factory.mktemp("models") / request.param
    model = write_video_model(folder, request.param)
    return request.param, load_backbone(f"hf-video:{folder}"), model


@pytest.fixture
def videomae(tmp_path: Path) -> Path:
    write_video_model(tmp_path / "videomae", "videomae")
    return tmp_path / "videomae"


def _pictures() -> Tensor:
    return torch.randn(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))


def _expected(family: str, model: Any, pictures: Tensor) -> Tensor:
    """Compute the tokens of a frame's patches with the saved model's own parts, (N, P, C)."""
    pair = pictures.unsqueeze(1).expand(-1, 2, -1, -1, -1)
    if family == "vjepa2":
        tokens: Tensor = model(pixel_values_videos=pair, skip_predictor=True).last_hidden_state
        return tokens
    if family == "timesformer":
        short: Any = type(model)(type(model.config)(**{**SIZED, "patch_size": PATCH, "num_frames": 1}))
        state = model.state_dict()
        name = "embeddings.time_embeddings"
        short.load_state_dict({**state, name: state[name][:, :1]})
        still: Tensor = short.eval()(pixel_values=pictures.unsqueeze(1)).last_hidden_state
        return still[:, 1:]
    embeddings = model.embeddings
    if family == "videomae":
        places = embeddings.position_embeddings[:, : GRID**2]
        tokens = model.encoder(embeddings.patch_embeddings(pair) + places).last_hidden_state
        return nn.functional.layer_norm(tokens, (WIDTH,))
    patches = embeddings.patch_embeddings(pair)
    tokens = torch.cat([embeddings.cls_token.expand(len(pictures), -1, -1), patches], 1)
    tokens = tokens + embeddings.position_embeddings[:, : 1 + GRID**2]
    layers = model.encoder.layer if hasattr(model, "encoder") else model.layers
    for layer in layers:
        tokens = layer(tokens)
    normed: Tensor = model.layernorm(tokens)[:, 1:]
    return normed


class TestEveryFamily:
    def test_the_map_is_the_tokens_of_one_frames_patches(self, pair: tuple[str, Backbone, Any]) -> None:
        family, backbone, model = pair
        assert (backbone.channels, backbone.grid, backbone.image_size) == (WIDTH, GRID, SIZE)
        with torch.inference_mode():
            maps = backbone.image(_pictures())
            tokens = _expected(family, model, _pictures())
        torch.testing.assert_close(maps.flatten(2).transpose(1, 2), tokens, atol=1e-5, rtol=1e-4)

    def test_frames_do_not_see_each_other(self, pair: tuple[str, Backbone, Any]) -> None:
        image = pair[1].image
        with torch.inference_mode():
            both, alone = image(_pictures()), image(_pictures()[:1])
        torch.testing.assert_close(both[:1], alone, atol=1e-5, rtol=1e-4)

    def test_it_is_frozen_and_stays_so(self, pair: tuple[str, Backbone, Any]) -> None:
        image = pair[1].image.train()
        assert not any(module.training for module in image.modules())
        assert not any(value.requires_grad for value in image.parameters())


def test_openvino_encodes_the_same_maps(videomae: Path) -> None:
    assert_runtimes_agree(load_backbone(f"hf-video:{videomae}"))


class TestFolder:
    def test_the_text_is_minilm(self, videomae: Path) -> None:
        default = load_backbone(DEFAULT_BACKBONE, image_weights=False)
        with torch.inference_mode():
            texts = [b.text(["close the drawer"]) for b in (load_backbone(f"hf-video:{videomae}"), default)]
        torch.testing.assert_close(*texts)

    def test_normalisation_is_the_folders(self, videomae: Path) -> None:
        assert load_backbone(f"hf-video:{videomae}").mean == (0.485, 0.456, 0.406)
        norm = {"image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6]}
        (videomae / "preprocessor_config.json").write_text(json.dumps(norm))
        backbone = load_backbone(f"hf-video:{videomae}")
        assert (backbone.mean, backbone.std) == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))

    def test_other_weights_have_another_hash(self, videomae: Path) -> None:
        before = load_backbone(f"hf-video:{videomae}").weights_sha256
        state = load_file(videomae / "model.safetensors")
        name = next(iter(state))
        save_file({**state, name: state[name] + 1}, videomae / "model.safetensors", metadata={"format": "pt"})
        assert load_backbone(f"hf-video:{videomae}").weights_sha256 not in {before, None}

    def test_missing_tensors_are_not_made_up(self, videomae: Path) -> None:
        state = load_file(videomae / "model.safetensors")
        gone = next(name for name in state if "layer.1.output.dense.weight" in name)
        del state[gone]
        save_file(state, videomae / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(WeightsError, match=r"lacks 1 tensors of its model: \S*layer\.1\.output\.dense\.weight"):
            load_backbone(f"hf-video:{videomae}")

    def test_a_missing_folder_and_missing_files_are_named(self, videomae: Path, tmp_path: Path) -> None:
        with pytest.raises(WeightsError, match=r"no nowhere\. Expected a folder with config\.json"):
            load_backbone("hf-video:nowhere")
        with pytest.raises(WeightsError, match=r"config\.json cannot be read"):
            load_backbone(f"hf-video:{tmp_path}")
        (videomae / "model.safetensors").unlink()
        with pytest.raises(WeightsError, match="videomae holds no weights"):
            load_backbone(f"hf-video:{videomae}")

    def test_a_family_that_is_not_known_lists_those_that_are(self, videomae: Path) -> None:
        (videomae / "config.json").write_text('{"model_type": "bert"}')
        with pytest.raises(BackboneError, match=r"'bert' of .*expected one of videomae, vjepa2, vivit, timesformer"):
            load_backbone(f"hf-video:{videomae}")


class TestFoldersWithCode:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Write a folder whose model is defined in it, as InternVideo2's are."""
        (tmp_path / "modeling_own.py").write_text(FOREIGN)
        sizes = {"vision_encoder": {"img_size": SIZE, "patch_size": PATCH, "num_frames": 4}}
        classes = {"AutoConfig": "modeling_own.OwnConfig", "AutoModel": "modeling_own.OwnVideo"}
        config = {"model_type": "own-video", "model": sizes, "auto_map": classes}
        (tmp_path / "config.json").write_text(json.dumps(config))
        draw = torch.Generator().manual_seed(0)
        weight, bias = torch.randn(16, 3, 1, PATCH, PATCH, generator=draw), torch.randn(16, generator=draw)
        save_file(
            {"patches.weight": weight, "patches.bias": bias}, tmp_path / "model.safetensors", metadata={"format": "pt"}
        )
        return tmp_path

    @pytest.mark.parametrize("value", [None, "0", "yes"])
    def test_their_code_is_not_run_unasked(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
    ) -> None:
        monkeypatch.delenv(TRUST_CODE, raising=False)
        if value is not None:
            monkeypatch.setenv(TRUST_CODE, value)
        (folder / "modeling_own.py").write_text("raise AssertionError('the code was run')")
        with pytest.raises(BackboneError, match=f"set {TRUST_CODE}=1 if you trust it"):
            load_backbone(f"hf-video:{folder}")

    def test_trusted_they_give_a_clips_tokens_averaged_over_time(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(TRUST_CODE, "1")
        monkeypatch.setenv("HF_MODULES_CACHE", str(folder / "modules"))
        backbone = load_backbone(f"hf-video:{folder}")
        assert (backbone.channels, backbone.grid, backbone.image_size) == (16, GRID, SIZE)
        state = load_file(folder / "model.safetensors")
        with torch.inference_mode():
            maps = backbone.image(_pictures())
            raw = nn.functional.conv2d(
                _pictures(), state["patches.weight"][:, :, 0], state["patches.bias"], stride=PATCH
            )
            expected = nn.functional.layer_norm(raw.permute(0, 2, 3, 1), (16,)).permute(0, 3, 1, 2)
        torch.testing.assert_close(maps, expected, atol=1e-4, rtol=1e-4)
