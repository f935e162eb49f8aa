"""What speed costs: rewards of the fast runtimes against torch's, pictures of light scenes against full ones."""

from __future__ import annotations

import copy
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

import a2r_gym
from a2r_gym.rendering import MujocoRenderer
from benchmarks.speed.loops import reward_model
from benchmarks.speed.parts import runtimes
from benchmarks.speed.section import Section, Size

__all__ = ["fidelity"]

_FRAMES = 24
"""Frames of each episode that are scored."""


def fidelity(size: Size) -> Section:
    """Compare features, rewards and pictures over episodes that succeed and that fail, every prefix of each."""
    metaworld = [name for name in a2r_gym.ENV_IDS if "MetaWorld" in name]
    chosen = metaworld[:: max(1, len(metaworld) // size.tasks)][: size.tasks]
    chosen += [name for name in a2r_gym.ENV_IDS if "Tabletop" in name][: size.tasks]
    episodes = [
        _episode(name, scripted=number % 2 == 0)
        for number, name in enumerate(tqdm(chosen, desc="fidelity", unit="task"))
    ]
    differences = [episode[2] for episode in episodes if episode[2] is not None]
    numbers = {
        "pixel difference, mean of 255": float(np.mean(differences)),
        "pixel difference, worst task": max(differences),
    }
    reference = reward_model("torch")
    for name in runtimes()[1:]:
        cosines, changes = [], []
        for video, instruction, _ in episodes:
            exact, fast = (model.encode_frames(video) for model in (reference, reward_model(name)))
            lengths = np.linalg.norm(exact, axis=1) * np.linalg.norm(fast, axis=1)
            cosines.append((exact * fast).sum(axis=1) / lengths)
            scores = [model.score_steps(video, instruction).similarity for model in (reference, reward_model(name))]
            changes.append(np.abs(scores[0] - scores[1]))
        numbers[f"worst cosine, {name}"] = float(np.min(cosines))
        numbers[f"worst change of the reward, {name}"] = float(np.max(changes))
        numbers[f"99 % of changes below, {name}"] = float(np.quantile(changes, 0.99))
    return Section(
        title="What speed costs",
        numbers=numbers,
        notes=(
            f"{len(chosen)} tasks of Meta-World and the table-top, an episode each, by turns scripted and at random, "
            f"{_FRAMES} frames, every prefix; the reward is the similarity, in [-1, 1]. Pictures: Meta-World under the "
            "same lights, full meshes against decimated ones.",
        ),
    )


def _episode(identifier: str, *, scripted: bool) -> tuple[NDArray[np.uint8], str, float | None]:
    """Play an episode; returns its video, its instruction, and how far Meta-World's pixels are from full meshes'."""
    env: gym.Env[Any, Any] = gym.make(identifier, reward_model="none")
    policy = a2r_gym.expert(identifier)
    observation, _ = env.reset(seed=0)
    frames, differences = [], []
    env.action_space.seed(0)
    full = _full_renderer(env) if "MetaWorld" in identifier else None
    every = max(1, env.unwrapped.max_episode_steps // _FRAMES)  # type: ignore[attr-defined]
    for step in range(every * _FRAMES):
        if step % every == 0:
            frames.append(np.asarray(env.render()))
            if full is not None and len(frames) % 8 == 1:
                exact = full.render(env.unwrapped._sawyer.data)  # type: ignore[attr-defined]
                differences.append(np.abs(exact.astype(np.int16) - frames[-1]).mean())
        observation, _, terminated, truncated, _ = env.step(
            policy(observation) if scripted else env.action_space.sample()
        )
        if terminated or truncated:
            break
    instruction = env.unwrapped.instruction  # type: ignore[attr-defined]
    if full is not None:
        full.close()
    env.close()
    return np.stack(frames), instruction, float(np.mean(differences)) if differences else None


def _full_renderer(env: gym.Env[Any, Any]) -> MujocoRenderer:
    """Open a renderer of the same scene with the full meshes; lights and quality stay those of the fast preset."""
    from a2r_gym.envs import metaworld

    light: Any = env.unwrapped
    env.render()  # opens the light renderer, whose scene is posed
    model = copy.copy(metaworld._twin(light.task, "paper", light._sawyer.model_name))
    for name in metaworld._MOVED_AT_RESET:
        getattr(model, name)[:] = getattr(light._renderer.model, name)
    return MujocoRenderer(model, width=128, height=128, camera="task", preset="fast")
