"""A file that somebody else holds is not repaired: by whatever kind of lock it is held."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import vhdx_runtime as vhdx
from tests.cli.support import BROKEN, DIRTY, make, run

pytest.importorskip("fcntl", reason="locks of POSIX: not on this system")

HOLD = """
import fcntl, struct, sys
file = open(sys.argv[1], "r+b")
kind = sys.argv[2]
if kind == "flock":
    fcntl.flock(file, fcntl.LOCK_EX)
elif kind == "shared flock":
    fcntl.flock(file, fcntl.LOCK_SH)
elif kind == "posix":
    fcntl.lockf(file, fcntl.LOCK_EX)
elif kind == "shared posix":
    fcntl.fcntl(file, fcntl.F_SETLK, struct.pack("hhqqi", fcntl.F_RDLCK, 0, 0, 0, 0))
elif kind == "open file":
    fcntl.fcntl(file, fcntl.F_OFD_SETLK, struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0))
else:  # as QEMU does: shared locks of single bytes, 100 and on for what it does, 200 and on for what others may not
    for byte in (100, 101, 103, 201):
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, struct.pack("hhqqi", fcntl.F_RDLCK, 0, byte, 1, 0))
print("held", flush=True)
sys.stdin.read()
"""
KINDS = ("flock", "shared flock", "posix", "shared posix", "open file", "qemu")


@contextmanager
def held(path: Path, kind: str) -> Iterator[int]:
    """Another process holds a lock on a file; gives its number."""
    words = [sys.executable, "-c", HOLD, str(path), kind]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        yield other.pid
        assert other.stdin is not None
        other.stdin.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_repaired_that_somebody_else_holds(kind: str, tmp_path: Path) -> None:
    path = make(tmp_path, DIRTY).path
    before = path.read_bytes()
    with held(path, kind) as other:
        said = run("repair", "--apply", path, code=3).output
        assert str(path) in said
        assert path.read_bytes() == before
        for command in ("check", "info", "hash", "repair"):  # to read is no harm
            said = run(command, path).stderr
            assert f"note: {path} is in use by" in said
            assert f"(process {other})" in said
    assert "in use" not in run("repair", "--apply", path).stderr


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_put_back_that_somebody_else_holds(kind: str, tmp_path: Path) -> None:
    path = make(tmp_path, BROKEN).path
    run("repair", "--apply", "--lossy", path, "--offer", "*")
    after = path.read_bytes()
    with held(path, kind):
        run("repair", "--undo", f"{path}.undo", path, code=3)
    assert path.read_bytes() == after


@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_is_written_that_somebody_else_holds(kind: str, tmp_path: Path) -> None:
    path = make(tmp_path, DIRTY).path
    before = path.read_bytes()
    with held(path, kind), pytest.raises(vhdx.VhdxError):
        vhdx.open(path, mode="r+")
    assert path.read_bytes() == before
