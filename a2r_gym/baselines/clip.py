"""CLIP and VLM-RM: how near is the newest picture to a sentence, without any training?

Source: Rocamonde et al. 2023, "Vision-Language Models are Zero-Shot Reward Models for Reinforcement Learning" (arXiv
2310.12921). CLIP's reward is the cosine of picture and sentence. VLM-RM projects pictures, by a share of alpha, onto
the line from a baseline sentence, which says what there is, to the goal: what does not tell the two apart counts less.
Only with real weights: open_clip's, of any architecture; the paper's best is ViT-bigG-14. Neither uses failures.

Shape suffixes: N pictures, B videos, T frames, M sentences, D embedding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from a2r_gym.models.backbones.open_clip import load_model
from a2r_gym.models.calibration import Calibration
from a2r_gym.models.runtime import make_runtime
from a2r_gym.models.windowed import SimilarityReward

__all__ = ["ALPHA", "BASELINE", "VLMRM", "ClipEncoder", "clip_encoder", "load_clip", "load_vlm_rm"]

BASELINE: Final = "a robot arm above a table with things on it"
"""The sentence that says what there is, whatever the task."""
ALPHA: Final = 0.5
"""Share of the projection. The paper chooses it by hand for each task; choose it on validation scenes."""


class ClipEncoder(NamedTuple):
    """An open_clip model as two functions.

    Attributes:
        encode: From uint8 (N, S, S, 3) to unit vectors, float32 (N, D).
        encode_text: From a sentence to a unit vector, float32 (D,).
        image_size: S.
    """

    encode: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    encode_text: Callable[[str], NDArray[np.float32]]
    image_size: int


class _Pictures(nn.Module):
    """From uint8 pictures (N, S, S, 3) to unit vectors (N, D)."""

    def __init__(self, model: Any, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("mean", torch.tensor(mean), persistent=False)
        self.register_buffer("std", torch.tensor(std), persistent=False)
        self.mean: Tensor
        self.std: Tensor

    def forward(self, frames_NHWC: Tensor) -> Tensor:
        pictures = ((frames_NHWC.float() / 255.0 - self.mean) / self.std).permute(0, 3, 1, 2)
        encoded: Tensor = self.model.encode_image(pictures, normalize=True)
        return encoded


def clip_encoder(argument: str, *, runtime: str | None = None) -> ClipEncoder:
    """Load an open_clip model, both towers to the end.

    Args:
        argument: open_clip's name of the weights: ``ViT-B-32/laion2b_s34b_b79k``, ``ViT-B-32/weights.pt``.
        runtime: See `a2r_gym.models.runtime.make_runtime`.

    Raises:
        WeightsError: The weights are missing or cannot be read.
        MissingDependencyError: open_clip is not installed.
    """
    loaded = load_model(argument)
    model = loaded.model.requires_grad_(False).eval()
    encode = make_runtime(_Pictures(model, loaded.mean, loaded.std).eval(), loaded.image_size, runtime)

    @torch.inference_mode()
    def encode_text(instruction: str) -> NDArray[np.float32]:
        encoded = model.encode_text(loaded.tokenizer([instruction]), normalize=True)
        return np.asarray(encoded[0].float().numpy(), dtype=np.float32)

    return ClipEncoder(encode, encode_text, loaded.image_size)


class VLMRM(SimilarityReward):
    """Similarity of the newest picture to the instruction, projected by a share of alpha onto the goal's line.

    With picture s, goal g and baseline b, all of unit length: 1 - |P (s - g)|^2 / 2, where P = alpha * d d^T / |d|^2 +
    (1 - alpha) * 1 and d = g - b. At alpha = 0 that is the cosine of s and g: CLIP's reward.

    Args:
        encoder: Both towers.
        baseline: The sentence that says what there is; the task's own wording is often better.
        alpha: Share of the projection, in [0, 1].
        calibration: See `SimilarityReward`.
        name: How the model is called.

    Raises:
        ValueError: ``alpha`` is out of range.

    Source:
        Rocamonde et al. 2023, equation 4 and definition 1.
    """

    def __init__(
        self,
        encoder: ClipEncoder,
        *,
        baseline: str = BASELINE,
        alpha: float = ALPHA,
        calibration: Calibration | None = None,
        name: str = "vlm-rm",
    ) -> None:
        if not 0.0 <= alpha <= 1.0:
            raise ValueError(f"alpha must be in [0, 1], got {alpha}")
        super().__init__(
            encoder.encode, image_size=encoder.image_size, num_frames=1, calibration=calibration, name=name
        )
        self._encode_text, self._alpha = encoder.encode_text, alpha
        self._baseline_D = encoder.encode_text(baseline)
        self._goals: dict[str, NDArray[np.float32]] = {}

    def rate(self, seen_BTF: NDArray[np.float32], instructions: Sequence[str]) -> NDArray[np.float32]:
        """See `SimilarityReward.rate`."""
        for sentence in instructions:
            if sentence not in self._goals:
                self._goals[sentence] = self._encode_text(sentence)
        columns = [self._similarity(seen_BTF[:, -1], self._goals[sentence]) for sentence in instructions]
        return np.stack(columns, axis=1)

    def _similarity(self, pictures_BD: NDArray[np.float32], goal_D: NDArray[np.float32]) -> NDArray[np.float32]:
        away_BD = pictures_BD - goal_D
        line_D = goal_D - self._baseline_D
        length = float(np.linalg.norm(line_D))
        unit_D = line_D / length if length > 0.0 else line_D  # the baseline itself as the goal: there is no line
        along_BD = (away_BD @ unit_D)[:, None] * unit_D
        projected_BD = self._alpha * along_BD + (1.0 - self._alpha) * away_BD
        return np.asarray(1.0 - 0.5 * (projected_BD**2).sum(axis=1), dtype=np.float32)


def load_clip(argument: str, *, runtime: str | None = None) -> VLMRM:
    """Make CLIP's reward of an open_clip model: `VLMRM` without projection; see `clip_encoder`."""
    return VLMRM(clip_encoder(argument, runtime=runtime), alpha=0.0, name=f"clip:{argument}")


def load_vlm_rm(argument: str, *, runtime: str | None = None) -> VLMRM:
    """Make VLM-RM of an open_clip model, with `BASELINE` and `ALPHA`; see `clip_encoder`."""
    return VLMRM(clip_encoder(argument, runtime=runtime), name=f"vlm-rm:{argument}")
