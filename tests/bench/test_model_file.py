"""A model from anybody's file, and from a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from a2r_gym.bench.model_file import load_model
from a2r_gym.errors import RewardModelError
from a2r_gym.testing import FrameReadingModel
from tests.bench.videos import CLOSE, video

ONE = """
from dataclasses import dataclass

@dataclass
class Mine:
    value: float = 0.25

    def score(self, videos, instructions):
        return [self.value] * len(videos)
"""
TWO = ONE + "\nclass Other(Mine):\n    value: float = 0.75\n    def __init__(self): pass\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "my_model.py"
    path.write_text(text)
    return path


def test_the_class_is_built_and_gets_prefixes(tmp_path: Path) -> None:
    loaded = load_model(f"{write(tmp_path, ONE)}:Mine")
    assert loaded.name == "my_model.Mine"
    assert loaded.model.score_steps(video(1, 2, 3), CLOSE).success.tolist() == [0.25] * 3


def test_a_single_class_need_not_be_named_and_one_of_two_must_be(tmp_path: Path) -> None:
    assert load_model(str(write(tmp_path, ONE))).name == "my_model.Mine"
    path = write(tmp_path, TWO)
    with pytest.raises(RewardModelError, match="Mine, Other; say which"):
        load_model(str(path))
    assert load_model(f"{path}:Other").model.score([video(1)], [CLOSE]).success.tolist() == [0.75]


def test_classes_that_a_file_imports_are_not_its_own(tmp_path: Path) -> None:
    path = write(tmp_path, "from a2r_gym.testing import FrameReadingModel\n" + ONE)
    assert load_model(str(path)).name == "my_model.Mine"


def test_another_file_has_another_identity(tmp_path: Path) -> None:
    first = load_model(str(write(tmp_path, ONE))).identity
    assert load_model(str(write(tmp_path, ONE))).identity == first
    assert load_model(str(write(tmp_path, ONE + "\n# other\n"))).identity != first


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("def broken(:\n", "", "SyntaxError"),
        ("import no_such_module_anywhere\n", "", "no_such_module_anywhere"),
        ("x = 1\n", "", "it holds none"),
        (ONE, ":Theirs", "no class 'Theirs'; those with score: Mine"),
        ("class Mine:\n    def __init__(self, size): pass\n    def score(self, v, i): pass\n", "", "without arguments"),
        ("class Mine:\n    pass\n", ":Mine", "score"),
    ],
)
def test_a_file_that_holds_no_model_is_told(text: str, name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(RewardModelError, match=message):
        load_model(f"{write(tmp_path, text)}{name}")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(RewardModelError, match="does not exist"):
        load_model(str(tmp_path / "nowhere.py:Mine"))


def test_names_go_to_load_reward_with_the_runtime_and_the_weights_tell_them_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(
        "a2r_gym.models.checkpoint.load_reward",
        lambda name, runtime: asked.append((name, runtime)) or FrameReadingModel(),
    )
    folder = tmp_path / "mine" / "checkpoint"
    folder.mkdir(parents=True)
    identities = set()
    for sums in ("one", "two"):
        (folder / "SHA256SUMS").write_text(sums)
        loaded = load_model(str(folder), "torch")
        identities.add(loaded.identity)
        assert loaded.name == "mine/checkpoint"
    assert len(identities) == 2
    assert asked == [(str(folder), "torch")] * 2
    assert load_model("a2r-small").identity != load_model("some-baseline").identity
