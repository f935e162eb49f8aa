"""How a clip's pictures are varied: one draw for the whole clip, so that what moves is only what moved.

Shape suffixes: T frames, H W picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["Augmentation"]

_BEYOND: Final = 0.1
"""Largest part of the picture that a shift moves out of view."""
_LUMA: Final = (0.299, 0.587, 0.114)
"""How bright red, green and blue are to the eye (ITU-R BT.601)."""


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """A change of view and colours.

    Attributes:
        flip: Whether the picture is mirrored; left and right then swap in the labels.
        view: Rows of the 3x3 projective map that takes places of the new picture to places of the old one, both with
            the picture's edges at -1 and 1.
        outside: RGB in [0, 255] of what lies outside the old picture; None: its edge goes on.
        colours: Rows of the 3x3 matrix that turns old RGB, as offsets from the middle grey, into new.
        brightness: Grey levels added.
        noise: Standard deviation of a fixed pattern added to all frames, in grey levels.
    """

    flip: bool
    view: tuple[tuple[float, float, float], ...]
    outside: tuple[float, float, float] | None
    colours: tuple[tuple[float, float, float], ...]
    brightness: float
    noise: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Augmentation:
        """Draw one; the number of draws is always the same."""
        flip, filled, bright, noise = rng.uniform(size=4)
        colour, view, colours = rng.uniform(0.0, 255.0, size=3), _draw_view(rng), _draw_colours(rng)
        red, green, blue = (float(part) for part in colour)
        return cls(
            flip=bool(flip < 0.5),
            view=_rows(view),
            outside=(red, green, blue) if filled < 0.5 else None,
            colours=_rows(colours),
            brightness=60.0 * float(bright - 0.5),
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
        frames = torch.from_numpy(np.array(video)).permute(0, 3, 1, 2).float()  # a copy: mapped files are read-only
        frames = self._seen(frames.flip(3) if self.flip else frames)
        pattern = torch.from_numpy(rng.normal(128.0 + self.brightness, self.noise, size=(1, *frames.shape[1:])))
        frames = torch.einsum("dc,tchw->tdhw", torch.tensor(self.colours), frames - 128.0) + pattern.float()
        return np.ascontiguousarray(frames.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy())

    def _seen(self, frames: torch.Tensor) -> torch.Tensor:
        """Look at float (T, 3, H, W) through the view."""
        _, _, height, width = frames.shape
        y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
        places = torch.stack([x, y, torch.ones_like(x)], dim=-1) @ torch.tensor(self.view).T
        places = (places[..., :2] / places[..., 2:]).expand(len(frames), -1, -1, -1)
        seen = torch.nn.functional.grid_sample(
            frames, places, mode="bilinear", padding_mode="border", align_corners=True
        )
        if self.outside is None:
            return seen
        beyond = (places[:1].abs() > 1.0).any(dim=-1).unsqueeze(1)
        return torch.where(beyond, torch.tensor(self.outside).view(1, 3, 1, 1), seen)


def _rows(matrix: NDArray[np.float64]) -> tuple[tuple[float, float, float], ...]:
    return tuple((float(a), float(b), float(c)) for a, b, c in matrix)


def _draw_view(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a projective map: the old picture is scaled, sheared, turned a little, tilted and moved within the new."""
    part = rng.uniform()  # some clips change little
    wide, high = np.exp(part * rng.uniform([-0.4, -0.4], [0.2, 0.2]))
    turn, shear = part * rng.uniform([-0.15, -0.2], [0.15, 0.2])
    slack = np.abs(1.0 - np.array([wide, high])) + 2 * _BEYOND * part
    shift = slack * rng.uniform(-1.0, 1.0, size=2)
    tilt = part * rng.uniform(-0.15, 0.15, size=2)
    scale = np.array([[wide, shear, 0.0], [0.0, high, 0.0], [0.0, 0.0, 1.0]])
    cos, sin = np.cos(turn), np.sin(turn)
    rotation = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    move = np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]], [*tilt, 1.0]])
    return np.asarray(np.linalg.inv(move @ rotation @ scale))


def _draw_colours(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a change of contrast, saturation, hue (a turn about the grey axis), and at times of the channels' order."""
    contrast, saturation = np.exp(rng.uniform(-1.0, 1.0, size=2) * np.log([1.5, 1.8]))
    hue, far, swapped, grey = rng.uniform(size=4)
    order = rng.uniform(size=3).argsort()
    angle = 2.0 * np.pi * (hue - 0.5) * (1.0 if far < 0.5 else 0.1)
    axis = np.full(3, 3.0**-0.5)
    across = np.array([[0.0, -axis[2], axis[1]], [axis[2], 0.0, -axis[0]], [-axis[1], axis[0], 0.0]])
    turned = np.cos(angle) * np.eye(3) + np.sin(angle) * across + (1.0 - np.cos(angle)) * np.outer(axis, axis)
    luma = np.tile(_LUMA, (3, 1))
    faded = luma + (0.0 if grey < 0.08 else saturation) * (np.eye(3) - luma)
    return np.asarray(contrast * (faded @ turned)[order if swapped < 0.25 else range(3)])
