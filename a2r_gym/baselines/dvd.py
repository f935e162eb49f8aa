"""DVD: do two videos show the same task? A robot is rewarded for doing what people do in demonstrations.

Source: Chen, Nair and Finn 2021, "Learning Generalizable Robotic Reward Functions from 'In-The-Wild' Human Videos"
(arXiv 2103.16817). A video encoder and a classifier over the concatenated embeddings of a pair, learned on pairs of one
task and of two, robot and human mixed; scored against human videos of the task. Ours differs in the encoder (frozen
trunk, our temporal head), in that both orders of a pair count, and in that demonstrations are chosen by an instruction.

Shape suffixes: B videos, N others, T frames, F frame feature, G tasks, M sentences, D embedding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from a2r_gym.baselines.sentences import SentenceTable
from a2r_gym.errors import InstructionError
from a2r_gym.models.calibration import Calibration
from a2r_gym.models.frames import check_instructions
from a2r_gym.models.methods import Method
from a2r_gym.models.reward_network import NetworkConfig, RewardNetwork, build_head
from a2r_gym.models.task_lookup import plain_sentence
from a2r_gym.models.windowed import SimilarityReward, network_runtime

__all__ = ["DVD", "METHOD", "MIN_DEMONSTRATIONS", "DVDConfig", "DVDNetwork"]

MIN_DEMONSTRATIONS: Final = 3
"""Fewer videos of a task are too few to be compared with: the paper takes three and means over them."""


@dataclass(frozen=True, kw_only=True)
class DVDConfig(NetworkConfig):
    """Everything that fixes the network's tensors, see `NetworkConfig`.

    Attributes:
        sentences: For each of G tasks what it is called.
        demonstrations: For each of them how many demonstrations the network keeps; 0: none.
        compare_width: Width of the classifier of pairs.
    """

    sentences: tuple[tuple[str, ...], ...] = ()
    demonstrations: tuple[int, ...] = ()
    compare_width: int = 256

    def __post_init__(self) -> None:
        """Check that demonstrations are none or enough."""
        super().__post_init__()
        if len(self.sentences) != len(self.demonstrations):
            raise ValueError(f"expected demonstrations of {len(self.sentences)} tasks, got {len(self.demonstrations)}")
        if few := [count for count in self.demonstrations if 0 < count < MIN_DEMONSTRATIONS]:
            raise ValueError(f"expected 0 or at least {MIN_DEMONSTRATIONS} demonstrations of a task, got {few[0]}")


class DVDNetwork(RewardNetwork):
    """Video encoder, classifier of pairs, and the embedded demonstrations.

    Robots and people go through one encoder: there are no domain prompts.

    Args:
        config: Sizes and tasks.
        image_weights: See `load_backbone`.

    Attributes:
        demonstrations_GND: float (G, N, D), of which the first ones of each task count; filled when training ends.
    """

    method: ClassVar[str] = "dvd"
    config: DVDConfig

    def __init__(self, config: DVDConfig, *, image_weights: bool = True) -> None:
        super().__init__(config, image_weights=image_weights)
        self.text.requires_grad_(False)  # it only finds the task of a sentence that is not known
        self.head = build_head(config, self.backbone.grid)
        width = config.compare_width
        self.pairs = nn.Sequential(
            nn.Linear(2 * config.embedding, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1)
        )
        most = max(config.demonstrations, default=0)
        empty = torch.zeros(len(config.sentences), most, config.embedding)
        self.register_buffer("demonstrations_GND", empty)
        self.demonstrations_GND: Tensor
        self.note_trained()

    def same_task(self, videos_BD: Tensor, others_ND: Tensor) -> Tensor:
        """Judge all pairs of embedded videos: logits (B, N) that they show the same task; the order does not matter."""
        shape = (len(videos_BD), len(others_ND), videos_BD.shape[1])
        scale = videos_BD.shape[1] ** 0.5  # entries of a unit vector are small
        one = (scale * videos_BD)[:, None].expand(shape)
        other = (scale * others_ND)[None].expand(shape)
        there, back = self.pairs(torch.cat([one, other], dim=-1)), self.pairs(torch.cat([other, one], dim=-1))
        logits: Tensor = ((there + back) / 2.0).squeeze(-1)
        return logits


class DVD(SimilarityReward):
    """Mean probability that the episode so far and demonstrations of the instruction show the same task.

    ``similarity`` is twice that probability minus 1. It reads no text: an instruction only picks the demonstrations. It
    cannot use failures: a clip that fails is of no task. The recipes ``dvd-failures-...`` offer them as negatives.

    Args:
        network: The trained network.
        calibration: See `SimilarityReward`.
        name: How the model is called.
        runtime: See `a2r_gym.models.runtime.make_runtime`.

    Source:
        Chen et al. 2021, section 4.
    """

    def __init__(self, network: DVDNetwork, calibration: Calibration, *, name: str, runtime: str | None = None) -> None:
        self.network = network
        super().__init__(
            network_runtime(network, runtime),
            image_size=network.backbone.image_size,
            num_frames=network.config.num_frames,
            calibration=calibration,
            name=name,
        )
        self._table = SentenceTable(network.config.sentences, network.text)
        self._shown: dict[str, Tensor] = {}

    @torch.inference_mode()
    def demonstrate(self, instruction: str, videos: NDArray[np.uint8] | Sequence[NDArray[np.uint8]]) -> None:
        """Show videos of an instruction, to be compared with instead of those that the checkpoint holds.

        Args:
            instruction: The sentence.
            videos: See `RewardModel.score`; at least `MIN_DEMONSTRATIONS`.

        Raises:
            InstructionError: There are fewer.
        """
        [sentence] = check_instructions([instruction])
        if len(videos) < MIN_DEMONSTRATIONS:
            raise InstructionError(
                f"expected at least {MIN_DEMONSTRATIONS} demonstrations of {sentence!r}, got {len(videos)}"
            )
        self._shown[plain_sentence(sentence)] = self.network.head(torch.from_numpy(self.see(videos)))

    def demonstrations(self, instruction: str) -> Tensor:
        """Return the embedded demonstrations of an instruction, float (N, D).

        Raises:
            InstructionError: There are none.
        """
        shown = self._shown.get(plain_sentence(instruction))
        if shown is not None:
            return shown
        group, config = self._table.find(instruction), self.network.config
        count = config.demonstrations[group] if group >= 0 else 0
        if not count:
            known = [
                sentences[0]
                for sentences, number in zip(config.sentences, config.demonstrations, strict=True)
                if number
            ]
            raise InstructionError(
                f"{self.name} holds no demonstrations of {instruction!r}, only of: {', '.join(known) or 'nothing'}. "
                "Show it some with model.demonstrate(instruction, videos)"
            )
        return self.network.demonstrations_GND[group, :count]

    @torch.inference_mode()
    def rate(self, seen_BTF: NDArray[np.float32], instructions: Sequence[str]) -> NDArray[np.float32]:
        """See `SimilarityReward.rate`."""
        videos_BD = self.network.head(torch.from_numpy(seen_BTF))
        columns = [
            torch.sigmoid(self.network.same_task(videos_BD, self.demonstrations(sentence))).mean(dim=1)
            for sentence in instructions
        ]
        return np.asarray((2.0 * torch.stack(columns, dim=1) - 1.0).numpy(), dtype=np.float32)


METHOD = Method(DVDConfig, DVDNetwork, DVD)
"""See `a2r_gym.models.methods`."""
