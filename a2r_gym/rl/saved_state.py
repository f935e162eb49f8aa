"""The folder of a run that learns: its configuration, its newest state, and which that is."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from a2r_gym.whole_file import whole_file

__all__ = ["CONFIG", "LATEST", "REPLAY", "save_state"]

CONFIG, LATEST, REPLAY = "config.json", "latest.json", "replay.pkl"
"""Names of the files."""


def save_state(folder: Path, config: dict[str, Any], agent: OffPolicyAlgorithm, *, counted: str, name: str) -> None:
    """Write an agent and its replay buffer; the earlier ones go once these are whole.

    Args:
        folder: Of the run.
        config: Of the run.
        agent: As it is now.
        counted: What ``num_timesteps`` counts, ``"step"`` or ``"episode"``: the state's folder is called so.
        name: File name of the agent.
    """
    state = folder / f"{counted}-{agent.num_timesteps}"
    if not state.is_dir():
        part = state.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        agent.save(part / name)
        agent.save_replay_buffer(part / REPLAY)
        os.replace(part, state)
    for file, content in ((CONFIG, config), (LATEST, {counted: agent.num_timesteps})):
        with whole_file(folder / file) as whole:
            whole.write_text(json.dumps(content, indent=1) + "\n")
    for old in folder.glob(f"{counted}-*"):
        if old != state:
            shutil.rmtree(old)
