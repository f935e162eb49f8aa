"""The network: unit embeddings, failure texts of the right task, and only the changed tensors are trained."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from a2r_gym.errors import UnknownNameError
from a2r_gym.models.adapt2reward import Adapt2RewardNetwork, ModelConfig
from a2r_gym.models.reward_network import FrameEncoder
from tests.models.conftest import TASKS, MakeNetwork, MakeVideo

SENTENCES = ["close the drawer", "push the mug to the left"]


class TestModelConfig:
    def test_task_names_must_differ(self) -> None:
        with pytest.raises(ValueError, match="task names must differ"):
            ModelConfig(tasks=(TASKS[0], TASKS[0]))

    @pytest.mark.parametrize("size", ["num_frames", "place_features", "num_slots", "width", "depth", "embedding"])
    def test_sizes_are_positive(self, size: str) -> None:
        with pytest.raises(ValueError, match=f"{size} must be >= 1, got 0"):
            ModelConfig(tasks=TASKS, **{size: 0})  # type: ignore[arg-type]

    def test_the_number_of_failure_modes_is_not_negative(self) -> None:
        with pytest.raises(ValueError, match="num_failure_modes must be >= 0, got -1"):
            ModelConfig(tasks=TASKS, num_failure_modes=-1)

    def test_a_task_may_have_fewer_failure_modes_but_not_more(self) -> None:
        fewer = ModelConfig(tasks=(dataclasses.replace(TASKS[0], num_failure_modes=0), TASKS[1]))
        assert fewer.mode_counts == (0, 3)
        with pytest.raises(ValueError, match=r"of tabletop/drawer-close must be in \[0, 3\], the network's, got 4"):
            ModelConfig(tasks=(dataclasses.replace(TASKS[0], num_failure_modes=4), TASKS[1]))

    def test_it_is_frozen_and_lists_its_task_names(self) -> None:
        config = ModelConfig(tasks=TASKS)
        assert config.task_names == ("tabletop/drawer-close", "tabletop/mug-left")
        with pytest.raises(dataclasses.FrozenInstanceError):
            config.width = 3  # type: ignore[misc]

    def test_an_unknown_backbone_lists_what_exists(self) -> None:
        with pytest.raises(UnknownNameError, match=r"Did you mean 'efficientnet-lite0\+minilm'"):
            Adapt2RewardNetwork(ModelConfig(tasks=TASKS, backbone="efficientnet-lite0"))


class TestDescribeTasks:
    def test_numbers_and_names_of_modes_are_taken_down(self, make_network: MakeNetwork) -> None:
        network = make_network()
        entries = (dataclasses.replace(TASKS[0], failure_modes=("missed it",), num_failure_modes=1), TASKS[1])
        network.describe_tasks(entries)
        assert network.config.tasks == entries
        assert network.failure_prompts.counts_G.tolist() == [1, 3]

    def test_other_tasks_are_refused(self, make_network: MakeNetwork) -> None:
        with pytest.raises(ValueError, match="expected the tasks"):
            make_network().describe_tasks(TASKS[::-1])


class TestNetwork:
    def test_embeddings_have_unit_length(self, network: Adapt2RewardNetwork) -> None:
        for embedded in (
            network.encode_video(torch.randn(3, 8, network.frame_features)),
            network.encode_text(SENTENCES),
            network.encode_failures(SENTENCES, torch.tensor([0, 1])),
        ):
            torch.testing.assert_close(embedded.norm(dim=-1), torch.ones(embedded.shape[:-1]))

    def test_failure_texts_of_a_batch_equal_those_of_one_sentence(self, network: Adapt2RewardNetwork) -> None:
        together = network.encode_failures(SENTENCES, torch.tensor([0, 1]))
        assert together.shape == (2, 3, 32)
        for number, sentence in enumerate(SENTENCES):
            alone = network.encode_failures([sentence], torch.tensor([number]))
            torch.testing.assert_close(together[number], alone[0], atol=1e-6, rtol=0)

    def test_failure_texts_differ_by_mode_by_task_and_from_the_instruction(self, network: Adapt2RewardNetwork) -> None:
        same = network.encode_failures(["close it"] * 2, torch.tensor([0, 1])).flatten(0, 1)
        texts = torch.cat([network.encode_text(["close it"]), same])
        distance = torch.cdist(texts, texts) + 10 * torch.eye(7)
        assert distance.min() > 1e-3

    def test_robot_is_the_default_domain(self, network: Adapt2RewardNetwork) -> None:
        frames = torch.randn(2, 8, network.frame_features)
        robot, human = (network.encode_video(frames, torch.full((2,), domain)) for domain in (0, 1))
        assert torch.equal(network.encode_video(frames), robot)
        assert not torch.equal(human, robot)

    def test_the_scale_is_bounded_as_clips(self, make_network: MakeNetwork) -> None:
        network = make_network()
        assert network.logit_scale.item() == pytest.approx(10.0)
        network.log_logit_scale.data.fill_(30.0)
        assert network.logit_scale.item() == 100.0

    def test_the_frozen_towers_are_not_trained(self, network: Adapt2RewardNetwork, make_network: MakeNetwork) -> None:
        state = make_network().trainable_state()
        assert "text.change" in state
        assert "text.words" not in state
        assert not any(name.startswith("image.") for name in state)
        assert {"failure_prompts.prompts_GKLD", "log_logit_scale", "logit_bias"} <= state.keys()

    def test_a_frame_is_normalised_as_its_backbone_says(
        self, network: Adapt2RewardNetwork, make_video: MakeVideo
    ) -> None:
        frames = torch.from_numpy(make_video(3))
        expected = network.compressor(network.image(network.backbone.normalise(frames)))
        torch.testing.assert_close(FrameEncoder(network)(frames), expected, atol=1e-5, rtol=0)
        assert FrameEncoder(network)(frames).shape == (3, network.frame_features)

    def test_every_trained_tensor_takes_part(self, make_network: MakeNetwork) -> None:
        network = make_network()
        frames = network.compressor(torch.randn(16, 8, 4, 4)).unflatten(0, (2, 8))
        videos = network.encode_video(frames, torch.tensor([0, 1]))
        texts, failures = network.encode_text(SENTENCES), network.encode_failures(SENTENCES, torch.tensor([0, 1]))
        similarity = (videos @ texts.T).sum() + (videos @ failures.flatten(0, 1).T).square().sum()
        (network.logit_scale * similarity + network.logit_bias).backward()
        idle = [
            name for name, p in network.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())
        ]
        assert idle == []
