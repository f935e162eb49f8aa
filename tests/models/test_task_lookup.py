"""Sentences of training find their task by their words, others the nearest task that has failure modes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from a2r_gym.models.checkpoint import load_network
from a2r_gym.models.task_lookup import TaskLookup
from tests.models.conftest import TASKS, MakeNetwork


def _embedded(network: object, sentence: str) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = network.encode_text([sentence])[0]  # type: ignore[attr-defined]
    return found


class TestTrained:
    @pytest.mark.parametrize(
        ("sentence", "task"),
        [("Close  the drawer.", 0), ("push the drawer shut", 0), ("push the mug to the left!", 1)],
    )
    def test_words_decide_whatever_the_embedding_says(
        self, make_network: MakeNetwork, sentence: str, task: int
    ) -> None:
        network = make_network()
        other = _embedded(network, TASKS[1 - task].instructions[0])
        assert TaskLookup(network).find(sentence, other) == (task, 1.0)

    def test_of_tasks_that_share_a_sentence_the_first_with_modes_is_taken(self, make_network: MakeNetwork) -> None:
        twin = replace(TASKS[0], name="metaworld/drawer-close")
        for counts, expected in (((3, 3), 0), ((0, 3), 1)):
            tasks = tuple(
                replace(task, num_failure_modes=count) for task, count in zip((TASKS[0], twin), counts, strict=True)
            )
            network = make_network(tasks=tasks)
            found = TaskLookup(network).find("close the drawer", _embedded(network, "close the drawer"))
            assert found == (expected, 1.0)


class TestNew:
    @pytest.mark.parametrize("task", [0, 1])
    def test_the_nearest_own_sentence_decides(self, make_network: MakeNetwork, task: int) -> None:
        network = make_network()
        near = _embedded(network, TASKS[task].instructions[0]) + 0.1 * torch.randn(32).sign() / 32**0.5
        near = near / near.norm()
        found = TaskLookup(network).find("something new", near)
        assert found is not None
        assert found.task == task
        assert found.similarity == pytest.approx(float(near @ _embedded(network, TASKS[task].instructions[0])))

    def test_a_task_without_modes_gives_none_even_to_its_own_sentence(self, make_network: MakeNetwork) -> None:
        network = make_network(tasks=(replace(TASKS[0], num_failure_modes=0), TASKS[1]))
        found = TaskLookup(network).find("close the drawer", _embedded(network, "close the drawer"))
        assert found is not None
        assert found.task == 1
        assert found.similarity < 1.0

    def test_where_no_task_has_modes_there_is_nothing_to_carry_over(self, make_network: MakeNetwork) -> None:
        network = make_network(num_failure_modes=0)
        assert TaskLookup(network).find("close the drawer", _embedded(network, "close the drawer")) is None


@pytest.fixture(scope="module")
def bundled() -> TaskLookup:
    from a2r_gym.models.checkpoint import BUNDLED, find_checkpoint

    return TaskLookup(load_network(find_checkpoint(BUNDLED))[0])


@pytest.mark.parametrize(
    ("sentence", "task"),
    [
        ("shut the cupboard", "drawer-close"),
        ("push the bottle to the left", "tabletop/mug-left"),
        ("move the bottle rightwards", "tabletop/mug-right"),
        ("turn the tap left", "tabletop/faucet-left"),
    ],
)
def test_the_bundled_checkpoint_tells_new_things_and_opposites_apart(
    bundled: TaskLookup, sentence: str, task: str
) -> None:
    network = bundled._network
    found = bundled.find(sentence, _embedded(network, sentence))
    assert found is not None
    assert network.config.task_names[found.task].endswith(task)
    assert 0.5 < found.similarity < 1.0
