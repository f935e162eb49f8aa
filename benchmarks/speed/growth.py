"""How the cost of a step grows: with the episode's length, the number of environments, the number of instructions."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from a2r_gym.models.scoring import Adapt2RewardStream
from benchmarks.speed.clock import Arm, interleave, ratio, repeat
from benchmarks.speed.loops import INSTRUCTION, OurLoop, reward_model
from benchmarks.speed.section import Section, Size

__all__ = ["batches", "episodes"]

_LONG = 1000
"""Longer episodes are timed without physics and pictures, and fewer of them."""


def episodes(size: Size) -> Section:
    """Time whole episodes of growing length, resets included: the whole loop, and its reward alone."""
    frames = _frames(16)
    stream = reward_model().stream([INSTRUCTION])
    lengths = [length for length in size.lengths if length <= _LONG]
    longest = lengths[-1]
    loops = {length: OurLoop(length) for length in lengths}
    arms = []
    for length, loop in loops.items():
        count = longest // length
        arms.append(Arm(f"loop, {length} steps", partial(loop.run, count * length), count * length))
        push = repeat(count, partial(_episode, stream, frames, length))
        arms.append(Arm(f"reward, {length} steps", push, count * length))
    timings = interleave(arms, min(size.rounds, 3), "length of episodes")
    for length in size.lengths:
        if length > _LONG:
            arm = Arm(f"reward, {length} steps", partial(_episode, stream, frames, length), length)
            timings |= interleave([arm], 1, arm.name)
    for loop in loops.values():
        loop.env.close()
    numbers = {
        f"{kind}, {length} steps against {lengths[0]}": timings[f"{kind}, {length} steps"].median
        / timings[f"{kind}, {lengths[0]} steps"].median
        for kind in ("loop", "reward")
        for length in size.lengths[1:]
        if f"{kind}, {length} steps" in timings
    }
    return Section(title="Length of episodes", timings=timings, numbers=numbers)


def _episode(stream: Adapt2RewardStream, frames_NHWC: NDArray[np.uint8], length: int) -> None:
    for step in range(length):
        stream.push(frames_NHWC[[step % len(frames_NHWC)]], np.array([step == 0]))


def batches(size: Size) -> Section:
    """Time the reward of N environments in one batch against N alone, and of one video against M instructions."""
    model, steps = reward_model(), max(1, size.steps // 8)
    most = max(size.envs)
    alone = model.stream([INSTRUCTION])
    alone.push(_frames(1), np.ones(1, np.bool_))
    again, frames = np.zeros(1, np.bool_), _frames(most)
    arms = []
    for count in size.envs:
        together = model.stream([INSTRUCTION] * count)
        together.push(frames[:count], np.ones(count, np.bool_))
        batch = partial(together.push, frames[:count], np.zeros(count, np.bool_))
        arms.append(Arm(f"{count} in one batch", repeat(steps, batch), steps))
        arms.append(Arm(f"{count} x one", repeat(steps * count, partial(alone.push, frames[:1], again)), steps))
    for count in size.instructions:
        sentences = [f"{INSTRUCTION}, as in case {number}" for number in range(count)]
        model.score_matrix([frames], sentences)  # embeds the sentences, which are kept
        arms.append(
            Arm(f"{count} instructions", repeat(steps, partial(model.score_matrix, [frames[:1]], sentences)), steps)
        )
    timings = interleave(arms, size.rounds, "batches")
    numbers = {
        f"{count} envs in one batch against {count} x one": ratio(
            timings[f"{count} in one batch"], timings[f"{count} x one"]
        )
        for count in size.envs
    }
    few, *more = (f"{count} instructions" for count in size.instructions)
    numbers |= {f"{name} against {few}": ratio(timings[name], timings[few]) for name in more}
    return Section(
        title="Environments and instructions",
        timings=timings,
        numbers=numbers,
        notes=("The reward alone: encoder, head and comparison; a step of all environments.",),
    )


def _frames(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, 128, 128, 3), dtype=np.uint8)
