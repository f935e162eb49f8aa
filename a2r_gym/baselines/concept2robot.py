"""Concept2Robot: how surely does a video classifier see the human action that the instruction is?

Source: Shao et al. 2020, "Concept2Robot: Learning Manipulation Concepts from Instructions and Human Demonstrations"
(RSS 2020). A classifier over the templates of Something-Something V2, objects as "something"; the reward is the
probability of the template that belongs to the task. Ours differs in the encoder, in that the classes are the templates
of the run's data instead of all 174, and in that the robot's successes are trained on too, so that it gets the data
that the others get.

Shape suffixes: B videos, T frames, F frame feature, C classes, M sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from a2r_gym.baselines.sentences import SentenceTable
from a2r_gym.models.calibration import Calibration
from a2r_gym.models.methods import Method
from a2r_gym.models.reward_network import NetworkConfig, RewardNetwork, build_head
from a2r_gym.models.windowed import SimilarityReward, network_runtime

__all__ = ["METHOD", "Concept2Robot", "Concept2RobotConfig", "Concept2RobotNetwork"]


@dataclass(frozen=True, kw_only=True)
class Concept2RobotConfig(NetworkConfig):
    """Everything that fixes the network's tensors, see `NetworkConfig`.

    Attributes:
        templates: Names of the C classes, as SS-V2 writes them: ``"Closing something"``.
        sentences: Groups of sentences that mean the same.
        classes: For each group its class; -1: no class says it.
    """

    templates: tuple[str, ...] = ()
    sentences: tuple[tuple[str, ...], ...] = ()
    classes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Check that there is something to tell apart."""
        super().__post_init__()
        if len(self.templates) < 2:
            raise ValueError(f"a classifier needs at least two templates, got {self.templates}")
        if len(self.sentences) != len(self.classes) or not all(
            -1 <= number < len(self.templates) for number in self.classes
        ):
            raise ValueError(f"expected a class in [-1, {len(self.templates)}) for each group of sentences")


class Concept2RobotNetwork(RewardNetwork):
    """Video encoder and classifier.

    Args:
        config: Sizes and tasks.
        image_weights: See `load_backbone`.
    """

    method: ClassVar[str] = "concept2robot"
    config: Concept2RobotConfig

    def __init__(self, config: Concept2RobotConfig, *, image_weights: bool = True) -> None:
        super().__init__(config, image_weights=image_weights)
        self.text.requires_grad_(False)  # it only finds the class of a sentence that is not known
        self.head = build_head(config, self.backbone.grid)
        self.classify = nn.Linear(config.embedding, len(config.templates))
        self.note_trained()

    def class_logits(self, videos_BD: Tensor) -> Tensor:
        """Classify embedded videos: logits (B, C)."""
        logits: Tensor = self.classify(videos_BD * videos_BD.shape[1] ** 0.5)  # entries of a unit vector are small
        return logits


class Concept2Robot(SimilarityReward):
    """Probability that the episode so far shows the template which the instruction is matched with.

    ``similarity`` is twice that probability minus 1. It reads no text: an instruction only picks the class. One that no
    class says has the probability of chance, 1 / C, whatever is seen; `template` tells. It cannot use failures: the
    classifier has no class for what is not done.

    Args:
        network: The trained network.
        calibration: See `SimilarityReward`.
        name: How the model is called.
        runtime: See `a2r_gym.models.runtime.make_runtime`.

    Source:
        Shao et al. 2020, section IV-A.
    """

    def __init__(
        self, network: Concept2RobotNetwork, calibration: Calibration, *, name: str, runtime: str | None = None
    ) -> None:
        self.network = network
        super().__init__(
            network_runtime(network, runtime),
            image_size=network.backbone.image_size,
            num_frames=network.config.num_frames,
            calibration=calibration,
            name=name,
        )
        self._table = SentenceTable(network.config.sentences, network.text)

    def template(self, instruction: str) -> str | None:
        """Tell which template an instruction is matched with; None: chance is all there is."""
        number = self._class(instruction)
        return self.network.config.templates[number] if number >= 0 else None

    def _class(self, instruction: str) -> int:
        group = self._table.find(instruction)
        return self.network.config.classes[group] if group >= 0 else -1

    @torch.inference_mode()
    def rate(self, seen_BTF: NDArray[np.float32], instructions: Sequence[str]) -> NDArray[np.float32]:
        """See `SimilarityReward.rate`."""
        logits_BC = self.network.class_logits(self.network.head(torch.from_numpy(seen_BTF)))
        chances_BC = logits_BC.softmax(dim=1).numpy()
        chance = np.full(len(chances_BC), 1.0 / chances_BC.shape[1])
        numbers = [self._class(sentence) for sentence in instructions]
        columns = [chances_BC[:, number] if number >= 0 else chance for number in numbers]
        return np.asarray(2.0 * np.stack(columns, axis=1) - 1.0, dtype=np.float32)


METHOD = Method(Concept2RobotConfig, Concept2RobotNetwork, Concept2Robot)
"""See `a2r_gym.models.methods`."""
