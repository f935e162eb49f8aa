"""``a2r on-policy``: episodes of agents that were trained on the reward, judged by the simulator's state.

An agent finds what a reward mistakes for success, and no script would show it. Its episodes, with exploration noise and
with random actions for a part, are failures to learn from. Refine with
``a2r fit a2r-small-refined --begin CHECKPOINT --data data/product data/on-policy ...``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm
from tyro.conf import Positional

from a2r_gym.errors import CheckpointError, DataError
from a2r_gym.rendering import ensure_gl_backend
from a2r_train.collect_plan import CollectConfig, EpisodeRequest
from a2r_train.data.dataset_files import shard_is_finished
from a2r_train.data.lerobot import EpisodeRecord, ShardWriter, finish_dataset
from a2r_train.rollouts import Scene

if TYPE_CHECKING:
    from a2r_gym.rl.agent import AgentConfig

__all__ = ["ON_POLICY_SEEDS", "SOURCE", "OnPolicyArgs", "collect_on_policy", "main"]

ON_POLICY_SEEDS: Final = range(200_000, 300_000)
"""Seeds of the environment's reset; no other data set has them."""
SOURCE: Final = "agent"
NOISE: Final = (0.0, 0.6)
"""Standard deviation of what is added to an episode's actions, drawn evenly."""

_SCENES: Final = {"MetaWorld": ("metaworld", "default"), "Tabletop": ("tabletop", "train")}


@dataclass(frozen=True, kw_only=True)
class OnPolicyArgs:
    """Record agents, for example ``a2r on-policy runs/rl/drawer runs/rl/door --out data/on-policy``.

    Attributes:
        runs: Folders that ``a2r rl`` has written; only those you trust: stable-baselines3 unpickles them.
        out: Folder of the data set; a recording that was cut off there goes on.
        episodes: Of each agent.
        seed: Of noise.
    """

    runs: Positional[tuple[Path, ...]]
    out: Path
    episodes: int = 60
    seed: int = 0


def main(argv: Sequence[str] | None = None) -> int:
    """Record, print how often each agent succeeded.

    Args:
        argv: Arguments of the command line, see `OnPolicyArgs`; None: the process's own.

    Returns:
        0.
    """
    import tyro

    from a2r_train.collect_report import source_table
    from a2r_train.data.clips import load_clips

    args = tyro.cli(OnPolicyArgs, args=argv, prog="a2r on-policy")
    print(source_table(load_clips([collect_on_policy(args.runs, args.out, episodes=args.episodes, seed=args.seed)])))
    return 0


def collect_on_policy(runs: Sequence[Path], out: Path, *, episodes: int = 60, seed: int = 0) -> Path:
    """Record episodes of agents as a data set of their own.

    Args:
        runs: Folders that ``a2r rl`` has written.
        out: Folder of the data set.
        episodes: Of each agent.
        seed: Of noise.

    Returns:
        ``out``.

    Raises:
        CheckpointError: A folder holds no run.
        DataError: There are no runs, or ``out`` is another collection's.
    """
    from a2r_train.collect import claim

    if not runs:
        raise DataError("expected at least one folder of 'a2r rl', got none")
    requests = tuple(_request(folder, number, episodes) for number, folder in enumerate(runs))
    plan = CollectConfig(requests=requests, seed=seed)
    ensure_gl_backend()
    claim(plan, out, resume=True)
    info = plan.info()
    with tqdm(total=plan.num_episodes, desc="recording agents", unit="episode") as bar:
        for number, folder in enumerate(runs):
            if shard_is_finished(out, number, episodes):
                bar.update(episodes)
                continue
            with ShardWriter(out, info, shard=number, first_episode=number * episodes) as writer:
                for episode in _episodes(plan, requests[number], folder, info.label_names):
                    writer.append(episode)
                    bar.update()
    extra = {"fingerprint": plan.fingerprint(), "seed": seed}
    finish_dataset(out, info, num_shards=len(runs), num_episodes=plan.num_episodes, extra=extra)
    return out


def _request(folder: Path, number: int, episodes: int) -> EpisodeRequest:
    """Ask for the episodes of one run; each run has seeds of its own."""
    from a2r_gym.registration import task_info

    env = _config(folder).env
    family, scene = _SCENES[env.split("-")[1]]
    return EpisodeRequest(
        family=family,
        task=task_info(env).name,
        scene=scene,
        sources=((SOURCE, episodes),),
        first_seed=ON_POLICY_SEEDS.start + number * episodes,
    )


def _config(folder: Path) -> AgentConfig:
    from a2r_gym.rl.agent import load_run

    config = load_run(folder)
    if config is None:
        raise CheckpointError(f"{folder} holds no agent: train one with 'a2r rl ENV --out {folder}'")
    return config


def _episodes(
    plan: CollectConfig, request: EpisodeRequest, folder: Path, label_names: tuple[str, ...]
) -> Iterator[EpisodeRecord]:
    """Play one run's agent."""
    from a2r_gym.rl.agent import load_agent
    from a2r_gym.rl.evaluation import hold
    from a2r_gym.rl.training import as_policy

    config = _config(folder)
    policy = as_policy(load_agent(folder, config))
    size = {"width": plan.width, "height": plan.height}
    with Scene(request.family, request.scene, **size, camera=plan.camera, preset=plan.render_preset) as scene:
        for source, start in request.episodes():
            held = hold(policy, config.action_repeat)
            shaken = _shaken(held, np.random.default_rng([plan.seed, start]))
            yield scene.follow(
                request.task, shaken, source, start, kept_frames=plan.kept_frames, label_names=label_names
            )


def _shaken(
    policy: Callable[[NDArray[Any]], NDArray[Any]], rng: np.random.Generator
) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Add noise of one strength to an episode's actions; in a quarter of the episodes it ends in random actions."""
    strength = rng.uniform(*NOISE)
    lost = rng.uniform(10.0, 100.0) if rng.uniform() < 0.25 else np.inf
    steps = [0]

    def shaken(obs: NDArray[Any]) -> NDArray[Any]:
        steps[0] += 1
        action = np.asarray(policy(obs), dtype=np.float64)
        if steps[0] > lost:
            action = rng.uniform(-1.0, 1.0, size=action.shape)
        return np.clip(action + strength * rng.standard_normal(action.shape), -1.0, 1.0).astype(np.float32)

    return shaken
