"""Each loss equals a few plain lines around cross entropy, and points the way that its name says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from a2r_train.losses import (
    cross_domain_loss,
    failure_video_language_loss,
    order_loss,
    paraphrase_loss,
    success_loss,
    video_language_loss,
)

SCALE = torch.tensor(7.0)
B, M, K, D = 6, 5, 3, 8
MODE = torch.tensor([-1, 0, 2, -1, 1, -1])
TASK = torch.tensor([0, 1, 2, 3, 4, 0])


@pytest.fixture
def sim() -> Tensor:
    return torch.rand(B, M, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture
def failure() -> Tensor:
    return torch.rand(B, M, K, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.fixture
def labels() -> Tensor:
    made = torch.randint(-1, 2, (B, M), generator=torch.Generator().manual_seed(2))
    assert {-1, 0, 1} == set(made.flatten().tolist())
    return made


def _entropy(positive: Tensor, negatives: Tensor) -> float:
    """Cross entropy of one positive among its negatives, both cosines."""
    logits = SCALE * torch.cat([positive.reshape(1), negatives.flatten()])
    return float(functional.cross_entropy(logits[None], torch.tensor([0])))


class TestVideoLanguage:
    @pytest.mark.parametrize("modes", [0, K])
    def test_it_is_cross_entropy_in_both_directions(
        self, sim: Tensor, failure: Tensor, labels: Tensor, modes: int
    ) -> None:
        each = []
        for b, m in (labels == 1).nonzero().tolist():
            to_text = torch.cat([sim[b, labels[b] == 0], failure[b, m, :modes]])
            to_video = sim[labels[:, m] == 0, m]
            each.append(_entropy(sim[b, m], to_text) + _entropy(sim[b, m], to_video))
        found = video_language_loss(sim, failure[:, :, :modes], labels, SCALE)
        assert float(found) == pytest.approx(sum(each) / len(each), rel=1e-5)

    def test_on_the_diagonal_it_is_clips(self, sim: Tensor) -> None:
        square = sim[:M]
        logits, target = SCALE * square, torch.arange(M)
        expected = functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)
        found = video_language_loss(square, square.new_zeros(M, M, 0), torch.eye(M, dtype=torch.int8), SCALE)
        torch.testing.assert_close(found, expected)

    def test_failure_texts_raise_it_and_more_so_the_closer_they_are(
        self, sim: Tensor, failure: Tensor, labels: Tensor
    ) -> None:
        without = video_language_loss(sim, failure[:, :, :0], labels, SCALE)
        far, near = (
            video_language_loss(sim, torch.full_like(failure, cosine), labels, SCALE) for cosine in (-0.9, 0.9)
        )
        assert without < far < near

    def test_unknown_pairs_do_not_matter(self, sim: Tensor, failure: Tensor, labels: Tensor) -> None:
        other = torch.where(labels == -1, -sim, sim)
        expected = video_language_loss(sim, failure, labels, SCALE)
        torch.testing.assert_close(video_language_loss(other, failure, labels, SCALE), expected)

    def test_failure_texts_of_other_pairs_do_not_matter(self, sim: Tensor, failure: Tensor, labels: Tensor) -> None:
        other = torch.where((labels == 1)[..., None], failure, -failure)
        expected = video_language_loss(sim, failure, labels, SCALE)
        torch.testing.assert_close(video_language_loss(sim, other, labels, SCALE), expected)

    def test_without_a_positive_it_is_zero(self, sim: Tensor, failure: Tensor, labels: Tensor) -> None:
        assert video_language_loss(sim, failure, labels.clamp(max=0), SCALE) == 0

    def test_a_positive_without_negatives_costs_nothing(self, sim: Tensor) -> None:
        alone = torch.full((B, M), -1)
        alone[2, 3] = 1
        assert float(video_language_loss(sim, sim.new_zeros(B, M, 0), alone, SCALE)) == pytest.approx(0.0, abs=1e-6)


class TestFailureVideoLanguage:
    def test_it_is_cross_entropy_to_the_clusters_text(self, sim: Tensor, failure: Tensor, labels: Tensor) -> None:
        each = []
        for b in (MODE >= 0).nonzero()[:, 0].tolist():
            logits = SCALE * torch.cat([failure[b].flatten(), sim[b, labels[b] == 0]])
            target = torch.tensor([int(TASK[b]) * K + int(MODE[b])])
            each.append(float(functional.cross_entropy(logits[None], target)))
        found = failure_video_language_loss(sim, failure, labels, MODE, TASK, SCALE)
        assert float(found) == pytest.approx(sum(each) / len(each), rel=1e-5)

    def test_without_clusters_it_is_zero(self, sim: Tensor, failure: Tensor, labels: Tensor) -> None:
        assert failure_video_language_loss(sim, failure, labels, torch.full((B,), -1), TASK, SCALE) == 0

    def test_it_draws_a_video_to_its_own_mode_and_away_from_the_instruction(
        self, sim: Tensor, failure: Tensor, labels: Tensor
    ) -> None:
        failure.requires_grad_()
        sim.requires_grad_()
        labels[1] = 0
        failure_video_language_loss(sim, failure, labels, MODE, TASK, SCALE).backward()
        assert failure.grad is not None
        assert sim.grad is not None
        assert failure.grad[1, 1, 0] < 0
        assert (failure.grad[1, 1, 1:] > 0).all()
        assert (sim.grad[1] > 0).all()
        assert not failure.grad[0].any()  # takes no part


class TestSuccess:
    def test_own_and_foreign_pairs_weigh_the_same(self, sim: Tensor, labels: Tensor) -> None:
        own = torch.rand(B, M, generator=torch.Generator().manual_seed(3)) < 0.3
        bias = torch.tensor(-1.5)
        each = [
            functional.binary_cross_entropy(torch.sigmoid(SCALE * sim[mask] + bias), labels[mask].float())
            for mask in ((labels >= 0) & own, (labels >= 0) & ~own)
        ]
        torch.testing.assert_close(success_loss(sim, labels, own, SCALE, bias), each[0] + each[1])

    def test_unknown_pairs_do_not_matter(self, sim: Tensor, labels: Tensor) -> None:
        own, bias = torch.ones(B, M, dtype=torch.bool), torch.tensor(0.0)
        other = torch.where(labels == -1, -sim, sim)
        expected = success_loss(sim, labels, own, SCALE, bias)
        torch.testing.assert_close(success_loss(other, labels, own, SCALE, bias), expected)


class TestCrossDomain:
    ROBOT_TASK, HUMAN_TASK = torch.tensor([0, 1, 1, 4]), torch.tensor([1, 0, 2, 1, 0])
    SAME = (ROBOT_TASK[:, None] == HUMAN_TASK[None]).long()

    def _unit(self, count: int, seed: int) -> Tensor:
        return functional.normalize(torch.randn(count, D, generator=torch.Generator().manual_seed(seed)), dim=1)

    def test_it_is_cross_entropy_in_both_directions(self) -> None:
        robot, human = self._unit(4, 0), self._unit(5, 1)
        sim, each = robot @ human.T, []
        same = self.ROBOT_TASK[:, None] == self.HUMAN_TASK[None]
        for r, h in same.nonzero().tolist():
            each.append(_entropy(sim[r, h], sim[r, ~same[r]]) + _entropy(sim[r, h], sim[~same[:, h], h]))
        found = cross_domain_loss(robot, human, self.SAME, SCALE)
        assert float(found) == pytest.approx(sum(each) / len(each), rel=1e-5)

    def test_the_two_domains_may_change_places(self) -> None:
        robot, human = self._unit(4, 0), self._unit(5, 1)
        forwards = cross_domain_loss(robot, human, self.SAME, SCALE)
        torch.testing.assert_close(cross_domain_loss(human, robot, self.SAME.T, SCALE), forwards)

    def test_it_falls_as_same_tasks_meet(self) -> None:
        centres = self._unit(5, 3)
        apart = cross_domain_loss(self._unit(4, 0), self._unit(5, 1), self.SAME, SCALE)
        met = cross_domain_loss(centres[self.ROBOT_TASK], centres[self.HUMAN_TASK], self.SAME, SCALE)
        assert met < apart

    def test_pairs_of_which_nothing_is_known_do_not_count(self) -> None:
        robot, human = self._unit(4, 0), self._unit(5, 1)
        unknown = torch.cat([self.SAME, torch.full((4, 1), -1)], dim=1)
        found = cross_domain_loss(robot, torch.cat([human, robot[:1]]), unknown, SCALE)
        torch.testing.assert_close(found, cross_domain_loss(robot, human, self.SAME, SCALE))

    def test_without_a_common_task_it_is_zero(self) -> None:
        found = cross_domain_loss(self._unit(4, 0), self._unit(5, 1), torch.zeros_like(self.SAME), SCALE)
        assert found == 0


class TestOrder:
    def test_it_is_softplus_of_the_missing_margin(self) -> None:
        later, earlier = torch.tensor([0.5, 0.1]), torch.tensor([0.2, 0.4])
        expected = torch.log1p(torch.exp(SCALE * (0.05 - torch.tensor([0.3, -0.3])))).mean()
        torch.testing.assert_close(order_loss(later, earlier, SCALE), expected)

    def test_rising_costs_less_than_falling(self) -> None:
        high, low = torch.tensor([0.6]), torch.tensor([0.1])
        assert order_loss(high, low, SCALE) < order_loss(low, high, SCALE)

    def test_without_pairs_it_is_zero_and_can_be_differentiated(self) -> None:
        none = torch.zeros(0, requires_grad=True)
        loss = order_loss(none, none, SCALE)
        assert loss == 0
        loss.backward()


@pytest.mark.parametrize("known", ["mixed", "none", "all positive", "all negative"])
def test_losses_and_gradients_are_finite_at_the_largest_scale(
    sim: Tensor, failure: Tensor, labels: Tensor, known: str
) -> None:
    labels = {
        "mixed": labels, "none": torch.full_like(labels, -1),
        "all positive": torch.ones_like(labels), "all negative": torch.zeros_like(labels),
    }[known]  # fmt: skip
    scale, bias = torch.tensor(100.0, requires_grad=True), torch.tensor(-3.0, requires_grad=True)
    sim = sim.sign().requires_grad_()
    failure = failure.sign().masked_fill(torch.arange(M)[None, :, None] > 2, -1e3).requires_grad_()
    losses: list[Callable[[], Tensor]] = [
        lambda: video_language_loss(sim, failure, labels, scale),
        lambda: failure_video_language_loss(sim, failure, labels, MODE.clamp(max=1), TASK % 3, scale),
        lambda: success_loss(sim, labels, labels == 1, scale, bias),
        lambda: order_loss(sim[:, 0], sim[:, 1], scale),
    ]
    for loss in losses:
        value = loss()
        value.backward()
        assert torch.isfinite(value)
        assert value >= 0
    for tensor in (sim, failure, scale, bias):
        assert tensor.grad is not None
        assert torch.isfinite(tensor.grad).all()


def test_paraphrase_loss_is_a_cross_entropy_both_ways_where_all_meanings_differ() -> None:
    text, spoken = (
        functional.normalize(torch.randn(M, D, generator=torch.Generator().manual_seed(seed)), dim=1) for seed in (5, 6)
    )
    logits, own = SCALE * text @ spoken.T, torch.arange(M)
    expected = functional.cross_entropy(logits, own) + functional.cross_entropy(logits.T, own)
    assert torch.allclose(paraphrase_loss(text, spoken, own, SCALE), expected, atol=1e-5)


def test_paraphrase_loss_parts_opposites_but_not_tasks_that_say_the_same() -> None:
    text = functional.normalize(torch.ones(2, D) + 0.01 * torch.eye(2, D), dim=1).requires_grad_()
    paraphrase_loss(text, text, torch.tensor([0, 1]), SCALE).backward()
    assert text.grad is not None
    stepped = functional.normalize(text.detach() - 0.5 * text.grad, dim=1)
    assert stepped[0] @ stepped[1] < text[0].detach() @ text[1].detach()
    assert paraphrase_loss(text, text, torch.tensor([3, 3]), SCALE).item() == pytest.approx(0.0, abs=1e-6)
