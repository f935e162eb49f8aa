"""What a collection is: which episodes of which tasks in which scenes, and how they are split into pieces of work."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

from a2r_gym.envs.base import TaskInfo
from a2r_gym.errors import DataError, unknown_name
from a2r_train.data.lerobot import DatasetInfo
from a2r_train.rollouts import FAMILIES

__all__ = ["SHARD_EPISODES", "CollectConfig", "EpisodeRequest", "Shard", "task_table"]

SHARD_EPISODES: Final = 300
"""A shard is closed once it holds as many."""


@dataclass(frozen=True, kw_only=True)
class EpisodeRequest:
    """Episodes of one task in one scene.

    Attributes:
        family: ``"metaworld"``, ``"tabletop"`` or ``"c2r"``.
        task: Of that family.
        scene: ``"default"`` for Meta-World, else a scene's name or generator seed, or a variant's name.
        sources: Pairs of source and number of episodes.
        first_seed: Of the environment's reset; each episode has the next one.
    """

    family: str
    task: str
    scene: str
    sources: tuple[tuple[str, int], ...]
    first_seed: int

    @property
    def num_episodes(self) -> int:
        """Number of episodes of all sources."""
        return sum(count for _, count in self.sources)

    def episodes(self) -> Iterator[tuple[str, int]]:
        """Yield source and seed of each episode, the sources taking turns."""
        left = dict(self.sources)
        seed = self.first_seed
        while any(left.values()):
            for source in left:
                if left[source]:
                    left[source] -= 1
                    yield source, seed
                    seed += 1


@dataclass(frozen=True, kw_only=True)
class Shard:
    """What one process makes in one go: episodes of one family in one scene, in one set of files.

    Attributes:
        number: Of the shard.
        first_episode: ``episode_index`` of its first episode.
        requests: Its episodes.
    """

    number: int
    first_episode: int
    requests: tuple[EpisodeRequest, ...]

    @property
    def num_episodes(self) -> int:
        """Number of episodes."""
        return sum(request.num_episodes for request in self.requests)


@dataclass(frozen=True, kw_only=True)
class CollectConfig:
    """A collection.

    Attributes:
        requests: The episodes.
        width: Of the frames, pixels, even.
        height: Of the frames, pixels, even.
        kept_frames: Frames of each episode, evenly spread with first and last.
        camera: Name; None is each task's own.
        render_preset: See `a2r_gym.rendering`.
        seed: Changes noise, lengths and plans, not the environments' starts.
    """

    requests: tuple[EpisodeRequest, ...]
    width: int = 128
    height: int = 128
    kept_frames: int = 16
    camera: str | None = None
    render_preset: str = "fast"
    seed: int = 0

    def __post_init__(self) -> None:
        """Check names and numbers.

        Raises:
            DataError: No episodes, odd sizes, too few frames, or a pair of requests shares an episode.
            UnknownNameError: No such family or task.
        """
        if not self.requests or not all(request.num_episodes for request in self.requests):
            raise DataError("expected requests of at least one episode each")
        if self.width < 2 or self.height < 2 or self.width % 2 or self.height % 2:
            raise DataError(f"width and height must be even and positive, got {self.width}x{self.height}")
        if self.kept_frames < 2:
            raise DataError(f"kept_frames must be at least 2, got {self.kept_frames}")
        taken: dict[tuple[str, str, str], list[range]] = {}
        for request in self.requests:
            if request.family not in FAMILIES:
                raise unknown_name("family", request.family, FAMILIES)
            if request.task not in (table := task_table(request.family)):
                raise unknown_name(f"{request.family} task", request.task, table)
            seeds = range(request.first_seed, request.first_seed + request.num_episodes)
            place = taken.setdefault((request.family, request.task, request.scene), [])
            if any(seeds.start < other.stop and other.start < seeds.stop for other in place):
                raise DataError(f"two requests for {request.task} in scene {request.scene} share seeds of {seeds}")
            place.append(seeds)

    @property
    def num_episodes(self) -> int:
        """Number of episodes."""
        return sum(request.num_episodes for request in self.requests)

    def shards(self) -> tuple[Shard, ...]:
        """Split the episodes into pieces of work: a Meta-World task each, a table-top scene each with all its tasks."""
        groups: dict[tuple[str, ...], list[EpisodeRequest]] = {}
        for request in self.requests:
            shared = FAMILIES[request.family].shared_scene
            groups.setdefault((request.family, request.scene, "" if shared else request.task), []).append(request)
        shards: list[Shard] = []
        for group in groups.values():
            piece: list[EpisodeRequest] = []
            for request in group:
                piece.append(request)
                if request is group[-1] or sum(part.num_episodes for part in piece) >= SHARD_EPISODES:
                    first = shards[-1].first_episode + shards[-1].num_episodes if shards else 0
                    shards.append(Shard(number=len(shards), first_episode=first, requests=tuple(piece)))
                    piece = []
        return tuple(shards)

    def info(self) -> DatasetInfo:
        """Describe the data set: labels and sentences of all tasks of the families that take part."""
        families = sorted({request.family for request in self.requests})
        tables = {family: task_table(family) for family in families}
        return DatasetInfo(
            width=self.width,
            height=self.height,
            kept_frames=self.kept_frames,
            label_names=tuple(f"{family}/{task}" for family in families for task in tables[family]),
            instructions=tuple(
                dict.fromkeys(info.instruction for family in families for info in tables[family].values())
            ),
        )

    def fingerprint(self) -> str:
        """Hash of everything in it."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def only(self, families: Sequence[str] = (), tasks: Sequence[str] = ()) -> CollectConfig:
        """Keep some families and tasks; all where none are named.

        Raises:
            UnknownNameError: A name that is not in this configuration.
        """
        for kind, asked, there in (
            ("family", families, {request.family for request in self.requests}),
            ("task", tasks, {request.task for request in self.requests}),
        ):
            for name in asked:
                if name not in there:
                    raise unknown_name(kind, name, there)
        chosen = tuple(
            request
            for request in self.requests
            if (not families or request.family in families) and (not tasks or request.task in tasks)
        )
        return replace(self, requests=chosen)


def task_table(family: str) -> Mapping[str, TaskInfo]:
    """Return a family's tasks by name."""
    tasks: Mapping[str, TaskInfo] = importlib.import_module(FAMILIES[family].tasks).TASKS
    return tasks
