"""``a2r dynamics``: learn what actions do to a reward model's frame features, from random rollouts.

A quarter of the rollouts draw their actions as the planner does, a quarter follow the family's scripted controllers,
successes, failures and random motion in turn, and half follow one of these for some time and then draw: random actions
alone hardly ever touch anything, and controllers alone do not tell what other actions would have done there.

Shape suffixes: R rollouts, K moments a stride apart, F frame feature, L steps, A action, B windows, U unrolled strides.
"""

from __future__ import annotations

import hashlib
import importlib
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from a2r_gym.envs.base import SimulatorEnv
from a2r_gym.errors import DataError, WorkerError
from a2r_gym.models.checkpoint import find_checkpoint, load_reward, tensors_sha256
from a2r_gym.models.scoring import Adapt2Reward
from a2r_gym.models.window import window_indices
from a2r_gym.planners.cem import check_bounds, draw
from a2r_gym.planners.dynamics.latent import LatentConfig, LatentNetwork, save_latent
from a2r_gym.planners.vmpc import VMPCConfig
from a2r_gym.whole_file import whole_file
from a2r_train.collect_presets import DYNAMICS_SEEDS
from a2r_train.rollouts import FAMILIES, Scene
from a2r_train.step_losses import precision
from a2r_train.worker_threads import one_thread_each

__all__ = ["DynamicsArgs", "Reading", "Rollouts", "fit_latent", "main"]

_PART: Final = 125
"""Rollouts of a stored part: what a killed run loses at most."""
_VERSION: Final = 2
"""Of the law that rollouts are drawn by."""
_HELD: Final = VMPCConfig.action_hold
"""Steps for which a drawn action is held."""
_EMBEDDED: Final = 1.0
"""Weight of the embedding's error: a plan is judged by what the reward model reads, not by how features look."""
_HELD_OUT: Final = 0.05
"""Share of the rollouts that the error is measured on."""


@dataclass(frozen=True, kw_only=True)
class DynamicsArgs:
    """Learn dynamics, for example ``a2r dynamics --scene train --out runs/dynamics/train``.

    Attributes:
        family: ``tabletop`` or ``metaworld``.
        scene: A scene's name or generator seed; ``default`` for Meta-World.
        tasks: Whose starts and controllers are used; empty: all that the scene decides.
        reward_model: A bundled name or a folder: whose features are predicted.
        rollouts: How many.
        stride: Environment steps of one prediction.
        unroll: Strides of a training window.
        steps: Of training.
        batch: Windows of a step.
        learning_rate: Of AdamW; falls to nothing along a cosine.
        seed: Of everything.
        workers: Processes that roll out.
        threads: Of torch.
        out: Folder of the result; a run that was cut off goes on with the rollouts that are there.
    """

    family: str = "tabletop"
    scene: str = "train"
    tasks: tuple[str, ...] = ()
    reward_model: str = "a2r-small"
    rollouts: int = 4000
    stride: int = 5
    unroll: int = 4
    steps: int = 4000
    batch: int = 64
    learning_rate: float = 1e-3
    seed: int = 0
    workers: int = 2
    threads: int = 2
    out: Path = Path("runs/dynamics")

    def __post_init__(self) -> None:
        """Check ranges.

        Raises:
            DataError: A number is not positive.
        """
        for name in ("rollouts", "stride", "unroll", "steps", "batch", "workers", "threads"):
            if getattr(self, name) < 1:
                raise DataError(f"expected {name} >= 1, got {getattr(self, name)}")


Policy = Callable[[NDArray[np.float64]], NDArray[np.floating]]
"""From an observation to an action."""


class Rollouts(NamedTuple):
    """What was seen and done.

    Attributes:
        features: float16 (R, K, F), one stride apart.
        actions: float32 (R, L, A), L = (K - 1) strides.
    """

    features: NDArray[np.float16]
    actions: NDArray[np.float32]

    def rows(self, which: slice) -> Rollouts:
        """Return some of the rollouts."""
        return Rollouts(self.features[which], self.actions[which])


def main(argv: Sequence[str] | None = None) -> int:
    """Roll out, train, write the dynamics.

    Args:
        argv: Arguments of the command line, see `DynamicsArgs`; None: the process's own.

    Returns:
        0.
    """
    import tyro

    args = tyro.cli(DynamicsArgs, args=argv, prog="a2r dynamics")
    start = time.time()
    rollouts = roll_out_all(args)
    model = _reward(args.reward_model)
    config = LatentConfig(
        grid=model.network.backbone.grid,
        place_features=model.network.config.place_features,
        action_size=rollouts.actions.shape[2],
        stride=args.stride,
        reward_sha256=tensors_sha256(find_checkpoint(args.reward_model)),
    )
    network, errors = fit_latent(rollouts, config, args, Reading(model.network.head, model.num_frames))
    record = {"scene": f"{args.family}/{args.scene}", "rollouts": len(rollouts.features), "errors": errors}
    save_latent(args.out, network, record)
    told = ", ".join(f"{stride * args.stride} steps {error:.2f}" for stride, error in enumerate(errors, start=1))
    print(f"error on rollouts held out, as a share of the change that standing still leaves: {told}")
    print(f"trained in {(time.time() - start) / 60:.1f} minutes; wrote {args.out}")
    return 0


class Reading(NamedTuple):
    """How a reward model reads frame features.

    Attributes:
        embed: From float (B, T, F) to the videos' embeddings, float (B, D), unit length.
        num_frames: T.
    """

    embed: Callable[[Tensor], Tensor]
    num_frames: int


def _reward(name: str) -> Adapt2Reward:
    model = load_reward(name)
    if not isinstance(model, Adapt2Reward):
        raise DataError(f"{name} gives no frame features to predict; take an Adapt2Reward checkpoint")
    return model


# ---------------------------------------------------------------------- rollouts


def roll_out_all(args: DynamicsArgs) -> Rollouts:
    """Make the rollouts that are missing, part by part.

    Raises:
        WorkerError: A worker died; parts that are finished stay.
    """
    folder = args.out / f"rollouts-{_law(args)}"
    files = [folder / f"part-{number:03d}.npz" for number in range(-(-args.rollouts // _PART))]
    missing = [number for number, path in enumerate(files) if not path.exists()]
    context = multiprocessing.get_context("spawn")  # a fork after an EGL render hangs
    if missing:
        with one_thread_each(), ProcessPoolExecutor(args.workers, mp_context=context) as pool:
            jobs = pool.map(_make_part, [args] * len(missing), missing, [files[number] for number in missing])
            try:
                for _ in tqdm(jobs, total=len(missing), unit=f"{_PART} rollouts", desc="rolling out"):
                    pass
            except BrokenProcessPool as error:
                raise WorkerError("a process that rolls out died; run the same call to go on") from error
    parts = [np.load(path) for path in files]
    return Rollouts(*(np.concatenate([part[name] for part in parts])[: args.rollouts] for name in Rollouts._fields))


def _law(args: DynamicsArgs) -> str:
    """Name what rollouts follow from: parts that were made by other arguments are not taken."""
    drawn = (_VERSION, args.family, args.scene, args.tasks, args.stride, args.seed, _HELD)
    reward = tensors_sha256(find_checkpoint(args.reward_model))
    return hashlib.sha256(repr((*drawn, reward)).encode()).hexdigest()[:12]


def _make_part(args: DynamicsArgs, number: int, path: Path) -> None:
    """Make and store one part; runs in a process of its own."""
    from a2r_gym.rendering import ensure_gl_backend

    ensure_gl_backend()
    model = _reward(args.reward_model)
    experts = importlib.import_module(FAMILIES[args.family].experts)
    features, actions = [], []
    picture = {"width": 128, "height": 128, "camera": None, "preset": "fast"}
    with Scene(args.family, args.scene, **picture) as scene:  # type: ignore[arg-type]
        tasks = args.tasks or _decided(scene, args.family)
        for rollout in range(number * _PART, (number + 1) * _PART):
            env = scene.env(tasks[rollout % len(tasks)])
            rng = np.random.default_rng([args.seed, rollout])
            obs, _ = env.reset(seed=DYNAMICS_SEEDS[rollout])
            scripted = (0, env.max_episode_steps, *rng.integers(env.max_episode_steps, size=2))[
                rollout // len(tasks) % 4
            ]
            source = experts.SOURCES[int(rng.integers(len(experts.SOURCES)))]
            policy = _ThenDrawn(experts.make_controller(env, source, rng), int(scripted), env, rng)
            frames, done = _followed(env, policy, obs, args.stride)
            features.append(model.encode_frames(frames).astype(np.float16))
            actions.append(done)
    with whole_file(path) as part:
        np.savez(part, features=np.stack(features), actions=np.stack(actions))


def _decided(scene: Scene, family: str) -> tuple[str, ...]:
    """List the tasks that a scene decides."""
    table = importlib.import_module(FAMILIES[family].tasks).TASKS
    return tuple(getattr(scene.env(next(iter(table))), "decided_tasks", table))


class _ThenDrawn:
    """Follows a controller for some steps, then draws actions as the planner does and holds each."""

    def __init__(self, controller: Policy, steps: int, env: SimulatorEnv, rng: np.random.Generator) -> None:
        space = env.action_space  # type: ignore[attr-defined]
        self._bounds, self._rng = check_bounds(space.low, space.high), rng
        self._controller, self._scripted, self._step = controller, steps, 0
        self._action = np.zeros(space.shape)

    def __call__(self, obs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the action of this step."""
        self._step += 1
        drawn = self._step - self._scripted - 1
        if drawn < 0:
            return np.asarray(self._controller(obs))
        if drawn % _HELD == 0:
            self._action = draw(self._bounds, 1, "arcsine", self._rng)[0]
        return self._action


def _followed(
    env: SimulatorEnv, policy: Policy, obs: NDArray[np.float64], stride: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Follow a policy to the time limit, rounded to whole strides: frames a stride apart, and all actions."""
    frames, actions = [env.render()], []
    for step in range(1, env.max_episode_steps // stride * stride + 1):
        action = np.clip(np.asarray(policy(obs), dtype=np.float32), -1.0, 1.0)
        obs = env.step(action)[0]
        actions.append(action)
        if step % stride == 0:
            frames.append(env.render())
    return np.stack(frames), np.stack(actions)


# ---------------------------------------------------------------------- training


def fit_latent(
    rollouts: Rollouts, config: LatentConfig, args: DynamicsArgs, reading: Reading
) -> tuple[LatentNetwork, list[float]]:
    """Train the network to predict features, and what the reward model reads from them.

    Args:
        rollouts: What was seen and done.
        config: Sizes.
        args: Length, batch and step size.
        reading: Of the reward model, which stays as it is.

    Returns:
        The network, and for each unrolled stride its squared error on rollouts held out, as a share of the error of
        predicting that nothing changes.

    Raises:
        DataError: Too few rollouts, or rollouts that are shorter than a window.
    """
    held_out = max(1, round(_HELD_OUT * len(rollouts.features)))
    if len(rollouts.features) - held_out < 1 or rollouts.features.shape[1] <= args.unroll:
        raise DataError(
            f"expected at least 2 rollouts of more than {args.unroll} strides, got {rollouts.features.shape}"
        )
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    network = LatentNetwork(config)
    optimizer = torch.optim.AdamW(network.parameters(), lr=args.learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, args.learning_rate, total_steps=args.steps, pct_start=0.05
    )
    train = rollouts.rows(slice(held_out, None))
    with tqdm(_windows(train, config, args), total=args.steps, unit="step", desc="training") as bar:
        for step, window in enumerate(bar):
            loss = _loss(network, reading, *window)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            if step % 20 == 0:
                bar.set_postfix(loss=f"{float(loss.detach()):.4f}")
    return network, _errors(network, rollouts.rows(slice(held_out)), args)


def _windows(rollouts: Rollouts, config: LatentConfig, args: DynamicsArgs) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Draw windows: grids (B, U + 2, C, G, G), the one before first, actions (B, U S, A), and all seen (B, P, F)."""
    rng = np.random.default_rng(args.seed)
    kept = rollouts.features.shape[1]
    for _ in range(args.steps):
        rows = rng.integers(len(rollouts.features), size=args.batch)
        start = int(rng.integers(kept - args.unroll))  # one for all: a video's length is its batch's
        starts = np.full(args.batch, start)
        yield *_window(rollouts, rows, starts, config, args.unroll), _float(rollouts.features[rows, : start + 1])


def _window(
    rollouts: Rollouts, rows: NDArray[np.int64], starts: NDArray[np.int64], config: LatentConfig, unroll: int
) -> tuple[Tensor, Tensor]:
    moments = np.maximum(starts[:, None] + np.arange(-1, unroll + 1), 0)
    seen = _float(rollouts.features[rows[:, None], moments])
    grids = seen.reshape(*seen.shape[:2], config.grid, config.grid, config.place_features).permute(0, 1, 4, 2, 3)
    steps = starts[:, None] * config.stride + np.arange(unroll * config.stride)
    return grids, torch.from_numpy(rollouts.actions[rows[:, None], steps])


def _float(features: NDArray[np.float16]) -> Tensor:
    return torch.from_numpy(features).float()


def _loss(network: LatentNetwork, reading: Reading, grids: Tensor, actions: Tensor, past_BPF: Tensor) -> Tensor:
    """Squared error of features, where something changes more than where nothing does, and of the video's embedding."""
    with precision():
        predicted = network.unroll(grids[:, 1], grids[:, 0], actions).float()
    target = grids[:, 2:]
    changed = (target - grids[:, 1:2]).square().mean(dim=2, keepdim=True)
    weight = 0.1 + changed / (changed + 0.1)
    with precision():
        with torch.no_grad():
            true_BD = reading.embed(_seen(reading, past_BPF, network, target))
        told_BD = reading.embed(_seen(reading, past_BPF, network, predicted))
    apart = (told_BD.float() - true_BD.float()).square().sum(dim=1).mean()
    return (weight * (predicted - target).square()).mean() + _EMBEDDED * apart


def _seen(reading: Reading, past_BPF: Tensor, network: LatentNetwork, ahead_BUCGG: Tensor) -> Tensor:
    """Return the features (B, T, F) that the reward model looks at of a video and what comes after it."""
    ahead_BUF = network.to_features(ahead_BUCGG.flatten(0, 1)).reshape(*ahead_BUCGG.shape[:2], -1)
    video_BXF = torch.cat([past_BPF, ahead_BUF], dim=1)
    return video_BXF[:, window_indices(video_BXF.shape[1], reading.num_frames)[-1]]


@torch.no_grad()
def _errors(network: LatentNetwork, rollouts: Rollouts, args: DynamicsArgs) -> list[float]:
    starts = np.arange(rollouts.features.shape[1] - args.unroll)
    rows, starts = (part.ravel() for part in np.meshgrid(np.arange(len(rollouts.features)), starts))
    missed, moved = np.zeros(args.unroll), np.zeros(args.unroll)
    for part in np.array_split(np.arange(len(rows)), max(1, len(rows) // 256)):
        grids, actions = _window(rollouts, rows[part], starts[part], network.config, args.unroll)
        predicted = network.unroll(grids[:, 1], grids[:, 0], actions)
        missed += (predicted - grids[:, 2:]).square().sum(dim=(0, 2, 3, 4)).numpy()
        moved += (grids[:, 1:2] - grids[:, 2:]).square().sum(dim=(0, 2, 3, 4)).numpy()
    return [float(share) for share in missed / np.maximum(moved, 1e-9)]
