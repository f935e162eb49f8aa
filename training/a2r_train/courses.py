"""How the score runs over success videos, forwards and played backwards: what VOC is computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from a2r_gym.baselines.floors import FrameCounter
from a2r_gym.protocols import RewardModel
from a2r_train.scored_clips import ScoredClips

__all__ = ["Course", "Courses", "score_courses", "success_videos"]


class Course(NamedTuple):
    """Similarity of one success video's prefixes to its instruction.

    Attributes:
        forwards: float32 (T,).
        backwards: float32 (T,), the same video played backwards.
        counter: float32 (T,), what a frame counter gives in either direction.
        first_success: Index of the first kept frame at which the task's rule holds.
        clip: Index of the clip.
    """

    forwards: NDArray[np.float32]
    backwards: NDArray[np.float32]
    counter: NDArray[np.float32]
    first_success: int
    clip: int


Courses = Mapping[str, Sequence[Course]]
"""``family/task`` -> its courses."""


def success_videos(
    scored: ScoredClips, mask: NDArray[np.bool_], per_task: int, rng: np.random.Generator
) -> dict[str, NDArray[np.int64]]:
    """Draw clips of scripted successes that end in success, at most ``per_task`` of each task.

    Args:
        scored: The scored clips.
        mask: bool (E,), clips that may be drawn.
        per_task: Upper bound.
        rng: Source of randomness.

    Returns:
        Task -> sorted clip indices; tasks without any are left out.
    """
    usable = mask & (scored.kind == "success") & (scored.clips.source == "success")
    drawn = {}
    for name in scored.tasks(usable):
        clips = np.flatnonzero(usable & (scored.name == name))
        drawn[name] = np.sort(rng.choice(clips, size=min(per_task, len(clips)), replace=False))
    return drawn


def score_courses(
    model: RewardModel, scored: ScoredClips, videos: Mapping[str, NDArray[np.int64]], *, progress: bool = True
) -> dict[str, list[Course]]:
    """Score every prefix of success videos and of their reversals.

    Args:
        model: The reward model; called twice a video.
        scored: The scored clips.
        videos: Task -> clip indices, as `success_videos` gives them.
        progress: Whether to draw a bar.

    Returns:
        Task -> courses, in the order of the indices.
    """
    counter = FrameCounter()
    courses: dict[str, list[Course]] = {name: [] for name in videos}
    with tqdm(total=sum(map(len, videos.values())), desc="scoring prefixes", unit="clip", disable=not progress) as bar:
        for name, clips in videos.items():
            sentence, label = scored.info(name).instruction, scored.clips.label_names.index(name)
            for clip in clips:
                video = np.asarray(scored.clips.frames[clip])
                course = Course(
                    model.score_steps(video, sentence).similarity,
                    model.score_steps(np.ascontiguousarray(video[::-1]), sentence).similarity,
                    counter.score_steps(video, sentence).similarity,
                    int((scored.clips.success[clip, :, label] == 1).argmax()),
                    int(clip),
                )
                courses[name].append(course)
                bar.update()
    return courses
