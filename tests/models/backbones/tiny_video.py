"""Small random video models, saved as transformers saves them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

__all__ = ["FAMILIES", "GRID", "PATCH", "SIZE", "SIZED", "WIDTH", "write_video_model"]

SIZE, PATCH, GRID, WIDTH, CLIP = 32, 8, 4, 32, 8
_SHARED = {"hidden_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": 2}
SIZED = {**_SHARED, "intermediate_size": 64, "image_size": SIZE}
FAMILIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "videomae": ("VideoMAEModel", "VideoMAEConfig", {**SIZED, "patch_size": PATCH, "num_frames": CLIP}),
    "vivit": ("VivitModel", "VivitConfig", {**SIZED, "num_frames": CLIP, "tubelet_size": [2, PATCH, PATCH]}),
    "timesformer": ("TimesformerModel", "TimesformerConfig", {**SIZED, "patch_size": PATCH, "num_frames": CLIP}),
    "vjepa2": ("VJEPA2Model", "VJEPA2Config", {
        **_SHARED, "crop_size": SIZE, "patch_size": PATCH, "frames_per_clip": CLIP, "pred_hidden_size": 24,
        "pred_num_attention_heads": 2, "pred_num_hidden_layers": 1,
    }),
}  # fmt: skip


def write_video_model(folder: Path, family: str, seed: int = 0) -> Any:
    """Save a random model of a family; gives it."""
    import transformers

    model, config, sizes = FAMILIES[family]
    torch.manual_seed(seed)
    made: Any = getattr(transformers, model)(getattr(transformers, config)(**sizes))
    with torch.no_grad():
        for value in made.parameters():  # position embeddings start at zero
            value.normal_(std=0.2)
    made.save_pretrained(folder)
    return made.eval()
