"""``hf-video:<path>``: the image side of a video transformer in transformers' layout; the text side is MiniLM.

Our frames enter one by one, each encoded once, and the temporal head looks across them. A video model gets each
frame as the shortest clip that it can take, the same frame again for a whole tubelet, and the tokens of that
tubelet's patches are the frame's map. So a streamed episode costs one pass a frame; motion inside a tubelet is not
seen, the temporal head sees motion between frames.

Families that transformers knows: VideoMAE, V-JEPA 2, ViViT, TimeSformer; and VideoMAE v2, whose released folders
come with code of their own, is rebuilt as a VideoMAE (`a2r_gym.models.backbones.videomae_v2`). Any other folder
that comes with code, InternVideo2's for one, runs that code: only where the environment variable `TRUST_CODE` is 1.

Shape suffixes: N frames, T frames of a clip, C channels, H W pixels, P patches.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from a2r_gym.errors import BackboneError, WeightsError
from a2r_gym.models.backbones.bert import load_minilm, quiet_transformers
from a2r_gym.models.backbones.feature_maps import coarsen, map_of_tokens, measure
from a2r_gym.models.backbones.interface import Backbone, FrozenTrunk
from a2r_gym.models.backbones.videomae_v2 import load_videomae_v2
from a2r_gym.models.backbones.weight_files import file_hash, find_weights

__all__ = ["TRUST_CODE", "load"]

TRUST_CODE = "A2R_TRUST_CODE"
"""Environment variable that, at 1, lets a model's folder run its own Python code."""

_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
_SOURCE = "Expected a folder with config.json and model.safetensors, as models on the hub have it."
_WEIGHT_FILES = ("*.safetensors", "*.bin", "*.pt", "*.pth")


@dataclass(frozen=True, kw_only=True)
class _Family:
    """How models of one family are loaded and called.

    Attributes:
        clip: From a config to the length of the shortest clip, in frames.
        size: Name of the picture's size in the config.
        prefix: Tokens in front of the patches.
        pixels: Name of the model's argument.
        build: Arguments of loading.
        call: Further arguments of a call.
        norm: Mean and standard deviation where the folder says none.
    """

    clip: Callable[[Any], int]
    size: str = "image_size"
    prefix: int = 0
    pixels: str = "pixel_values"
    build: dict[str, Any] = field(default_factory=dict)
    call: dict[str, Any] = field(default_factory=dict)
    norm: tuple[tuple[float, float, float], tuple[float, float, float]] = _IMAGENET


_FAMILIES = {
    "videomae": _Family(clip=lambda config: int(config.tubelet_size)),
    "vjepa2": _Family(
        clip=lambda config: int(config.tubelet_size),
        size="crop_size",
        pixels="pixel_values_videos",
        call={"skip_predictor": True},
    ),
    "vivit": _Family(
        clip=lambda config: int(config.tubelet_size[0]), prefix=1, build={"add_pooling_layer": False}, norm=_HALF
    ),
    "timesformer": _Family(clip=lambda _: 1, prefix=1),
}


class _Trunk(FrozenTrunk):
    """A video model that sees clips of one frame, repeated."""

    def __init__(self, model: Any, family: _Family, clip: int, *, normalise: bool) -> None:
        super().__init__()
        self.model, self._family, self._clip, self._normalise = model, family, clip, normalise

    def forward(self, pictures: Tensor) -> Tensor:
        clips_NTCHW = pictures.unsqueeze(1).expand(-1, self._clip, -1, -1, -1)
        out = self.model(**{self._family.pixels: clips_NTCHW}, **self._family.call)
        tokens_NPC = out.last_hidden_state[:, self._family.prefix :]
        if self._normalise:  # the last block's sums are of any size
            tokens_NPC = nn.functional.layer_norm(tokens_NPC, tokens_NPC.shape[-1:])
        return coarsen(map_of_tokens(tokens_NPC))


class _ForeignTrunk(FrozenTrunk):
    """A model that comes with its own code: a whole clip of one frame, its tokens averaged over time."""

    def __init__(self, model: Any, clip: int, patches: int) -> None:
        super().__init__()
        self.model, self._clip, self._patches = model, clip, patches

    def forward(self, pictures: Tensor) -> Tensor:
        clips_NTCHW = pictures.unsqueeze(1).expand(-1, self._clip, -1, -1, -1)
        if hasattr(self.model, "encode_vision"):  # InternVideo2 of stage 2
            tokens = self.model.encode_vision(clips_NTCHW, test=True)[0]
        else:
            out = self.model(clips_NTCHW)
            tokens = out if isinstance(out, Tensor) else out.last_hidden_state
        if tokens.ndim != 3 or tokens.shape[1] < self._patches:
            raise BackboneError(
                f"{type(self.model).__name__} gives {tuple(tokens.shape)}; expected tokens (N, T * {self._patches}, C)"
            )
        tokens = tokens[:, tokens.shape[1] % self._patches :]  # without class tokens
        tokens_NPC = tokens.unflatten(1, (-1, self._patches)).mean(1)
        return coarsen(map_of_tokens(nn.functional.layer_norm(tokens_NPC, tokens_NPC.shape[-1:])))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise WeightsError(f"{path} cannot be read ({error}). {_SOURCE}") from error
    return found


def _weights_of(folder: Path) -> list[Path]:
    """Find the folder's weights: those of the first kind that there are."""
    for pattern in _WEIGHT_FILES:
        if found := sorted(folder.glob(pattern)):
            return found
    raise WeightsError(f"{folder} holds no weights. {_SOURCE}")


def _norm(folder: Path, default: tuple[Any, Any]) -> tuple[Any, Any]:
    path = folder / "preprocessor_config.json"
    if not path.is_file():
        return default
    found = _read_json(path)
    return tuple(found.get("image_mean", default[0])), tuple(found.get("image_std", default[1]))


def _from_pretrained(folder: Path, **arguments: Any) -> Any:
    """Load a model; tensors that the files lack are an error, not random numbers."""
    from transformers import AutoModel

    try:
        with quiet_transformers():
            model, report = AutoModel.from_pretrained(
                folder, local_files_only=True, output_loading_info=True, **arguments
            )
    except (OSError, RuntimeError, ValueError, ImportError) as error:
        raise WeightsError(f"{folder} does not load in transformers: {error}") from error
    if report["missing_keys"]:
        missing = sorted(report["missing_keys"])
        raise WeightsError(f"{folder} lacks {len(missing)} tensors of its model: {', '.join(missing[:3])}")
    return model


def _known(folder: Path, family: _Family) -> tuple[nn.Module, int]:
    """Build the trunk of a family; returns it and the picture's size."""
    from transformers import AutoConfig

    config: Any = AutoConfig.from_pretrained(folder, local_files_only=True)
    size, clip = getattr(config, family.size), family.clip(config)
    if config.model_type == "videomae":
        config.num_frames = clip  # its position embeddings are computed: those of the first tubelet
    model = _from_pretrained(folder, config=config, **family.build)
    if config.model_type == "vivit":  # its position embeddings are learned: again those of the first tubelet
        patches = (size // config.tubelet_size[1]) * (size // config.tubelet_size[2])
        kept = model.embeddings.position_embeddings.detach()[:, : family.prefix + patches].clone()
        model.embeddings.position_embeddings = nn.Parameter(kept)
    if config.model_type == "timesformer":
        model.config.num_frames = clip  # its layers count frames by it; time embeddings are cut to the first
    normalise = config.model_type == "videomae" and model.layernorm is None
    return _Trunk(model, family, clip, normalise=normalise), size


def _seek(config: dict[str, Any], *names: str) -> int:
    """Find the first of some settings in nested tables."""
    for name in names:
        if isinstance(config.get(name), int):
            return int(config[name])
    for value in config.values():
        if isinstance(value, dict) and (found := _seek(value, *names)):
            return found
    return 0


def _foreign(folder: Path, config: dict[str, Any]) -> tuple[nn.Module, int]:
    """Build the trunk of a folder that comes with code."""
    if os.environ.get(TRUST_CODE) != "1":
        raise BackboneError(
            f"the model in {folder} comes with Python code of its own, which would be run; set {TRUST_CODE}=1 if "
            f"you trust it. Families that need none: {', '.join(_FAMILIES)}, VideoMAE v2"
        )
    size, patch = _seek(config, "image_size", "img_size"), _seek(config, "patch_size")
    clip = _seek(config, "num_frames", "frames")
    if not (size and patch and clip):
        raise BackboneError(f"{folder / 'config.json'} must tell image_size, patch_size and num_frames")
    model = _from_pretrained(folder, trust_remote_code=True)
    return _ForeignTrunk(model, clip, (size // patch) ** 2), size


def load(argument: str, *, image_weights: bool = True) -> Backbone:
    """Build both towers; see `a2r_gym.models.backbones.load_backbone`."""
    folder = find_weights(argument, backbone=f"hf-video:{argument}", source=_SOURCE)
    config = _read_json(folder / "config.json")
    weights = _weights_of(folder)
    family = _FAMILIES.get(config.get("model_type", ""))
    if family is not None:
        image, size = _known(folder, family)
    elif str(config.get("model_type", "")).startswith("VideoMAEv2"):
        family = _FAMILIES["videomae"]
        model, size = load_videomae_v2(config["model_config"], weights[0])
        image = _Trunk(model, family, family.clip(model.config), normalise=model.layernorm is None)
    elif "auto_map" in config:
        image, size = _foreign(folder, config)
    else:
        raise BackboneError(
            f"model_type {config.get('model_type')!r} of {folder} is no video family that we know; expected one of "
            f"{', '.join(_FAMILIES)}, VideoMAEv2, or a folder with code of its own"
        )
    image.requires_grad_(False).eval()
    channels, grid = measure(image, size)
    mean, std = _norm(folder, family.norm if family else _IMAGENET)
    return Backbone(
        image=image,
        text=load_minilm(),
        channels=channels,
        grid=grid,
        image_size=size,
        mean=mean,
        std=std,
        weights_sha256=file_hash([folder / "config.json", *weights]),
    )
