"""Files written whole or not at all, against a real limit of the operating system."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tocsin.reports.files import write_whole

PROGRAM = """
import resource, signal, sys
from pathlib import Path
from tocsin.reports.files import write_whole
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_whole(Path(sys.argv[1]), b"n" * 5000)
except OSError as error:
    print(error.strerror)
"""


def test_replaces_in_one_step_and_leaves_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "report.pdf"
    write_whole(out, b"one")
    write_whole(out, b"two")
    assert out.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [out]
    assert out.stat().st_mode & 0o777 == 0o644


def test_no_room_keeps_the_old_file(tmp_path: Path) -> None:
    out = tmp_path / "report.pdf"
    out.write_bytes(b"old")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(out)], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "File too large"
    assert out.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [out]
