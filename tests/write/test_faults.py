"""Each call to the system fails once: the error is clear, nothing acknowledged is lost, and the file opens again."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.support.sampling import repeated, sampled
from tests.write.flat import SECTOR, Flat
from tests.write.images import KIB, MIB, SIZE, image
from tests.write.medium import Medium
from tests.write.test_model import require_sound
from vhdx_runtime.write.disk import WritableDisk, open_writable

pytestmark = pytest.mark.usefixtures("small_growth")
STRUCTURES_END = 4 * MIB  # header section, log, metadata and table of these images; bitmaps and blocks lie behind
STEPS: tuple[tuple[str, int, int], ...] = (
    ("write", 2 * MIB + 100, 3000),
    ("write", 4 * MIB, MIB),
    ("flush", 0, 0),
    ("write", 5 * MIB - 700, 2 * MIB),
    ("trim", 2 * MIB, 3 * MIB),
    ("flush", 0, 0),
    ("write", 0, 5000),
    ("write", 3 * MIB + 5, 70 * KIB),
    ("zero", MIB - 100, 2 * MIB),
    ("flush", 0, 0),
    ("write", SIZE - 4096, 4096),
)


class Fault:
    """Has one call fail."""

    def __init__(self, number: int, cause: int) -> None:
        self.number, self.cause = number, cause
        self.count = 0
        self.failed = ""

    def __call__(self, name: str) -> None:
        self.count += name != "read"
        if self.count == self.number and not self.failed and name != "read":
            self.failed = name
            raise OSError(self.cause, os.strerror(self.cause))


def do(disk: WritableDisk, model: Flat, step: tuple[str, int, int], number: int) -> None:
    """One step; the model knows it before the disk does, as a part of what fails may be there."""
    kind, offset, length = step
    if kind == "write":
        data = random.Random(number).randbytes(length)
        model.write(offset, data)
        disk.write_at(offset, data)
    elif kind == "flush":
        disk.flush()
        model.flush()
    else:
        getattr(model, kind)(offset, length)
        getattr(disk, kind)(offset, length)


def settle(model: Flat, before: bytes, found: bytes) -> None:
    """After a step failed, each sector is as before or as after."""
    for start in range(0, SIZE, SECTOR):
        one = slice(start, start + SECTOR)
        assert found[one] in (before[one], bytes(model.now[one])), f"sector {start // SECTOR}"
    model.write(0, found) if found != model.now else None


def run(kind: str, number: int, cause: int) -> Fault:
    content, parents, guest = image(kind, 512)
    fault, model, entropy = Fault(number, cause), Flat(guest, MIB), random.Random(number).randbytes
    medium = Medium(content, fails=fault)
    disk = open_writable(medium, parents=parents, entropy=entropy, log_start=4096 * 253)
    done = 0
    while done < len(STEPS):
        before = bytes(model.now)
        try:
            do(disk, model, STEPS[done], done)
        except vhdx.FileError as error:
            require_clear(error, cause)
            settle(model, before, disk.read_at(0, SIZE))
            is_data = fault.failed in ("write", "resize") and medium.last_offset >= STRUCTURES_END
            if not disk.failure:
                assert is_data, f"{fault.failed} at {medium.last_offset:#x} was survived"
                continue  # and now it works
            require_poisoned(disk, model, medium, parents)
            return fault
        done += 1
    try:
        disk.close()
    except vhdx.FileError as error:
        require_clear(error, cause)
        reopened(medium, model, parents)
        return fault
    model.flush()
    require_sound(medium.content(), "clean")
    reopened(medium, model, parents)
    return fault


def require_clear(error: vhdx.FileError, cause: int) -> None:
    assert error.errno == cause
    assert error.filename == "disk.vhdx"
    assert os.strerror(cause) in str(error)


def require_poisoned(disk: WritableDisk, model: Flat, medium: Medium, parents: Any) -> None:
    calls = len([name for name in medium.calls if name != "read"])
    refused: list[Callable[[], object]] = [
        lambda: disk.write_at(0, b"x"),
        lambda: disk.write_at(SIZE - 1, b"x"),
        disk.flush,
        lambda: disk.trim(0, SIZE),
        lambda: disk.zero(0, SIZE),
    ]
    for action in refused:
        with pytest.raises(vhdx.FileError, match=r"nothing is written any more, since .*open it again"):
            action()
    assert disk.read_at(0, SIZE) == model.now
    disk.close()
    assert len([name for name in medium.calls if name != "read"]) == calls, "something was written all the same"
    reopened(medium, model, parents)


def reopened(medium: Medium, model: Flat, parents: Any) -> None:
    """Whatever of the last writes is there after a crash, the file opens, and each sector is one that it was."""
    for seed in range(2):
        content = medium.cut(seed)
        require_sound(content)
        after = Medium(content)
        with open_writable(after, parents=parents, entropy=random.Random(seed).randbytes) as disk:
            found = disk.read_at(0, SIZE)
        require_sound(after.content(), "clean")
        model.require(found)


@pytest.mark.parametrize("cause", sampled([errno.ENOSPC, errno.EIO], errno.ENOSPC))
@pytest.mark.parametrize("kind", sampled(["dynamic", "fixed", "child"], "child"))
def test_each_call_fails_once(kind: str, cause: int) -> None:
    number, seen = 1, set()
    while (fault := run(kind, number, cause)).failed:
        seen.add(fault.failed)
        number += repeated(3, 1)
    assert number > 30, "there were hardly any calls to fail"
    assert seen == {"write", "flush", "resize"} - ({"resize"} if kind == "fixed" else set())
