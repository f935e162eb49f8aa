"""Scores candidate plans: what has been seen so far, and then what each of them is predicted to show.

A reward model that gives frame features (`FeatureModel`) encodes what was seen once, and each predicted picture once;
any other gets the same few frames as a video.

Shape suffixes: N candidates, W wanted steps, T frames that the head sees, F frame feature, P frames so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from a2r_gym.errors import A2RError, unknown_name
from a2r_gym.models.window import window_indices
from a2r_gym.planners.dynamics.interface import Moment, Prediction
from a2r_gym.protocols import RewardModel, Scores

__all__ = ["MEASURES", "FeatureModel", "PlanScorer", "PlanningError"]

TRUTH: Final = "progress"
MEASURES: Final = ("similarity", "success", "margin", TRUTH)
"""What a candidate can be judged by; ``progress`` is the simulator's own, for a bound: no reward model takes part."""
_FRAMES: Final = 8
"""Frames of a plan that a model without features is shown."""


class PlanningError(A2RError, ValueError):
    """Model, dynamics and configuration do not fit together."""


@runtime_checkable
class FeatureModel(Protocol):
    """A reward model whose frames can be encoded apart from the rest."""

    num_frames: int
    """T, how many frames it looks at."""

    def encode_frames(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Encode frames: uint8 (N, H, W, 3) to float32 (N, F)."""
        ...

    def score_features(
        self, features_BTF: NDArray[np.float32], instructions: Sequence[str]
    ) -> tuple[Scores, NDArray[np.float32]]:
        """Score videos by the features of their T frames; returns scores and margins (B,), NaN where there are none."""
        ...


class PlanScorer:
    """Says which frames of a plan are wanted, and what a candidate is worth.

    Args:
        model: The reward model; None where the measure is ``progress``.
        instruction: What is to be done.
        measure: One of `MEASURES`.

    Raises:
        UnknownNameError: There is no such measure.
        PlanningError: The model cannot give it.
    """

    def __init__(self, model: RewardModel | None, instruction: str, measure: str = "similarity") -> None:
        if measure not in MEASURES:
            raise unknown_name("measure of a plan", measure, MEASURES)
        self._model, self._instruction, self._measure = model, instruction, measure
        self._features: FeatureModel | None = model if isinstance(model, FeatureModel) else None
        if model is None and measure != TRUTH:
            raise PlanningError(f"measure {measure!r} needs a reward model")
        if measure == "margin" and self._features is None:
            raise PlanningError("measure 'margin' needs a model with failure texts; use 'similarity' or 'success'")
        self._num_frames = self._features.num_frames if self._features else _FRAMES

    def encode(self, frames: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Encode frames that were seen; None where the model gives no features."""
        return self._features.encode_frames(frames) if self._features else None

    def seen(self, past: int, horizon: int) -> NDArray[np.int64]:
        """Tell which frames of an episode the model looks at once a plan has been carried out.

        Args:
            past: P, frames so far, the present included.
            horizon: Steps of the plan.

        Returns:
            int64 (T,): below P a frame that was seen, from there on step ``number - P + 1`` of the plan.
        """
        seen: NDArray[np.int64] = window_indices(past + horizon, self._num_frames)[-1]
        return seen

    def wanted(self, past: int, horizon: int) -> NDArray[np.int64]:
        """Tell which steps of a plan, counted from 1, have to be predicted: int64 (W,)."""
        if self._measure == TRUTH:
            return np.empty(0, dtype=np.int64)
        seen = np.unique(self.seen(past, horizon))
        return np.asarray(seen[seen >= past] - past + 1)

    def scores(self, moment: Moment, predicted: Prediction, horizon: int) -> NDArray[np.float32]:
        """Score N candidates of which the wanted steps were predicted: float32 (N,).

        Raises:
            PlanningError: Features were predicted, but the model takes pictures only; or nothing knows the progress.
        """
        if self._measure == TRUTH:
            if predicted.progress is None:
                raise PlanningError(
                    "these dynamics do not know the task's progress: measure 'progress' needs a simulator"
                )
            return predicted.progress
        seen = self.seen(len(moment.frames), horizon)
        if self._features is None:
            assert self._model is not None, "checked when built"
            if predicted.frames is None:
                raise PlanningError("these dynamics predict features, and this reward model takes pictures only")
            videos = _in_order(moment.frames, predicted.frames, seen)
            return self._pick(self._model.score(videos, [self._instruction] * len(videos)), None)
        features = predicted.features
        if features is None:
            assert predicted.frames is not None, "a prediction holds one of both"
            count, wanted = predicted.frames.shape[:2]
            features = self._features.encode_frames(predicted.frames.reshape(-1, *predicted.frames.shape[2:]))
            features = features.reshape(count, wanted, -1)
        assert moment.features is not None, "encoded by the planner"
        both = _in_order(moment.features, features, seen)
        return self._pick(*self._features.score_features(both, [self._instruction] * len(both)))

    def _pick(self, scores: Scores, margin: NDArray[np.float32] | None) -> NDArray[np.float32]:
        if self._measure != "margin":
            return np.asarray(getattr(scores, self._measure))
        assert margin is not None, "checked when built"
        if np.isnan(margin).any():
            raise PlanningError(f"the model has no failure texts for {self._instruction!r}: use measure 'similarity'")
        return margin


def _in_order(past: NDArray[Any], predicted: NDArray[Any], seen: NDArray[np.int64]) -> NDArray[Any]:
    """Put what was seen in front of what was predicted: (P, ...) and (N, W, ...) to (N, T, ...)."""
    old, new = seen[seen < len(past)], seen[seen >= len(past)]
    place = np.searchsorted(np.unique(new), new)
    before = np.broadcast_to(past[old], (len(predicted), len(old), *past.shape[1:]))
    return np.concatenate([before, predicted[:, place]], axis=1)
