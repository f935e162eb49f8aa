"""From feature maps to one vector a video: maps are made small, slots follow what moves, a transformer reads on.

A robot is trained in one place and judged in others, so nothing here knows where in the picture something is, only
where it is against the other slots and against its own start: absolute places are what a network learns by heart
("the mug stands on the right") when it should see a movement ("the mug goes to the right").

Shape suffixes: N frames, H W P the grid's rows, columns and places, C features of a place, B videos, T frames of a
video, F = P C frame feature, M width of the mixing, S slots, V value of a slot, D embedding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["FrameCompressor", "MotionReader", "TemporalHead"]

_TINY = 1e-6


class FrameCompressor(nn.Module):
    """Makes a frame's feature map small enough to be kept for a whole episode: a short vector for each place.

    Args:
        channels: Of the map.
        place_features: C, length of a place's vector.
    """

    def __init__(self, *, channels: int, place_features: int) -> None:
        super().__init__()
        self.project = nn.Linear(channels, place_features)
        self.norm = nn.LayerNorm(place_features)

    def forward(self, maps_NCHW: Tensor) -> Tensor:
        """Compress N maps: float (N, channels, H, W) to (N, F)."""
        compressed: Tensor = self.norm(self.project(maps_NCHW.flatten(2).transpose(1, 2))).flatten(1)
        return compressed


class MotionReader(nn.Module):
    """Says for each frame what its slots see, and where that went.

    Every place enters with its change since the first frame and since the frame before. A slot is a learned query
    without a place of its own: it looks where the picture shows what it looks for (a softmax over the places) and
    reports what is there, how surely it sees it, how far that has come from where it was in the first frame, and where
    it is against what all slots see over the clip. Reading places off attention follows spatial softmax (Finn et al.
    2016, arXiv 1509.06113); ours leaves out attention of less than twice the even share, which would draw every
    place to the middle of the picture, so that a slot that sees nothing says nothing.

    Args:
        grid: Maps are grid x grid.
        place_features: C.
        mix_width: M.
        num_slots: S.
        slot_features: V.
    """

    def __init__(self, *, grid: int, place_features: int, mix_width: int, num_slots: int, slot_features: int) -> None:
        super().__init__()
        self.grid = grid
        self.mix = nn.Sequential(nn.Linear(3 * place_features, mix_width), nn.GELU())
        self.around = nn.Conv2d(mix_width, mix_width, 3, padding=1, groups=mix_width, padding_mode="replicate")
        self.remix = nn.Sequential(
            nn.LayerNorm(mix_width), nn.Linear(mix_width, mix_width), nn.GELU(), nn.LayerNorm(mix_width)
        )
        self.slots = nn.Linear(mix_width, num_slots)
        nn.init.normal_(self.slots.weight, std=3.0 * mix_width**-0.5)  # slots look at something from the start
        self.values_SMV = nn.Parameter(torch.randn(num_slots, mix_width, slot_features) * mix_width**-0.5)
        line = torch.linspace(-1.0, 1.0, grid)
        places = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1).flatten(0, 1)
        self.register_buffer("places_P2", places, persistent=False)
        self.places_P2: Tensor
        self.features = num_slots * (slot_features + 5)
        """Length of what comes out for each frame."""

    def forward(self, frames_BTF: Tensor) -> Tensor:
        """Read B videos: float (B, T, F) to (B, T, `features`)."""
        videos, frames = frames_BTF.shape[:2]
        maps_BTPC = frames_BTF.reshape(videos, frames, self.grid**2, -1)
        before_BTPC = torch.cat([maps_BTPC[:, :1], maps_BTPC[:, :-1]], dim=1)
        changes = torch.cat([maps_BTPC, maps_BTPC - maps_BTPC[:, :1], maps_BTPC - before_BTPC], dim=-1)
        mixed_NPM = self.mix(changes).flatten(0, 1)
        side = (self.grid, self.grid)
        around_NMHW = self.around(mixed_NPM.transpose(1, 2).reshape(videos * frames, -1, *side))
        mixed_NPM = self.remix(mixed_NPM + around_NMHW.flatten(2).transpose(1, 2))
        return self.report(mixed_NPM, videos, frames)

    def report(self, mixed_NPM: Tensor, videos: int, frames: int) -> Tensor:
        """Say what the slots see in mixed places: float (B * T, P, M) to (B, T, `features`).

        Args:
            mixed_NPM: The frames of all videos, one behind the other.
            videos: B.
            frames: T.
        """
        attention_NSP = self.slots(mixed_NPM).transpose(1, 2).softmax(dim=-1)
        values_NSV = torch.einsum("nsm,smv->nsv", attention_NSP @ mixed_NPM, self.values_SMV.to(mixed_NPM.dtype))
        values_BTSV = values_NSV.float().reshape(videos, frames, *values_NSV.shape[1:])
        beyond_NSP = (attention_NSP.float() - 2.0 / self.grid**2).clamp(min=0.0)
        seen_BTS1 = beyond_NSP.sum(dim=-1).reshape(videos, frames, -1, 1)
        where_BTS2 = (beyond_NSP @ self.places_P2).reshape(videos, frames, -1, 2) / (seen_BTS1 + _TINY)
        come_BTS2 = 2.0 * (where_BTS2 - where_BTS2[:, :1]) * seen_BTS1 * seen_BTS1[:, :1]
        every = (1, 2)
        middle = (where_BTS2 * seen_BTS1).sum(every, keepdim=True) / (seen_BTS1.sum(every, keepdim=True) + _TINY)
        relative_BTS2 = (where_BTS2 - middle) * seen_BTS1
        return torch.cat([values_BTSV, come_BTS2, relative_BTS2, seen_BTS1], dim=-1).flatten(2)


class TemporalHead(nn.Module):
    """Reads the frames of a video in order and gives its embedding.

    Args:
        reader: What it reads them with.
        num_frames: T.
        width: Width of the transformer.
        depth: Its layers.
        embedding: D.
        num_domains: Number of domain prompts (robot, human).
        dropout: Dropout rate in training.
    """

    def __init__(
        self,
        reader: MotionReader,
        *,
        num_frames: int,
        width: int,
        depth: int,
        embedding: int,
        num_domains: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.reader = reader
        self.enter = nn.Linear(reader.features, width)
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

    def forward(self, frames_BTF: Tensor, domain_B: Tensor | None = None) -> Tensor:
        """Embed B videos.

        Args:
            frames_BTF: float (B, T, F), in order of time.
            domain_B: int (B,), index of each video's domain prompt; None: the first.

        Returns:
            float (B, D), unit length.
        """
        if domain_B is None:
            domain_B = torch.zeros(len(frames_BTF), dtype=torch.long, device=frames_BTF.device)
        tokens_BTW = self.enter(self.reader(frames_BTF)) + self.order_TW
        summary = self.summary_W.expand(len(tokens_BTW), 1, -1)
        domain = self.domain_prompts_RW[domain_B].unsqueeze(1)
        out = self.transformer(torch.cat([summary, domain, tokens_BTW], dim=1))
        return nn.functional.normalize(self.leave(torch.cat([out[:, 0], out[:, -1]], dim=-1)), dim=-1)
