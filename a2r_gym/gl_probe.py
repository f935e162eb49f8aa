"""Tries out rendering in a process of its own, for ``a2r doctor``: a driver that crashes takes only this one along.

Run as ``python -m a2r_gym.gl_probe PICTURE.png SEED``; prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SIZE", "probe"]

SIZE = 128
"""Height and width of the pictures, pixels; what the bundled model looks at."""
_TIMED_FRAMES = 40
_ENV = "A2R-MetaWorld-drawer-close-v1"
_SCENE = """<mujoco><worldbody><light pos="0 0 3"/><geom type="plane" size="1 1 .1" rgba=".4 .5 .6 1"/>
<geom type="box" size=".2 .2 .2" pos="0 0 .2" rgba=".8 .3 .2 1"/></worldbody></mujoco>"""


def probe(picture: Path, seed: int) -> dict[str, Any]:
    """Render, measure, save a frame.

    Args:
        picture: Where the frame is saved.
        seed: Of the environment's reset.

    Returns:
        ``backend``, ``gl_renderer``, ``ms_per_frame``, ``scene``, ``picture``.

    Raises:
        BackendError: No OpenGL backend works.
        RenderError: Pictures stay of one colour.
    """
    import imageio.v3 as imageio

    from a2r_gym.rendering import ensure_gl_backend

    backend = ensure_gl_backend()
    gl_renderer = _gl_renderer()
    scene, frame, seconds = _meta_world(seed) if _has_meta_world() else _plain_scene()
    picture.parent.mkdir(parents=True, exist_ok=True)
    imageio.imwrite(picture, frame)
    return {
        "backend": backend,
        "gl_renderer": gl_renderer,
        "ms_per_frame": round(1000 * seconds, 2),
        "scene": scene,
        "picture": str(picture),
    }


def _has_meta_world() -> bool:
    import importlib.util

    return all(importlib.util.find_spec(name) for name in ("metaworld", "fast_simplification"))


def _gl_renderer() -> str:
    """Ask the driver for its name, in a small context of its own."""
    from mujoco.gl_context import GLContext
    from OpenGL import GL

    context = GLContext(16, 16)
    context.make_current()
    name = GL.glGetString(GL.GL_RENDERER)
    context.free()
    return name.decode(errors="replace") if isinstance(name, bytes) else "unknown"


def _meta_world(seed: int) -> tuple[str, NDArray[np.uint8], float]:
    import gymnasium as gym

    import a2r_gym  # noqa: F401 (registers the ids)

    env = gym.make(_ENV, reward_model="none", width=SIZE, height=SIZE)
    env.reset(seed=seed)
    frame = np.asarray(env.render())
    start = time.perf_counter()
    for _ in range(_TIMED_FRAMES):
        env.render()
    seconds = (time.perf_counter() - start) / _TIMED_FRAMES
    env.close()
    return _ENV, frame, seconds


def _plain_scene() -> tuple[str, NDArray[np.uint8], float]:
    import mujoco

    from a2r_gym.rendering import MujocoRenderer

    model = mujoco.MjModel.from_xml_string(_SCENE)
    data = mujoco.MjData(model)
    renderer = MujocoRenderer(model, width=SIZE, height=SIZE)
    frame = renderer.render(data)
    start = time.perf_counter()
    for _ in range(_TIMED_FRAMES):
        renderer.render(data)
    seconds = (time.perf_counter() - start) / _TIMED_FRAMES
    renderer.close()
    return "a box on a plane (Meta-World is not installed)", frame, seconds


if __name__ == "__main__":
    from a2r_gym.errors import A2RError

    try:
        found = probe(Path(sys.argv[1]), int(sys.argv[2]))
    except A2RError as error:
        found = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(found), flush=True)
    os._exit(0)  # some drivers crash while the process winds down: the answer is out by then
