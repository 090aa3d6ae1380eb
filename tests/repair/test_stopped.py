"""Whatever stops a repair behind its first write: the file is put back, or the way back is named."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.support import DIRTY, make, run
from tests.repair.support import digest, planned
from tests.repair.test_apply import LOSSLESS, image_of
from tests.support.patience import HANG
from vhdx_runtime.change import undo
from vhdx_runtime.codec.source import BytesSource
from vhdx_runtime.errors import FileError, IntegrityError
from vhdx_runtime.repair.apply import apply
from vhdx_runtime.write.recording import Recording
from vhdx_runtime.write.target import FileTarget

SECTOR = 512
PROGRAM = """
import os, signal, sys
from vhdx_runtime.write.target import FileTarget
from vhdx_runtime.cli import main
at, numbers, flush = int(sys.argv[1]), [int(n) for n in sys.argv[2].split(",")], FileTarget.flush
count = 0
def stopping(self):
    global count
    count += 1
    flush(self)
    if count >= at and numbers:
        os.kill(os.getpid(), numbers.pop(0))
FileTarget.flush = stopping
sys.argv[1:3] = []
main()
"""


class Failing(Recording):
    """A file on a medium that raises at a write, and at all that follow it as often as it is told to."""

    at, times, error = 3, 1, BaseException

    def write_at(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        self.at -= 1
        if -self.times < self.at <= 0:
            raise self.error("stopped")
        super().write_at(offset, data)


def failing(data: bytes, error: type[BaseException], times: int = 1) -> Failing:
    target = Failing(data)
    target.error, target.times = error, times
    return target


@pytest.mark.parametrize("error", [OverflowError, MemoryError, RuntimeError, ValueError])
def test_any_exception_behind_the_first_write_puts_the_file_back(error: type[Exception], tmp_path: Path) -> None:
    data, _ = image_of(LOSSLESS["all at once"])
    target = failing(data, error)
    assert apply(planned(BytesSource(data)), target, tmp_path / "undo").failure == "stopped"
    assert target.content() == data


def test_an_interrupt_puts_the_file_back_and_goes_on(tmp_path: Path) -> None:
    data, _ = image_of(LOSSLESS["all at once"])
    target = failing(data, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        apply(planned(BytesSource(data)), target, tmp_path / "undo")
    assert target.content() == data


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_where_it_cannot_be_put_back_the_way_is_named(error: type[BaseException], tmp_path: Path) -> None:
    data, _ = image_of(LOSSLESS["all at once"])
    target, path = failing(data, error, times=2), tmp_path / "the undo"
    with pytest.raises(IntegrityError) as caught:
        apply(planned(BytesSource(data)), target, path)
    assert f"vhdx repair --undo {shlex.quote(str(path))} '<recording>'" in str(caught.value)
    assert target.content() != data
    undo.restore(undo.load(path), target)
    assert target.content() == data


def stopped(path: Path, at: int, *numbers: int) -> subprocess.CompletedProcess[str]:
    """Apply, with signals that come at a flush and at the ones behind it."""
    command = [sys.executable, "-c", PROGRAM, str(at), ",".join(map(str, numbers)), "repair", "--apply", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=HANG)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 143)])
def test_a_signal_puts_the_file_back_and_ends_with_its_code(number: int, code: int, tmp_path: Path) -> None:
    path = make(tmp_path, DIRTY).path
    before = digest(path)
    done = stopped(path, 2, number)
    assert (done.returncode, digest(path)) == (code, before), done.stderr
    assert f"stopped by {signal.Signals(number).name}; the file is as it was" in done.stderr


def test_a_second_signal_leaves_the_way_back(tmp_path: Path) -> None:
    path = make(tmp_path, DIRTY).path
    before = digest(path)
    done = stopped(path, 2, signal.SIGTERM, signal.SIGINT)
    assert done.returncode == -signal.SIGINT, done.stderr
    assert f"vhdx repair --undo {path}.undo {path}" in done.stderr
    run("repair", "--undo", f"{path}.undo", path)
    assert digest(path) == before


def test_a_program_that_is_killed_leaves_the_way_back(tmp_path: Path) -> None:
    path = make(tmp_path, DIRTY).path
    before = digest(path)
    for at in (1, 3, 5):
        assert stopped(path, at, signal.SIGKILL).returncode == -signal.SIGKILL
        run("repair", "--undo", f"{path}.undo", path)
        assert digest(path) == before
        os.unlink(f"{path}.undo")


class Bad(Recording):
    """A file with a sector that cannot be read until it is written."""

    bad = -1

    def read_at(self, offset: int, length: int) -> bytes:
        if offset <= self.bad < offset + length:
            raise FileError("cannot be read: Input/output error")
        return super().read_at(offset, length)

    def write_at(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        if offset <= self.bad < offset + len(data):
            self.bad = -1
        super().write_at(offset, data)


def unreadable(target: Bad, at: int) -> None:
    target.bad = at


def torn(target: Bad, at: int) -> None:
    half = target.read_at(at, SECTOR // 2)
    target.write_at(at, bytes(byte ^ 0xFF for byte in half))


@pytest.mark.parametrize("harm", [unreadable, torn])
def test_the_way_back_is_forced_over_a_sector_that_is_lost(harm: Callable[[Bad, int], None], tmp_path: Path) -> None:
    data, _ = image_of(LOSSLESS["table"])
    target = Bad(data)
    assert not apply(planned(BytesSource(data)), target, tmp_path / "undo").failure
    kept = undo.load(tmp_path / "undo")
    harm(target, kept.writes[0][0])
    with pytest.raises(IntegrityError, match="nothing is changed") as caught:
        undo.restore(kept, target)
    assert "--force" in caught.value.hint
    assert undo.restore(kept, target, is_forced=True) > 0
    assert target.content() == data


def test_the_command_forces_the_way_back(tmp_path: Path) -> None:
    path = make(tmp_path, DIRTY).path
    before = digest(path)
    run("repair", "--apply", path)
    at = undo.load(f"{path}.undo").writes[0][0]
    with path.open("r+b") as file:
        file.seek(at + 100)
        file.write(b"torn")
    assert "--force" in run("repair", "--undo", f"{path}.undo", path, code=3).output
    run("repair", "--undo", f"{path}.undo", "--force", path)
    assert digest(path) == before
    run("repair", "--force", path, code=2)


def test_a_target_reads_nothing_behind_its_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    with FileTarget(path) as target:
        for offset in (3, 1 << 63, 1 << 70):
            assert target.read_at(offset, 1 << 40) == b""
        assert target.read_at(1, 1 << 62) == b"bc"
        with pytest.raises(ValueError, match="negative"):
            target.read_at(-1, 2)
