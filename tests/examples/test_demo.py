"""``make demo`` in miniature: Meta-World's drawer, a model of random weights, a few steps."""

from __future__ import annotations

import json
import re
from pathlib import Path

import imageio.v3 as imageio
import pytest

from a2r_gym.rl import training
from tests.examples.conftest import RunExample

SHORT = ("--steps", "30", "--episodes", "2")


def test_it_ends_with_a_table_and_the_path_of_the_video_and_begins_anew(
    run_example: RunExample,
    tiny_checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = (*SHORT, "--reward-model", str(tiny_checkpoint), "--out", str(tmp_path / "demo"))

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training._Watch, "_on_rollout_end", interrupted)
        with pytest.raises(SystemExit, match="130"):
            run_example("demo.py", *arguments)
    assert "the same command goes on" in capsys.readouterr().out
    assert json.loads((tmp_path / "demo" / "latest.json").read_text()) == {"step": 1}

    (tmp_path / "demo" / "notes.txt").write_text("mine")
    with pytest.raises(SystemExit, match="0"):
        run_example("demo.py", *arguments)
    printed = capsys.readouterr().out
    for name in ("trained on the learned reward", "untrained agent", "random actions"):
        assert re.search(rf"{name} +\d+%  \[\d+%, \d+%\]", printed)
    video = Path(printed.split()[-1])
    assert imageio.imread(video, plugin="pyav").shape == (171, 384, 768, 3)
    assert (tmp_path / "demo" / "curve.csv").read_text().splitlines()[1].startswith("0,")
    assert (tmp_path / "demo" / "notes.txt").exists()
