"""The method's losses, each a function of similarities; a step adds those that its recipe switches on.

Source: Adapt2Reward (ECCV 2024): L_VLC, L_fVLC, L_CDC, L_BCE. The order loss is ours: along a success the
similarity must rise, along one played backwards fall. So is the paraphrase loss.

Shape suffixes: B videos, M sentences of the step, P paraphrases, K failure modes, D embedding.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = [
    "cross_domain_loss",
    "failure_video_language_loss",
    "order_loss",
    "paraphrase_loss",
    "success_loss",
    "video_language_loss",
]


def video_language_loss(sim_BM: Tensor, failure_BMK: Tensor, labels_BM: Tensor, scale: Tensor) -> Tensor:
    """L_VLC: contrast of videos and instructions in both directions; failure texts are extra negatives.

    A pair counts as a positive where the video does what the sentence says, as a negative where it surely
    does not, and is left out where that is unknown.

    Args:
        sim_BM: float (B, M), cosines.
        failure_BMK: float (B, M, K), cosines to the failure texts of each sentence; K may be 0.
        labels_BM: int (B, M): 1 does, 0 does not, -1 unknown.
        scale: Scalar, factor from cosine to logit.

    Returns:
        Scalar; 0 where the batch holds no positive pair.
    """
    positive_BM, negative_BM = labels_BM == 1, labels_BM == 0
    logits_BM = scale * sim_BM
    texts = _negatives(logits_BM, negative_BM, dim=1).unsqueeze(1)
    own_failures = (
        torch.logsumexp(scale * failure_BMK, dim=2) if failure_BMK.shape[2] else torch.full_like(sim_BM, -1e4)
    )
    to_text = torch.logaddexp(torch.logaddexp(texts, own_failures), logits_BM) - logits_BM
    videos = _negatives(logits_BM, negative_BM, dim=0).unsqueeze(0)
    to_video = torch.logaddexp(videos, logits_BM) - logits_BM
    return _masked_mean(to_text + to_video, positive_BM)


def failure_video_language_loss(
    sim_BM: Tensor, failure_BMK: Tensor, labels_BM: Tensor, mode_B: Tensor, task_B: Tensor, scale: Tensor
) -> Tensor:
    """L_fVLC: a failure video is matched with the failure text of its own cluster.

    Negatives are the other failure texts of its task, the instruction itself, the other instructions that
    it does not satisfy, and their failure texts.

    Args:
        sim_BM: float (B, M), cosines.
        failure_BMK: float (B, M, K), cosines to failure texts.
        labels_BM: int (B, M): 1, 0, or -1 for unknown.
        mode_B: int (B,), the cluster of each failure video; -1 for videos that take no part.
        task_B: int (B,), column of each video's own sentence.
        scale: Scalar.

    Returns:
        Scalar; 0 where no video takes part.
    """
    taking_part = mode_B >= 0
    rows = torch.arange(len(sim_BM), device=sim_BM.device)
    target_B = scale * failure_BMK[rows, task_B, mode_B.clamp(min=0)]
    instructions = _negatives(scale * sim_BM, labels_BM == 0, dim=1)
    failures = torch.logsumexp(scale * failure_BMK.flatten(1), dim=1)  # holds the target itself
    loss_B = torch.logaddexp(instructions, failures) - target_B
    return _masked_mean(loss_B, taking_part)


def success_loss(sim_BM: Tensor, labels_BM: Tensor, own_BM: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """L_BCE: success against failure.

    Pairs of a video with a sentence of its own scene, and pairs with a foreign sentence (always "does
    not"), are averaged apart and weigh the same.

    Args:
        sim_BM: float (B, M), cosines.
        labels_BM: int (B, M): 1, 0, or -1 for unknown.
        own_BM: bool (B, M), True where the sentence was sampled for the video's scene.
        scale: Scalar.
        bias: Scalar, added to the logit.

    Returns:
        Scalar.
    """
    logits_BM = scale * sim_BM + bias
    each_BM = functional.binary_cross_entropy_with_logits(logits_BM, labels_BM.clamp(min=0).float(), reduction="none")
    known_BM = labels_BM >= 0
    return _masked_mean(each_BM, known_BM & own_BM) + _masked_mean(each_BM, known_BM & ~own_BM)


def cross_domain_loss(robot_BD: Tensor, human_ND: Tensor, same_BN: Tensor, scale: Tensor) -> Tensor:
    """L_CDC: human and robot videos of the same task attract, of different tasks repel, both directions.

    Args:
        robot_BD: float (B, D), unit length; successes only.
        human_ND: float (N, D), unit length.
        same_BN: int (B, N): 1 the same task, 0 another, -1 unknown.
        scale: Scalar.

    Returns:
        Scalar; 0 where no task has both.
    """
    logits_BN = scale * robot_BD @ human_ND.T
    other_BN = same_BN == 0
    to_human = torch.logaddexp(_negatives(logits_BN, other_BN, dim=1).unsqueeze(1), logits_BN) - logits_BN
    to_robot = torch.logaddexp(_negatives(logits_BN, other_BN, dim=0).unsqueeze(0), logits_BN) - logits_BN
    return _masked_mean(to_human + to_robot, same_BN == 1)


def paraphrase_loss(text_MD: Tensor, spoken_PD: Tensor, task_M: Tensor, scale: Tensor) -> Tensor:
    """A sentence is nearer to another way of saying it than to any other task's, opposites among them.

    Without it nothing parts "left" from "right": a frozen sentence encoder takes them for one, so no video can be
    nearer to either, so no gradient parts them.

    Args:
        text_MD: float (M, D), unit length.
        spoken_PD: float (P, D), P <= M, unit length; row n is another sentence of task n.
        task_M: int (M,), which tasks say the same; equal numbers are no negatives of each other.
        scale: Scalar.

    Returns:
        Scalar.
    """
    count = len(spoken_PD)
    logits_MP = scale * text_MD @ spoken_PD.T
    other_MP = task_M[:, None] != task_M[None, :count]
    own_P = logits_MP.diagonal()
    there = torch.logaddexp(_negatives(logits_MP[:count], other_MP[:count], dim=1), own_P) - own_P
    back = torch.logaddexp(_negatives(logits_MP, other_MP, dim=0), own_P) - own_P
    return (there + back).mean()


def order_loss(later_P: Tensor, earlier_P: Tensor, scale: Tensor, margin: float = 0.05) -> Tensor:
    """Along a success the later prefix must be more similar than the earlier one.

    Args:
        later_P: float (P,), cosines of the prefixes that must score higher.
        earlier_P: float (P,), cosines of those that must score lower.
        scale: Scalar.
        margin: Wanted difference of the cosines.

    Returns:
        Scalar; 0 for no pairs.
    """
    if len(later_P) == 0:
        return later_P.sum()
    return functional.softplus(scale * (margin - (later_P - earlier_P))).mean()


def _negatives(logits: Tensor, negative: Tensor, dim: int) -> Tensor:
    """Log of the summed exponentials of the negatives; very small where there is none."""
    return torch.logsumexp(logits.masked_fill(~negative, -1e4), dim=dim)


def _masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    return (values * mask).sum() / mask.sum().clamp(min=1)
