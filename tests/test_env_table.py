"""``a2r envs``: the list, its filter, its JSON and its pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from a2r_gym import cli
from a2r_gym.env_table import env_rows
from a2r_gym.registration import ENV_IDS, task_info
from a2r_gym.testing import StepCounterEnv


def test_rows_are_all_ids_with_their_tasks_facts() -> None:
    rows = env_rows()
    assert [row.id for row in rows] == list(ENV_IDS)
    for row in rows:
        info = task_info(row.id)
        assert (row.instruction, row.marker, row.steps) == (info.instruction, info.marker, info.max_episode_steps)


@pytest.mark.parametrize("only", ["drawer", "DRAWER", "Drawer-Close"])
def test_filter_takes_any_case(only: str) -> None:
    rows = env_rows(only)
    assert rows
    assert all(only.lower() in row.id.lower() for row in rows)
    assert "A2R-MetaWorld-drawer-close-v1" in [row.id for row in rows]


def test_table_prints_each_id_on_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["envs"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert all(any(line.split()[:1] == [name] for line in told) for name in ENV_IDS)
    assert any(line.startswith(f"{len(ENV_IDS)} ids") for line in told)


def test_json_is_all_that_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["envs", "--only", "tabletop", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told) == 7
    assert set(told[0]) == {"id", "instruction", "marker", "steps"}


def test_nothing_found_is_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["envs", "--only", "no such task"]) == 1
    assert "0 ids" in capsys.readouterr().out


def test_out_gets_the_list_and_a_picture_of_each_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[str, str]] = []
    seeds: list[int | None] = []

    class Env(StepCounterEnv):
        def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
            seeds.append(seed)
            return super().reset(seed=seed, options=options)

    def make(name: str, *, reward_model: str) -> Env:
        made.append((name, reward_model))
        return Env()

    monkeypatch.setattr("gymnasium.make", make)
    assert cli.main(["envs", "--only", "tabletop-drawer", "--out", str(tmp_path), "--seed", "5"]) == 0
    names = ["A2R-Tabletop-drawer-close-v1", "A2R-Tabletop-drawer-open-v1"]
    assert made == [(name, "none") for name in names]  # a start needs no reward model
    assert seeds == [5, 5]
    assert [row["id"] for row in json.loads((tmp_path / "envs.json").read_text())] == names
    with Image.open(tmp_path / f"{names[0]}.png") as picture:
        assert picture.size == (16, 16)
