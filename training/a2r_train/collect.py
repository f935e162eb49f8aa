"""``a2r collect``: roll out scripted controllers, keep a few frames of each episode, write a data set.

Shards are made by worker processes, each whole or not at all: a collection that was killed goes on where it was. What
is written does not depend on the number of workers.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tqdm import tqdm

from a2r_gym.errors import DataError, WorkerError
from a2r_train.collect_plan import CollectConfig, EpisodeRequest, Shard
from a2r_train.collect_presets import PRESETS
from a2r_train.data.dataset_files import read_json, shard_is_finished, write_json
from a2r_train.data.lerobot import ShardWriter, finish_dataset
from a2r_train.worker_threads import one_thread_each

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

__all__ = [
    "CollectArgs",
    "CollectConfig",
    "EpisodeRequest",
    "claim",
    "collect",
    "main",
]


@dataclass(frozen=True, kw_only=True)
class CollectArgs:
    """Collect rollouts, for example ``a2r collect --out rollouts/train --preset product --workers 2``.

    Attributes:
        out: Folder of the data set; a collection that was cut off there goes on.
        preset: Which episodes: ``product`` to train on, ``validation`` to tune and calibrate on, ``test`` and
            ``new-scenes`` (of the generator) to report on; for the paper's protocol ``paper``, ``validation-scenes``
            and ``paper-test``; for Concept2Robot's environments ``c2r``, ``c2r-validation`` and ``c2r-test``.
        scale: Multiplies the numbers of episodes and of scenes, for example 0.1 for a try.
        workers: Processes.
        seed: Changes noise, lengths and plans, not the environments' starts.
        families: Only these: metaworld, tabletop, c2r.
        tasks: Only these, for example drawer-close.
        sheets: Whether to draw contact sheets into ``out/sheets``.
    """

    out: Path
    preset: Literal[
        "product", "validation", "test", "new-scenes", "paper", "paper-test", "validation-scenes", "c2r",
        "c2r-validation", "c2r-test",
    ] = "product"  # fmt: skip
    scale: float = 1.0
    workers: int = 2
    seed: int = 0
    families: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    sheets: bool = True


def main(argv: Sequence[str] | None = None) -> int:
    """Collect, print how often each source succeeded, draw contact sheets.

    Args:
        argv: Arguments of the command line; None: the process's own.

    Returns:
        0.
    """
    import tyro

    from a2r_train.collect_report import draw_source_sheets, source_table
    from a2r_train.data.clips import load_clips

    args = tyro.cli(CollectArgs, args=argv, prog="a2r collect")
    config = replace(PRESETS[args.preset](args.scale).only(args.families, args.tasks), seed=args.seed)
    collect(config, args.out, workers=args.workers)
    clips = load_clips([args.out])
    print(source_table(clips))
    if args.sheets:
        print(f"contact sheets: {len(draw_source_sheets(clips, args.out / 'sheets'))} in {args.out / 'sheets'}")
    return 0


def collect(config: CollectConfig, out: Path, *, workers: int = 2, resume: bool = True) -> Path:
    """Make a data set.

    Args:
        config: What to collect.
        out: Its folder.
        workers: Processes; 1 works in this one.
        resume: Whether to go on with shards that are there already; else they are an error.

    Returns:
        ``out``.

    Raises:
        DataError: The folder holds another collection, or shards though ``resume`` is False.
        WorkerError: A worker failed; finished shards stay, and the same call goes on with the others.
    """
    if workers < 1:
        raise DataError(f"workers must be at least 1, got {workers}")
    out = Path(out)
    claim(config, out, resume=resume)
    shards = config.shards()
    left = [shard for shard in shards if not shard_is_finished(out, shard.number, shard.num_episodes)]
    done = config.num_episodes - sum(shard.num_episodes for shard in left)
    if left or not (out / "meta/info.json").exists():
        with tqdm(total=config.num_episodes, initial=done, desc="collect", unit="episode", smoothing=0.05) as bar:
            if workers == 1:
                for shard in left:
                    make_shard(config, out, shard, bar.update)
            else:
                _in_processes(config, out, left, workers, bar)
        extra = {"fingerprint": config.fingerprint(), "seed": config.seed}
        finish_dataset(out, config.info(), num_shards=len(shards), num_episodes=config.num_episodes, extra=extra)
        for part in out.rglob("*.part"):  # of runs that were killed
            part.unlink()
    return out


def claim(config: CollectConfig, out: Path, *, resume: bool) -> None:
    """Mark a folder as a collection's, or refuse one that is another's.

    Args:
        config: The collection.
        out: The folder.
        resume: Whether it may hold a part of the same collection.

    Raises:
        DataError: It holds another collection, or something else.
    """
    mark = out / "meta/collection.json"
    if mark.exists():
        found = read_json(mark)
        if not resume:
            raise DataError(f"{out} holds a collection already; take another folder or resume=True")
        if found.get("fingerprint") != config.fingerprint():
            raise DataError(
                f"{out} holds another collection ({found.get('num_episodes')} episodes, fingerprint "
                f"{str(found.get('fingerprint'))[:12]}; asked for are {config.num_episodes}, "
                f"{config.fingerprint()[:12]}): take another folder, or remove this one"
            )
        return
    if any(path.is_file() and path.suffix != ".part" for path in out.rglob("*")):  # the mark itself may be half written
        raise DataError(f"{out} is not empty and holds no collection: take another folder")
    write_json(
        {"fingerprint": config.fingerprint(), "num_episodes": config.num_episodes, "config": asdict(config)}, mark
    )


def make_shard(config: CollectConfig, out: Path, shard: Shard, advance: Callable[[int], object]) -> None:
    """Make one shard.

    Args:
        config: The collection.
        out: Its folder.
        shard: Which episodes.
        advance: Told 1 after each of them.
    """
    from a2r_gym.rendering import ensure_gl_backend
    from a2r_train.rollouts import Scene

    ensure_gl_backend()
    info = config.info()
    first = shard.requests[0]
    scene = Scene(
        first.family, first.scene, width=config.width, height=config.height, camera=config.camera,
        preset=config.render_preset,
    )  # fmt: skip
    with scene, ShardWriter(out, info, shard=shard.number, first_episode=shard.first_episode) as writer:
        for request in shard.requests:
            for source, seed in request.episodes():
                writer.append(
                    scene.collect(
                        request.task,
                        source,
                        seed,
                        collection_seed=config.seed,
                        kept_frames=config.kept_frames,
                        label_names=info.label_names,
                    )
                )
                advance(1)


# ---------------------------------------------------------------------- processes

_counter: Synchronized[int] | None = None
"""In a worker: episodes that all workers have made."""


def _begin_worker(counter: Synchronized[int]) -> None:
    global _counter
    _counter = counter


def _work(config: CollectConfig, out: Path, shard: Shard) -> str | None:
    """Make a shard in a worker; returns the traceback of what went wrong."""

    def advance(count: int) -> None:
        assert _counter is not None
        with _counter.get_lock():
            _counter.value += count

    try:
        make_shard(config, out, shard, advance)
    except Exception:
        return traceback.format_exc()
    return None


def _in_processes(config: CollectConfig, out: Path, left: Sequence[Shard], workers: int, bar: tqdm[Any]) -> None:
    context = get_context("spawn")  # a fork after an EGL render deadlocks
    counter = context.Value("q", 0)
    seen = 0
    with (
        one_thread_each(),
        ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker, initargs=(counter,)) as pool,
    ):
        jobs: dict[Future[str | None], Shard] = {pool.submit(_work, config, out, shard): shard for shard in left}
        waiting = set(jobs)
        while waiting:
            ready, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
            bar.update(counter.value - seen)
            seen += counter.value - seen
            for job in ready:
                failure = _failure(job)
                if failure is not None:
                    pool.shutdown(cancel_futures=True)  # waits: leaving the block would take the rest up again
                    raise WorkerError(f"shard {jobs[job].number} ({_name(jobs[job])}) failed:\n{failure}")
        bar.update(counter.value - seen)


def _failure(job: Future[str | None]) -> str | None:
    try:
        return job.result()
    except BrokenProcessPool as error:
        return f"its worker process ended abruptly (killed, or out of memory?): {error}. Run the same call to go on."


def _name(shard: Shard) -> str:
    first = shard.requests[0]
    return f"{first.family}, scene {first.scene}, {', '.join(request.task for request in shard.requests)}"


if __name__ == "__main__":
    raise SystemExit(main())
