"""A video of one episode with its learned reward drawn beside it, so that one sees what the reward sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from a2r_gym.protocols import RewardModel
from a2r_gym.registration import NO_REWARD, task_info
from a2r_gym.rl.evaluation import EVALUATION_SEED, Policy, hold
from a2r_gym.whole_file import whole_file
from a2r_gym.wrappers.episode_rewards import resolve_model

__all__ = ["Episode", "draw_curve", "record_episode", "write_video"]

_SIDE: Final = 384
"""Pixels of each half of the picture."""
_FPS: Final = 20
_GREEN: Final = (40, 170, 70)


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
    """A drawn curve: its picture, the pixel column of each step, and the rows between which it lies."""

    picture: NDArray[np.uint8]
    columns: NDArray[np.int64]
    top: int
    bottom: int


def record_episode(
    env_id: str, policy: Policy, *, reward_model: RewardModel | str | None = None, seed: int = 0, action_repeat: int = 1
) -> Episode:
    """Run one episode and score it as the learned reward would while it ran; each frame is rendered and encoded once.

    Args:
        env_id: One of `a2r_gym.ENV_IDS`.
        policy: What acts.
        reward_model: See `a2r_gym.VideoTextReward`.
        seed: Number of the evaluation episode: the same as row ``seed`` of `a2r_gym.rl.evaluation.evaluate_policy`.
        action_repeat: Steps for which each action is held; every one of them is shown.

    Returns:
        Frames and scores.
    """
    model = resolve_model(reward_model)
    env = gym.make(env_id, reward_model=NO_REWARD)
    try:
        obs, info = env.reset(seed=EVALUATION_SEED + seed)
        frames, solved = [np.array(env.render(), dtype=np.uint8)], [bool(info.get("is_success"))]
        over, act = False, hold(policy, action_repeat)
        while not over:
            obs, _, terminated, truncated, info = env.step(act(obs))
            frames.append(np.array(env.render(), dtype=np.uint8))
            solved.append(bool(info["is_success"]))
            over = terminated or truncated
    finally:
        env.close()
    video = np.stack(frames)
    scores = model.score_steps(video, task_info(env_id).instruction)
    return Episode(
        frames=video,
        similarity=scores.similarity.astype(np.float64),
        success=scores.success.astype(np.float64),
        is_success=np.asarray(solved, dtype=np.bool_),
    )


def write_video(episode: Episode, instruction: str, path: Path) -> Path:
    """Write an mp4: the episode left, its reward curve growing right, marked green from the step that solves the task.

    Args:
        episode: What to show.
        instruction: Title of the curve.
        path: Of the file.

    Returns:
        ``path``.
    """
    import imageio.v3 as imageio

    with whole_file(path) as part, imageio.imopen(part, "w", plugin="pyav") as file:
        file.init_video_stream("libx264", fps=_FPS)
        for picture in _pictures(episode, draw_curve(episode, instruction)):
            file.write_frame(picture)
        for _ in range(_FPS):  # the end stands still for a second
            file.write_frame(picture)
    return path


def _pictures(episode: Episode, curve: _Curve) -> Iterator[NDArray[np.uint8]]:
    """Draw one picture per frame, uint8 (_SIDE, 2 * _SIDE, 3)."""
    first = int(episode.is_success.argmax()) if episode.is_success.any() else len(episode.frames)
    for step, frame in enumerate(episode.frames):
        scene = Image.fromarray(frame).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
        if step >= first:
            draw = ImageDraw.Draw(scene)
            draw.rectangle((0, 0, _SIDE - 1, _SIDE - 1), outline=_GREEN, width=6)
            draw.rectangle((0, 0, 190, 28), fill=_GREEN)
            draw.text((10, 6), f"success at step {first}", fill="white", font_size=16)
        yield np.concatenate([np.asarray(scene), _until(curve, step)], axis=1)


def _until(curve: _Curve, step: int) -> NDArray[np.uint8]:
    """Hide what comes after a step, and mark it."""
    shown, column = np.array(curve.picture), int(curve.columns[step])
    shown[curve.top : curve.bottom, column + 1 : int(curve.columns[-1])] = 255
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
    figure.legend(loc="outside lower center", ncols=3, fontsize=6, frameon=False)
    canvas.draw()  # type: ignore[no-untyped-call]
    box = axes.get_window_extent()
    columns = np.rint(axes.transData.transform(np.column_stack([steps, steps * 0.0]))[:, 0]).astype(np.int64)
    picture = np.array(canvas.buffer_rgba(), dtype=np.uint8)[..., :3]  # type: ignore[no-untyped-call]
    height = picture.shape[0]
    return _Curve(
        picture=picture,
        columns=np.clip(columns, 0, picture.shape[1] - 1),
        top=int(height - box.y1) + 2,
        bottom=int(height - box.y0) - 1,
    )
