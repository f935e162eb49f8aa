"""A folder of VideoMAE v2's own format gives what its network gives, without running its code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from a2r_gym.errors import BackboneError, WeightsError
from a2r_gym.models.backbones import load_backbone

WIDTH, HEADS, PATCH, GRID = 32, 2, 8, 4
CONFIG: dict[str, Any] = {
    "img_size": GRID * PATCH, "patch_size": PATCH, "in_chans": 3, "num_classes": 0, "embed_dim": WIDTH, "depth": 2,
    "num_heads": HEADS, "mlp_ratio": 2, "qkv_bias": True, "init_values": 0.0, "use_learnable_pos_emb": False,
    "tubelet_size": 2, "use_mean_pooling": True, "num_frames": 16, "cos_attn": False, "layer_norm_eps": 1e-6,
}  # fmt: skip


def _state() -> dict[str, Tensor]:
    shapes: dict[str, tuple[int, ...]] = {
        "patch_embed.proj.weight": (WIDTH, 3, 2, PATCH, PATCH), "patch_embed.proj.bias": (WIDTH,),
        "fc_norm.weight": (WIDTH,), "fc_norm.bias": (WIDTH,),
    }  # fmt: skip
    for layer in range(2):
        block = {
            "norm1.weight": (WIDTH,), "norm1.bias": (WIDTH,), "norm2.weight": (WIDTH,), "norm2.bias": (WIDTH,),
            "attn.qkv.weight": (3 * WIDTH, WIDTH), "attn.q_bias": (WIDTH,), "attn.v_bias": (WIDTH,),
            "attn.proj.weight": (WIDTH, WIDTH), "attn.proj.bias": (WIDTH,), "mlp.fc1.weight": (2 * WIDTH, WIDTH),
            "mlp.fc1.bias": (2 * WIDTH,), "mlp.fc2.weight": (WIDTH, 2 * WIDTH), "mlp.fc2.bias": (WIDTH,),
        }  # fmt: skip
        shapes |= {f"blocks.{layer}.{name}": shape for name, shape in block.items()}
    draw = torch.Generator().manual_seed(0)
    return {f"model.{name}": 0.3 * torch.randn(shape, generator=draw) for name, shape in shapes.items()}


def _write(folder: Path, state: dict[str, Tensor], **changes: object) -> str:
    classes = {"AutoModel": "modeling_videomaev2.VideoMAEv2", "AutoConfig": "modeling_config.VideoMAEv2Config"}
    config = {"model_type": "VideoMAEv2_Base", "auto_map": classes, "model_config": {**CONFIG, **changes}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "modeling_videomaev2.py").write_text("raise AssertionError('the code was run')")
    save_file(state, folder / "model.safetensors")
    return f"hf-video:{folder}"


def _network(state: dict[str, Tensor], pictures: Tensor) -> Tensor:
    """Compute the last tokens (N, P, C) in plain torch, from the released names."""
    part = {name.removeprefix("model."): value for name, value in state.items()}

    def norm(x: Tensor, name: str) -> Tensor:
        return nn.functional.layer_norm(x, (WIDTH,), part[f"{name}.weight"], part[f"{name}.bias"], 1e-6)

    clip = pictures.unsqueeze(2).expand(-1, -1, 2, -1, -1)
    x = nn.functional.conv3d(clip, part["patch_embed.proj.weight"], part["patch_embed.proj.bias"], stride=(2, 8, 8))
    x = x.flatten(2).transpose(1, 2)
    angle = torch.arange(GRID**2)[:, None] / 10000 ** (2 * (torch.arange(WIDTH) // 2) / WIDTH)
    x = x + torch.where(torch.arange(WIDTH) % 2 == 0, angle.sin(), angle.cos())
    for layer in range(2):
        name = f"blocks.{layer}"
        bias = torch.cat([part[f"{name}.attn.q_bias"], torch.zeros(WIDTH), part[f"{name}.attn.v_bias"]])
        three = nn.functional.linear(norm(x, f"{name}.norm1"), part[f"{name}.attn.qkv.weight"], bias)
        query, key, value = three.unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        mixed = (query @ key.transpose(2, 3) * (WIDTH // HEADS) ** -0.5).softmax(-1) @ value
        x = x + mixed.transpose(1, 2).flatten(2) @ part[f"{name}.attn.proj.weight"].T + part[f"{name}.attn.proj.bias"]
        y = nn.functional.gelu(
            norm(x, f"{name}.norm2") @ part[f"{name}.mlp.fc1.weight"].T + part[f"{name}.mlp.fc1.bias"]
        )
        x = x + y @ part[f"{name}.mlp.fc2.weight"].T + part[f"{name}.mlp.fc2.bias"]
    return x


def test_the_map_is_that_of_the_released_network(tmp_path: Path) -> None:
    state = _state()
    backbone = load_backbone(_write(tmp_path, state))
    pictures = torch.randn(2, 3, GRID * PATCH, GRID * PATCH, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        maps = backbone.image(pictures)
    expected = nn.functional.layer_norm(_network(state, pictures), (WIDTH,))
    torch.testing.assert_close(maps.flatten(2).transpose(1, 2), expected, atol=1e-4, rtol=1e-4)
    assert (backbone.channels, backbone.grid, backbone.image_size) == (WIDTH, GRID, GRID * PATCH)


@pytest.mark.parametrize("name", ["model.blocks.1.attn.q_bias", "model.blocks.0.attn.qkv.weight"])
def test_a_missing_tensor_is_an_error(tmp_path: Path, name: str) -> None:
    state = {key: value for key, value in _state().items() if key != name}
    with pytest.raises(WeightsError, match="does not fit its config"):
        load_backbone(_write(tmp_path, state))


def test_a_surplus_tensor_is_an_error(tmp_path: Path) -> None:
    state = {**_state(), "model.blocks.0.gamma_1": torch.zeros(WIDTH)}
    with pytest.raises(WeightsError, match="gamma_1"):
        load_backbone(_write(tmp_path, state))


def test_options_that_are_not_the_same_network_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match="cos_attn=True is not supported"):
        load_backbone(_write(tmp_path, _state(), cos_attn=True))
