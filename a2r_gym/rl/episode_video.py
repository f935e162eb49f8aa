"""A video of one episode with its learned reward drawn beside it, so that one sees what the reward sees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from a2r_gym.rl.evaluation import EVALUATION_SEED, Policy

__all__ = ["Episode", "draw_curve", "record_episode", "write_video"]

_SIDE: Final = 384
"""Pixels of each half of the picture."""
_FPS: Final = 20


class Episode(NamedTuple):
    """What happened, N steps.

    Attributes:
        frames: uint8 (N + 1, H, W, 3).
        similarity: float (N + 1,), in [-1, 1].
        success: float (N + 1,), the model's probability of success.
        is_success: bool (N + 1,), the environment's rule.
    """

    frames: NDArray[np.uint8]
    similarity: NDArray[np.float64]
    success: NDArray[np.float64]
    is_success: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class _Curve:
    """A drawn curve: its picture and the pixel column of each step."""

    picture: NDArray[np.uint8]
    columns: NDArray[np.int64]
    top: int
    bottom: int


def record_episode(env_id: str, policy: Policy, *, reward_model: Any = None, seed: int = 0) -> Episode:
    """Run one episode under the learned reward.

    Args:
        env_id: One of `a2r_gym.ENV_IDS`.
        policy: What acts.
        reward_model: See `a2r_gym.VideoTextReward`.
        seed: Number of the evaluation episode.

    Returns:
        Frames and scores.
    """
    env = gym.make(env_id, reward_model=reward_model)
    try:
        obs, info = env.reset(seed=EVALUATION_SEED + seed)
        frames, infos = [np.asarray(env.render())], [info]
        over = False
        while not over:
            obs, _, terminated, truncated, info = env.step(policy(obs))
            frames.append(np.asarray(env.render()))
            infos.append(info)
            over = terminated or truncated
    finally:
        env.close()
    return Episode(
        frames=np.stack(frames).astype(np.uint8),
        similarity=np.array([info["a2r/similarity"] for info in infos]),
        success=np.array([info["a2r/success"] for info in infos]),
        is_success=np.array([bool(info["is_success"]) for info in infos]),
    )


def write_video(episode: Episode, instruction: str, path: Path) -> Path:
    """Write an mp4: the episode left, its reward curve growing right, green once the rule holds.

    Args:
        episode: What to show.
        instruction: Title of the curve.
        path: Of the file.

    Returns:
        ``path``.
    """
    import imageio.v3 as imageio

    curve = draw_curve(episode, instruction)
    pictures = []
    for step, frame in enumerate(episode.frames):
        scene = np.asarray(Image.fromarray(frame).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)).copy()
        if episode.is_success[: step + 1].any():
            scene[:6], scene[-6:], scene[:, :6], scene[:, -6:] = ((40, 170, 70),) * 4
        pictures.append(np.concatenate([scene, _until(curve, step)], axis=1))
    pictures += [pictures[-1]] * _FPS
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.stem + ".part.mp4")
    imageio.imwrite(part, np.stack(pictures), plugin="pyav", codec="libx264", fps=_FPS)
    part.replace(path)
    return path


def _until(curve: _Curve, step: int) -> NDArray[np.uint8]:
    """Hide what comes after a step, and mark it."""
    shown, column = np.array(curve.picture), int(curve.columns[step])
    last = int(curve.columns[-1])
    shown[curve.top : curve.bottom, column + 1 : last + 3] = 255
    shown[curve.top : curve.bottom, column] = (90, 90, 90)
    return shown


def draw_curve(episode: Episode, instruction: str) -> _Curve:
    """Draw similarity and success over the steps.

    Args:
        episode: What to draw.
        instruction: The title.

    Returns:
        The picture and where the steps are in it.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_SIDE / 100, _SIDE / 100), dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    steps = np.arange(len(episode.frames))
    axes.plot(steps, episode.success, color="tab:blue", label="success (learned)")
    axes.plot(steps, episode.similarity, color="tab:orange", label="similarity (learned)")
    axes.plot(steps, np.maximum.accumulate(episode.is_success), color="tab:green", ls="--", label="solved (true)")
    axes.set(xlim=(0, max(1, len(steps) - 1)), ylim=(-1.05, 1.05), xlabel="step", title=f'"{instruction}"')
    axes.title.set_fontsize(9)
    figure.legend(loc="outside lower center", ncols=3, fontsize=6)
    canvas.draw()  # type: ignore[no-untyped-call]
    box = axes.get_window_extent()
    columns = np.rint(axes.transData.transform(np.column_stack([steps, steps * 0.0]))[:, 0]).astype(np.int64)
    picture = np.array(canvas.buffer_rgba(), dtype=np.uint8)[..., :3]  # type: ignore[no-untyped-call]
    height = picture.shape[0]
    return _Curve(
        picture=picture,
        columns=np.clip(columns, 0, picture.shape[1] - 1),
        top=int(height - box.y1) + 2,
        bottom=int(height - box.y0) - 2,
    )
