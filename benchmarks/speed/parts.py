"""What each part of a step costs: physics, picture, encoder, head; every runtime that is installed."""

from __future__ import annotations

import importlib.util
from functools import partial

import numpy as np
import torch

from a2r_gym.models.openvino_graph import openvino_has_bf16
from benchmarks.speed.clock import Arm, interleave, ratio, repeat
from benchmarks.speed.loops import INSTRUCTION, WINDOW, GymnasiumLoop, reencoding, reward_model
from benchmarks.speed.section import TASK, Section, Size

__all__ = ["parts", "pictures", "runtimes"]


def runtimes() -> list[str]:
    """List the runtimes that this machine has, torch first."""
    found = ["torch"]
    if importlib.util.find_spec("openvino") is not None:
        found += ["openvino", *(["openvino-bf16"] if openvino_has_bf16() else [])]
    return [*found, *(["cuda"] if torch.cuda.is_available() else [])]


def parts(size: Size) -> Section:
    """Time encoder, head and a streamed step against the same step that encodes a window anew."""
    frame = np.random.default_rng(0).integers(0, 256, (1, 128, 128, 3), dtype=np.uint8)
    window, again = np.repeat(frame, WINDOW, axis=0), np.zeros(1, dtype=np.bool_)
    arms = []
    for name in runtimes():
        model = reward_model(name)
        seen = np.repeat(model.encode_frames(frame), model.num_frames, axis=0)[None]
        stream = model.stream([INSTRUCTION])
        stream.push(frame, ~again)
        arms += [
            Arm(f"encode, {name}", repeat(size.steps, partial(model.encode_frames, frame)), size.steps),
            Arm(f"head, {name}", repeat(size.steps, partial(model.embed, seen)), size.steps),
            Arm(f"streamed, {name}", repeat(size.steps, partial(stream.push, frame, again)), size.steps),
            Arm(f"window of {WINDOW}, {name}", repeat(2, partial(reencoding(model), window)), 2),
        ]
    timings = interleave(arms, size.rounds, "parts")
    numbers = {}
    for name in runtimes():
        encode, head = timings[f"encode, {name}"], timings[f"head, {name}"]
        streamed, anew = timings[f"streamed, {name}"], timings[f"window of {WINDOW}, {name}"]
        numbers[f"streaming, {name}"] = ratio(anew, streamed)
        numbers[f"encode against torch, {name}"] = ratio(timings["encode, torch"], encode)
        numbers[f"head against torch, {name}"] = ratio(timings["head, torch"], head)
    return Section(
        title="Encoder and head, batch 1",
        timings=timings,
        numbers=numbers,
        notes=(
            f"A streamed step encodes one frame, a step over a window {WINDOW} of them; both run the head once, which "
            "bounds the ratio from above.",
        ),
    )


def pictures(size: Size) -> Section:
    """Time our picture against Gymnasium's, in the same size and in each one's own."""
    from a2r_gym.envs.metaworld import MetaWorldEnv

    ours = {side: MetaWorldEnv(task=TASK, width=side, height=side) for side in (128, 224)}
    for env in ours.values():
        env.reset(seed=0)
    theirs = {side: GymnasiumLoop(side) for side in (224, None)}
    own = len(theirs[None].render())
    arms = [
        *(Arm(f"ours, {side} px", repeat(size.steps, env.render), size.steps) for side, env in ours.items()),
        *(
            Arm(f"Gymnasium, {side or own} px", repeat(size.slow_steps, loop.render), size.slow_steps)
            for side, loop in theirs.items()
        ),
    ]
    timings = interleave(arms, size.rounds, "pictures")
    for env in (*ours.values(), *(loop.env for loop in theirs.values())):
        env.close()
    return Section(
        title="Picture",
        unit="frame",
        timings=timings,
        numbers={
            "render, 224 px": ratio(timings["Gymnasium, 224 px"], timings["ours, 224 px"]),
            "render, own sizes": ratio(timings[f"Gymnasium, {own} px"], timings["ours, 128 px"]),
        },
    )
