"""Agents are recorded with the state's labels; a recording that was cut off goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("metaworld")
pytest.importorskip("stable_baselines3")

from a2r_gym.errors import CheckpointError, DataError
from a2r_gym.rl.agent import AgentConfig
from a2r_gym.rl.training import train
from a2r_train.data.clips import load_clips
from a2r_train.on_policy import ON_POLICY_SEEDS, SOURCE, collect_on_policy


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("agent")
    config = AgentConfig(env="A2R-Tabletop-drawer-close-v1", reward="env", steps=20, learning_starts=10)
    train(config, folder, eval_every=20, eval_episodes=1)
    return folder


def test_episodes_of_each_run_have_their_own_seeds_and_the_states_labels(run: Path, tmp_path: Path) -> None:
    clips = load_clips([collect_on_policy([run, run], tmp_path / "out", episodes=2)])
    assert clips.source.tolist() == [SOURCE] * 4
    assert clips.task.tolist() == ["drawer-close"] * 4
    assert clips.seed.tolist() == list(ON_POLICY_SEEDS[:4])
    own = clips.success[:, :, clips.label_names.index("tabletop/drawer-close")]
    assert (own[:, 0] == 0).all()  # the drawer begins open
    assert np.isin(own, (0, 1)).all()


def test_a_recording_goes_on_and_is_its_seeds(run: Path, tmp_path: Path) -> None:
    first = load_clips([collect_on_policy([run], tmp_path / "one", episodes=2)])
    (tmp_path / "one/meta/info.json").unlink()
    shard = next((tmp_path / "one").rglob("*.mp4"))
    before = shard.stat().st_mtime_ns
    collect_on_policy([run], tmp_path / "one", episodes=2)
    assert shard.stat().st_mtime_ns == before
    again = load_clips([collect_on_policy([run], tmp_path / "two", episodes=2)])
    np.testing.assert_array_equal(first.frames, again.frames)


def test_folders_without_an_agent_are_told(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="a2r rl"):
        collect_on_policy([tmp_path / "none"], tmp_path / "out")
    with pytest.raises(DataError, match="got none"):
        collect_on_policy([], tmp_path / "out")
    assert not (tmp_path / "out").exists()
