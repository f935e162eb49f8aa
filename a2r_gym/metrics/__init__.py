"""Metrics of reward models: numpy in, `Estimate` (value, 95 % interval, n) out; no torch.

`estimate` holds intervals and the interquartile mean, `ranking` success against failure, `voc` and `correlation` the
course over a video, `onset` when a failure is seen, `retrieval` and `confusion` which instruction comes first and by
how much, `calibration` how far probabilities can be believed, `distance` how far the true reward is, `paired` whether
one method beats another on the same trials.
"""

from __future__ import annotations

from a2r_gym.metrics.calibration import NUM_BINS, brier, expected_calibration_error
from a2r_gym.metrics.confusion import confusion_margin, confusion_matrix
from a2r_gym.metrics.correlation import kendall_tau_a, tau_a
from a2r_gym.metrics.distance import SampledReward, canonical_reward, epic_distance, pearson_distance
from a2r_gym.metrics.estimate import CONFIDENCE, NUM_RESAMPLES, Estimate, iqm, stratified_mean, wilson
from a2r_gym.metrics.onset import onset_error, predicted_onset
from a2r_gym.metrics.paired import McNemar, mcnemar, paired_difference
from a2r_gym.metrics.ranking import (
    TaskScores,
    auprc,
    auroc,
    mean_auprc,
    mean_auroc,
    mean_auroc_fall,
    pairwise_accuracy,
    split_by_label,
    task_auroc,
)
from a2r_gym.metrics.retrieval import first_of, retrieval_top1
from a2r_gym.metrics.voc import BothWays, mean_voc, voc, voc_both_ways

__all__ = [
    "CONFIDENCE",
    "NUM_BINS",
    "NUM_RESAMPLES",
    "BothWays",
    "Estimate",
    "McNemar",
    "SampledReward",
    "TaskScores",
    "auprc",
    "auroc",
    "brier",
    "canonical_reward",
    "confusion_margin",
    "confusion_matrix",
    "epic_distance",
    "expected_calibration_error",
    "first_of",
    "iqm",
    "kendall_tau_a",
    "mcnemar",
    "mean_auprc",
    "mean_auroc",
    "mean_auroc_fall",
    "mean_voc",
    "onset_error",
    "paired_difference",
    "pairwise_accuracy",
    "pearson_distance",
    "predicted_onset",
    "retrieval_top1",
    "split_by_label",
    "stratified_mean",
    "task_auroc",
    "tau_a",
    "voc",
    "voc_both_ways",
    "wilson",
]
