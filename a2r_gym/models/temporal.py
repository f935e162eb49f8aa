"""From feature maps to one vector a video: pooling inside a frame, then a transformer over the frames.

Shape suffixes: N frames, C channels, P places of the feature map, Q queries,
H heads, S a query's head, V value of a head, B batch, T frames of a video,
F frame feature, D embedding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["FramePooler", "TemporalHead"]

_HEADS = 8


class FramePooler(nn.Module):
    """Pools a frame's feature map by learned queries that can read off places.

    Attention whose queries do not depend on the frame: each query and head is one vector that places are compared with,
    and values are projected after they are summed. The result is that of the usual order at half the cost.

    Args:
        channels: C of the map.
        grid: The map is grid x grid.
        width: Width of the attention, a multiple of 8.
        num_queries: Learned queries per frame.
        frame_features: F, length of the vector that comes out.
    """

    def __init__(self, *, channels: int, grid: int, width: int, num_queries: int, frame_features: int) -> None:
        super().__init__()
        self.project = nn.Linear(channels, width)
        self.norm = nn.LayerNorm(width)
        self.places_PC = nn.Parameter(torch.randn(grid * grid, width) * 0.3)
        self.queries_SC = nn.Parameter(torch.randn(num_queries * _HEADS, width) * width**-0.5)
        self.values_HCV = nn.Parameter(torch.randn(_HEADS, width, width // _HEADS) * width**-0.5)
        self.out = nn.Linear(num_queries * width, frame_features)

    def forward(self, maps_NCHW: Tensor) -> Tensor:
        """Pool N maps.

        Args:
            maps_NCHW: float (N, C, grid, grid).

        Returns:
            float (N, F).
        """
        tokens_NPC = self.norm(self.project(maps_NCHW.flatten(2).transpose(1, 2))) + self.places_PC
        weights_NSP = (self.queries_SC @ tokens_NPC.transpose(1, 2)).softmax(dim=-1)
        summed_NQHC = (weights_NSP @ tokens_NPC).unflatten(1, (-1, _HEADS))
        values_NQHV = torch.einsum("nqhc,hcv->nqhv", summed_NQHC, self.values_HCV)
        out_NF: Tensor = self.out(values_NQHV.flatten(1))
        return out_NF


class TemporalHead(nn.Module):
    """Reads the frame features of a video in order and gives its embedding.

    Each frame enters with its difference to the first one, so that what moved is seen at once.

    Args:
        frame_features: F.
        num_frames: T.
        width: Width of the transformer.
        depth: Its layers.
        embedding: D.
        num_domains: Number of domain prompts (robot, human).
        dropout: Dropout rate in training.
    """

    def __init__(
        self,
        *,
        frame_features: int,
        num_frames: int,
        width: int,
        depth: int,
        embedding: int,
        num_domains: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.enter = nn.Linear(2 * frame_features, width)
        self.order_TW = nn.Parameter(torch.randn(num_frames, width) * 0.02)
        self.summary_W = nn.Parameter(torch.randn(width) * 0.02)
        self.domain_prompts_RW = nn.Parameter(torch.randn(num_domains, width) * 0.02)
        layer = nn.TransformerEncoderLayer(
            width,
            nhead=8,
            dim_feedforward=4 * width,
            dropout=dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.transformer = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.leave = nn.Sequential(nn.LayerNorm(2 * width), nn.Linear(2 * width, embedding))

    def forward(self, frames_BTF: Tensor, domain_B: Tensor) -> Tensor:
        """Embed B videos.

        Args:
            frames_BTF: float (B, T, F), in order of time.
            domain_B: int (B,), index of each video's domain prompt.

        Returns:
            float (B, D), unit length.
        """
        moved_BTF = frames_BTF - frames_BTF[:, :1]
        tokens_BTW = self.enter(torch.cat([frames_BTF, moved_BTF], dim=-1)) + self.order_TW
        summary = self.summary_W.expand(len(tokens_BTW), 1, -1)
        domain = self.domain_prompts_RW[domain_B].unsqueeze(1)
        out = self.transformer(torch.cat([summary, domain, tokens_BTW], dim=1))
        return nn.functional.normalize(self.leave(torch.cat([out[:, 0], out[:, -1]], dim=-1)), dim=-1)
