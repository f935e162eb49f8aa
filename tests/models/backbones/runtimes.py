"""Compares the runtimes on a backbone's image trunk."""

from __future__ import annotations

import numpy as np
import pytest
from torch import Tensor, nn

from a2r_gym.models.backbones.interface import Backbone
from a2r_gym.models.runtime import make_runtime


class _Trunk(nn.Module):
    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.image, self._backbone = backbone.image, backbone

    def forward(self, frames: Tensor) -> Tensor:
        maps: Tensor = self.image(self._backbone.normalise(frames))
        return maps


def assert_runtimes_agree(backbone: Backbone) -> None:
    """Check that OpenVINO, in bf16 perhaps, gives torch's maps."""
    pytest.importorskip("openvino", reason="needs the extra fast")
    size = backbone.image_size
    frames = np.random.default_rng(0).integers(0, 256, (2, size, size, 3), dtype=np.uint8)
    reference, other = (make_runtime(_Trunk(backbone), size, name)(frames) for name in ("torch", "openvino"))
    assert reference.shape == other.shape
    spread = reference - reference.mean()
    assert np.linalg.norm(other - reference) < 0.15 * np.linalg.norm(spread)
