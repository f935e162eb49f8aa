"""What actor and critic make of a picture and a sentence before their own layers.

Shape suffixes: B batch, N pictures, F frame feature, D text embedding, P principal components.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor, NatureCNN
from torch import Tensor

__all__ = ["SceneExtractor", "Whitening", "fit_whitening"]

COMPONENTS: Final = 16
"""P at most. What differs from one start to the next are a few places, sizes and colours."""
_LIMIT: Final = 4.0
"""Standard deviations at which a component is cut: a scene unlike all others shall not drive a policy off."""
_CNN_SIZE: Final = 64


class Whitening(NamedTuple):
    """From frame features to what differs between the starts of episodes, each with deviation 1.

    Attributes:
        mean_F: float32 (F,).
        basis_FP: float32 (F, P).
    """

    mean_F: NDArray[np.float32]
    basis_FP: NDArray[np.float32]


def fit_whitening(features_NF: NDArray[np.float32]) -> Whitening:
    """Fit to frame features of some starts.

    Args:
        features_NF: float32 (N, F), N >= 2.
    """
    mean_F = features_NF.mean(axis=0)
    _, spread, rows = np.linalg.svd((features_NF - mean_F).astype(np.float64), full_matrices=False)
    spread = spread / np.sqrt(len(features_NF) - 1)
    kept = np.flatnonzero(spread[:COMPONENTS] > 1e-6 * max(float(spread[0]), 1e-12))
    if not len(kept):  # all starts look alike: there is nothing to tell apart
        return Whitening(mean_F, np.zeros((len(mean_F), 1), dtype=np.float32))
    return Whitening(mean_F, (rows[kept] / spread[kept, None]).T.astype(np.float32))


class SceneExtractor(BaseFeaturesExtractor):
    """The whitened frame features, or those of a small CNN where there are pictures, and the sentence.

    Args:
        observation_space: Of `a2r_gym.planners.trajectory_episodes.TrajectoryEpisodes`.
        whitening: Of frame features; None: ``"frame"`` is a picture.
    """

    mean_F: Tensor
    basis_FP: Tensor

    def __init__(self, observation_space: gym.spaces.Dict, whitening: Whitening | None = None) -> None:
        sentence = observation_space["instruction"].shape
        assert sentence is not None, "a box"
        scene = _CNN_SIZE if whitening is None else whitening.basis_FP.shape[1]
        super().__init__(observation_space, scene + sentence[0])
        self._cnn: NatureCNN | None = None
        if whitening is None:
            frames = observation_space["frame"]
            assert isinstance(frames, gym.spaces.Box), "a picture"
            self._cnn = NatureCNN(frames, _CNN_SIZE)
        else:
            self.register_buffer("mean_F", torch.from_numpy(whitening.mean_F))
            self.register_buffer("basis_FP", torch.from_numpy(whitening.basis_FP))

    def forward(self, observations: dict[str, Tensor]) -> Tensor:
        """Return float (B, P + D)."""
        if self._cnn is not None:
            scene_BP = self._cnn(observations["frame"])
        else:
            scene_BP = ((observations["frame"] - self.mean_F) @ self.basis_FP).clamp(-_LIMIT, _LIMIT)
        return torch.cat([scene_BP, observations["instruction"]], dim=1)
