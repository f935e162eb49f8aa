"""Small public fakes: environments whose pictures tell which step they show, and a model that reads them."""

from __future__ import annotations

from a2r_gym.testing.frame_code import FrameCode, draw_code, read_code
from a2r_gym.testing.frame_reading_model import FrameReadingModel, FrameReadingStream
from a2r_gym.testing.step_counter_env import StepCounterEnv

__all__ = ["FrameCode", "FrameReadingModel", "FrameReadingStream", "StepCounterEnv", "draw_code", "read_code"]
