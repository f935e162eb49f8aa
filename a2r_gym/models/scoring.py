"""The network as a `RewardModel`: stored videos, growing prefixes and running episodes, one path for all.

Shape suffixes: N episodes or frames, B videos, M sentences, T frames of the head, F frame feature,
K failure modes, D embedding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from a2r_gym.errors import NonFiniteRewardError
from a2r_gym.models.adapt2reward import Adapt2RewardNetwork, ModelConfig
from a2r_gym.models.calibration import Calibration
from a2r_gym.models.frames import check_instructions
from a2r_gym.models.methods import Method
from a2r_gym.models.runtime import make_head_runtime
from a2r_gym.models.task_lookup import TaskLookup, TaskMatch
from a2r_gym.models.windowed import WindowedReward, WindowedStream, network_runtime
from a2r_gym.protocols import FailureModes, ScoreMatrix, Scores

__all__ = ["METHOD", "Adapt2Reward", "Adapt2RewardStream"]


class _Text(NamedTuple):
    """What an instruction is compared with.

    Attributes:
        both_KD: float32 (1 + K, D): its embedding, and below it those of its failure texts; K = 0 without any.
        match: Whose failure texts they are.
    """

    both_KD: NDArray[np.float32]
    match: TaskMatch | None

    @property
    def success_D(self) -> NDArray[np.float32]:
        """The instruction's embedding."""
        success_D: NDArray[np.float32] = self.both_KD[0]
        return success_D

    @property
    def failures_KD(self) -> NDArray[np.float32]:
        """Those of its failure texts."""
        return self.both_KD[1:]


class Adapt2Reward(WindowedReward):
    """Scores videos with a trained network; implements `a2r_gym.protocols.RewardModel`.

    Args:
        network: The trained network.
        calibration: Fitted on held-out clips; see `Calibration`.
        name: How the model is called, a checkpoint's name or folder.
        runtime: One of `a2r_gym.models.runtime.RUNTIMES`, or None (chosen automatically).
    """

    def __init__(
        self,
        network: Adapt2RewardNetwork,
        calibration: Calibration,
        *,
        name: str,
        runtime: str | None = None,
    ) -> None:
        num_frames = network.config.num_frames
        super().__init__(
            network_runtime(network, runtime), image_size=network.backbone.image_size, num_frames=num_frames,
            calibration=calibration, name=name,
        )  # fmt: skip
        self.network = network
        self._embed = make_head_runtime(network.head, num_frames, network.frame_features, self.runtime)
        self._logit_scale = float(network.logit_scale)
        self._texts: dict[str, _Text] = {}
        self._lookup = TaskLookup(network)

    @torch.inference_mode()
    def text(self, instruction: str) -> _Text:
        """Embed an instruction and its failure texts, with the prompts of its task or of the nearest one; cached."""
        if instruction not in self._texts:
            success_D = self.network.encode_text([instruction])[0]
            match = self._lookup.find(instruction, success_D)
            failures_KD = success_D.new_zeros((0, len(success_D)))
            if match is not None:
                live = self.network.config.mode_counts[match.task]
                failures_KD = self.network.encode_failures([instruction], torch.tensor([match.task]))[0, :live]
            both_KD = torch.cat([success_D[None], failures_KD]).float().cpu().numpy()
            self._texts[instruction] = _Text(both_KD, match)
        return self._texts[instruction]

    def failure_modes(self, instruction: str) -> FailureModes | None:
        """See `a2r_gym.protocols.FailureAware`; an instruction that was not trained has the nearest task's modes."""
        match = self.text(instruction).match
        if match is None:
            return None
        task = self.network.config.tasks[match.task]
        return FailureModes(task.name, task.failure_modes, match.similarity)

    def embed(self, features_BTF: NDArray[np.float32]) -> Tensor:
        """Embed videos from frame features (B, T, F): float (B, D), unit length, on the CPU."""
        return torch.from_numpy(self._embed(features_BTF))

    def embed_videos(self, videos: NDArray[np.uint8] | Sequence[NDArray[np.uint8]]) -> Tensor:
        """Embed whole videos, encoding only the frames that the head sees.

        Args:
            videos: See `RewardModel.score`.

        Returns:
            float (B, D), unit length.
        """
        return self.embed(self.see(videos))

    def score_windows(self, seen_BTF: NDArray[np.float32], instructions: Sequence[str]) -> Scores:
        """See `WindowedReward.score_windows`."""
        return self.score_features(seen_BTF, instructions)[0]

    def score_features(
        self, features_BTF: NDArray[np.float32], instructions: Sequence[str]
    ) -> tuple[Scores, NDArray[np.float32]]:
        """Score videos by the features of the frames that the head sees; see `compare` for what is returned."""
        return self.compare(self.embed(features_BTF), check_instructions(instructions, len(features_BTF)))

    def score_matrix(
        self, videos: NDArray[np.uint8] | Sequence[NDArray[np.uint8]], instructions: Sequence[str]
    ) -> ScoreMatrix:
        """Score every video against every instruction, encoding each once.

        Args:
            videos: As for `score`, B of them.
            instructions: M sentences.

        Returns:
            Similarity and success, (B, M) each.
        """
        similarity, margin = self.compare_all(videos, instructions)
        return ScoreMatrix(similarity, self.calibration(similarity, margin))

    def compare_all(
        self, videos: NDArray[np.uint8] | Sequence[NDArray[np.uint8]], instructions: Sequence[str]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Compare every video with every instruction and its failure texts, encoding each once.

        Args:
            videos: As for `score`, B of them.
            instructions: M sentences.

        Returns:
            Similarity and margin, float32 (B, M) each; see `compare`.
        """
        texts = [self.text(sentence) for sentence in check_instructions(instructions)]
        videos_BD = self.embed_videos(videos).numpy()
        similarity_BM = _finite(videos_BD @ np.stack([text.success_D for text in texts]).T)
        margin_BM = np.full(similarity_BM.shape, np.nan, dtype=np.float32)
        for column, text in enumerate(texts):
            if len(text.failures_KD):
                nearest_B = (videos_BD @ text.failures_KD.T).max(axis=1)
                margin_BM[:, column] = similarity_BM[:, column] - nearest_B
        return similarity_BM, margin_BM

    def stream(self, instructions: Sequence[str]) -> Adapt2RewardStream:
        """See `RewardModel.stream`."""
        return Adapt2RewardStream(self, check_instructions(instructions))

    def compare(self, videos_BD: Tensor, instructions: Sequence[str]) -> tuple[Scores, NDArray[np.float32]]:
        """Score B embedded videos against one instruction each.

        Returns:
            Scores, and the margins float32 (B,): similarity to the instruction minus the largest to one of
            its failure texts; NaN where the model has none.
        """
        texts = [self.text(sentence).both_KD for sentence in instructions]
        modes = max(map(len, texts)) - 1
        similarity_B = np.empty(len(texts), dtype=np.float32)
        failure_BK = np.full((len(texts), modes), -np.inf, dtype=np.float32)
        for row, (text_KD, video_D) in enumerate(zip(texts, videos_BD.cpu().numpy(), strict=True)):
            cosines = text_KD @ video_D
            similarity_B[row], failure_BK[row, : len(cosines) - 1] = cosines[0], cosines[1:]
        return self._to_scores(_finite(similarity_B), failure_BK)

    def _to_scores(
        self, similarity_B: NDArray[np.float32], failure_BK: NDArray[np.float32]
    ) -> tuple[Scores, NDArray[np.float32]]:
        mode_B = np.full(len(similarity_B), -1, dtype=np.int64)
        margin_B = np.full(len(similarity_B), np.nan, dtype=np.float32)
        posterior_BK = np.zeros_like(failure_BK)
        known = np.flatnonzero(np.isfinite(failure_BK[:, :1]).any(axis=1))
        if len(known):
            nearest_B1 = failure_BK[known].max(axis=1, keepdims=True)
            weights_BK = np.exp(self._logit_scale * (failure_BK[known] - nearest_B1))
            posterior_BK[known] = weights_BK / weights_BK.sum(axis=1, keepdims=True)
            margin_B[known] = similarity_B[known] - nearest_B1[:, 0]
        success_B = self.calibration(similarity_B, margin_B)
        failed = known[success_B[known] < 0.5]
        if len(failed):
            mode_B[failed] = posterior_BK[failed].argmax(axis=1)
        return Scores(similarity_B, success_B, mode_B, posterior_BK), margin_B


class Adapt2RewardStream(WindowedStream):
    """Scores of N running episodes; implements `a2r_gym.protocols.MarginStream`.

    Attributes:
        margin: float32 (N,), margins of the last push; NaN where the model has no failure texts.
    """

    def __init__(self, model: Adapt2Reward, instructions: list[str]) -> None:
        super().__init__(model, instructions)
        self._judge = model
        self.margin = np.full(len(instructions), np.nan, dtype=np.float32)

    def _score(self, seen_MTF: NDArray[np.float32], instructions: list[str]) -> Scores:
        scores, self.margin = self._judge.score_features(seen_MTF, instructions)
        return scores


METHOD = Method(ModelConfig, Adapt2RewardNetwork, Adapt2Reward)
"""See `a2r_gym.models.methods`."""


def _finite(values: NDArray[np.float32]) -> NDArray[np.float32]:
    if not np.isfinite(values).all():
        raise NonFiniteRewardError(f"similarity must be finite, got {values[~np.isfinite(values)][:4]}")
    return np.clip(values.astype(np.float32), -1.0, 1.0)
