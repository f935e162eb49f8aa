"""The compressor keeps places, the reader follows what moves wherever it is, the head reads frames in order."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from a2r_gym.models.temporal import FrameCompressor, MotionReader, TemporalHead

GRID, PLACE = 6, 5


@pytest.fixture
def reader() -> MotionReader:
    torch.manual_seed(0)
    return MotionReader(grid=GRID, place_features=PLACE, mix_width=16, num_slots=6, slot_features=3).eval()


@pytest.fixture
def head(reader: MotionReader) -> TemporalHead:
    made = TemporalHead(reader, num_frames=8, width=16, depth=2, embedding=12, num_domains=2, dropout=0.5)
    return made.eval()


def _frames(count: int = 3) -> Tensor:
    return torch.randn(count, 8, GRID**2 * PLACE, generator=torch.Generator().manual_seed(1))


def _thing(*places: tuple[int, int]) -> Tensor:
    """A video (1, T, F) of a thing on an empty map, at (row, column) in each frame."""
    maps = torch.zeros(len(places), GRID, GRID, PLACE)
    for frame, (row, column) in enumerate(places):
        maps[frame, row, column] = torch.arange(1.0, PLACE + 1.0)
    return maps.reshape(1, len(places), -1)


ROBOT = torch.zeros(3, dtype=torch.long)


class TestFrameCompressor:
    def test_each_place_is_compressed_by_itself(self) -> None:
        torch.manual_seed(0)
        compressor = FrameCompressor(channels=7, place_features=PLACE)
        maps = torch.randn(2, 7, GRID, GRID)
        changed = maps.clone()
        changed[1, :, 2, 3] += 1.0
        before, after = (compressor(each).reshape(2, GRID, GRID, PLACE) for each in (maps, changed))
        moved = (before != after).any(dim=-1)
        assert moved.nonzero().tolist() == [[1, 2, 3]]


class TestMotionReader:
    def test_a_movement_is_the_same_wherever_it_is_seen(self, reader: MotionReader) -> None:
        here, there = reader(_thing((1, 1), (1, 2))), reader(_thing((3, 2), (3, 3)))
        assert here.shape == (1, 2, reader.features)
        torch.testing.assert_close(here, there, atol=1e-5, rtol=0)

    def test_other_directions_are_other_movements(self, reader: MotionReader) -> None:
        rightwards, downwards = reader(_thing((2, 2), (2, 3))), reader(_thing((2, 2), (3, 2)))
        assert (rightwards - downwards).abs().max() > 1e-2

    def test_slots_report_how_far_they_have_come(self, reader: MotionReader) -> None:
        still, moved = (reader(_thing((2, 2), (2, column))).reshape(2, 6, -1) for column in (2, 4))
        assert not still[..., 3:5].any()
        assert moved[1, :, 3].abs().max() > 1e-3

    def test_slots_that_see_nothing_say_nothing(self, reader: MotionReader) -> None:
        empty = reader(torch.zeros(1, 3, GRID**2 * PLACE)).reshape(3, 6, -1)
        assert not empty[..., 3:].any()


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
