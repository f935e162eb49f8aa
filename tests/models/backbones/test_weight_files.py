"""Weights are found where the user says, and reading them runs nothing."""

from __future__ import annotations

import hashlib
import os
from argparse import Namespace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from a2r_gym.errors import WeightsError
from a2r_gym.models.backbones.weight_files import WEIGHTS_FOLDER, file_hash, find_weights, read_tensors

TENSORS = {"a": torch.arange(6.0).view(2, 3), "b.c": torch.tensor(1.5)}
RAN: list[str] = []


def _run(command: str) -> None:
    RAN.append(command)


class _Bomb:
    """Calls a function of this module when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return _run, ("ran",)


def _same(found: dict[str, torch.Tensor]) -> bool:
    return found.keys() == TENSORS.keys() and all(torch.equal(found[name], value) for name, value in TENSORS.items())


class TestFind:
    def test_relative_paths_start_at_the_folder_of_weights_and_then_here(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "here").mkdir()
        (tmp_path / "there").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        for place in ("here/both.pt", "there/both.pt", "here/one.pt"):
            (tmp_path / place).touch()
        monkeypatch.setenv(WEIGHTS_FOLDER, str(tmp_path / "there"))
        assert find_weights("both.pt", backbone="x:both.pt", source="") == tmp_path / "there/both.pt"
        assert find_weights("one.pt", backbone="x:one.pt", source="").resolve() == tmp_path / "here/one.pt"
        monkeypatch.delenv(WEIGHTS_FOLDER)
        assert find_weights("both.pt", backbone="x:both.pt", source="").resolve() == tmp_path / "here/both.pt"

    def test_home_and_absolute_paths(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv(WEIGHTS_FOLDER, os.sep)
        (tmp_path / "w.pt").touch()
        assert find_weights("~/w.pt", backbone="", source="") == tmp_path / "w.pt"
        assert find_weights(str(tmp_path / "w.pt"), backbone="", source="") == tmp_path / "w.pt"

    def test_a_missing_file_is_named_at_each_place_with_its_source(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(WEIGHTS_FOLDER, str(tmp_path))
        with pytest.raises(WeightsError, match=rf"backbone 'x:w\.pt': no {tmp_path}/w\.pt and no w\.pt\. Get it at Y"):
            find_weights("w.pt", backbone="x:w.pt", source="Get it at Y.")


class TestRead:
    @pytest.mark.parametrize("key", [None, "model", "module", "state_dict"])
    def test_tensors_come_back_from_wherever_they_stand(self, tmp_path: Path, key: str | None) -> None:
        torch.save(TENSORS if key is None else {key: TENSORS, "epoch": 3}, tmp_path / "w.pt")
        assert _same(read_tensors(tmp_path / "w.pt"))

    def test_safetensors(self, tmp_path: Path) -> None:
        save_file(TENSORS, tmp_path / "w.safetensors")
        assert _same(read_tensors(tmp_path / "w.safetensors"))

    def test_files_of_old_versions(self, tmp_path: Path) -> None:
        torch.save(TENSORS, tmp_path / "w.pt", _use_new_zipfile_serialization=False)
        assert _same(read_tensors(tmp_path / "w.pt"))

    def test_a_configuration_of_unknown_classes_is_passed_over(self, tmp_path: Path) -> None:
        config = Namespace(optimizer=Namespace(lr=1e-4), name="x", where=Path("/tmp"))
        torch.save({"model": TENSORS, "config": config}, tmp_path / "w.pt")
        assert _same(read_tensors(tmp_path / "w.pt"))

    def test_nothing_in_the_file_is_run(self, tmp_path: Path) -> None:
        torch.save({"model": TENSORS, "config": _Bomb()}, tmp_path / "w.pt")
        assert _same(read_tensors(tmp_path / "w.pt"))
        assert not RAN
        torch.load(tmp_path / "w.pt", weights_only=False)
        assert RAN == ["ran"]  # the file does what it is meant to

    @pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
    def test_a_file_that_is_cut_is_refused(self, tmp_path: Path, name: str) -> None:
        if name == "w.pt":
            torch.save(TENSORS, tmp_path / name)
        else:
            save_file(TENSORS, tmp_path / name)
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(WeightsError, match=rf"{name} cannot be read"):
            read_tensors(tmp_path / name)

    def test_a_file_without_tensors_is_refused(self, tmp_path: Path) -> None:
        torch.save({"epoch": 3}, tmp_path / "w.pt")
        with pytest.raises(WeightsError, match="holds no tensors, only epoch"):
            read_tensors(tmp_path / "w.pt")


def test_the_hash_is_that_of_the_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * (1 << 21))
    (tmp_path / "b").write_bytes(b"y")
    expected = hashlib.sha256(b"x" * (1 << 21) + b"y").hexdigest()
    assert file_hash([tmp_path / "a", tmp_path / "b"]) == expected
