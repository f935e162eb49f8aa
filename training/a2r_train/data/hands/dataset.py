"""The data set of hands on disk: clips in chunks, SS-V2's json files, the side file; parallel and resumable.

Clips are numbered and each follows from the seed and its number alone: what is written does not depend on the number of
workers, and a run that was killed goes on with the clips that are not there.
"""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from a2r_gym.errors import DataError, WorkerError, unknown_name
from a2r_train.data.dataset_files import read_json, write_json
from a2r_train.data.something_something import SIDE_FILE, VIDEO_FOLDER
from a2r_train.data.ssv2_templates import TEMPLATES, filled, template_ids
from a2r_train.worker_threads import one_thread_each

__all__ = ["HandsConfig", "make_chunk", "make_hands"]


VERSION: Final = 5
"""Rises when the same seed gives other clips."""


CHUNK: Final = 25
"""Clips that a worker makes before it takes others."""


_MARK: Final = "hands-plan.json"


_FACTS: Final = "facts"


@dataclass(frozen=True, kw_only=True)
class HandsConfig:
    """What is rendered.

    Attributes:
        seed: Other seeds give other clips.
        num_clips: How many.
        templates: Only these templates' ids; empty: all of the repertoire.
        version: Of the generator.
    """

    seed: int = 0
    num_clips: int = 5000
    templates: tuple[int, ...] = ()
    version: int = VERSION

    def __post_init__(self) -> None:
        """Check the numbers and the templates."""
        if self.num_clips < 1:
            raise DataError(f"clips must be at least 1, got {self.num_clips}")
        from a2r_train.data.hands.repertoire import REPERTOIRE

        known = sorted({template for act in REPERTOIRE for template in act.templates})
        for template in template_ids(self.templates):
            if template not in known:
                raise unknown_name("template of a2r hands", str(template), map(str, known))

    def split(self, number: int) -> str:
        """Return the split of a clip: of every twenty, 17 train, 2 validation, 1 test."""
        place = number % 20
        return "test" if place == 0 else "validation" if place in (7, 14) else "train"


def make_hands(config: HandsConfig, out: Path, *, workers: int = 2) -> int:
    """Render a data set; finished clips stay as they are.

    Args:
        config: What is rendered.
        out: Its folder.
        workers: Processes; 1 works in this one.

    Returns:
        How many clips were rendered now.

    Raises:
        DataError: The folder holds something else.
        WorkerError: A worker failed; the same call goes on with the clips that are left.
    """
    if workers < 1:
        raise DataError(f"workers must be at least 1, got {workers}")
    out = Path(out)
    _claim(config, out)
    if (out / SIDE_FILE).exists() and not _missing(config, out):
        return 0
    chunks = [range(first, min(first + CHUNK, config.num_clips + 1)) for first in range(1, config.num_clips + 1, CHUNK)]
    left = [chunk for chunk in chunks if not _is_finished(out, chunk)]
    todo = sum(not _video(out, number).exists() for chunk in left for number in chunk)
    with tqdm(
        total=config.num_clips, initial=config.num_clips - todo, desc="hands", unit="clip", smoothing=0.05
    ) as bar:
        if workers == 1:
            for chunk in left:
                make_chunk(config, out, chunk, bar.update)
        else:
            _in_processes(config, out, left, workers, bar)
    _finish(config, out, chunks)
    return todo


def make_chunk(config: HandsConfig, out: Path, chunk: range, advance: Callable[[int], object]) -> None:
    """Make some clips, and write down the facts about them once all are there.

    Args:
        config: What is rendered.
        out: Its folder.
        chunk: Numbers of the clips.
        advance: Told 1 after each that was rendered.
    """
    from a2r_train.data.hands.clip import draw_clip
    from a2r_train.data.hands.film import Studio, encode, exposed, scene_spec
    from a2r_train.data.hands.repertoire import acts

    order = acts(config.seed, config.num_clips, config.templates)
    facts: dict[str, Any] = {}
    with Studio() as studio:
        for number in chunk:
            clip = draw_clip(config.seed, number, order[number - 1])
            path = _video(out, number)
            if not path.exists():
                spec = scene_spec(
                    clip.surroundings, clip.static, clip.performance.bodies, clip.camera, smooth=clip.smooth
                )
                frames = studio.film(spec, clip.performance, width=clip.width, shadow=clip.shadow)
                part = path.with_suffix(".part")
                part.write_bytes(encode(exposed(frames)))
                os.replace(part, path)
                advance(1)
            facts[str(number)] = {**clip.facts(), "things": list(clip.plan.things)}
    write_json(facts, _facts_file(out, chunk))


def _video(out: Path, number: int) -> Path:
    return out / VIDEO_FOLDER / f"{number}.webm"


def _facts_file(out: Path, chunk: range) -> Path:
    return out / _FACTS / f"{chunk.start:06d}-{chunk.stop - 1:06d}.json"


def _is_finished(out: Path, chunk: range) -> bool:
    return _facts_file(out, chunk).exists() and all(_video(out, number).exists() for number in chunk)


def _missing(config: HandsConfig, out: Path) -> list[int]:
    return [number for number in range(1, config.num_clips + 1) if not _video(out, number).exists()]


def _claim(config: HandsConfig, out: Path) -> None:
    """Mark the folder as this data set's, or refuse one that is another's."""
    mark, content = out / _MARK, json.loads(json.dumps(asdict(config)))
    if mark.exists():
        found = read_json(mark)
        if found != content:
            raise DataError(f"{out} holds other clips ({found}; asked for are {content}): take another folder")
    elif out.exists() and any(path.suffix != ".part" for path in out.iterdir()):
        raise DataError(f"{out} is not empty and holds no clips of a2r hands: take another folder")
    else:
        write_json(content, mark)
    (out / VIDEO_FOLDER).mkdir(parents=True, exist_ok=True)


def _finish(config: HandsConfig, out: Path, chunks: Sequence[range]) -> None:
    """Write SS-V2's json files and the side file, last of all ``hands.json``."""
    facts: dict[str, Any] = {}
    for chunk in chunks:
        facts |= read_json(_facts_file(out, chunk))
    entries: dict[str, list[dict[str, Any]]] = {"train": [], "validation": [], "test": []}
    for number in range(1, config.num_clips + 1):
        split = config.split(number)
        entries[split].append({"id": str(number)} if split == "test" else _entry(number, facts[str(number)]))
    write_json({template.name: str(template.id) for template in TEMPLATES}, out / "labels/labels.json")
    for split, rows in entries.items():
        _write_list(rows, out / f"labels/{split}.json")
    _write_list(
        [
            [str(n), _entry(n, facts[str(n)])["template"]]
            for n in range(1, config.num_clips + 1)
            if config.split(n) == "test"
        ],
        out / "labels/test-answers.json",
    )
    write_json({"generator": asdict(config), "clips": facts}, out / SIDE_FILE)
    for part in out.rglob("*.part"):  # of runs that were killed
        part.unlink()


def _entry(number: int, facts: Mapping[str, Any]) -> dict[str, Any]:
    text = TEMPLATES[facts["template"]].text
    return {
        "id": str(number),
        "label": filled(text, facts["things"]),
        "template": text,
        "placeholders": facts["things"],
    }


def _write_list(rows: Sequence[Any], path: Path) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(rows, indent=0) + "\n", encoding="utf-8")
    os.replace(part, path)


def _work(config: HandsConfig, out: Path, chunk: range) -> tuple[int, str | None]:
    """Make a chunk in a worker; returns how many clips, and the traceback of what went wrong."""
    count = 0

    def advance(number: int) -> None:
        nonlocal count
        count += number

    try:
        make_chunk(config, out, chunk, advance)
    except Exception:
        return count, traceback.format_exc()
    return count, None


def _in_processes(config: HandsConfig, out: Path, left: Sequence[range], workers: int, bar: tqdm[Any]) -> None:
    context = get_context("spawn")  # a fork after an EGL render deadlocks
    with one_thread_each(), ProcessPoolExecutor(workers, mp_context=context) as pool:
        jobs: dict[Future[tuple[int, str | None]], range] = {
            pool.submit(_work, config, out, chunk): chunk for chunk in left
        }
        waiting = set(jobs)
        while waiting:
            ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for job in ready:
                count, failure = _outcome(job)
                bar.update(count)
                if failure is not None:
                    pool.shutdown(cancel_futures=True)  # waits: leaving the block would take the rest up again
                    chunk = jobs[job]
                    raise WorkerError(f"clips {chunk.start} to {chunk.stop - 1} failed:\n{failure}")


def _outcome(job: Future[tuple[int, str | None]]) -> tuple[int, str | None]:
    try:
        return job.result()
    except BrokenProcessPool as error:
        return 0, f"a worker ended abruptly (killed, or out of memory?): {error}. Run the same call to go on."
