"""Does the score hang on the words and on the order of time? Each success is scored again with one of them changed.

The changes: the instruction of the opposite task, that of a task with another object, a video that stands still, plays
backwards, or has its frames shuffled. A model that reads neither words nor time gives all of them the same score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from a2r_gym.protocols import RewardModel
from a2r_train.scored_clips import ScoredClips

__all__ = ["PROBES", "Probes", "score_probes"]

PROBES: Final = ("opposite instruction", "unrelated instruction", "frozen frame", "reversed video", "shuffled video")
"""What is changed; see `Probes.lower`."""


class Probes(NamedTuple):
    """One success and its changes.

    Attributes:
        clip: Index of the clip.
        lower: float32 (5,), 1 where the similarity is below the true pair's, else 0; NaN where there is no opposite.
    """

    clip: int
    lower: NDArray[np.float32]


def score_probes(
    model: RewardModel,
    scored: ScoredClips,
    videos: Mapping[str, NDArray[np.int64]],
    rng: np.random.Generator,
    *,
    progress: bool = True,
) -> dict[str, list[Probes]]:
    """Score successes and their changes.

    Args:
        model: The reward model; called once a clip.
        scored: The scored clips.
        videos: Task -> clip indices, as `a2r_train.courses.success_videos` gives them.
        rng: Draws the unrelated task, the frozen frame and the shuffling.
        progress: Whether to draw a bar.

    Returns:
        Task -> probes, in the order of the indices.
    """
    found: dict[str, list[Probes]] = {name: [] for name in videos}
    with tqdm(total=sum(map(len, videos.values())), desc="probing", unit="clip", disable=not progress) as bar:
        for name, clips in videos.items():
            for clip in clips:
                found[name].append(_probe(model, scored, name, int(clip), rng))
                bar.update()
    return found


def _probe(model: RewardModel, scored: ScoredClips, name: str, clip: int, rng: np.random.Generator) -> Probes:
    info, family = scored.info(name), scored.tables[name.split("/")[0]]
    video = np.asarray(scored.clips.frames[clip])
    others = [other.instruction for other in family.values() if other.object != info.object]
    opposite = family.get(info.opposite or "", info)
    frozen = np.repeat(video[rng.integers(len(video))][None], len(video), axis=0)
    pairs: Sequence[tuple[NDArray[np.uint8], str]] = (
        (video, info.instruction),
        (video, opposite.instruction),
        (video, others[rng.integers(len(others))] if others else info.instruction),
        (frozen, info.instruction),
        (video[::-1], info.instruction),
        (video[_shuffled(len(video), rng)], info.instruction),
    )
    scores = model.score([np.ascontiguousarray(shown) for shown, _ in pairs], [said for _, said in pairs]).similarity
    lower = (scores[1:] < scores[0]).astype(np.float32)
    lower[[opposite is info, not others, False, False, False]] = np.nan
    return Probes(clip, lower)


def _shuffled(count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return an order that is neither the true one nor it backwards, where there are enough frames for another."""
    while True:
        order = rng.permutation(count)
        if count < 3 or not (np.all(np.diff(order) == 1) or np.all(np.diff(order) == -1)):
            return order
