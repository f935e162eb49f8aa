"""Score videos with several models, each video decoded once; what goes wrong is noted and the rest goes on."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from a2r_gym.bench.plan import Footage, Pair, Plan
from a2r_gym.bench.score_only import as_scores
from a2r_gym.bench.store import PairScore, ScoreStore
from a2r_gym.errors import A2RError, NonFiniteRewardError, RewardModelError
from a2r_gym.protocols import MatrixModel, RewardModel, Scores
from a2r_gym.video_file import VideoFileError, read_clip

__all__ = ["BadRow", "PairScores", "UnreadableVideosError", "refuse", "score_plan"]

PairScores = Mapping[tuple[str, str], PairScore]
"""(name of the video, instruction) -> scores."""
_NO_STEPS: Final = np.zeros(0, dtype=np.float32)
_SHOWN: Final = 20


class UnreadableVideosError(VideoFileError):
    """Some videos cannot be read; the message names them all."""


class BadRow(NamedTuple):
    """A video that was not scored.

    Attributes:
        video: Its name.
        instruction: The sentence; empty where the video could not be read at all.
        reason: What went wrong.
    """

    video: str
    instruction: str
    reason: str


def score_plan(
    models: Mapping[str, RewardModel], plan: Plan, store: ScoreStore, *, max_frames: int, progress: bool = True
) -> tuple[Mapping[str, PairScores], list[BadRow]]:
    """Score all that is planned and not in the store yet.

    Args:
        models: Name -> model.
        plan: What is scored.
        store: Takes the scores of each video as soon as they are there.
        max_frames: Frames of a video that are scored at most.
        progress: Whether to draw a bar and to tell bad rows as they come, on stderr.

    Returns:
        For each model its scores, and what could not be scored; the first model's bad pairs are missing for all.
    """
    found: dict[str, dict[tuple[str, str], PairScore]] = {name: {} for name in models}
    bad: list[BadRow] = []
    with tqdm(plan.footage, desc="scoring", unit="video", disable=not progress) as bar:
        for footage in bar:
            fresh: list[BadRow] = []
            for name, scores in _score_footage(models, footage, store, max_frames, fresh).items():
                found[name].update({(footage.name, pair.instruction): score for pair, score in scores.items()})
            for row in dict.fromkeys(fresh):
                bad.append(row)
                if progress:
                    bar.write(_line(row), file=sys.stderr)
    return found, bad


def refuse(bad: Sequence[BadRow], num_kept: int) -> A2RError:
    """Build the error that names all that could not be scored.

    Args:
        bad: At least one row.
        num_kept: How many scores are there nevertheless.

    Returns:
        `UnreadableVideosError` where a video could not be read, else `NonFiniteRewardError`.
    """
    unread = [row for row in bad if not row.instruction]
    unscored = [row for row in bad if row.instruction]
    parts = []
    for rows, told in ((unread, "cannot be read"), (unscored, "got no score from the model")):
        if rows:
            more = f"\n  and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
            parts.append(f"{len(rows)} {told}:\n" + "\n".join(map(_line, rows[:_SHOWN])) + more)
    parts.append(
        f"{num_kept} other scores are kept. Mend these and run again, or measure without them: --skip-bad "
        "(BenchConfig.skip_bad)"
    )
    kind = UnreadableVideosError if unread else NonFiniteRewardError
    return kind("\n".join(parts))


def _line(row: BadRow) -> str:
    return f"  {row.video}" + (f", {row.instruction!r}" if row.instruction else "") + f": {row.reason}"


def _score_footage(
    models: Mapping[str, RewardModel], footage: Footage, store: ScoreStore, max_frames: int, bad: list[BadRow]
) -> dict[str, dict[Pair, PairScore]]:
    """Score one video with all models; reads it only where a score is missing."""
    known = {name: _known(store, name, footage) for name in models}
    if all(len(scores) == len(footage.pairs) for scores in known.values()):
        return known
    try:
        video = _frames(footage, max_frames)
    except A2RError as error:
        bad.append(BadRow(footage.name, "", str(error)))
        return {name: {} for name in models}
    for name, model in models.items():
        missing = [pair for pair in footage.pairs if pair not in known[name]]
        fresh = _score_pairs(model, footage.name, video, missing, bad) if missing else {}
        store.put(name, footage, fresh)
        known[name] |= fresh
    first = next(iter(known.values()))
    return {name: {pair: scores[pair] for pair in first if pair in scores} for name, scores in known.items()}


def _known(store: ScoreStore, name: str, footage: Footage) -> dict[Pair, PairScore]:
    scores = ((pair, store.get(name, footage, pair)) for pair in footage.pairs)
    return {pair: score for pair, score in scores if score is not None}


def _frames(footage: Footage, max_frames: int) -> NDArray[np.uint8]:
    """Read a video, or thin one that is given as frames; (T, H, W, 3), 1 <= T <= max_frames."""
    if isinstance(footage.video, Path):
        return read_clip(footage.video, max_frames).frames
    frames = footage.video
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3 or len(frames) == 0:
        raise VideoFileError(f"expected frames uint8 (T, H, W, 3), got {frames.dtype} {frames.shape}")
    places = np.unique(np.rint(np.linspace(0, len(frames) - 1, min(len(frames), max_frames))).astype(int))
    return np.ascontiguousarray(frames[places])


def _score_pairs(
    model: RewardModel, name: str, video: NDArray[np.uint8], pairs: Sequence[Pair], bad: list[BadRow]
) -> dict[Pair, PairScore]:
    """Score a video under some instructions; where that fails, one by one, so that only the failing ones are lost."""
    try:
        return dict(zip(pairs, _ask(model, video, pairs), strict=True))
    except RewardModelError:
        raise  # the model is wrong, not this video
    except A2RError as error:
        if len(pairs) == 1:
            bad.append(BadRow(name, pairs[0].instruction, str(error)))
            return {}
    scored: dict[Pair, PairScore] = {}
    for pair in pairs:
        scored |= _score_pairs(model, name, video, [pair], bad)
    return scored


def _ask(model: RewardModel, video: NDArray[np.uint8], pairs: Sequence[Pair]) -> Iterable[PairScore]:
    instructions = [pair.instruction for pair in pairs]
    if len(pairs) > 1 and isinstance(model, MatrixModel):
        matrix = model.score_matrix([video], instructions)
        whole = as_scores(_plain(matrix.similarity[0], matrix.success[0]), len(pairs))
    else:
        whole = as_scores(model.score([video] * len(pairs), instructions), len(pairs))
    answers = []
    for row, pair in enumerate(pairs):
        steps = [_NO_STEPS, _NO_STEPS]
        if pair.steps and len(video) > 1:
            for place, shown in enumerate((video, np.ascontiguousarray(video[::-1]))):
                prefixes = as_scores(model.score_steps(shown, pair.instruction), len(video))
                steps[place] = np.asarray(prefixes.similarity, dtype=np.float32)
        answers.append(PairScore(float(whole.similarity[row]), float(whole.success[row]), steps[0], steps[1]))
    return answers


def _plain(similarity: NDArray[np.float32], success: NDArray[np.float32]) -> Scores:
    count = len(similarity)
    return Scores(similarity, success, np.full(count, -1, dtype=np.int64), np.zeros((count, 0), dtype=np.float32))
