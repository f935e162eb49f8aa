"""The head that runtimes run gives the numbers of the one that was trained."""

from __future__ import annotations

import pytest
import torch

from a2r_gym.models.adapt2reward import Adapt2RewardNetwork
from a2r_gym.models.frozen_head import FrozenHead
from tests.models.conftest import MakeNetwork


def _frames(network: Adapt2RewardNetwork, videos: int) -> torch.Tensor:
    random = torch.Generator().manual_seed(3)
    return torch.randn(videos, network.config.num_frames, network.frame_features, generator=random)


@pytest.mark.parametrize("videos", [1, 3])
@pytest.mark.parametrize("domain", [0, 1])
@pytest.mark.parametrize("depth", [1, 2])
def test_it_equals_the_trained_head(make_network: MakeNetwork, videos: int, domain: int, depth: int) -> None:
    network = make_network(depth=depth)
    frames = _frames(network, videos)
    with torch.inference_mode():
        expected = network.head(frames, torch.full((videos,), domain))
        found = FrozenHead(network.head, domain)(frames)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_nothing_in_it_is_trained(make_network: MakeNetwork) -> None:
    network = make_network()
    assert not FrozenHead(network.head)(_frames(network, 2)).requires_grad
