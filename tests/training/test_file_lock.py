from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from a2r_train.file_lock import locked

PROGRAM = """
import sys
from pathlib import Path
from a2r_train.file_lock import locked
print("waiting", flush=True)
with locked(Path(sys.argv[1])):
    print(Path(sys.argv[2]).read_text(), flush=True)
"""


def test_another_process_waits_until_the_lock_is_let_go(tmp_path: Path) -> None:
    written = tmp_path / "written.txt"
    written.write_text("half")
    with locked(tmp_path / "there/.lock"):
        command = [sys.executable, "-c", PROGRAM, str(tmp_path / "there/.lock"), str(written)]
        other = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert other.stdout is not None
        assert other.stdout.readline() == "waiting\n"
        written.write_text("whole")
    assert other.stdout.read() == "whole\n"
    assert other.wait() == 0
