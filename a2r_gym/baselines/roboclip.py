"""RoboCLIP: how similar is a whole episode to a sentence, or to one demonstration?

Source: Sontakke et al. 2023, "RoboCLIP: One Demonstration is Enough to Learn Robot Policies" (arXiv 2310.07899). The
dot product of the episode's embedding with that of a text or a video, given once at the episode's end; the encoder is
S3D, learned on HowTo100M, and frozen. Ours runs on two others: open_clip's, which knows single pictures, so that an
episode is the mean of its frames; and, as ``roboclip-ours-...``, our backbone trained by the contrast of videos with
sentences.

A score at any step is that of the episode so far as if it ended there. The sparse reward of the paper is the wrapper
`a2r_gym.wrappers.end_reward.EndReward` around a learned reward.

Shape suffixes: B videos, T frames, F frame feature, M sentences, D embedding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from a2r_gym.errors import InstructionError
from a2r_gym.models.calibration import Calibration
from a2r_gym.models.frames import check_instructions
from a2r_gym.models.methods import Method
from a2r_gym.models.reward_network import NetworkConfig, RewardNetwork, build_head
from a2r_gym.models.windowed import SimilarityReward, network_runtime

__all__ = [
    "METHOD",
    "EpisodeEncoder",
    "RoboCLIP",
    "RoboCLIPConfig",
    "RoboCLIPNetwork",
    "load_zero_shot",
    "trained_roboclip",
]

ZERO_SHOT_FRAMES: Final = 8
"""Frames of an episode whose mean is taken; S3D takes 32."""


class EpisodeEncoder(NamedTuple):
    """What embeds pictures, episodes and sentences.

    Attributes:
        encode: From uint8 (N, S, S, 3) to frame features, float32 (N, F).
        embed: From frame features (B, T, F) to unit vectors, float32 (B, D).
        encode_text: From a sentence to a unit vector, float32 (D,).
        image_size: S.
        num_frames: T.
    """

    encode: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    embed: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    encode_text: Callable[[str], NDArray[np.float32]]
    image_size: int
    num_frames: int


class RoboCLIP(SimilarityReward):
    """Cosine of the episode with the instruction, or with demonstrations of it where there are some.

    It uses no failures: a contrast of videos with sentences has no sentence for them.

    Args:
        encoder: What embeds episodes and sentences.
        calibration: See `SimilarityReward`.
        name: How the model is called.

    Source:
        Sontakke et al. 2023, section 3.
    """

    def __init__(self, encoder: EpisodeEncoder, calibration: Calibration | None = None, *, name: str) -> None:
        super().__init__(
            encoder.encode,
            image_size=encoder.image_size,
            num_frames=encoder.num_frames,
            calibration=calibration,
            name=name,
        )
        self._encoder = encoder
        self._targets: dict[str, NDArray[np.float32]] = {}

    def demonstrate(self, instruction: str, videos: NDArray[np.uint8] | Sequence[NDArray[np.uint8]]) -> None:
        """Reward from now on what is like some videos; their embeddings' mean takes the sentence's place.

        Args:
            instruction: The sentence.
            videos: See `RewardModel.score`; the paper takes one.

        Raises:
            InstructionError: There is none.
        """
        [sentence] = check_instructions([instruction])
        if len(videos) == 0:
            raise InstructionError(f"expected at least one demonstration of {sentence!r}, got none")
        mean = self._encoder.embed(self.see(videos)).mean(axis=0)
        self._targets[sentence] = np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)

    def rate(self, seen_BTF: NDArray[np.float32], instructions: Sequence[str]) -> NDArray[np.float32]:
        """See `SimilarityReward.rate`."""
        for sentence in instructions:
            if sentence not in self._targets:
                self._targets[sentence] = self._encoder.encode_text(sentence)
        targets_MD = np.stack([self._targets[sentence] for sentence in instructions])
        return np.asarray(self._encoder.embed(seen_BTF) @ targets_MD.T, dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class RoboCLIPConfig(NetworkConfig):
    """Everything that fixes the network's tensors, see `NetworkConfig`."""


class RoboCLIPNetwork(RewardNetwork):
    """Episodes and sentences in one space, on our backbone; robots and people go through one encoder.

    Args:
        config: Sizes and tasks.
        image_weights: See `load_backbone`.
    """

    method: ClassVar[str] = "roboclip"

    def __init__(self, config: RoboCLIPConfig, *, image_weights: bool = True) -> None:
        super().__init__(config, image_weights=image_weights)
        self.head = build_head(config, self.backbone.grid)
        self.text_projection = nn.Sequential(
            nn.Linear(self.text.features, self.text.width), nn.GELU(), nn.Linear(self.text.width, config.embedding)
        )
        self.log_logit_scale = nn.Parameter(torch.tensor(math.log(10.0)))
        self.note_trained()

    @property
    def logit_scale(self) -> Tensor:
        """Factor from similarity to logit, at most 100 (as CLIP bounds it)."""
        return self.log_logit_scale.exp().clamp(max=100.0)

    def encode_text(self, instructions: Sequence[str]) -> Tensor:
        """Embed M sentences: float (M, D), unit length."""
        return nn.functional.normalize(self.text_projection(self.text(instructions)), dim=-1)


def trained_roboclip(
    network: RoboCLIPNetwork, calibration: Calibration, *, name: str, runtime: str | None = None
) -> RoboCLIP:
    """Make a reward model of a network that was trained on our backbone.

    Args:
        network: The trained network.
        calibration: See `SimilarityReward`.
        name: How the model is called.
        runtime: See `a2r_gym.models.runtime.make_runtime`.
    """

    @torch.inference_mode()
    def embed(seen_BTF: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(network.head(torch.from_numpy(seen_BTF)).numpy(), dtype=np.float32)

    @torch.inference_mode()
    def encode_text(instruction: str) -> NDArray[np.float32]:
        return np.asarray(network.encode_text([instruction])[0].numpy(), dtype=np.float32)

    encode = network_runtime(network, runtime)
    size, frames = network.backbone.image_size, network.config.num_frames
    return RoboCLIP(EpisodeEncoder(encode, embed, encode_text, size, frames), calibration, name=name)


def load_zero_shot(argument: str, *, runtime: str | None = None) -> RoboCLIP:
    """Make a reward model of an open_clip model as it is: an episode is the mean of `ZERO_SHOT_FRAMES` frames.

    Args:
        argument: open_clip's name of the weights: ``ViT-B-32/laion2b_s34b_b79k``, ``ViT-B-32/weights.pt``.
        runtime: See `a2r_gym.models.runtime.make_runtime`.

    Raises:
        WeightsError: The weights are missing or cannot be read.
        MissingDependencyError: open_clip is not installed.
    """
    from a2r_gym.baselines.clip import clip_encoder

    clip = clip_encoder(argument, runtime=runtime)

    def embed(seen_BTF: NDArray[np.float32]) -> NDArray[np.float32]:
        mean_BF = seen_BTF.mean(axis=1)
        return np.asarray(mean_BF / np.linalg.norm(mean_BF, axis=1, keepdims=True), dtype=np.float32)

    encoder = EpisodeEncoder(clip.encode, embed, clip.encode_text, clip.image_size, ZERO_SHOT_FRAMES)
    return RoboCLIP(encoder, name=f"roboclip:{argument}")


METHOD = Method(RoboCLIPConfig, RoboCLIPNetwork, trained_roboclip)
"""See `a2r_gym.models.methods`."""
