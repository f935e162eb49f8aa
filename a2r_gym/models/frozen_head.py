"""`TemporalHead` as runtimes run it: the same numbers from fewer and cheaper operations, nothing to be trained.

The first layer sees a place, its change since the first frame and its change since the frame before; as it is linear,
each frame goes through it once and the changes are taken behind it. Borders are copied by an index instead of a
padding. Only the two tokens that are read leave the last layer.

Shape suffixes: as in `a2r_gym.models.temporal`; X tokens, M width of the mixing, W width of the transformer.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, gelu, linear, normalize, scaled_dot_product_attention

from a2r_gym.models.temporal import MotionReader, TemporalHead

__all__ = ["FrozenHead"]


class FrozenHead(nn.Module):
    """Embeds videos of one domain.

    Args:
        head: The trained head; it is shared, not copied.
        domain: Index of the videos' domain prompt.
    """

    def __init__(self, head: TemporalHead, domain: int = 0) -> None:
        super().__init__()
        self.head = head.eval().requires_grad_(False)
        first = head.reader.mix[0]
        assert isinstance(first, nn.Linear)
        place, since_first, since_before = first.weight.detach().chunk(3, dim=1)
        self.register_buffer("now_MC", place + since_first + since_before, persistent=False)
        self.register_buffer("before_MC", since_before.clone(), persistent=False)
        self.register_buffer("first_MC", since_first.clone(), persistent=False)
        self.register_buffer("bias_M", first.bias.detach(), persistent=False)
        self.register_buffer("border_P", _border(head.reader.grid), persistent=False)
        prompts = torch.stack([head.summary_W, head.domain_prompts_RW[domain]]).detach()
        self.register_buffer("prompts_12W", prompts[None], persistent=False)
        self.now_MC: Tensor
        self.before_MC: Tensor
        self.bias_M: Tensor
        self.first_MC: Tensor
        self.border_P: Tensor
        self.prompts_12W: Tensor

    def forward(self, frames_BTF: Tensor) -> Tensor:
        """Embed videos: float (B, T, F) to (B, D), unit length, as `TemporalHead` does but for rounding."""
        head = self.head
        tokens_BTW = head.enter(self._read(frames_BTF)) + head.order_TW
        state_BXW = torch.cat([self.prompts_12W.expand(tokens_BTW.shape[0], -1, -1), tokens_BTW], dim=1)
        *layers, last = head.transformer.layers
        for layer in layers:
            normed = layer.norm1(state_BXW)
            state_BXW = _rest(layer, state_BXW, _attend(layer.self_attn, normed, normed))
        normed = last.norm1(state_BXW)
        state_B2W = _rest(last, _ends(state_BXW), _attend(last.self_attn, _ends(normed), normed))
        return normalize(head.leave(state_B2W.flatten(1)), dim=-1)

    def _read(self, frames_BTF: Tensor) -> Tensor:
        reader = self.head.reader
        videos, frames = frames_BTF.shape[0], frames_BTF.shape[1]
        maps_BTPC = frames_BTF.reshape(videos, frames, reader.grid**2, -1)
        now_BTPM = linear(maps_BTPC, self.now_MC, self.bias_M)
        before_BTPM = linear(maps_BTPC, self.before_MC)
        first_B1PM = linear(maps_BTPC[:, :1], self.first_MC)
        before_BTPM = torch.cat([before_BTPM[:, :1], before_BTPM[:, :-1]], dim=1)
        mixed_NPM = gelu(now_BTPM - before_BTPM - first_B1PM).flatten(0, 1)
        mixed_NPM = reader.remix(mixed_NPM + _around(reader, mixed_NPM, self.border_P))
        return reader.report(mixed_NPM, videos, frames)


def _border(grid: int) -> Tensor:
    """Return the place that each place of a map with a border of one shows: int64 ((grid + 2)^2,)."""
    line = torch.arange(-1, grid + 1).clamp(0, grid - 1)
    return (line[:, None] * grid + line[None]).flatten()


def _around(reader: MotionReader, mixed_NPM: Tensor, border_P: Tensor) -> Tensor:
    side, width = reader.grid + 2, mixed_NPM.shape[-1]
    wide_NMHW = mixed_NPM[:, border_P].reshape(-1, side, side, width).permute(0, 3, 1, 2)
    around_NMHW = conv2d(wide_NMHW, reader.around.weight, reader.around.bias, groups=reader.around.groups)
    return around_NMHW.flatten(2).transpose(1, 2)


def _attend(attention: nn.MultiheadAttention, asking_BXW: Tensor, asked_BXW: Tensor) -> Tensor:
    width = attention.embed_dim
    weight, bias = attention.in_proj_weight, attention.in_proj_bias
    query = linear(asking_BXW, weight[:width], bias[:width])
    key, value = linear(asked_BXW, weight[width:], bias[width:]).chunk(2, dim=-1)
    count = attention.num_heads
    mixed = scaled_dot_product_attention(_heads(query, count), _heads(key, count), _heads(value, count))
    return linear(mixed.transpose(1, 2).flatten(2), attention.out_proj.weight, attention.out_proj.bias)


def _heads(rows_BXW: Tensor, count: int) -> Tensor:
    return rows_BXW.reshape(rows_BXW.shape[0], rows_BXW.shape[1], count, -1).transpose(1, 2)


def _rest(layer: nn.TransformerEncoderLayer, state_BXW: Tensor, attended_BXW: Tensor) -> Tensor:
    state_BXW = state_BXW + attended_BXW
    changed: Tensor = layer.linear2(gelu(layer.linear1(layer.norm2(state_BXW))))
    return state_BXW + changed


def _ends(tokens_BXW: Tensor) -> Tensor:
    """Pick what `TemporalHead` reads: the summary and the last frame."""
    return torch.cat([tokens_BXW[:, :1], tokens_BXW[:, -1:]], dim=1)
