"""The losses of one training step: what the network says about a batch of robot clips and one of human clips.

Robot clips and sentences are contrasted among themselves, human ones too; L_CDC is what ties the two domains.

Shape suffixes: B robot clips, N human clips, T frames, C channels, H W feature map, F frame feature, M sentences,
K failure modes, D embedding, P pairs, L labels.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from a2r_gym.models.adapt2reward import Adapt2RewardNetwork
from a2r_gym.models.reward_network import DOMAINS, RewardNetwork
from a2r_gym.models.temporal import FrameCompressor, TemporalHead
from a2r_train.features import FeatureStore
from a2r_train.human_relations import relation
from a2r_train.human_sampler import HumanBatch, HumanSampler
from a2r_train.losses import (
    cross_domain_loss,
    failure_video_language_loss,
    order_loss,
    paraphrase_loss,
    success_loss,
    video_language_loss,
)
from a2r_train.ranks import share
from a2r_train.sampler import Batch

__all__ = [
    "HumanPart",
    "LossConfig",
    "StepLosses",
    "VideoReader",
    "compress_maps",
    "done_templates",
    "embed_clips",
    "embed_frames",
    "embed_maps",
    "maps_of",
    "precision",
    "relations",
]

_PARAPHRASES: Final = 8
"""So many sentences of a domain have a paraphrase in a step: the text side is what a step costs most."""


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """Weights of Adapt2Reward's losses; 0 switches one off. 1 each is the paper's.

    Attributes:
        video_language: L_VLC.
        failure_video_language: L_fVLC, with the failure texts as extra negatives in L_VLC.
        success: L_BCE.
        cross_domain: L_CDC; needs human clips.
        order: Ours: similarity rises along a success.
        paraphrase: Ours: sentences of one task attract, those of others repel.
    """

    video_language: float = 1.0
    failure_video_language: float = 1.0
    success: float = 1.0
    cross_domain: float = 1.0
    order: float = 0.5
    paraphrase: float = 0.5

    method: ClassVar[str] = "adapt2reward"

    def __post_init__(self) -> None:
        """Check that something is left to learn from."""
        weights = {field.name: getattr(self, field.name) for field in fields(self)}
        if min(weights.values()) < 0.0 or not any(weights.values()):
            raise ValueError(f"expected loss weights >= 0, not all of them 0, got {weights}")


class VideoReader(Protocol):
    """A network with a video encoder."""

    compressor: FrameCompressor
    head: TemporalHead


class HumanPart(NamedTuple):
    """The human domain of a run.

    Attributes:
        sampler: Draws its clips.
        store: Their feature maps.
        template_of_label: int64 (L,), the human template that each robot label is matched with; -1 for none.
    """

    sampler: HumanSampler
    store: FeatureStore
    template_of_label: NDArray[np.int64]


class StepLosses:
    """Computes the named losses of a step.

    Args:
        network: The network.
        store: Feature maps of the robot clips.
        task_of_label: int64 (L,), the network's task of each label; -1 for none.
        weights: Which losses.
        human: The human domain; None: there is none, and L_CDC is off.

    Attributes:
        clusters_failures: Whether failures are to be clustered at each epoch's end.

    Raises:
        ValueError: L_fVLC is on, and the network has no failure prompts.
    """

    def __init__(
        self,
        network: Adapt2RewardNetwork,
        store: FeatureStore,
        task_of_label: NDArray[np.int64],
        weights: LossConfig,
        human: HumanPart | None = None,
    ) -> None:
        if weights.failure_video_language and network.config.num_failure_modes == 0:
            raise ValueError("failure_video_language needs failure prompts: num_failure_modes >= 1, or weight 0")
        self._network, self._store, self._task_of_label = network, store, task_of_label
        self._weights, self._human = weights, human
        self.clusters_failures = bool(weights.failure_video_language)

    def __call__(self, batch: Batch, human: HumanBatch | None, mode_B: NDArray[np.int64]) -> dict[str, Tensor]:
        """Return the weighted losses by name.

        Args:
            batch: Robot clips.
            human: Human clips; None where the run has no human domain.
            mode_B: int64 (B,), cluster of each robot clip that is a failure shown to its end, else -1.
        """
        video_BD = embed_clips(self._network, self._store, batch)
        named = self._robot(batch, video_BD, mode_B)
        if human is not None and self._human is not None:
            human_ND = embed_clips(self._network, self._human.store, human, domains=human.domains)
            named |= self._of_humans(human, human_ND)
            if self._weights.cross_domain:
                shown_B = done_templates(batch, self._human.template_of_label)
                same_BN = torch.from_numpy(relations(shown_B, human.templates))
                loss = cross_domain_loss(video_BD, human_ND, same_BN, self._network.logit_scale)
                named["cross_domain"] = self._weights.cross_domain * loss
        return named

    def _robot(self, batch: Batch, video_BD: Tensor, mode_B: NDArray[np.int64]) -> dict[str, Tensor]:
        network, weights, scale = self._network, self._weights, self._network.logit_scale
        text_MD, spoken_PD = self._texts(batch)
        sim_BM, labels_BM = video_BD @ text_MD.T, torch.from_numpy(batch.labels)
        failure_BMK = self._failure_similarity(batch, video_BD)
        named: dict[str, Tensor] = {}
        if weights.video_language:
            loss = video_language_loss(sim_BM, failure_BMK, labels_BM, scale)
            named["video_language"] = weights.video_language * loss
        if weights.failure_video_language:
            column_B = torch.from_numpy(batch.task_column)
            loss = failure_video_language_loss(
                sim_BM, failure_BMK, labels_BM, torch.from_numpy(mode_B), column_B, scale
            )
            named["failure_video_language"] = weights.failure_video_language * loss
        if weights.success:
            own_BM = torch.from_numpy(batch.own)
            named["success"] = weights.success * success_loss(sim_BM, labels_BM, own_BM, scale, network.logit_bias)
        if spoken_PD is not None:
            loss = paraphrase_loss(text_MD, spoken_PD, torch.from_numpy(batch.meanings), scale)
            named["paraphrase"] = weights.paraphrase * loss
        if weights.order and len(batch.later):
            named["order"] = weights.order * self._order(batch, sim_BM)
        return named

    def _of_humans(self, batch: HumanBatch, video_ND: Tensor) -> dict[str, Tensor]:
        network, weights, scale = self._network, self._weights, self._network.logit_scale
        text_MD, spoken_PD = self._texts(batch)
        sim_NM, labels_NM = video_ND @ text_MD.T, torch.from_numpy(batch.labels)
        named: dict[str, Tensor] = {}
        if weights.video_language:
            loss = video_language_loss(sim_NM, sim_NM.new_zeros((*sim_NM.shape, 0)), labels_NM, scale)
            named["human_video_language"] = weights.video_language * loss
        if weights.success:
            own_NM = torch.from_numpy(batch.own)
            loss = success_loss(sim_NM, labels_NM, own_NM, scale, network.logit_bias)
            named["human_success"] = weights.success * loss
        if spoken_PD is not None:
            loss = paraphrase_loss(text_MD, spoken_PD, torch.from_numpy(batch.meanings), scale)
            named["human_paraphrase"] = weights.paraphrase * loss
        if weights.order and len(batch.later):
            named["human_order"] = weights.order * self._order(batch, sim_NM)
        return named

    def _texts(self, batch: Batch | HumanBatch) -> tuple[Tensor, Tensor | None]:
        """Embed the sentences, float (M, D), and where a loss wants them paraphrases of the first: float (P, D)."""
        paraphrases = batch.paraphrases[:_PARAPHRASES] if self._weights.paraphrase else ()
        spoken = (*batch.sentences, *paraphrases)
        place = {sentence: number for number, sentence in enumerate(dict.fromkeys(spoken))}
        with precision():
            embedded = self._network.encode_text(list(place)).float()[[place[sentence] for sentence in spoken]]
        count = len(batch.sentences)
        return embedded[:count], embedded[count:] if paraphrases else None

    def _order(self, batch: Batch | HumanBatch, sim_BM: Tensor) -> Tensor:
        columns = torch.from_numpy(batch.order_column)
        later, earlier = (sim_BM[torch.from_numpy(rows), columns] for rows in (batch.later, batch.earlier))
        return order_loss(later, earlier, self._network.logit_scale)

    def _failure_similarity(self, batch: Batch, video_BD: Tensor) -> Tensor:
        """Compare with each sentence's failure texts: float (B, M, K), very low where there are none."""
        network = self._network
        task_M = torch.from_numpy(self._task_of_label[batch.tasks])
        modes = network.config.num_failure_modes
        known_M = (task_M >= 0) & (torch.arange(len(task_M)) <= int(batch.task_column.max()))
        failures_MKD = video_BD.new_zeros((len(task_M), modes, video_BD.shape[1]))
        if self._weights.failure_video_language and modes:
            places = known_M.nonzero()[:, 0]
            with precision():
                encoded = network.encode_failures([batch.sentences[place] for place in places], task_M[places])
            failures_MKD = failures_MKD.index_copy(0, places, encoded.float())
        live_MK = known_M[:, None] & network.failure_prompts.live(task_M)
        return torch.einsum("bd,mkd->bmk", video_BD, failures_MKD).masked_fill(~live_MK[None], -1e3)


def done_templates(batch: Batch, template_of_label: NDArray[np.int64]) -> NDArray[np.int64]:
    """Tell which human template each robot clip does: int64 (B,), -1 for none that is known."""
    template_M = template_of_label[batch.tasks]
    done_BM = (batch.labels == 1) & (template_M >= 0)
    return np.asarray(np.where(done_BM.any(axis=1), template_M[done_BM.argmax(axis=1)], -1))


def relations(shown: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Tell which clips of templates do what which others do: int64 (B, N), 1 the same, 0 another, -1 unknown."""
    return np.array(
        [
            [relation(int(one), int(two)) if min(one, two) >= 0 else -1 for two in other]
            for one in shown
        ],
        dtype=np.int64,
    ).reshape(len(shown), len(other))  # fmt: skip


def maps_of(
    store: FeatureStore, batch: Batch | HumanBatch, rows: NDArray[np.int64] | None = None
) -> NDArray[np.float16]:
    """Read the feature maps of a step's clips, or of some of them: float16 (B, T, C, H, W)."""
    which = np.arange(len(batch.clips)) if rows is None else rows
    maps: NDArray[np.float16] = store.maps[
        batch.augmentations[which, None], batch.clips[which, None], batch.frames[which]
    ]
    return maps


def compress_maps(network: RewardNetwork | VideoReader, maps: NDArray[np.float16]) -> Tensor:
    """Turn the feature maps of clips, float16 (B, T, C, H, W), into frame features: float (B, T, F)."""
    with precision():
        frames_NF: Tensor = network.compressor(torch.from_numpy(maps).float().flatten(0, 1))
        return frames_NF.reshape(*maps.shape[:2], -1)


def embed_frames(network: VideoReader, frames_BTF: Tensor, domain_B: NDArray[np.int64] | None = None) -> Tensor:
    """Embed clips from their frame features.

    Args:
        network: The network.
        frames_BTF: float (B, T, F).
        domain_B: int64 (B,), whose prompt each carries, index in `DOMAINS`; None: the robot's.

    Returns:
        float (B, D), unit length.
    """
    if domain_B is None:
        domain_B = np.full(len(frames_BTF), DOMAINS.index("robot"))
    with precision():
        embedded: Tensor = network.head(frames_BTF, torch.from_numpy(domain_B))
        return embedded.float()


def embed_maps(network: VideoReader, maps: NDArray[np.float16], domain_B: NDArray[np.int64] | None = None) -> Tensor:
    """Embed clips from their feature maps, float16 (B, T, C, H, W), as `embed_frames` does."""
    return embed_frames(network, compress_maps(network, maps), domain_B)


def embed_clips(
    network: VideoReader,
    store: FeatureStore,
    batch: Batch | HumanBatch,
    rows: NDArray[np.int64] | None = None,
    *,
    domains: NDArray[np.int64] | None = None,
) -> Tensor:
    """Embed a step's clips, or some of them, with the help of all ranks: float (B, D), unit length."""
    which = np.arange(len(batch.clips)) if rows is None else rows

    def embed(mine: NDArray[np.int64]) -> Tensor:
        own = which[mine]
        return embed_maps(network, maps_of(store, batch, own), None if domains is None else domains[own])

    return share(len(which), embed)


def precision() -> torch.autocast:
    """Compute in bf16 where the CPU has it: elsewhere it is emulated, far slower than fp32."""
    abilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # new in torch 2.10
    native = bool(abilities.get("avx512_bf16") or abilities.get("amx_bf16"))
    return torch.autocast("cpu", torch.bfloat16, enabled=native)
