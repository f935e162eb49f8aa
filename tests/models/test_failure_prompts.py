"""Prompts are looked up per task, the modes of a task side by side."""

from __future__ import annotations

import torch

from a2r_gym.models.failure_prompts import FailurePrompts


def _table() -> FailurePrompts:
    torch.manual_seed(0)
    return FailurePrompts(num_tasks=4, num_failure_modes=3, length=2, width=5)


def test_the_modes_of_a_task_stand_side_by_side() -> None:
    table = _table()
    found = table(torch.tensor([2, 0]))
    assert found.shape == (6, 2, 5)
    assert torch.equal(found[1], table.prompts_GKLD[2, 1])
    assert torch.equal(found[3], table.prompts_GKLD[0, 0])


def test_prompts_differ_from_the_start() -> None:
    assert len(torch.unique(_table().prompts_GKLD.flatten(0, 1).flatten(1), dim=0)) == 12


def test_only_the_tasks_that_were_looked_up_learn() -> None:
    table = _table()
    table(torch.tensor([1, 1])).sum().backward()
    gradient = table.prompts_GKLD.grad
    assert gradient is not None
    assert torch.equal(gradient[1], torch.full((3, 2, 5), 2.0))
    assert not gradient[[0, 2, 3]].any()


def test_only_the_first_modes_of_a_task_are_live() -> None:
    table = FailurePrompts(num_tasks=3, num_failure_modes=3, length=2, width=5, counts=[3, 1, 0])
    found = table.live(torch.tensor([1, 0, 2]))
    assert found.tolist() == [[True, False, False], [True, True, True], [False, False, False]]
    assert _table().live(torch.arange(4)).all()


def test_their_number_is_no_tensor_of_a_checkpoint() -> None:
    assert set(_table().state_dict()) == {"prompts_GKLD"}


def test_no_modes_give_no_prompts() -> None:
    table = FailurePrompts(num_tasks=2, num_failure_modes=0, length=2, width=5)
    assert table(torch.tensor([0, 1])).shape == (0, 2, 5)
