"""``a2r failures``: which clips it shows for which mode, and what it says where it cannot."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from a2r_gym import cli
from a2r_gym.models import runtime, windowed
from a2r_gym.models.calibration import Calibration
from a2r_gym.models.checkpoint import CheckpointMeta, load_reward, save_checkpoint
from a2r_train.data.clips import ClipSet
from a2r_train.failures import find_failures
from tests.tiny_backbone import IMAGE_SIZE
from tests.training.collected import write_clips
from tests.training.synthetic import TABLETOP, make_clips, tiny_network

NAMES = ("missed it", "never began")


@pytest.fixture(autouse=True)
def _in_torch(tiny_backbone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Encode in torch: nothing to compile."""

    def make_torch(module: nn.Module, size: int, name: str | None = None) -> runtime.TorchRuntime:
        del size, name
        return runtime.TorchRuntime(module)

    monkeypatch.setattr(windowed, "make_runtime", make_torch)


@pytest.fixture(scope="module")
def clips() -> ClipSet:
    return make_clips(per_source=3, size=IMAGE_SIZE)


@pytest.fixture(scope="module")
def data(clips: ClipSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(clips, tmp_path_factory.mktemp("data") / "clips")


def _checkpoint(folder: Path, *, counts: tuple[int, ...] = (2, 3, 0, 1)) -> Path:
    """Save a network whose first task has two named modes, the second three without names, the third none."""
    network = tiny_network()
    entries = [replace(task, num_failure_modes=count) for task, count in zip(network.config.tasks, counts, strict=True)]
    network.describe_tasks((replace(entries[0], failure_modes=NAMES[: counts[0]]), *entries[1:]))
    meta = CheckpointMeta(calibration=Calibration(slope=1.0, intercept=0.0))
    save_checkpoint(folder / "checkpoint", network, meta, "# tiny\n")
    return folder / "checkpoint"


@pytest.fixture(scope="module")
def checkpoint(tiny_backbone: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _checkpoint(tmp_path_factory.mktemp("run"))


class TestFindFailures:
    def test_each_failure_has_the_likeliest_live_mode_of_its_own_task(self, checkpoint: Path, clips: ClipSet) -> None:
        model = load_reward(checkpoint)
        rows = find_failures(model, clips)
        own = np.repeat(np.arange(4), 9)
        expected = np.flatnonzero((clips.source != "success") & (own != 2))  # the third task has no modes
        np.testing.assert_array_equal(rows.clips, expected)
        np.testing.assert_array_equal(rows.label, own[expected])
        for task, count in ((0, 2), (1, 3), (3, 1)):
            mine = rows.label == task
            with torch.inference_mode():
                texts = model.network.encode_failures([TABLETOP[task]], torch.tensor([task]))[0, :count]
                cosine = (model.embed_videos(clips.frames[rows.clips[mine]]) @ texts.T).numpy()
            np.testing.assert_array_equal(rows.mode[mine], cosine.argmax(1))
            np.testing.assert_allclose(rows.closeness[mine], cosine.max(1), atol=1e-5)

    def test_clips_too_close_to_tell_are_left_out(self, checkpoint: Path, clips: ClipSet) -> None:
        unclear = replace(clips, ambiguous=clips.ambiguous.copy())
        unclear.ambiguous[3, -1, 0] = True
        found = find_failures(load_reward(checkpoint), unclear)
        assert 3 not in found.clips
        assert 4 in found.clips


class TestCommand:
    def test_it_writes_a_sheet_for_each_mode_with_clips_and_an_index_of_all(
        self, checkpoint: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert cli.main(["failures", str(checkpoint), "--data", str(data), "--out", str(tmp_path), "--count", "2"]) == 0
        lines = list(csv.DictReader((tmp_path / "index.csv").open()))
        assert [(line["task"], line["mode"]) for line in lines] == [
            (TABLETOP[0], "0"), (TABLETOP[0], "1"), (TABLETOP[1], "0"), (TABLETOP[1], "1"), (TABLETOP[1], "2"),
            (TABLETOP[3], "0"),
        ]  # fmt: skip
        assert tuple(line["name"] for line in lines[:2]) == NAMES
        for line in lines:
            assert bool(line["sheet"]) == (line["clips"] != "0")
            assert not line["sheet"] or (tmp_path / line["sheet"]).is_file()
        told = capsys.readouterr().out
        assert f"{TABLETOP[0]} 0: missed it ({lines[0]['clips']} clips)" in told
        assert "18 failures of 3 tasks" in told
        assert "has no names for the modes of 2 tasks: these clips gave them" in told

    def test_without_data_it_says_that_exemplars_need_clips(
        self, checkpoint: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert cli.main(["failures", str(checkpoint)]) == 2
        told = capsys.readouterr().err
        assert "exemplars need clips: pass --data FOLDER" in told
        assert "a2r fit" not in told

    def test_without_data_it_tells_of_those_that_fit_has_drawn(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        checkpoint = _checkpoint(tmp_path)
        (tmp_path / "failures").mkdir()
        (tmp_path / "failures/index.md").touch()
        assert cli.main(["failures", str(checkpoint)]) == 2
        assert (
            f"has shown those of its own training clips in {tmp_path / 'failures/index.md'}" in capsys.readouterr().err
        )

    def test_a_model_without_failure_modes_is_told_what_it_lacks(
        self, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        checkpoint = _checkpoint(tmp_path, counts=(0, 0, 0, 0))
        assert cli.main(["failures", str(checkpoint), "--data", str(data)]) == 2
        assert "has no failure modes: train one by a recipe" in capsys.readouterr().err

    def test_clips_without_a_failure_of_its_tasks_are_told_what_to_collect(
        self, checkpoint: Path, clips: ClipSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        data = write_clips(clips.select(clips.source == "success"), tmp_path / "data")
        assert cli.main(["failures", str(checkpoint), "--data", str(data), "--out", str(tmp_path / "out")]) == 2
        told = capsys.readouterr().err
        assert "no clip fails at a task of" in told
        assert "a2r collect" in told
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["nothing-there", "--data", "x"], "unknown reward model 'nothing-there'"),
            (["a2r-small", "--count", "0"], ">= 1"),
        ],
    )
    def test_wrong_arguments_are_refused(
        self, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert cli.main(["failures", *arguments]) == 2
        assert message in capsys.readouterr().err
