"""Small random models of open_clip, saved in a folder as the hub has them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from torch import nn

from a2r_gym.models.backbones import bert

__all__ = ["CONFIGS", "write_clip_model"]

_VISION = {"image_size": 32, "layers": 2, "width": 32, "patch_size": 8, "head_width": 16}
_TEXT = {"context_length": 24, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2}
_BERT_TEXT = {
    "hf_model_name": "",
    "hf_tokenizer_name": "bert",
    "hf_proj_type": "linear",
    "hf_pooler_type": "cls_pooler",
}
CONFIGS: dict[str, dict[str, Any]] = {
    "vit": {"embed_dim": 24, "vision_cfg": _VISION, "text_cfg": _TEXT},
    "resnet": {
        "embed_dim": 24,
        "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "head_width": 64},
        "text_cfg": _TEXT,
    },
    "convnet": {
        "embed_dim": 24,
        "vision_cfg": {"image_size": 64, "timm_model_name": "test_efficientnet", "timm_pool": "avg"},
        "text_cfg": _TEXT,
    },
    "siglip": {  # no start token, no causal mask, the last position is the feature
        "embed_dim": 16,
        "vision_cfg": {"image_size": 160, "timm_model_name": "test_vit", "timm_pool": "map", "timm_proj": "none"},
        "text_cfg": {**_TEXT, "pool_type": "last", "no_causal_mask": True, "vocab_size": 30522,
                     "hf_tokenizer_name": "bert", "tokenizer_kwargs": {"clean": "canonicalize"}},
        "custom_text": True,
    },
    "coca": {
        "embed_dim": 24,
        "vision_cfg": {**_VISION, "attentional_pool": True, "attn_pooler_heads": 2, "output_tokens": True},
        "text_cfg": {**_TEXT, "embed_cls": True, "output_tokens": True},
        "multimodal_cfg": {"context_length": 24, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
        "custom_text": True,
    },
    "bert": {"embed_dim": 24, "vision_cfg": _VISION, "text_cfg": _BERT_TEXT},
}  # fmt: skip


def _tokenizer_files(folder: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        shutil.copy(bert._minilm_folder() / name, folder / name)


def write_clip_model(folder: Path, family: str, seed: int = 0) -> Any:
    """Write a random model of a family as the hub has it; gives the model."""
    import open_clip

    config = json.loads(json.dumps(CONFIGS[family]))
    folder.mkdir()
    if "hf_tokenizer_name" in config["text_cfg"]:
        _tokenizer_files(folder)
    if "hf_model_name" in config["text_cfg"]:
        from transformers import BertConfig

        BertConfig(
            hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, vocab_size=30522
        ).save_pretrained(folder)
        config["text_cfg"]["hf_model_name"] = str(folder)
    text = {"model_cfg": config, "preprocess_cfg": {"mean": [0.5, 0.4, 0.3], "std": [0.5, 0.6, 0.7]}}
    (folder / "open_clip_config.json").write_text(json.dumps(text))
    torch.manual_seed(seed)
    model = open_clip.create_model(f"local-dir:{folder}", pretrained_text=False)
    for value in model.parameters():  # some start at zero, others at powers of ten
        nn.init.normal_(value, std=0.2) if value.ndim > 1 else None
    torch.save(model.state_dict(), folder / "open_clip_pytorch_model.bin")
    return model.eval()
