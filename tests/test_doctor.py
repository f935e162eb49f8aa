"""``a2r doctor``: each finding with its advice; nothing that is broken breaks the doctor."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from a2r_gym import cli, doctor
from a2r_gym.doctor import Check, diagnose
from a2r_gym.testing import FrameReadingModel

FOUND = {"backend": "egl", "gl_renderer": "soft", "ms_per_frame": 3.0, "scene": "a box", "picture": "frame.png"}


def probe(code: str) -> subprocess.Popen[str]:
    """Start a stand-in for the rendering probe."""
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def answer(found: dict[str, Any]) -> subprocess.Popen[str]:
    return probe(f"print('a driver says hello'); print({json.dumps(found)!r})")


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put stand-ins in the place of OpenGL and of the model."""

    class Model(FrameReadingModel):
        runtime = "fake"

        def stream(self, instructions: Any) -> Any:
            class Stream:
                def push(self, frames: Any, reset_mask: Any) -> None:
                    assert frames.shape[0] == reset_mask.shape[0] == 1

            return Stream()

    monkeypatch.setattr(doctor, "_start_probe", lambda out, seed: answer(FOUND))
    monkeypatch.setattr("a2r_gym.load_reward", lambda name: Model(), raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.mark.usefixtures("quick")
def test_report_names_everything_a_reward_needs(tmp_path: Path) -> None:
    checks = by_name(diagnose(tmp_path))
    assert {"python", "a2r-gym", "mujoco", "metaworld", "OpenGL", "frame", "saved frame", "torch", "threads"} <= set(
        checks
    )
    assert {check.status for check in checks.values()} <= {"ok", "warning", "problem"}
    assert all(check.advice for check in checks.values() if check.status != "ok")
    assert checks["OpenGL"].found == "MUJOCO_GL=egl, soft"
    assert "ms per scored frame, runtime fake" in checks["reward model"].found


@pytest.mark.usefixtures("quick")
def test_json_is_all_that_is_printed_and_a_problem_is_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(["doctor", "--json", "--out", str(tmp_path)]) == 0
    assert {row["name"] for row in json.loads(capsys.readouterr().out)} >= {"OpenGL", "torch"}
    monkeypatch.setattr(doctor, "_start_probe", lambda out, seed: answer({"error": "BackendError: nothing works"}))
    assert cli.main(["doctor", "--out", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "1 to repair" in told
    assert "problem: OpenGL: on Debian or Ubuntu: apt-get install" in told


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import os; os.kill(os.getpid(), 11)", "the driver crashed (exit status -11)"),
        ("raise SystemExit('libEGL is missing')", "libEGL is missing"),
        ("print('no json')", "the driver crashed (exit status 0)"),
    ],
)
def test_a_driver_that_crashes_is_a_finding_with_the_install_line(code: str, found: str) -> None:
    (check,) = doctor._rendering(probe(code), 30.0)
    assert (check.name, check.status, check.found) == ("OpenGL", "problem", found)
    assert "libegl1" in check.advice
    assert "MUJOCO_GL" in check.advice


def test_a_driver_that_hangs_is_ended() -> None:
    hanging = probe("import time; time.sleep(600)")
    (check,) = doctor._rendering(hanging, 0.2)
    assert check.found == "no frame in 12 s"
    assert "Try again" in check.advice
    assert hanging.poll() is not None


def test_a_slow_frame_is_a_warning() -> None:
    checks = by_name(doctor._rendering(answer({**FOUND, "ms_per_frame": 50.0}), 30.0))
    assert checks["frame"].status == "warning"
    assert "cores" in checks["frame"].advice


def test_packages_missing_old_and_of_other_pythons(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        "alpha>=2",
        "beta>=1",
        'gamma; extra == "fast"',
        "delta; python_version < '3' and extra == \"fast\"",
        'lint; extra == "dev"',
    ]
    installed = {"a2r-gym": "0.1.0", "alpha": "1.0"}

    def version(name: str) -> str:
        if name not in installed:
            raise metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(doctor.metadata, "requires", lambda _: lines)
    monkeypatch.setattr(doctor.metadata, "version", version)
    checks = by_name(doctor._packages())
    assert set(checks) == {"a2r-gym", "alpha", "beta", "gamma", "delta"}
    assert (checks["alpha"].status, checks["alpha"].advice) == (
        "problem",
        "needs >=2: pip install --force-reinstall 'alpha>=2'",
    )
    assert checks["beta"].status == "problem"
    assert (checks["gamma"].status, checks["gamma"].advice) == ("warning", "pip install 'a2r-gym[fast]'")
    assert checks["delta"].status == "ok"


def test_threads_that_are_not_set_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    check = by_name(doctor._torch())["threads"]
    assert check.status == "warning"
    assert "OMP_NUM_THREADS=1" in check.advice


def test_an_unknown_model_is_a_problem_that_names_what_exists() -> None:
    check = doctor._model("no-such-model")
    assert (check.status, check.found) == ("problem", "UnknownNameError")
    assert "PATH/TO/FOLDER" in check.advice


def test_an_unexpected_error_is_a_finding_too() -> None:
    def broken() -> str:
        raise RuntimeError("operator torchvision::nms does not exist")

    check = doctor._attempt("torch", broken)
    assert check.status == "problem"
    assert "nms" in check.found
    assert "one pair" in check.advice
