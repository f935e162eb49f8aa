"""Baselines by name: what needs weights says so, and nothing stands in for them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import a2r_gym
from a2r_gym.baselines import BASELINES, is_baseline, load_baseline
from a2r_gym.errors import UnknownNameError, WeightsError
from a2r_gym.models.methods import METHODS

README = Path(a2r_gym.__file__).parent / "baselines" / "README.md"


@pytest.mark.parametrize("name", ["random", "frame-counter"])
def test_floors_load_as_any_reward_model(name: str) -> None:
    assert a2r_gym.load_reward(name).name == name  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["clip", "vlm-rm:", "roboclip"])
def test_zero_shot_models_without_weights_are_a_typed_error_that_says_how(name: str) -> None:
    assert is_baseline(name)
    scheme = name.rstrip(":")
    with pytest.raises(WeightsError, match=rf"only with real weights.*expected {scheme}:<arch>/<tag or path>"):
        a2r_gym.load_reward(name)


@pytest.mark.parametrize("name", ["frame-counter:x", "viper"])
def test_unknown_names_list_what_there_is(name: str) -> None:
    with pytest.raises(UnknownNameError, match=r"Available: clip:<arch>.*frame-counter"):
        load_baseline(name)


def test_a_folder_of_a_baselines_name_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "random").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(a2r_gym.errors.CheckpointError, match="is no checkpoint"):
        a2r_gym.load_reward("random")


def test_the_page_tells_of_every_method_and_every_baseline() -> None:
    page = README.read_text(encoding="utf-8")
    named = set(re.findall(r"`([^`]+)`", page))
    assert set(BASELINES) <= named
    for method in METHODS:
        assert method == "adapt2reward" or any(name.startswith(method) for name in named), method
