"""``a2r envs``: every environment id with what it asks for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from a2r_gym.registration import ENV_IDS, task_info

__all__ = ["EnvRow", "EnvsArgs", "env_rows", "main"]


@dataclass(frozen=True, kw_only=True)
class EnvsArgs:
    """List the environment ids, for example ``a2r envs --only drawer`` or ``a2r envs --json``.

    Attributes:
        only: Ids that contain this text, in any case.
        json: Print JSON instead of a table.
        out: Folder for ``envs.json`` and a picture of each listed environment's start.
        seed: Of the starts in the pictures.
    """

    only: str = ""
    json: bool = False
    out: Path | None = None
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class EnvRow:
    """One environment.

    Attributes:
        id: For ``gym.make``.
        instruction: Its sentence.
        marker: Whether only a marker shows where the target is.
        steps: Steps until truncation.
    """

    id: str
    instruction: str
    marker: bool
    steps: int


def env_rows(only: str = "") -> list[EnvRow]:
    """Describe the environments.

    Args:
        only: Ids that contain this text, in any case.

    Returns:
        One row per id, in the order of `ENV_IDS`.

    Example:
        >>> env_rows("MetaWorld-drawer-close")[0].instruction
        'close the drawer'
    """
    chosen = [(name, task_info(name)) for name in ENV_IDS if only.lower() in name.lower()]
    return [
        EnvRow(id=name, instruction=info.instruction, marker=info.marker, steps=info.max_episode_steps)
        for name, info in chosen
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the list.

    Args:
        argv: Arguments of the command line, see `EnvsArgs`; None: the process's own.

    Returns:
        0, or 1 where no id contains the text.
    """
    import tyro

    args = tyro.cli(EnvsArgs, args=argv, prog="a2r envs")
    rows = env_rows(args.only)
    text = json.dumps([asdict(row) for row in rows], indent=1)
    if args.json:
        print(text)
    else:
        _print_table(rows)
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "envs.json").write_text(text + "\n")
        for row in rows:
            _draw_start(row.id, args.seed, args.out / f"{row.id}.png")
    return 0 if rows else 1


def _print_table(rows: Sequence[EnvRow]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("id", "instruction", "target", "steps", box=None, header_style="bold")
    for row in rows:
        table.add_row(row.id, row.instruction, "a marker" if row.marker else "visible", str(row.steps))
    console = Console()
    if not console.is_terminal:  # a pipe has no width: keep each id on its line
        console = Console(width=160)
    console.print(table)
    console.print(f"{len(rows)} ids; env = gym.make(ID) gives each with its learned reward")


def _draw_start(name: str, seed: int, path: Path) -> None:
    import gymnasium as gym
    import imageio.v3 as imageio

    env = gym.make(name, reward_model="none")
    try:
        env.reset(seed=seed)
        imageio.imwrite(path, np.asarray(env.render()))
    finally:
        env.close()
