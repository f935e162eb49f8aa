"""VideoMAE v2's released weights in transformers' VideoMAE: the same network under other names.

The released folders name a model class of their own, whose code we need not run. Query, key and value stand there
in one matrix. Source: Wang et al., "VideoMAE V2" (arXiv 2303.16727).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from torch import Tensor

from a2r_gym.errors import BackboneError, WeightsError
from a2r_gym.models.backbones.weight_files import read_tensors

__all__ = ["load_videomae_v2"]

_RENAMED = (
    (r"^(model|encoder)\.", ""),
    (r"^patch_embed\.proj\.", "embeddings.patch_embeddings.projection."),
    (r"^norm\.", "layernorm."),
    (r"^blocks\.", "encoder.layer."),
    (r"\.norm1\.", ".layernorm_before."),
    (r"\.norm2\.", ".layernorm_after."),
    (r"\.attn\.proj\.", ".attention.output.dense."),
    (r"\.mlp\.fc1\.", ".intermediate.dense."),
    (r"\.mlp\.fc2\.", ".output.dense."),
    (r"\.attn\.q_bias$", ".attention.attention.query.bias"),
    (r"\.attn\.v_bias$", ".attention.attention.value.bias"),
)
_LEFT_OUT = re.compile(r"^(fc_norm|head)\.|^pos_embed$")  # classification; positions are computed


def load_videomae_v2(config: dict[str, Any], path: Path) -> tuple[Any, int]:
    """Build a VideoMAE that sees one tubelet, with a VideoMAE v2's weights.

    Args:
        config: The ``model_config`` of the folder's config.json.
        path: The weights.

    Returns:
        A transformers ``VideoMAEModel``, and the size of its pictures in pixels.

    Raises:
        BackboneError: The config has an option that transformers' VideoMAE has not.
        WeightsError: The file cannot be read, or its tensors do not fit the config.
    """
    from transformers import VideoMAEConfig, VideoMAEModel

    for option in ("cos_attn", "use_learnable_pos_emb", "init_values"):
        if config.get(option):
            raise BackboneError(f"VideoMAE v2 with {option}={config[option]} is not supported")
    sizes: dict[str, Any] = {
        "image_size": config["img_size"],
        "patch_size": config["patch_size"],
        "num_frames": config["tubelet_size"],
        "tubelet_size": config["tubelet_size"],
        "hidden_size": config["embed_dim"],
        "num_hidden_layers": config["depth"],
        "num_attention_heads": config["num_heads"],
        "intermediate_size": int(config["embed_dim"] * config["mlp_ratio"]),
        "layer_norm_eps": config.get("layer_norm_eps", 1e-6),
        "qkv_bias": config["qkv_bias"],
        "use_mean_pooling": config.get("use_mean_pooling", True),
    }
    model: Any = VideoMAEModel(VideoMAEConfig(**sizes))
    state = _renamed(read_tensors(path))
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(f"{path} does not fit its config: {error}") from error
    return model, int(config["img_size"])


def _renamed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give the tensors transformers' names, query, key and value each on its own."""
    renamed = {}
    for name, value in state.items():
        for pattern, replacement in _RENAMED:
            name = re.sub(pattern, replacement, name)
        if name.endswith(".attn.qkv.weight"):
            stem = name.removesuffix("attn.qkv.weight") + "attention.attention."
            for part, rows in zip(("query", "key", "value"), value.chunk(3), strict=True):
                renamed[f"{stem}{part}.weight"] = rows
        elif not _LEFT_OUT.search(name):
            renamed[name] = value
    return renamed
