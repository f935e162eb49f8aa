"""Small random models of open_clip, saved to disk, come back as backbones; nothing else ever stands in for them."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from a2r_gym.errors import BackboneError, MissingDependencyError, UnknownNameError, WeightsError
from a2r_gym.models.backbones import load_backbone
from a2r_gym.models.backbones.interface import Backbone
from tests.models.backbones.runtimes import assert_runtimes_agree
from tests.models.backbones.tiny_clip import CONFIGS, write_clip_model

open_clip: Any = pytest.importorskip("open_clip", reason="needs the extra open-clip")

SENTENCES = ["close the drawer", "push the mug from the left side of the table to the right side"]
ARCH = "a2r-tiny"


@pytest.fixture(scope="module", autouse=True)
def _architectures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Teach open_clip a tiny architecture."""
    folder = tmp_path_factory.mktemp("configs")
    (folder / f"{ARCH}.json").write_text(json.dumps(CONFIGS["vit"]))
    open_clip.add_model_config(folder)
    yield
    open_clip.factory._MODEL_CONFIG_PATHS.remove(folder)
    del open_clip.factory._MODEL_CONFIGS[ARCH]


@pytest.fixture(scope="module", params=list(CONFIGS))
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Backbone, Any, Any]:
    """Give a backbone of each family, the model that was saved, and its tokenizer."""
    folder = tmp_path_factory.mktemp("models") / request.param
    model = write_clip_model(folder, request.param)
    return load_backbone(f"open_clip:{folder}"), model, open_clip.get_tokenizer(f"local-dir:{folder}")


@pytest.fixture(scope="module")
def vit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "vit"
    write_clip_model(folder, "vit")
    return folder


def _pictures(backbone: Backbone) -> torch.Tensor:
    size = backbone.image_size
    return torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))


class TestEveryFamily:
    def test_the_map_is_what_the_backbone_says_and_frozen(self, pair: tuple[Backbone, Any, Any]) -> None:
        backbone = pair[0]
        backbone.image.train()
        with torch.inference_mode():
            maps = backbone.image(_pictures(backbone))
        assert maps.shape == (2, backbone.channels, backbone.grid, backbone.grid)
        assert maps.std() > 1e-3
        assert not any(module.training for module in backbone.image.modules())
        assert not any(value.requires_grad for value in backbone.image.parameters())
        assert (backbone.mean, backbone.std) == ((0.5, 0.4, 0.3), (0.5, 0.6, 0.7))

    def test_the_map_is_of_the_weights_that_were_saved(self, pair: tuple[Backbone, Any, Any]) -> None:
        backbone, model, _ = pair
        found = backbone.image.state_dict()
        assert all(torch.equal(value, found[f"visual.{name}"]) for name, value in model.visual.state_dict().items())

    def test_untrained_its_text_is_the_models(self, pair: tuple[Backbone, Any, Any]) -> None:
        backbone, model, tokenizer = pair
        with torch.inference_mode():
            expected = model.encode_text(tokenizer(SENTENCES), normalize=False)
            found = backbone.text(SENTENCES)
        assert found.shape == (2, backbone.text.features)
        torch.testing.assert_close(nn.functional.normalize(found), nn.functional.normalize(expected))

    def test_prompts_change_the_text_and_learn(self, pair: tuple[Backbone, Any, Any]) -> None:
        text = pair[0].text
        prompts = 0.5 * torch.randn(2, 3, text.width, generator=torch.Generator().manual_seed(0))
        prompts.requires_grad_()
        prompted = text(SENTENCES, prompts)
        assert (prompted - text(SENTENCES)).abs().max() > 1e-4
        assert (prompted - text(SENTENCES, prompts.flip(0))).abs().max() > 1e-4
        (prompted**2).sum().backward()
        assert prompts.grad is not None
        assert (prompts.grad.abs().sum((0, 2)) > 0).all()  # each of them is read

    def test_prompts_that_are_words_are_those_words(self, pair: tuple[Backbone, Any, Any]) -> None:
        text, _, tokenizer = pair
        words: Any = text.text._words  # type: ignore[attr-defined]
        start = text.text._at  # type: ignore[attr-defined]
        with torch.inference_mode():
            ids = tokenizer(["push it"])[:, start : start + 2]
            found = text.text(["left"], words(ids))
            torch.testing.assert_close(found, text.text(["push it left"]), atol=1e-5, rtol=1e-4)
            assert (found - text.text(["left"])).abs().max() > 1e-4

    def test_only_low_rank_changes_of_the_text_are_trained(self, pair: tuple[Backbone, Any, Any]) -> None:
        trained = [name for name, value in pair[0].text.named_parameters() if value.requires_grad]
        assert trained
        assert all(name.endswith((".0.up", ".0.down")) for name in trained)


class TestImageMap:
    def test_places_of_a_vit_are_its_patches(self, vit: Path) -> None:
        backbone = load_backbone(f"open_clip:{vit}")
        assert (backbone.channels, backbone.grid, backbone.image_size) == (32, 4, 32)
        visual: Any = backbone.image.visual
        with torch.inference_mode():
            tokens = visual.ln_post(visual.transformer(visual._embeds(_pictures(backbone))))[:, 1:]
            maps = backbone.image(_pictures(backbone))
        torch.testing.assert_close(maps[:, :, 2, 1], tokens[:, 2 * 4 + 1])


@pytest.mark.parametrize("family", ["vit", "siglip"])
def test_openvino_encodes_the_same_maps(tmp_path: Path, family: str) -> None:
    write_clip_model(tmp_path / family, family)
    assert_runtimes_agree(load_backbone(f"open_clip:{tmp_path / family}"))


class TestNames:
    def test_architecture_and_file(self, vit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        file = vit / "open_clip_pytorch_model.bin"
        absolute = load_backbone(f"open_clip:{ARCH}/{file}")
        monkeypatch.setenv("A2R_WEIGHTS", str(vit))
        relative = load_backbone(f"open_clip:{ARCH}/{file.name}")
        folder = load_backbone(f"open_clip:{vit}")
        assert absolute.weights_sha256 == relative.weights_sha256 == folder.weights_sha256
        assert absolute.mean == open_clip.OPENAI_DATASET_MEAN
        with torch.inference_mode():
            texts = [backbone.text(SENTENCES) for backbone in (absolute, relative, folder)]
        assert torch.equal(texts[0], texts[1])
        assert torch.equal(texts[0], texts[2])

    def test_a_tag_is_downloaded_and_brings_its_normalisation(self, vit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        config = {
            "url": "https://example.org/w.pt",
            "mean": (0.1, 0.2, 0.3),
            "std": (0.4, 0.5, 0.6),
            "quick_gelu": True,
        }
        monkeypatch.setitem(open_clip.pretrained._PRETRAINED, ARCH, {"a_tag": config})
        monkeypatch.setattr(open_clip, "download_pretrained", lambda _: str(vit / "open_clip_pytorch_model.bin"))
        backbone = load_backbone(f"open_clip:{ARCH}/a_tag")
        assert (backbone.mean, backbone.std) == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
        plain = load_backbone(f"open_clip:{ARCH}/{vit / 'open_clip_pytorch_model.bin'}")
        assert plain.mean == (0.1, 0.2, 0.3)  # all tags of the architecture agree
        with torch.inference_mode():
            assert not torch.allclose(backbone.text(SENTENCES), plain.text(SENTENCES))  # QuickGELU

    def test_a_tag_that_cannot_be_downloaded_says_from_where(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(_: object) -> str:
            raise ConnectionError("no route")

        monkeypatch.setattr(open_clip, "download_pretrained", refuse)
        with pytest.raises(
            WeightsError, match=r"laion/\S+ could not be downloaded \(no route\).*open_clip:ViT-B-32/PATH"
        ):
            load_backbone("open_clip:ViT-B-32/laion2b_s34b_b79k")

    def test_a_file_that_is_not_there_lists_the_tags(self) -> None:
        with pytest.raises(WeightsError, match=r"no w\.pt\. .*tags for ViT-B-32: .*laion2b_s34b_b79k"):
            load_backbone("open_clip:ViT-B-32/w.pt")

    def test_an_unknown_architecture_names_the_near_ones(self) -> None:
        with pytest.raises(
            UnknownNameError, match=r"unknown open_clip architecture 'ViT-B32'.*Did you mean .*'ViT-B-32'"
        ):
            load_backbone("open_clip:ViT-B32/openai")

    @pytest.mark.parametrize("argument", [ARCH, f"{ARCH}/"])
    def test_no_weights_are_never_random_ones(self, argument: str) -> None:
        with pytest.raises(BackboneError, match="names no weights"):
            load_backbone(f"open_clip:{argument}")

    def test_weights_of_another_model_are_refused(self, tmp_path: Path) -> None:
        torch.save({"a": torch.zeros(2)}, tmp_path / "w.pt")
        with pytest.raises(WeightsError, match=rf"w\.pt does not load into {ARCH}"):
            load_backbone(f"open_clip:{ARCH}/{tmp_path / 'w.pt'}")

    def test_a_pickle_is_refused(self, tmp_path: Path) -> None:
        torch.save(nn.Linear(2, 2), tmp_path / "w.pt")
        with pytest.raises(WeightsError, match=r"w\.pt does not load"):
            load_backbone(f"open_clip:{ARCH}/{tmp_path / 'w.pt'}")

    @pytest.mark.parametrize("name", ["open_clip_config.json", "open_clip_pytorch_model.bin"])
    def test_a_folder_without_its_files_says_which(self, vit: Path, tmp_path: Path, name: str) -> None:
        shutil.copytree(vit, tmp_path / "vit")
        (tmp_path / "vit" / name).unlink()
        with pytest.raises(WeightsError, match=r"must hold open_clip_config\.json and one of open_clip_model"):
            load_backbone(f"open_clip:{tmp_path / 'vit'}")

    def test_the_missing_package_is_named_with_its_install_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        find = importlib.util.find_spec
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "open_clip" else find(name))
        with pytest.raises(MissingDependencyError, match=r"pip install 'a2r-gym\[open-clip\]'"):
            load_backbone("open_clip:ViT-B-32/openai")
