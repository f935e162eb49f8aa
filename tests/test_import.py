"""What `import a2r_gym` does and does not do, each in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys

import pytest

import a2r_gym

HEAVY = (
    "torch",
    "mujoco",
    "metaworld",
    "pybullet",
    "open_clip",
    "timm",
    "openvino",
    "stable_baselines3",
    "transformers",
)


def run(code: str) -> str:
    """Run code in a fresh interpreter; returns what it printed."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "statement",
    [
        "import a2r_gym",
        "import a2r_gym; a2r_gym.VideoTextReward, a2r_gym.VectorVideoTextReward, a2r_gym.Scores, a2r_gym.FrameCapture",
        "import a2r_gym.testing, a2r_gym.wrappers",
    ],
)
def test_import_loads_nothing_heavy(statement: str) -> None:
    assert run(f"{statement}; import sys; print([name for name in {HEAVY!r} if name in sys.modules])") == "[]"


def test_import_registers_every_id() -> None:
    code = (
        "import a2r_gym, gymnasium; print(all(i in gymnasium.registry for i in a2r_gym.ENV_IDS), len(a2r_gym.ENV_IDS))"
    )
    assert run(code) == f"True {len(a2r_gym.ENV_IDS)}"


def test_import_sets_no_graphics_backend() -> None:
    code = "import os; os.environ.pop('MUJOCO_GL', None); import a2r_gym; print(os.environ.get('MUJOCO_GL'))"
    assert run(code) == "None"


@pytest.mark.parametrize("name", [name for name in a2r_gym.__all__ if name != "__version__"])
def test_every_public_name_is_there_and_listed(name: str) -> None:
    assert name in dir(a2r_gym)
    assert getattr(a2r_gym, name) is not None


def test_unknown_name_lists_what_exists() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'VideoReward'.*VideoTextReward"):
        a2r_gym.VideoReward  # noqa: B018
