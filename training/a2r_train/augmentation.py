"""How a clip's pictures are varied: one draw for the whole clip, so that what moves is only what moved.

Shape suffixes: T frames, H W picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.transforms.v2 import functional

__all__ = ["Augmentation"]

_CORNER = 0.1
"""Largest shift of a corner of the view, in picture widths; the view only ever narrows."""


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """A change of view and colours.

    Attributes:
        flip: Whether the picture is mirrored; left and right then swap in the labels.
        corners: Shifts towards the middle of the four corners (top left, top right, bottom right, bottom left), each
            (x, y) in picture widths.
        brightness: Factor.
        contrast: Factor.
        saturation: Factor.
        hue: Turn of the colour circle, in [-0.5, 0.5].
        noise: Standard deviation of a fixed pattern added to all frames, in grey levels.
    """

    flip: bool
    corners: tuple[tuple[float, float], ...]
    brightness: float
    contrast: float
    saturation: float
    hue: float
    noise: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Augmentation:
        """Draw one; the number of draws is always the same."""
        base = rng.uniform(0.0, _CORNER, size=(4, 2)) * rng.uniform()
        factors = np.exp(rng.uniform(-1.0, 1.0, size=3) * np.log([1.5, 1.4, 1.6]))
        hue, which, flip, noise = rng.uniform(size=4)
        return cls(
            flip=bool(flip < 0.5),
            corners=tuple((float(x), float(y)) for x, y in base),
            brightness=float(factors[0]),
            contrast=float(factors[1]),
            saturation=float(factors[2]),
            hue=float(hue - 0.5) * (1.0 if which < 0.4 else 0.1),
            noise=4.0 * float(noise),
        )

    def __call__(self, video: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Apply it.

        Args:
            video: uint8 (T, H, W, 3).
            rng: Of the fixed pattern.

        Returns:
            uint8 (T, H, W, 3).
        """
        frames = torch.from_numpy(np.array(video)).permute(0, 3, 1, 2)  # a copy: mapped files are read-only
        _, _, height, width = frames.shape
        if self.flip:
            frames = functional.horizontal_flip(frames)
        outer = [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]
        signs = ((1, 1), (-1, 1), (-1, -1), (1, -1))
        inner = [
            [x + sx * dx * width, y + sy * dy * height]
            for (x, y), (sx, sy), (dx, dy) in zip(outer, signs, self.corners, strict=True)
        ]
        frames = functional.perspective(frames, None, None, coefficients=_coefficients(outer, inner))
        frames = functional.adjust_brightness(frames, self.brightness)
        frames = functional.adjust_contrast(frames, self.contrast)
        frames = functional.adjust_saturation(frames, self.saturation)
        if abs(self.hue) > 0.01:
            frames = functional.adjust_hue(frames, self.hue)
        pattern = rng.normal(0.0, self.noise, size=(1, 3, height, width)).round().astype(np.int16)
        noisy = (frames.to(torch.int16) + torch.from_numpy(pattern)).clamp(0, 255).to(torch.uint8)
        return np.ascontiguousarray(noisy.permute(0, 2, 3, 1).numpy())


def _coefficients(outer: list[list[int]], inner: list[list[float]]) -> list[float]:
    """Return the eight numbers of the projective map that takes each place of the new picture to one of the old."""
    rows, values = [], []
    for (x, y), (u, v) in zip(outer, inner, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return [float(value) for value in np.linalg.solve(np.array(rows, dtype=np.float64), np.array(values))]
