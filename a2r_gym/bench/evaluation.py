"""``evaluate(model, clips) -> Report``: any reward model, any labelled videos, with two floors beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.baselines.floors import FrameCounter, RandomScore
from a2r_gym.bench.clips import Clip
from a2r_gym.bench.measurements import instruction_lines, measure
from a2r_gym.bench.plan import BenchConfig, Plan, make_plan
from a2r_gym.bench.report import Report, Row
from a2r_gym.bench.score_only import as_reward_model
from a2r_gym.bench.scoring import BadRow, PairScores, refuse, score_plan
from a2r_gym.bench.store import ScoreStore
from a2r_gym.errors import DataError

__all__ = ["COUNTER", "RANDOM", "evaluate", "open_store"]

RANDOM: Final = "random score"
COUNTER: Final = "frame counter"


def evaluate(
    model: Any,
    clips: Sequence[Clip | tuple[Path | str | NDArray[np.uint8], str, bool]],
    config: BenchConfig | None = None,
    *,
    name: str = "model",
    store: ScoreStore | None = None,
    progress: bool = True,
) -> Report:
    """Measure a reward model on labelled clips.

    Frames: `BenchConfig.max_frames` of each video, evenly spread, first and last included; a prefix ends at each of
    them. The floors are a random score and a frame counter, on the same frames.

    Args:
        model: A `RewardModel`, or an object with no more than ``score``, see `ScoreOnly`.
        clips: (video, instruction, success): a path or uint8 (T, H, W, 3), a sentence, a label.
        config: How it is measured; None: `BenchConfig()`.
        name: What the model is called in the report.
        store: Where scores are kept and looked up, see `open_store`; None: in memory.
        progress: Whether to draw a bar.

    Returns:
        The report.

    Raises:
        DataError: No clips, or labels that contradict each other.
        UnreadableVideosError: Videos cannot be read; all are named, and the scores of the others kept.
        NonFiniteRewardError: The model gave NaN or Inf; all such pairs are named, and the others kept.
        RewardModelError: The model gives no scores.

    Example:
        >>> import numpy as np
        >>> videos = [np.full((frames, 8, 8, 3), 9, np.uint8) for frames in (3, 4, 5, 6)]
        >>> clips = [(video, "close the drawer", len(video) > 4) for video in videos]
        >>> evaluate(FrameCounter(), clips, progress=False)["AUROC"].value  # the clips that succeed are longer
        1.0
    """
    config = config or BenchConfig()
    plan = make_plan([_clip(*clip) for clip in clips], config)
    if name in (RANDOM, COUNTER):
        raise DataError(f"{name!r} is the name of a floor; give the model another")
    models = {name: as_reward_model(model), RANDOM: RandomScore(config.seed), COUNTER: FrameCounter()}
    store = store or open_store(None, name, "", config)
    scores, bad = score_plan(models, plan, store, max_frames=config.max_frames, progress=progress)
    if bad and (not config.skip_bad or not any(pair in scores[name] for pair in plan.labels)):
        raise refuse(bad, len(scores[name]))
    return _report(name, plan, scores, bad, config)


def _clip(video: Path | str | NDArray[np.uint8], instruction: str, success: bool, name: str = "") -> Clip:
    return Clip(Path(video) if isinstance(video, str) else video, instruction, success, name)


def open_store(path: Path | None, name: str, identity: str, config: BenchConfig) -> ScoreStore:
    """Open the scores of a model and of the floors.

    Args:
        path: ``scores.csv``, made where missing; None: memory only.
        name: What the model is called.
        identity: What tells its scores from those of another model of that name, see `load_model`.
        config: How it is measured.

    Returns:
        The store.
    """
    identities = {name: f"{name} {identity}", RANDOM: f"{RANDOM} {config.seed}", COUNTER: COUNTER}
    return ScoreStore(path, identities, config.max_frames)


def _report(
    name: str, plan: Plan, scores: Mapping[str, PairScores], bad: Sequence[BadRow], config: BenchConfig
) -> Report:
    measured = {model: measure(plan, found, config.seed) for model, found in scores.items()}
    own = measured[name]
    floors = [model for model in measured if model != name]
    rows = [
        Row(
            name=row,
            estimate=estimate,
            floors={model: measured[model].estimates[row] for model in floors},
            note=own.notes[row],
        )
        for row, estimate in own.estimates.items()
    ]
    used = [pair for pair in plan.labels if pair in scores[name]]
    successes = sum(plan.labels[pair] for pair in used)
    facts = [
        f"{len(used)} clips of {len({video for video, _ in used})} videos and {len({said for _, said in used})} "
        f"instructions: {successes} successes, {len(used) - successes} failures",
        f"{config.max_frames} frames of each video at most, evenly spread, first and last included",
        "instructions weigh equally; success against failure by `success`, order by `similarity`",
        f"intervals are 95 %: bootstrap over clips inside each instruction (seed {config.seed}), Wilson for shares",
        f"floors on the same clips: a {RANDOM}, and a {COUNTER}, which looks at nothing: what it reaches is no merit",
    ]
    return Report(
        title=f"Bench of {name}",
        model=name,
        facts=facts,
        rows=rows,
        left_out=own.left_out,
        instructions=instruction_lines(plan, scores[name], config.seed),
        bad=[f"{row.video}{f', {row.instruction}' if row.instruction else ''}: {row.reason}" for row in bad],
    )
