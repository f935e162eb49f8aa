"""Zero-shot similarity of models that know single pictures: the mean over a video's frames.

Shape suffixes: N frames, B videos, T frames that are compared, M sentences, D embedding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from a2r_gym.models.calibration import Calibration
from a2r_gym.models.windowed import SimilarityReward

__all__ = ["FrameMean"]


class FrameMean(SimilarityReward):
    """Mean over T frames of the dot product of frame and sentence.

    Args:
        encode: From uint8 (N, S, S, 3) to float32 (N, D) of unit length.
        encode_text: From a sentence to float32 (D,) of unit length.
        image_size: S.
        num_frames: T.
        calibration: See `SimilarityReward`.
        name: How the model is called.
    """

    def __init__(
        self,
        encode: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
        encode_text: Callable[[str], NDArray[np.float32]],
        *,
        image_size: int,
        num_frames: int,
        calibration: Calibration | None = None,
        name: str = "frame-mean",
    ) -> None:
        super().__init__(encode, image_size=image_size, num_frames=num_frames, calibration=calibration, name=name)
        self._encode_text = encode_text
        self._texts: dict[str, NDArray[np.float32]] = {}

    def rate(self, seen_BTF: NDArray[np.float32], instructions: Sequence[str]) -> NDArray[np.float32]:
        """See `SimilarityReward.rate`."""
        for sentence in instructions:
            if sentence not in self._texts:
                self._texts[sentence] = self._encode_text(sentence)
        texts_MD = np.stack([self._texts[sentence] for sentence in instructions])
        return np.asarray(np.einsum("btd,md->btm", seen_BTF, texts_MD).mean(1), dtype=np.float32)
