"""The whole loop: environment steps with a learned reward, ours against others, and against the sum of its parts."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.speed.clock import Arm, Timing, interleave, ratio, repeat
from benchmarks.speed.loops import (
    WINDOW,
    GymnasiumLoop,
    OurLoop,
    clip_arm,
    reencoding,
    reward_model,
    s3d_arm,
)
from benchmarks.speed.parts import runtimes
from benchmarks.speed.section import Section, Size

__all__ = ["whole_loop"]

EPISODE = 200
"""Steps of the episode at whose end D scores once."""
_ROUNDED = ("openvino-bf16", "cuda")
"""Runtimes that change the reward by more than rounding in f32: arms beside ours."""
_PARTS = ("step", "render", "encode", "head")


def whole_loop(size: Size) -> Section:
    """Time our loop, its parts, and the loops A, B, B2, C and D."""
    loop, theirs = OurLoop(), GymnasiumLoop()
    others = {name: OurLoop(reward=reward_model(name)) for name in runtimes() if name in _ROUNDED}
    slow = {
        f"A: Gymnasium + ViT-B-32 on {WINDOW} frames": clip_arm(newest_only=False),
        f"B: Gymnasium + our encoder in torch on {WINDOW} frames": reencoding(reward_model("torch")),
        f"B2: Gymnasium + our encoder in {reward_model().runtime} on {WINDOW} frames": reencoding(reward_model()),
        "C: Gymnasium + ViT-B-32 on the newest frame": clip_arm(newest_only=True),
    }
    arms = [
        Arm("ours", partial(loop.run, size.steps), size.steps),
        *(Arm(f"ours, {name}", partial(other.run, size.steps), size.steps) for name, other in others.items()),
        *_parts(size.steps),
        *(Arm(name, partial(theirs.run, size.slow_steps, reward), size.slow_steps) for name, reward in slow.items()),
        Arm("Gymnasium's step and picture", repeat(size.slow_steps, partial(_bare, theirs)), size.slow_steps),
        Arm("S3D on 32 frames", s3d_arm()),
    ]
    timings = interleave(arms, size.rounds, "whole loop")
    for env in (loop.env, theirs.env, *(other.env for other in others.values())):
        env.close()
    timings["D: Gymnasium + S3D at the end of 200 steps"] = _once_an_episode(
        timings["Gymnasium's step and picture"], timings["S3D on 32 frames"]
    )
    bound = np.sum([timings[name].cpu for name in _PARTS], axis=0)
    return Section(
        title="Whole loop",
        timings=timings,
        numbers={
            **{f"ours against {name[:2].rstrip(':')}": ratio(timings[name], timings["ours"]) for name in slow},
            "ours against D": ratio(timings["D: Gymnasium + S3D at the end of 200 steps"], timings["ours"]),
            "ours against its bound": float(np.median(bound / timings["ours"].cpu)),
        },
        notes=(
            "ViT-B-32 and S3D have random weights: speed only. All Gymnasium loops render 224 px, which is faster than "
            "Gymnasium's own 480 px; ours renders the 128 px that its model sees.",
            f"D is the sum of its parts: a step and a picture, and S3D once in {EPISODE} steps.",
        ),
    )


def _parts(steps: int) -> list[Arm]:
    """Return the parts of our step, each called on its own again and again, with all it needs at hand."""
    bare, model = OurLoop(reward="none"), reward_model()
    frame = np.asarray(bare.env.render())[None]
    seen = np.repeat(model.encode_frames(frame), model.num_frames, axis=0)[None]
    return [
        Arm("step", partial(bare.run, steps), steps),
        Arm("render", repeat(steps, bare.env.render), steps),
        Arm("encode", repeat(steps, partial(model.encode_frames, frame)), steps),
        Arm("head", repeat(steps, partial(model.embed, seen)), steps),
    ]


def _bare(loop: GymnasiumLoop) -> None:
    loop.step()
    loop.render()


def _once_an_episode(step: Timing, end: Timing) -> Timing:
    return Timing(
        cpu=tuple(np.add(step.cpu, np.divide(end.cpu, EPISODE)).tolist()),
        wall=tuple(np.add(step.wall, np.divide(end.wall, EPISODE)).tolist()),
        others=tuple(np.maximum(step.others, end.others).tolist()),
    )
