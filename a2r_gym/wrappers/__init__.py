"""Wrappers that put a learned reward around an environment: one, a vector of them, or stable-baselines3's."""

from __future__ import annotations

from a2r_gym.wrappers.action_repeat import ActionRepeat
from a2r_gym.wrappers.end_reward import EndReward
from a2r_gym.wrappers.frame_buffer import FrameCapture
from a2r_gym.wrappers.reward import VideoTextReward
from a2r_gym.wrappers.success_reward import SuccessReward
from a2r_gym.wrappers.vector_reward import VectorVideoTextReward

__all__ = ["ActionRepeat", "EndReward", "FrameCapture", "SuccessReward", "VectorVideoTextReward", "VideoTextReward"]
