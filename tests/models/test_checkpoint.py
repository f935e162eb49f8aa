"""A checkpoint comes back bit for bit, or is refused; saving never leaves half a folder."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

import a2r_gym
from a2r_gym.errors import CheckpointError, UnknownNameError
from a2r_gym.models import checkpoint
from a2r_gym.models.adapt2reward import Adapt2RewardNetwork
from a2r_gym.models.checkpoint import CheckpointMeta, load_network, load_reward, save_checkpoint
from a2r_gym.models.scoring import Adapt2Reward
from tests.models.conftest import CALIBRATION, TASKS, MakeNetwork, MakeVideo
from tests.tiny_backbone import ENTRY

META = CheckpointMeta(calibration=CALIBRATION, recipe="a2r-small", provenance={"seed": 3})
FILES = ("README.md", "SHA256SUMS", "config.json", "model.safetensors")
ROOT = Path(__file__).resolve().parents[2]
DRAWER = "close the drawer"


@pytest.fixture(scope="module")
def saved(network: Adapt2RewardNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints") / "mine"
    save_checkpoint(folder, network, META, "# mine\n")
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """Copy the checkpoint, to damage it."""
    return Path(shutil.copytree(saved, tmp_path / "mine"))


def _sign(folder: Path) -> None:
    names = [name for name in FILES if name != "SHA256SUMS"]
    sums = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(sums))


class TestRoundTrip:
    def test_scores_are_bit_equal(self, saved: Path, model: Adapt2Reward, make_video: MakeVideo) -> None:
        loaded = load_reward(saved, runtime="torch")
        videos, sentences = [make_video(5), make_video(80, 1)], [DRAWER, "push the mug to the left"]
        for left, right in zip(model.score(videos, sentences), loaded.score(videos, sentences), strict=True):
            np.testing.assert_array_equal(left, right)

    def test_config_and_record_come_back(self, saved: Path, network: Adapt2RewardNetwork) -> None:
        loaded, meta = load_network(saved)
        assert loaded.config == network.config
        assert loaded.config.tasks == TASKS
        assert meta == META

    def test_numbers_of_failure_modes_come_back(self, tmp_path: Path, make_network: MakeNetwork) -> None:
        tasks = (replace(TASKS[0], failure_modes=("missed it", "undone"), num_failure_modes=2), TASKS[1])
        save_checkpoint(tmp_path / "fewer", make_network(tasks=tasks), META, "")
        loaded, _ = load_network(tmp_path / "fewer")
        assert loaded.config.tasks == tasks
        assert loaded.failure_prompts.counts_G.tolist() == [2, 3]

    def test_the_folder_holds_its_files_and_nothing_else(self, saved: Path) -> None:
        assert sorted(path.name for path in saved.iterdir()) == sorted(FILES)
        assert [path.name for path in saved.parent.iterdir()] == ["mine"]
        assert (saved / "README.md").read_text() == "# mine\n"

    def test_the_frozen_words_are_not_stored_and_the_image_trunk_is(self, saved: Path) -> None:
        names = load_file(saved / "model.safetensors").keys()
        assert "text.words" not in names
        assert {"text.change", "image.0.weight"} <= names

    def test_a_network_that_was_frozen_for_scoring_is_saved_whole(
        self, tmp_path: Path, make_network: MakeNetwork, make_video: MakeVideo
    ) -> None:
        network = make_network(4)
        scorer = Adapt2Reward(network, CALIBRATION, name="frozen", runtime="torch")
        save_checkpoint(tmp_path / "frozen", network, META, "")
        loaded = load_reward(tmp_path / "frozen", runtime="torch")
        expected = scorer.score([make_video(5)], [DRAWER]).similarity
        np.testing.assert_array_equal(loaded.score([make_video(5)], [DRAWER]).similarity, expected)

    def test_the_name_may_be_a_string(self, saved: Path) -> None:
        assert a2r_gym.load_reward(str(saved), runtime="torch").name == str(saved)

    def test_it_loads_without_the_training_package(self, saved: Path) -> None:
        program = (
            "import sys; sys.modules['a2r_train'] = None\n"
            "from a2r_gym.models.backbones import BACKBONES\n"
            f"BACKBONES['tiny'] = {ENTRY!r}\n"
            "import a2r_gym, numpy as np\n"
            f"model = a2r_gym.load_reward({str(saved)!r}, runtime='torch')\n"
            "print(model.score(np.zeros((1, 2, 32, 32, 3), np.uint8), ['close the drawer']).similarity.shape)\n"
        )
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
        assert done.stdout.strip() == "(1,)", done.stderr


class TestDamage:
    @pytest.mark.parametrize("name", FILES)
    def test_a_flipped_byte_is_found(self, folder: Path, name: str) -> None:
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 0xFF
        (folder / name).write_bytes(content)
        with pytest.raises(CheckpointError):
            load_reward(folder)

    @pytest.mark.parametrize("name", FILES)
    def test_a_cut_file_is_found(self, folder: Path, name: str) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(CheckpointError):
            load_reward(folder)

    @pytest.mark.parametrize("name", FILES)
    def test_a_missing_file_is_named(self, folder: Path, name: str) -> None:
        (folder / name).unlink()
        with pytest.raises(CheckpointError, match=f"{name} is missing"):
            load_reward(folder)

    def test_a_cut_file_says_both_hashes_and_what_to_do(self, folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"short")
        with pytest.raises(CheckpointError, match=r"its manifest says [0-9a-f]{64}: .*get the checkpoint again"):
            load_reward(folder)

    def test_a_manifest_that_leaves_the_tensors_out_is_refused(self, folder: Path) -> None:
        lines = (folder / "SHA256SUMS").read_text().splitlines(keepends=True)
        (folder / "SHA256SUMS").write_text("".join(line for line in lines if "safetensors" not in line))
        with pytest.raises(CheckpointError, match=r"does not list model\.safetensors"):
            load_reward(folder)

    def test_a_folder_that_is_no_checkpoint_is_told_apart_from_a_wrong_name(self, tmp_path: Path) -> None:
        with pytest.raises(CheckpointError, match=r"is no checkpoint: it holds no config\.json"):
            load_reward(tmp_path)

    @pytest.mark.parametrize("change", ["shape", "missing", "surplus"])
    def test_tensors_that_do_not_fit_the_config_are_refused(self, folder: Path, change: str) -> None:
        tensors = load_file(folder / "model.safetensors")
        if change == "shape":
            tensors["logit_bias"] = tensors["logit_bias"].expand(2).contiguous()
        elif change == "missing":
            del tensors["logit_bias"]
        else:
            tensors["stranger"] = tensors["logit_bias"].clone()
        save_file(tensors, folder / "model.safetensors")
        _sign(folder)
        expected = {"shape": "logit_bias has another shape", "missing": "missing.*logit_bias", "surplus": "stranger"}
        with pytest.raises(CheckpointError, match=expected[change]):
            load_reward(folder)

    def test_a_signed_file_that_is_no_safetensors_is_refused(self, folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"not tensors at all")
        _sign(folder)
        with pytest.raises(CheckpointError, match="cannot be read"):
            load_reward(folder)

    @pytest.mark.parametrize(("written", "advice"), [(99, "update a2r-gym"), (1, "train it again")])
    def test_another_format_says_what_to_do(self, folder: Path, written: int, advice: str) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, "format": written}))
        _sign(folder)
        with pytest.raises(CheckpointError, match=rf"format {written}, this version reads 2; {advice}"):
            load_reward(folder)


class TestUnknownName:
    def test_near_names_are_listed(self, monkeypatch: pytest.MonkeyPatch, saved: Path) -> None:
        monkeypatch.setattr(checkpoint, "_ROOT", saved.parent)
        assert checkpoint.bundled_names() == ["mine"]
        with pytest.raises(UnknownNameError, match=r"unknown reward model 'mime'\. Did you mean 'mine'\?") as caught:
            load_reward("mime")
        assert "PATH/TO/FOLDER" in str(caught.value)

    def test_a_bundled_name_is_found(self, monkeypatch: pytest.MonkeyPatch, saved: Path) -> None:
        monkeypatch.setattr(checkpoint, "_ROOT", saved.parent)
        monkeypatch.setattr(checkpoint, "BUNDLED", "mine")
        assert load_reward("mine", runtime="torch").name == "mine"
        assert load_reward(runtime="torch").name == "mine"

    def test_an_unknown_runtime_is_refused(self, saved: Path) -> None:
        with pytest.raises(UnknownNameError, match=r"unknown runtime 'opnvino'.*'openvino'"):
            load_reward(saved, runtime="opnvino")


class TestSaveThatFails:
    def _content(self, folder: Path) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}

    def test_a_failure_while_writing_leaves_the_old_folder_and_nothing_else(
        self, folder: Path, make_network: MakeNetwork, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = self._content(folder)

        def half(_: object, path: Path) -> None:
            Path(path).write_bytes(b"half")
            raise OSError("no space left on device")

        monkeypatch.setattr(checkpoint, "save_file", half)
        with pytest.raises(OSError, match="no space"):
            save_checkpoint(folder, make_network(1), META, "# new\n")
        assert self._content(folder) == before
        assert [path.name for path in folder.parent.iterdir()] == ["mine"]

    def test_a_failure_while_writing_a_first_checkpoint_leaves_nothing(
        self, tmp_path: Path, network: Adapt2RewardNetwork, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_: Path) -> str:
            raise OSError("input/output error")

        monkeypatch.setattr(checkpoint, "_sha256", refuse)
        with pytest.raises(OSError, match="input/output"):
            save_checkpoint(tmp_path / "runs" / "new", network, META, "")
        assert list((tmp_path / "runs").iterdir()) == []

    def test_a_failure_between_the_two_moves_brings_the_old_folder_back(
        self, folder: Path, make_network: MakeNetwork, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before, replace = self._content(folder), os.replace

        def no_new_one(source: str | Path, target: str | Path) -> None:
            if Path(source).name == "new":
                raise OSError("input/output error")
            replace(source, target)

        monkeypatch.setattr(os, "replace", no_new_one)
        with pytest.raises(OSError, match="input/output"):
            save_checkpoint(folder, make_network(1), META, "# new\n")
        assert self._content(folder) == before

    def test_a_good_save_replaces_the_old_folder(self, folder: Path, make_network: MakeNetwork) -> None:
        before = self._content(folder)
        save_checkpoint(folder, make_network(1), META, "# new\n")
        after = self._content(folder)
        assert after["README.md"] == b"# new\n"
        assert after["model.safetensors"] != before["model.safetensors"]
        load_network(folder)
        assert [path.name for path in folder.parent.iterdir()] == ["mine"]
