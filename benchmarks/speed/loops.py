"""The loops that are compared: ours, and what others do with Gymnasium's own picture.

Speed only: models without their weights stand in with random ones, which take as long.

Shape suffixes: N frames, H W picture, B videos, T frames, F frame feature.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import a2r_gym
from a2r_gym.models.frames import resize_frames
from a2r_gym.models.scoring import Adapt2Reward
from a2r_gym.models.window import spread
from benchmarks.speed.section import TASK

__all__ = [
    "CLIP_SIZE",
    "INSTRUCTION",
    "WINDOW",
    "GymnasiumLoop",
    "OurLoop",
    "clip_arm",
    "reencoding",
    "reward_model",
    "s3d_arm",
]

INSTRUCTION = "close the drawer"
WINDOW = 16
"""Frames that a loop without a stream encodes anew in each step."""
CLIP_SIZE = 224
"""Side of the pictures of CLIP and S3D; Gymnasium renders in this size for all rivals, which is faster than its own."""
_S3D_FRAMES = 32
_STEP_LIMIT = 400

Reward = Callable[[NDArray[np.uint8]], float]
"""From the window's frames, uint8 (N, H, W, 3), newest last, to the reward."""


@functools.cache
def reward_model(runtime: str | None = None) -> Adapt2Reward:
    """Load the bundled model once; None: in the fastest runtime whose rewards are torch's."""
    model = a2r_gym.load_reward(runtime=runtime)
    assert isinstance(model, Adapt2Reward)
    return model


class OurLoop:
    """Step, render, encode and score, through the environment's public interface."""

    def __init__(self, length: int | None = None, reward: Adapt2Reward | str | None = None) -> None:
        model = reward_model() if reward is None else reward
        self.env: gym.Env[Any, Any] = gym.make(
            f"A2R-MetaWorld-{TASK}-v1", reward_model=model, max_episode_steps=length or _STEP_LIMIT
        )
        self.env.action_space.seed(0)
        self.env.reset(seed=0)

    def run(self, steps: int) -> None:
        """Take random actions; episodes that end are followed by others."""
        for _ in range(steps):
            _, reward, terminated, truncated, _ = self.env.step(self.env.action_space.sample())
            assert np.isfinite(float(reward))
            if terminated or truncated:
                self.env.reset()


class GymnasiumLoop:
    """Meta-World as Gymnasium makes it: its own renderer with its own lights.

    Args:
        size: Of the picture, pixels; None: Gymnasium's own.
    """

    def __init__(self, size: int | None = CLIP_SIZE) -> None:
        import metaworld  # noqa: F401 (registers its ids)

        shape = {} if size is None else {"width": size, "height": size}
        self.env: gym.Env[Any, Any] = gym.make(
            "Meta-World/MT1", env_name=f"{TASK}-v3", render_mode="rgb_array", **shape
        )
        self.env.action_space.seed(0)
        self._steps = 0
        self.env.reset(seed=0)
        self._window = deque([self.render()] * WINDOW, maxlen=WINDOW)

    def render(self) -> NDArray[np.uint8]:
        """Draw the picture; the context is made current first, else other renderers of this process spoil it."""
        renderer = self.env.unwrapped.mujoco_renderer  # type: ignore[attr-defined]
        renderer._get_viewer("rgb_array").make_context_current()
        frame: Any = self.env.render()
        return np.asarray(frame)

    def step(self) -> None:
        """Take a random action."""
        if self._steps % _STEP_LIMIT == 0:
            self.env.reset()
        self._steps += 1
        self.env.step(self.env.action_space.sample())

    def run(self, steps: int, reward: Reward) -> None:
        """Step, render, and score the last `WINDOW` frames."""
        for _ in range(steps):
            self.step()
            self._window.append(self.render())
            assert np.isfinite(reward(np.stack(self._window)))


def reencoding(model: Adapt2Reward) -> Reward:
    """Score a window by encoding all of it, with our encoder and head."""
    seen = spread(WINDOW, model.num_frames)

    def reward(frames_NHWC: NDArray[np.uint8]) -> float:
        features_NF = model.encode_frames(frames_NHWC)
        scores, _ = model.compare(model.embed(features_NF[seen][None]), [INSTRUCTION])
        return float(scores.similarity[0])

    return reward


def clip_arm(newest_only: bool) -> Reward:
    """Score a window by open_clip's ViT-B-32 with random weights: the mean over its frames, or the newest alone."""
    model = _clip()
    text = nn.functional.normalize(torch.ones(512), dim=0)

    @torch.inference_mode()
    def reward(frames_NHWC: NDArray[np.uint8]) -> float:
        pictures = _pictures(frames_NHWC[-1:] if newest_only else frames_NHWC)
        return float((model.encode_image(pictures, normalize=True) @ text).mean())

    return reward


@functools.cache
def _clip() -> Any:
    import open_clip

    return open_clip.create_model("ViT-B-32").eval().requires_grad_(False)


def s3d_arm() -> Callable[[], float]:
    """Score a whole episode once, by torchvision's S3D with random weights on 32 frames, as RoboCLIP does."""
    from torchvision.models.video import s3d

    model = s3d(weights=None).eval().requires_grad_(False)
    frames = np.random.default_rng(0).integers(0, 256, (_S3D_FRAMES, CLIP_SIZE, CLIP_SIZE, 3), dtype=np.uint8)

    @torch.inference_mode()
    def reward() -> float:
        return float(model(_pictures(frames).transpose(0, 1)[None]).mean())

    return reward


def _pictures(frames_NHWC: NDArray[np.uint8]) -> Tensor:
    resized = resize_frames(frames_NHWC, CLIP_SIZE)
    return torch.from_numpy(resized).permute(0, 3, 1, 2).float() / 255.0
