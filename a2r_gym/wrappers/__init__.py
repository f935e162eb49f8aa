"""Wrappers that put a learned reward around environments; the one for stable-baselines3 is in `a2r_gym.wrappers.sb3`."""

from __future__ import annotations

from a2r_gym.wrappers.frame_buffer import FrameCapture
from a2r_gym.wrappers.reward import VideoTextReward
from a2r_gym.wrappers.vector_reward import VectorVideoTextReward

__all__ = ["FrameCapture", "VectorVideoTextReward", "VideoTextReward"]
