"""``open_clip:<arch>/<tag or path>``: both towers of any model of open_clip_torch.

The first slash ends the architecture, so ``ViT-B-32/laion2b_s34b_b79k`` names a tag of open_clip's list,
``ViT-B-32/weights.pt`` a file in the current folder, ``ViT-B-32//data/weights.pt`` the file ``/data/weights.pt``.
An argument that begins with ``/``, ``./``, ``../`` or ``~`` is a folder as the hub has it: architecture and
normalisation in ``open_clip_config.json``, the weights beside it.

Image side: the last feature map, class token left out, final norm applied. Text side: the model's own feature
after its projection; open_clip's code does positions, masks and pooling, and we put the prompts in where the word
embeddings come out.

Shape suffixes: B sentences, L prompts or tokens, D word embedding.
"""

from __future__ import annotations

import importlib.util
import json
import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from a2r_gym.errors import BackboneError, MissingDependencyError, WeightsError, unknown_name
from a2r_gym.models.backbones.feature_maps import coarsen, measure
from a2r_gym.models.backbones.interface import Backbone, FrozenTrunk, TextTower
from a2r_gym.models.backbones.lora import add_lora
from a2r_gym.models.backbones.weight_files import file_hash, find_weights

__all__ = ["OpenClipModel", "load", "load_model"]

_CONFIG = "open_clip_config.json"
_FOLDER_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors", "open_clip_pytorch_model.bin")
_FOLDER_STARTS = ("/", "./", "../", "~")
_ADAPTED = (
    "attn.in_proj_weight",  # query, key and value in one
    "mlp.c_fc.weight",
    "attention.self.query.weight",  # BERT and its kin
    "attention.self.value.weight",
    "intermediate.dense.weight",
    "SelfAttention.q.weight",  # T5
    "SelfAttention.v.weight",
)


@dataclass(frozen=True, kw_only=True)
class _Source:
    """Where a model is from.

    Attributes:
        model: What open_clip calls it.
        weights: Its file.
        quick_gelu: Whether it was trained with QuickGELU.
        preprocess: Normalisation it was trained with, where that is known and not in the model's folder.
    """

    model: str
    weights: Path
    quick_gelu: bool = False
    preprocess: dict[str, Any] = field(default_factory=dict)


class OpenClipModel(NamedTuple):
    """A model with its weights.

    Attributes:
        model: The model, its text tower in a module of its own.
        tokenizer: From sentences to token ids.
        weights: The weights' file.
        image_size: Side of its pictures, in pixels.
        mean: Mean of each colour channel, of pixel values in [0, 1].
        std: Standard deviation of each colour channel.
    """

    model: Any
    tokenizer: Any
    weights: Path
    image_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


class _Trunk(FrozenTrunk):
    """The image tower up to its last feature map."""

    def __init__(self, visual: Any) -> None:
        super().__init__()
        self.visual = visual
        # CoCa's final norm stands behind its attention pooling and does not fit the tokens
        self._normalise = getattr(visual, "attn_pool", None) is None

    def forward(self, pictures: Tensor) -> Tensor:
        maps: Tensor = self.visual.forward_intermediates(
            pictures, indices=1, normalize_intermediates=self._normalise, intermediates_only=True, output_fmt="NCHW"
        )["image_intermediates"][-1]
        return coarsen(maps)


class _Text(TextTower):
    """The text tower with low-rank changes of its attention and first feed-forward matrices.

    Prompts take places of the context: a sentence may be that much shorter before it is cut.
    """

    _features: int

    def __init__(self, text: nn.Module, tokenizer: Any) -> None:
        super().__init__()
        self.text, self._tokenizer = text, tokenizer
        self._words = _word_embedding(text)
        self.width = int(self._words.embedding_dim)
        self._context = tokenizer.context_length
        first = tokenizer(["left", "push"])[:, 0]
        self._at = int(first[0] == first[1])  # behind the start token, where the tokenizer has one
        add_lora(text, _ADAPTED)
        with torch.inference_mode():
            self._features = int(self(["left"]).shape[1])

    @property
    def features(self) -> int:
        return self._features

    def forward(self, instructions: Sequence[str], prompts_BLD: Tensor | None = None) -> Tensor:
        """See `TextTower.forward`; prompts stand between the start token and the first word."""
        length = 0 if prompts_BLD is None else prompts_BLD.shape[1]
        ids_BL = self._tokenizer(list(instructions), context_length=self._context - length)
        # any token that is neither padding nor the end holds the places: its embedding is replaced
        held_BL = ids_BL[:, :1].expand(-1, length)
        ids_BL = torch.cat([ids_BL[:, : self._at], held_BL, ids_BL[:, self._at :]], dim=1)
        with _replaced(self._words, self._at, prompts_BLD):
            out = self.text(ids_BL.to(self._words.weight.device))
        pooled: Tensor = out[0] if isinstance(out, tuple) else out
        return pooled


@contextmanager
def _replaced(words: nn.Module, at: int, prompts_BLD: Tensor | None) -> Iterator[None]:
    """Let an embedding give prompts in the place of the tokens from ``at`` on."""
    if prompts_BLD is None:
        yield
        return
    end = at + prompts_BLD.shape[1]

    def replace(_: nn.Module, __: object, embedded_BLD: Tensor) -> Tensor:
        return torch.cat([embedded_BLD[:, :at], prompts_BLD.to(embedded_BLD.dtype), embedded_BLD[:, end:]], dim=1)

    hook = words.register_forward_hook(replace)
    try:
        yield
    finally:
        hook.remove()


def _word_embedding(text: nn.Module) -> nn.Embedding:
    words = getattr(text, "token_embedding", None)
    inner: Any = getattr(text, "transformer", None)
    if words is None and hasattr(inner, "get_input_embeddings"):  # a text tower of transformers
        words = inner.get_input_embeddings()
    if isinstance(words, nn.Embedding):
        return words
    raise BackboneError(f"text tower {type(text).__name__} has no word embeddings that prompts could stand among")


def _library() -> Any:
    if importlib.util.find_spec("open_clip") is None:
        raise MissingDependencyError(
            "backbones 'open_clip:...' need open_clip; install it with: pip install 'a2r-gym[open-clip]'"
        )
    import open_clip

    return open_clip


def _folder_source(argument: str, name: str) -> _Source:
    source = f"It must hold {_CONFIG} and one of {', '.join(_FOLDER_FILES)}, as models on the hub do."
    folder = find_weights(argument, backbone=name, source=source)
    weights = next((folder / file for file in _FOLDER_FILES if (folder / file).is_file()), None)
    if weights is None or not (folder / _CONFIG).is_file():
        raise WeightsError(f"backbone {name!r}: files are missing in {folder}. {source}")
    quick = bool(json.loads((folder / _CONFIG).read_text()).get("model_cfg", {}).get("quick_gelu", False))
    return _Source(model=f"local-dir:{folder}", weights=weights, quick_gelu=quick)


def _resolve(library: Any, argument: str) -> _Source:
    """Find out which model and which file an argument names; a tag is downloaded into open_clip's own cache."""
    name = f"open_clip:{argument}"
    if argument.startswith(_FOLDER_STARTS):
        return _folder_source(argument, name)
    arch, _, weights = argument.partition("/")
    if arch not in library.list_models():
        raise unknown_name("open_clip architecture", arch, library.list_models())
    tags = library.list_pretrained_tags_by_model(arch)
    source = f"Behind the slash stands a file or one of open_clip's tags for {arch}: {', '.join(tags) or 'none'}."
    if not weights:
        raise BackboneError(f"backbone {name!r} names no weights. {source}")
    known = {tag: library.get_pretrained_cfg(arch, tag) for tag in tags}
    if weights not in known:
        norms = [{key: config[key] for key in ("mean", "std") if key in config} for config in known.values()]
        agreed = norms[0] if norms and all(norm == norms[0] for norm in norms) else {}
        return _Source(model=arch, weights=find_weights(weights, backbone=name, source=source), preprocess=agreed)
    config = known[weights]
    try:
        file = Path(library.download_pretrained(config))
    except Exception as error:  # whatever the hub's client, the network or the disk raise
        where = config.get("hf_hub") or config.get("url")
        raise WeightsError(
            f"backbone {name!r}: {where} could not be downloaded ({error}). Where this machine has no network, "
            f"get the file elsewhere and name it: open_clip:{arch}/PATH"
        ) from error
    norm = {key: config[key] for key in ("mean", "std") if key in config}
    return _Source(model=arch, weights=file, quick_gelu=bool(config.get("quick_gelu", False)), preprocess=norm)


def _build(library: Any, source: _Source, name: str) -> tuple[Any, Any]:
    """Build model and tokenizer."""
    try:
        model = library.create_model(
            source.model,
            pretrained=None if source.model.startswith("local-dir:") else str(source.weights),
            force_custom_text=True,  # the text tower in a module of its own
            force_quick_gelu=source.quick_gelu,
            force_preprocess_cfg=source.preprocess,
            pretrained_text=False,
            require_pretrained=True,
            weights_only=True,
        )
        return model, library.get_tokenizer(source.model)
    except (RuntimeError, KeyError, ValueError, OSError, pickle.UnpicklingError, SafetensorError) as error:
        raise WeightsError(
            f"backbone {name!r}: {source.weights} does not load into {source.model}, or files that this model takes "
            f"from the hub (its tokenizer) are missing: {error}"
        ) from error


def load_model(argument: str) -> OpenClipModel:
    """Load a whole model with its weights.

    Args:
        argument: What stands behind ``open_clip:``, see above.

    Raises:
        UnknownNameError: No such architecture.
        BackboneError: The argument names no weights, or the model takes no square pictures.
        WeightsError: The weights are missing or cannot be read.
        MissingDependencyError: open_clip is not installed.
    """
    library = _library()
    source = _resolve(library, argument)
    model, tokenizer = _build(library, source, f"open_clip:{argument}")
    preprocess = library.get_model_preprocess_cfg(model)
    size = preprocess["size"]
    sizes = {size} if isinstance(size, int) else set(size)
    if len(sizes) != 1:
        raise BackboneError(f"{source.model} takes pictures of {size} pixels; only square ones are supported")
    return OpenClipModel(
        model=model,
        tokenizer=tokenizer,
        weights=source.weights,
        image_size=int(sizes.pop()),
        mean=tuple(preprocess["mean"]),
        std=tuple(preprocess["std"]),
    )


def load(argument: str, *, image_weights: bool = True) -> Backbone:
    """Build both towers; see `a2r_gym.models.backbones.load_backbone`."""
    loaded = load_model(argument)
    image = _Trunk(loaded.model.visual).requires_grad_(False).eval()
    channels, grid = measure(image, loaded.image_size)
    return Backbone(
        image=image,
        text=_Text(loaded.model.text, loaded.tokenizer),
        channels=channels,
        grid=grid,
        image_size=loaded.image_size,
        mean=loaded.mean,
        std=loaded.std,
        weights_sha256=file_hash([loaded.weights]),
    )
