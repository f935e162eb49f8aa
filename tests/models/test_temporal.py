"""The pooler reads off places, the head reads frames in order."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from a2r_gym.models.temporal import FramePooler, TemporalHead


@pytest.fixture
def pooler() -> FramePooler:
    torch.manual_seed(0)
    return FramePooler(channels=6, grid=4, width=16, num_queries=3, frame_features=10).eval()


@pytest.fixture
def head() -> TemporalHead:
    torch.manual_seed(0)
    made = TemporalHead(frame_features=10, num_frames=8, width=16, depth=2, embedding=12, num_domains=2, dropout=0.5)
    return made.eval()


def _frames(count: int = 3) -> Tensor:
    return torch.randn(count, 8, 10, generator=torch.Generator().manual_seed(1))


ROBOT = torch.zeros(3, dtype=torch.long)


class TestFramePooler:
    def test_each_frame_is_pooled_by_itself(self, pooler: FramePooler) -> None:
        maps = torch.randn(5, 6, 4, 4)
        together = pooler(maps)
        assert together.shape == (5, 10)
        torch.testing.assert_close(together, torch.cat([pooler(one[None]) for one in maps]), atol=1e-5, rtol=0)

    def test_a_thing_that_moves_changes_the_feature(self, pooler: FramePooler) -> None:
        maps = torch.zeros(2, 6, 4, 4)
        maps[0, :, 0, 0] = maps[1, :, 3, 2] = torch.arange(6.0)
        here, there = pooler(maps)
        assert (here - there).abs().max() > 1e-2


class TestTemporalHead:
    def test_embeddings_have_unit_length(self, head: TemporalHead) -> None:
        out = head(_frames(), ROBOT)
        assert out.shape == (3, 12)
        torch.testing.assert_close(out.norm(dim=1), torch.ones(3))

    def test_the_same_frames_backwards_are_another_video(self, head: TemporalHead) -> None:
        forwards, backwards = head(_frames(), ROBOT), head(_frames().flip(1), ROBOT)
        assert ((forwards * backwards).sum(1) < 0.999).all()

    def test_every_frame_matters(self, head: TemporalHead) -> None:
        plain = head(_frames(1), ROBOT[:1])
        for frame in range(8):
            changed = _frames(1)
            changed[:, frame] += 1.0
            assert (head(changed, ROBOT[:1]) - plain).abs().max() > 1e-4

    def test_the_domain_prompt_matters(self, head: TemporalHead) -> None:
        assert (head(_frames(), ROBOT) - head(_frames(), ROBOT + 1)).abs().max() > 1e-4

    def test_videos_do_not_see_each_other(self, head: TemporalHead) -> None:
        together = head(_frames(), ROBOT)
        alone = torch.cat([head(one[None], ROBOT[:1]) for one in _frames()])
        torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)

    def test_dropout_acts_in_training_only(self, head: TemporalHead) -> None:
        assert torch.equal(head(_frames(), ROBOT), head(_frames(), ROBOT))
        head.train()
        assert not torch.equal(head(_frames(), ROBOT), head(_frames(), ROBOT))

    def test_every_parameter_gets_a_gradient(self, head: TemporalHead) -> None:
        head(_frames(), torch.tensor([0, 1, 0]))[:, 0].sum().backward()
        assert all(value.grad is not None and value.grad.abs().sum() > 0 for value in head.parameters())
