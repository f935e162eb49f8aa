"""What is scored: every labelled pair, and of some successes every instruction and every prefix in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2r_gym.bench.clips import Clip
from a2r_gym.errors import DataError

__all__ = ["BenchConfig", "Footage", "Pair", "Plan", "make_plan"]

_MOST_FRAMES: Final = 4096  # a row of a table holds a video's prefix scores in one field


@dataclass(frozen=True, kw_only=True)
class BenchConfig:
    """How a model is measured.

    Attributes:
        max_frames: Of a longer video as many are scored, evenly spread, first and last included.
        probe_clips: Successes of each instruction that are scored against every instruction, and after each frame in
            both directions; 0: none, and VOC, tau_a, retrieval and confusion margin are left out.
        seed: Of the draw of these, of the bootstrap and of the random score.
        skip_bad: Measure without the videos that cannot be read or scored; else they are an error.
    """

    max_frames: int = 64
    probe_clips: int = 8
    seed: int = 0
    skip_bad: bool = False

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 2 <= self.max_frames <= _MOST_FRAMES:
            raise DataError(f"max_frames must lie in [2, {_MOST_FRAMES}], got {self.max_frames}")
        if self.probe_clips < 0 or self.seed < 0:
            raise DataError(f"probe_clips and seed must be >= 0, got {self.probe_clips} and {self.seed}")


class Pair(NamedTuple):
    """A video's question.

    Attributes:
        instruction: The sentence.
        steps: Whether prefixes are scored too.
    """

    instruction: str
    steps: bool


class Footage(NamedTuple):
    """A video with all that is asked of it.

    Attributes:
        name: What it is called, unique.
        video: Where it is, or the frames themselves.
        pairs: The questions.
    """

    name: str
    video: Path | NDArray[np.uint8]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that is scored.

    Attributes:
        footage: The videos; those that are not there come first, so that they are told at once.
        labels: (name of the video, instruction) -> success.
        instructions: All M, in the order in which they come.
        probes: Name of a video -> the one instruction that it is a success of.
    """

    footage: tuple[Footage, ...]
    labels: Mapping[tuple[str, str], bool]
    instructions: tuple[str, ...]
    probes: Mapping[str, str]


def make_plan(clips: Sequence[Clip], config: BenchConfig) -> Plan:
    """Plan which pairs of video and instruction are scored.

    A probe is a video that is labelled a success of exactly one instruction, so that under any other it should score
    low.

    Args:
        clips: Labelled clips.
        config: How many probes are drawn.

    Returns:
        The plan; the same for the same clips in any order, but for the order itself.

    Raises:
        DataError: No clips, a label that is neither 0 nor 1, no sentence, or a pair of video and instruction with two
            labels.
    """
    if not clips:
        raise DataError("expected at least one labelled clip, got none")
    videos: dict[str, Path | NDArray[np.uint8]] = {}
    labels: dict[tuple[str, str], bool] = {}
    for name, clip in _named(clips):
        if clip.success not in (0, 1) or not clip.instruction.strip():
            raise DataError(f"expected a sentence and a label 0 or 1, got {clip.instruction!r} and {clip.success!r}")
        videos.setdefault(name, clip.video)
        if labels.setdefault((name, clip.instruction), bool(clip.success)) != bool(clip.success):
            raise DataError(f"{name} is labelled both a success and a failure of {clip.instruction!r}")
    instructions = tuple(dict.fromkeys(instruction for _, instruction in labels))
    probes = _probes(labels, instructions, config)
    asked: dict[str, dict[str, None]] = {name: {} for name in videos}
    for name, instruction in labels:
        asked[name][instruction] = None
    for name in probes:
        asked[name].update(dict.fromkeys(instructions))
    footage = [
        Footage(name, video, tuple(Pair(instruction, probes.get(name) == instruction) for instruction in asked[name]))
        for name, video in videos.items()
    ]
    footage.sort(key=lambda item: not isinstance(item.video, Path) or item.video.exists())
    return Plan(footage=tuple(footage), labels=labels, instructions=instructions, probes=probes)


def _named(clips: Iterable[Clip]) -> list[tuple[str, Clip]]:
    """Give each video one name, by its path or, for frames, by the number of its first clip."""
    numbers: dict[int, str] = {}
    named = []
    for number, clip in enumerate(clips):
        is_path = isinstance(clip.video, Path)
        name = str(clip.video) if is_path else numbers.setdefault(id(clip.video), f"clip {number}")
        named.append((clip.name or name, clip))
    return named


def _probes(labels: Mapping[tuple[str, str], bool], instructions: Sequence[str], config: BenchConfig) -> dict[str, str]:
    succeeded: dict[str, list[str]] = {}
    for (name, instruction), success in labels.items():
        if success:
            succeeded.setdefault(name, []).append(instruction)
    probes = {}
    for instruction in instructions:
        single = sorted(name for name, done in succeeded.items() if done == [instruction])
        rng = np.random.default_rng([config.seed, *instruction.encode()])
        for index in np.sort(rng.permutation(len(single))[: config.probe_clips]):
            probes[single[index]] = instruction
    return probes
