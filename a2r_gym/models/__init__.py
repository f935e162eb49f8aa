"""The dual encoder with failure prompts, its parts, and how it is stored and run."""

from __future__ import annotations

from a2r_gym.llvm_clash import load_triton_first

load_triton_first()  # before any module here imports torchvision
