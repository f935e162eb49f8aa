"""``singularity:<path>``: a released Singularity checkpoint, as backbone and as zero-shot reward.

BEiT over patches of 16 pixels, BERT whose layers before the cross-modal ones are the text encoder, and two
projections to a joint space. All sizes are read off the tensors. The parts that only the cross-modal half needs
are not loaded: they are listed in `_LEFT_OUT`, and any other tensor that is left over, or missing, is an error.

Source: Lei, Berg, Bansal, "Revealing Single Frame Bias for Video-and-Language Learning" (arXiv 2206.03428).

Shape suffixes: N frames, B videos, T frames of a video, P places of a frame with its class token first, C width.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from a2r_gym.errors import WeightsError
from a2r_gym.models.backbones.bert import BertTower, load_tokenizer
from a2r_gym.models.backbones.feature_maps import coarsen, map_of_tokens, measure
from a2r_gym.models.backbones.interface import Backbone, FrozenTrunk
from a2r_gym.models.backbones.weight_files import file_hash, find_weights, read_tensors

if TYPE_CHECKING:
    from a2r_gym.models.calibration import Calibration
    from a2r_gym.models.frame_mean import FrameMean

__all__ = ["Singularity", "TemporalEncoder", "load", "read_singularity", "zero_shot"]

TEST_FRAMES = 4
"""Frames of a video at test time; the model is trained on single ones."""

_SOURCE = "Released checkpoints are linked from https://github.com/jayleicn/singularity; unpack one and name its .pth."
_NORM_EPS = 1e-12
_HEAD_WIDTH = 64  # of BERT base; no tensor tells it
_MEAN = _STD = (0.5, 0.5, 0.5)

_RENAMED = (
    (r"^vision_encoder\.", "vision."),
    (r"^vision_layernorm\.", "vision_norm."),
    (r"^text_encoder\.(bert\.)?", "bert."),  # fine-tuned checkpoints lack the "bert."
    (r"^temporal_vision_encoder\.", "temporal.encoder."),
    (r"^temporal_embeddings$", "temporal.embeddings_1T1C"),
)
_BEIT_RENAMED = (  # the names that transformers 5 gives
    (r"^vision\.encoder\.layer\.", "vision.layers."),
    (r"(vision\.layers\.\d+)\.attention\.attention\.relative_position_bias\.", r"\1.relative_position_bias."),
    (r"(vision\.layers\.\d+)\.attention\.attention\.query\.", r"\1.attention.q_proj."),
    (r"(vision\.layers\.\d+)\.attention\.attention\.key\.", r"\1.attention.k_proj."),
    (r"(vision\.layers\.\d+)\.attention\.attention\.value\.", r"\1.attention.v_proj."),
    (r"(vision\.layers\.\d+)\.attention\.output\.dense\.", r"\1.attention.o_proj."),
    (r"(vision\.layers\.\d+)\.intermediate\.dense\.", r"\1.mlp.fc1."),
    (r"(vision\.layers\.\d+)\.output\.dense\.", r"\1.mlp.fc2."),
)
_LEFT_OUT = (
    r"\.relative_position_index$|\.position_ids$",  # computed
    r"^bert\.encoder\.layer\.(?P<layer>\d+)\.",  # the cross-modal ones, if their number says so
    r"^text_encoder\.cls\.|^bert\.cls\.",  # masked words
    r"^itm_head\.|^temp$",  # matching, training temperature
)


@dataclass(frozen=True, kw_only=True)
class _Sizes:
    """Sizes of a checkpoint's modules, read off its tensors."""

    width: int
    mlp: int
    vision_layers: int
    vision_heads: int
    patch: int
    image: int
    text_width: int
    text_mlp: int
    text_layers: int
    words: int
    positions: int
    joint: int
    temporal_layers: int
    temporal_frames: int


class TemporalEncoder(nn.Module):
    """BERT layers over the frames, at each place of the picture by itself.

    The released configurations use it for the cross-modal half only: similarities do not pass through it.

    Args:
        config: A transformers ``BertConfig``.
        frames: Frames that there are position embeddings for.
    """

    def __init__(self, config: Any, frames: int) -> None:
        super().__init__()
        from transformers.models.bert.modeling_bert import BertEncoder

        self.encoder: Any = BertEncoder(config)  # type: ignore[no-untyped-call]
        self.embeddings_1T1C = nn.Parameter(torch.zeros(1, frames, 1, config.hidden_size))

    def forward(self, tokens_BTPC: Tensor) -> Tensor:
        """Mix the tokens of a video's frames; shape (B, T, P, C) stays. One frame gets its embedding only."""
        frames, stored = tokens_BTPC.shape[1], self.embeddings_1T1C.shape[1]
        embeddings_1T1C = self.embeddings_1T1C[:, :frames]
        if frames > stored:
            line_1CT = self.embeddings_1T1C.squeeze(2).transpose(1, 2)
            embeddings_1T1C = nn.functional.interpolate(line_1CT, frames, mode="linear").transpose(1, 2).unsqueeze(2)
        tokens_BTPC = tokens_BTPC + embeddings_1T1C
        if frames == 1 or not len(self.encoder.layer):
            return tokens_BTPC
        lines = tokens_BTPC.transpose(1, 2).flatten(0, 1)
        mixed: Tensor = self.encoder(lines).last_hidden_state
        return mixed.reshape(len(tokens_BTPC), -1, *mixed.shape[1:]).transpose(1, 2)


class Singularity(nn.Module):
    """The dual encoder of a checkpoint, under our names."""

    def __init__(self, sizes: _Sizes) -> None:
        super().__init__()
        from transformers import BeitConfig, BeitModel, BertConfig, BertModel

        self.image_size = sizes.image
        beit = BeitConfig(
            hidden_size=sizes.width, intermediate_size=sizes.mlp, num_hidden_layers=sizes.vision_layers,
            num_attention_heads=sizes.vision_heads, image_size=sizes.image, patch_size=sizes.patch,
            use_relative_position_bias=True, use_mean_pooling=True, drop_path_rate=0.0, layer_scale_init_value=0.1,
        )  # fmt: skip
        bert = BertConfig(
            hidden_size=sizes.text_width, intermediate_size=sizes.text_mlp, num_hidden_layers=sizes.text_layers,
            num_attention_heads=max(1, sizes.text_width // _HEAD_WIDTH), vocab_size=sizes.words,
            max_position_embeddings=sizes.positions, layer_norm_eps=_NORM_EPS,
        )  # fmt: skip
        temporal = BertConfig(
            hidden_size=sizes.width, intermediate_size=sizes.mlp, num_hidden_layers=sizes.temporal_layers,
            num_attention_heads=max(1, sizes.width // _HEAD_WIDTH), layer_norm_eps=_NORM_EPS,
        )  # fmt: skip
        temporal._attn_implementation = "eager"  # a whole model would have chosen by itself
        self.vision: Any = BeitModel(beit)
        self.vision_norm = nn.LayerNorm(sizes.width, eps=_NORM_EPS)
        self.bert: Any = BertModel(bert, add_pooling_layer=False)
        self.temporal = TemporalEncoder(temporal, sizes.temporal_frames)
        self.vision_proj = nn.Linear(sizes.width, sizes.joint)
        self.text_proj = nn.Linear(sizes.text_width, sizes.joint)

    def encode_pictures(self, pictures_NCHW: Tensor) -> Tensor:
        """Encode pictures into the joint space, (N, D) of unit length: BEiT's mean over patches, projected."""
        return nn.functional.normalize(self.vision_proj(self.vision(pictures_NCHW).pooler_output), dim=-1)


class _Trunk(FrozenTrunk):
    """The tokens of a picture's patches as a map."""

    def __init__(self, model: Singularity) -> None:
        super().__init__()
        self.vision, self.vision_norm = model.vision, model.vision_norm

    def forward(self, pictures: Tensor) -> Tensor:
        tokens = self.vision_norm(self.vision(pictures).last_hidden_state)
        return coarsen(map_of_tokens(tokens[:, 1:]))


def _sizes(state: dict[str, Tensor]) -> _Sizes:
    """Read all sizes off a checkpoint's tensors, under our first names (`_RENAMED`)."""

    def layers(prefix: str, part: str) -> int:
        return sum(bool(re.fullmatch(rf"{prefix}\.layer\.\d+\.{part}", name)) for name in state)

    patches = state["vision.embeddings.patch_embeddings.projection.weight"]
    distances, heads = state["vision.encoder.layer.0.attention.attention.relative_position_bias."
                             "relative_position_bias_table"].shape  # fmt: skip
    grid = (math.isqrt(distances - 3) + 1) // 2  # (2 grid - 1)^2 distances and three of the class token
    text_layers = layers("bert.encoder", r"output\.dense\.weight")
    words = state["bert.embeddings.word_embeddings.weight"]
    return _Sizes(
        width=patches.shape[0],
        mlp=state["vision.encoder.layer.0.intermediate.dense.weight"].shape[0],
        vision_layers=layers("vision.encoder", "lambda_1"),
        vision_heads=heads,
        patch=patches.shape[-1],
        image=grid * patches.shape[-1],
        text_width=words.shape[1],
        text_mlp=state["bert.encoder.layer.0.intermediate.dense.weight"].shape[0],
        text_layers=text_layers - layers("bert.encoder", r"crossattention\.output\.dense\.weight"),
        words=words.shape[0],
        positions=state["bert.embeddings.position_embeddings.weight"].shape[0],
        joint=state["vision_proj.weight"].shape[0],
        temporal_layers=layers("temporal.encoder", r"output\.dense\.weight"),
        temporal_frames=state["temporal.embeddings_1T1C"].shape[1],
    )


def _rename(name: str, table: tuple[tuple[str, str], ...]) -> str:
    for pattern, replacement in table:
        name = re.sub(pattern, replacement, name)
    return name


def _matters(name: str, text_layers: int) -> bool:
    """Tell whether a left-over tensor would be missed."""
    found = next((match for pattern in _LEFT_OUT if (match := re.search(pattern, name))), None)
    layer = found.groupdict().get("layer") if found else None
    return found is None or (layer is not None and int(layer) < text_layers)


def read_singularity(path: Path) -> Singularity:
    """Load a checkpoint's dual encoder, frozen.

    Raises:
        WeightsError: It cannot be read, or its tensors are not those of a Singularity.
    """
    state = {_rename(name, _RENAMED): value for name, value in read_tensors(path).items()}
    try:
        sizes = _sizes(state)
    except KeyError as error:
        raise WeightsError(f"{path} is no Singularity checkpoint with BEiT: it has no {error}") from error
    model = Singularity(sizes)
    if hasattr(model.vision, "layers"):
        state = {_rename(name, _BEIT_RENAMED): value for name, value in state.items()}
    expected = model.state_dict()
    missing = sorted(expected.keys() - state.keys())
    surplus = sorted(name for name in state.keys() - expected.keys() if _matters(name, sizes.text_layers))
    wrong = sorted(name for name in expected.keys() & state.keys() if expected[name].shape != state[name].shape)
    if missing or surplus or wrong:
        raise WeightsError(
            f"{path} does not fit Singularity: missing {missing[:3]}, left over {surplus[:3]}, of another shape "
            f"{wrong[:3]}"
        )
    model.load_state_dict({name: state[name] for name in expected})
    return model.requires_grad_(False).eval()


def _open(argument: str) -> tuple[Singularity, BertTower, Path]:
    path = find_weights(argument, backbone=f"singularity:{argument}", source=_SOURCE)
    model = read_singularity(path)
    tokenizer, words = load_tokenizer(), model.bert.embeddings.word_embeddings.num_embeddings
    if len(tokenizer) != words:
        raise WeightsError(f"{path} knows {words} words; BERT's uncased vocabulary has {len(tokenizer)}")
    return model, BertTower(model.bert, tokenizer, pooling="cls"), path


def load(argument: str, *, image_weights: bool = True) -> Backbone:
    """Build both towers; see `a2r_gym.models.backbones.load_backbone`."""
    model, text, path = _open(argument)
    image = _Trunk(model).requires_grad_(False).eval()
    channels, grid = measure(image, model.image_size)
    return Backbone(
        image=image,
        text=text,
        channels=channels,
        grid=grid,
        image_size=model.image_size,
        mean=_MEAN,
        std=_STD,
        weights_sha256=file_hash([path]),
    )


class _FrameEncoder(nn.Module):
    """From uint8 pictures (N, S, S, 3) to the joint space."""

    def __init__(self, model: Singularity) -> None:
        super().__init__()
        self.model = model

    def forward(self, frames_NHWC: Tensor) -> Tensor:
        return self.model.encode_pictures((frames_NHWC.float() / 127.5 - 1.0).permute(0, 3, 1, 2))


def zero_shot(path: str, *, calibration: Calibration | None = None, runtime: str | None = None) -> FrameMean:
    """Make a reward model of a checkpoint as it is: the mean over frames of normalised dot products.

    Ours takes `TEST_FRAMES` frames from first to last, the released code the middles of as many segments.

    Args:
        path: The checkpoint, as in the backbone's name.
        calibration: From similarity to probability of success; see `FrameMean`.
        runtime: See `a2r_gym.models.runtime.make_runtime`.

    Raises:
        WeightsError: The checkpoint is missing or none of Singularity.
    """
    from a2r_gym.models.frame_mean import FrameMean
    from a2r_gym.models.runtime import make_runtime

    model, text, _ = _open(path)

    @torch.inference_mode()
    def encode_text(instruction: str) -> Any:
        return nn.functional.normalize(model.text_proj(text([instruction])), dim=-1)[0].numpy()

    encode = make_runtime(_FrameEncoder(model).eval(), model.image_size, runtime)
    return FrameMean(encode, encode_text, image_size=model.image_size, num_frames=TEST_FRAMES, calibration=calibration)
