"""Metrics of reward models: numpy in, `Estimate` (value, 95 % interval, n) out; no torch.

`estimate` holds intervals and the interquartile mean, `ranking` success against failure, `voc` the course over
a video, `retrieval` which instruction comes first, `calibration` how far probabilities can be believed.
"""

from __future__ import annotations

from a2r_gym.metrics.calibration import NUM_BINS, brier, expected_calibration_error
from a2r_gym.metrics.estimate import CONFIDENCE, NUM_RESAMPLES, Estimate, iqm, stratified_mean, wilson
from a2r_gym.metrics.ranking import (
    TaskScores,
    auprc,
    auroc,
    mean_auroc,
    mean_auroc_fall,
    pairwise_accuracy,
    split_by_label,
    task_auroc,
)
from a2r_gym.metrics.retrieval import first_of, retrieval_top1
from a2r_gym.metrics.voc import mean_voc, voc

__all__ = [
    "CONFIDENCE",
    "NUM_BINS",
    "NUM_RESAMPLES",
    "Estimate",
    "TaskScores",
    "auprc",
    "auroc",
    "brier",
    "expected_calibration_error",
    "first_of",
    "iqm",
    "mean_auroc",
    "mean_auroc_fall",
    "mean_voc",
    "pairwise_accuracy",
    "retrieval_top1",
    "split_by_label",
    "stratified_mean",
    "task_auroc",
    "voc",
    "wilson",
]
