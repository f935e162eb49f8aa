"""Measure any reward model on labelled videos: ``evaluate(model, clips) -> Report``, and ``a2r bench``.

`clips` reads labels, `model_file` and `score_only` make a model of a name or of a stranger's file, `floors` are the
models that any other must beat, `plan` says what is scored, `scoring` scores and `store` remembers, `measurements`
turns scores into numbers, `report` into files. No simulator is imported, and torch only where a checkpoint is named.
"""

from __future__ import annotations

from a2r_gym.baselines.floors import FrameCounter, RandomScore
from a2r_gym.bench.clips import Clip, read_labels
from a2r_gym.bench.evaluation import evaluate
from a2r_gym.bench.model_file import load_model
from a2r_gym.bench.plan import BenchConfig
from a2r_gym.bench.report import Report, Row
from a2r_gym.bench.score_only import ScoreOnly, as_reward_model
from a2r_gym.bench.store import ScoreStore

__all__ = [
    "BenchConfig",
    "Clip",
    "FrameCounter",
    "RandomScore",
    "Report",
    "Row",
    "ScoreOnly",
    "ScoreStore",
    "as_reward_model",
    "evaluate",
    "load_model",
    "read_labels",
]
