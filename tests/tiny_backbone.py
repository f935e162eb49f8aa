"""A backbone of a few fixed weights: the whole path of the real one in milliseconds, without its packages."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from a2r_gym.models.backbones.interface import Backbone, TextTower

TINY = "tiny"
ENTRY = "tests.tiny_backbone:load"
CHANNELS, GRID, IMAGE_SIZE = 8, 4, 32


class TinyText(TextTower):
    """The mean of word vectors and prompts, with a trained change on top of the frozen words."""

    width = 16

    def __init__(self) -> None:
        super().__init__()
        words = torch.randn(512, self.width, generator=torch.Generator().manual_seed(1))
        self.words = nn.Parameter(words, requires_grad=False)
        self.change = nn.Parameter(torch.zeros(self.width, self.width))

    def forward(self, instructions: Sequence[str], prompts_BLD: Tensor | None = None) -> Tensor:
        rows = []
        for number, sentence in enumerate(instructions):
            vectors = self.words[[zlib.crc32(word.encode()) % 512 for word in sentence.lower().split()]]
            if prompts_BLD is not None:
                vectors = torch.cat([prompts_BLD[number], vectors])
            rows.append(vectors.mean(0))
        pooled_BD = torch.stack(rows)
        return pooled_BD + torch.tanh(pooled_BD @ self.change)


def load(*, image_weights: bool = True) -> Backbone:
    image = nn.Sequential(nn.Conv2d(3, CHANNELS, 8, stride=8), nn.Tanh())
    if image_weights:
        random = torch.Generator().manual_seed(2)
        for parameter in image.parameters():
            parameter.data = torch.randn(parameter.shape, generator=random) * 0.2
    return Backbone(
        image=image.requires_grad_(False).eval(),
        text=TinyText(),
        channels=CHANNELS,
        grid=GRID,
        image_size=IMAGE_SIZE,
        mean=(0.5, 0.4, 0.3),
        std=(0.5, 0.6, 0.7),
    )
