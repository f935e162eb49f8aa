"""``a2r doctor``: what this machine has, what is wrong with it, and what to do about each problem."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from a2r_gym.errors import A2RError

__all__ = ["Check", "DoctorArgs", "diagnose", "main"]

_DISTRIBUTION = "a2r-gym"
_PROBE_SECONDS = 12.0
_SLOW_FRAME_MS = 20.0
"""Above this a step waits mostly for its picture: 100 pictures of the drawer scene took 2-3 ms each on two cores."""
_GL_LIBRARIES = "apt-get install libegl1 libgl1 libgl1-mesa-dri"


@dataclass(frozen=True, kw_only=True)
class DoctorArgs:
    """Check this machine, for example ``a2r doctor`` or ``a2r doctor --json``.

    Attributes:
        out: Folder for the frame that is rendered.
        seed: Of the environment that is rendered.
        model: Reward model whose weights are checked, a bundled name or a folder.
        json: Print JSON instead of a table.
    """

    out: Path = Path("out/doctor")
    seed: int = 0
    model: str = "a2r-small"
    json: bool = False


@dataclass(frozen=True, kw_only=True)
class Check:
    """One finding.

    Attributes:
        name: What was looked at.
        status: ``"ok"``, ``"warning"`` (works without it) or ``"problem"``.
        found: What there is.
        advice: What to do; empty where nothing is to be done.
    """

    name: str
    status: str
    found: str
    advice: str = ""


def main(argv: Sequence[str] | None = None) -> int:
    """Run all checks and print them.

    Args:
        argv: Arguments of the command line, see `DoctorArgs`; None: the process's own.

    Returns:
        0, or 1 where there is a problem.
    """
    import tyro

    args = tyro.cli(DoctorArgs, args=argv, prog="a2r doctor")
    checks = diagnose(args.out, args.seed, args.model)
    if args.json:
        print(json.dumps([asdict(check) for check in checks], indent=1))
    else:
        _print_report(checks)
    return int(any(check.status == "problem" for check in checks))


def diagnose(out: Path, seed: int = 0, model: str = "a2r-small") -> list[Check]:
    """Look at everything a reward needs, in less than 15 seconds.

    Args:
        out: Folder for the rendered frame.
        seed: Of the environment that is rendered.
        model: Reward model whose weights are checked.

    Returns:
        All findings; nothing is raised for what is broken.
    """
    start = time.perf_counter()
    probe = _start_probe(out, seed)  # a process of its own, so nothing waits for it
    here = [_python(), *_packages()]
    loaded = [*_torch(), _model(model)]
    patience = max(_PROBE_SECONDS - (time.perf_counter() - start), 1.0)
    return [*here, *_rendering(probe, patience), *loaded]


def _python() -> Check:
    fits = (3, 10) <= sys.version_info[:2] <= (3, 13)
    return Check(
        name="python",
        status="ok" if fits else "problem",
        found=f"{platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        advice="" if fits else "use a Python from 3.10 to 3.13",
    )


def _packages() -> list[Check]:
    """Compare what is installed with what the package asks for, extra by extra."""
    try:
        requirements = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return [Check(name=_DISTRIBUTION, status="problem", found="not installed", advice="pip install -e '.[all]'")]
    checks = [Check(name=_DISTRIBUTION, status="ok", found=metadata.version(_DISTRIBUTION))]
    seen = set()
    for line in requirements:
        extra = _extra(line)
        found = re.match(r"[\w.-]+", line)
        assert found is not None, "a requirement begins with a name"
        if found[0] not in seen and found[0] != _DISTRIBUTION and extra not in ("dev", "all"):
            seen.add(found[0])
            checks.append(_package(line, found[0], extra))
    return checks


def _extra(requirement: str) -> str:
    found = re.search(r"""extra\s*==\s*['"](\w+)['"]""", requirement)
    return found[1] if found else ""


def _package(line: str, name: str, extra: str) -> Check:
    from packaging.requirements import Requirement

    install = f"pip install 'a2r-gym[{extra}]'" if extra else f"pip install --force-reinstall '{line}'"
    requirement = Requirement(line)
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
        return Check(name=name, status="ok", found=f"not for this Python (extra {extra})")
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        status, what = ("warning", f"not installed (extra {extra})") if extra else ("problem", "not installed")
        return Check(name=name, status=status, found=what, advice=install)
    if version not in requirement.specifier:
        return Check(name=name, status="problem", found=version, advice=f"needs {requirement.specifier}: {install}")
    return Check(name=name, status="ok", found=version)


def _start_probe(out: Path, seed: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "a2r_gym.gl_probe", str(out / "frame.png"), str(seed)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _rendering(probe: subprocess.Popen[str], patience: float) -> list[Check]:
    """Read what the probe found, or say after some seconds that it found nothing."""
    advice = f"on Debian or Ubuntu: {_GL_LIBRARIES}; or choose a backend: MUJOCO_GL=egl, osmesa or glfw"
    try:
        output, errors = probe.communicate(timeout=patience)
        found = json.loads(output.strip().splitlines()[-1])
    except subprocess.TimeoutExpired:
        probe.kill()
        probe.communicate()
        late = f"no frame in {_PROBE_SECONDS:.0f} s"
        return [Check(name="OpenGL", status="problem", found=late, advice=f"a busy machine? Try again; else {advice}")]
    except (IndexError, ValueError):
        reason = errors.strip().splitlines()[-1:] or [f"the driver crashed (exit status {probe.returncode})"]
        return [Check(name="OpenGL", status="problem", found=reason[0], advice=advice)]
    if "error" in found:
        return [Check(name="OpenGL", status="problem", found=found["error"], advice=advice)]
    slow = found["ms_per_frame"] > _SLOW_FRAME_MS
    return [
        Check(name="OpenGL", status="ok", found=f"MUJOCO_GL={found['backend']}, {found['gl_renderer']}"),
        Check(
            name="frame",
            status="warning" if slow else "ok",
            found=f"{found['ms_per_frame']} ms at 128 x 128 px, {found['scene']}",
            advice="other processes take the cores, or set LIBGL_ALWAYS_SOFTWARE=1 to try another driver"
            if slow
            else "",
        ),
        Check(
            name="saved frame", status="ok", found=found["picture"], advice="look at it: the right way up, not black"
        ),
    ]


def _torch() -> list[Check]:
    checks = [_attempt("torch", _torch_pair)]
    threads = os.environ.get("OMP_NUM_THREADS")
    checks.append(
        Check(
            name="threads",
            status="ok" if threads else "warning",
            found=f"OMP_NUM_THREADS={threads or 'not set'}",
            advice=""
            if threads
            else "export OMP_NUM_THREADS=1: two torch threads beside a busy process are far slower",
        )
    )
    return checks


def _torch_pair() -> str:
    import torch
    import torchvision  # fails where it does not fit torch

    del torchvision
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU only"
    return f"{torch.__version__} with its torchvision, {device}"


def _model(name: str) -> Check:
    def load() -> str:
        import numpy as np

        import a2r_gym

        model = a2r_gym.load_reward(name)
        frames = np.random.default_rng(0).integers(0, 256, (1, 128, 128, 3), dtype=np.uint8)
        stream = model.stream(["close the drawer"])
        stream.push(frames, np.ones(1, dtype=bool))
        start = time.perf_counter()
        for _ in range(20):
            stream.push(frames, np.zeros(1, dtype=bool))
        seconds = (time.perf_counter() - start) / 20
        return (
            f"{name}: hashes match, {1000 * seconds:.1f} ms per scored frame, runtime {getattr(model, 'runtime', '?')}"
        )

    return _attempt("reward model", load)


def _attempt(name: str, call: Callable[[], str]) -> Check:
    """Turn what a check raises into a finding: a doctor that crashes tells nothing."""
    try:
        return Check(name=name, status="ok", found=call())
    except A2RError as error:
        return Check(name=name, status="problem", found=type(error).__name__, advice=str(error))
    except Exception as error:
        advice = "install torch and torchvision as one pair: pip install --force-reinstall torch torchvision"
        return Check(name=name, status="problem", found=f"{type(error).__name__}: {error}", advice=advice)


def _print_report(checks: Sequence[Check]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    colour = {"ok": "green", "warning": "yellow", "problem": "red"}
    table = Table("", "found", "", box=None, header_style="bold")
    for check in checks:
        table.add_row(check.name, escape(check.found), f"[{colour[check.status]}]{check.status}[/]")
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    console.print(table)
    to_do = [check for check in checks if check.status != "ok"]
    for check in to_do:
        console.print(f"[{colour[check.status]}]{check.status}[/]: {check.name}: {escape(check.advice)}")
    problems = sum(check.status == "problem" for check in checks)
    console.print("everything works" if not problems else f"{problems} to repair", style="bold")
