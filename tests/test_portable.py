"""The system's calls give the same bytes with and without what only some systems have."""

from __future__ import annotations

import errno
import importlib.util
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from vhdx_runtime import portable

NAMES = (
    "pread",
    "pwrite",
    "preadv",
    "copy_file_range",
    "SEEK_DATA",
    "SEEK_HOLE",
    "O_NONBLOCK",
    "O_CLOEXEC",
    "O_NOCTTY",
)
VARIANTS = {"as it is": (), "without all": NAMES, **{f"without {name}": (name,) for name in NAMES}}


@pytest.fixture(params=VARIANTS.values(), ids=VARIANTS.keys())
def module(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A fresh copy of the module, imported while some functions of `os` are not there."""
    for name in request.param:
        monkeypatch.delattr(os, name, raising=False)
    return fresh_copy()


def fresh_copy() -> ModuleType:
    spec = importlib.util.spec_from_file_location("portable_copy", portable.__file__)
    assert spec
    assert spec.loader
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    return copy


@pytest.fixture
def content() -> bytes:
    return random.Random(7).randbytes(300_000)


@pytest.fixture
def fd(tmp_path: Path, content: bytes) -> Iterator[int]:
    path = tmp_path / "in"
    path.write_bytes(content)
    opened = os.open(path, os.O_RDONLY)
    yield opened
    os.close(opened)


@pytest.fixture
def out_fd(tmp_path: Path) -> Iterator[int]:
    opened = os.open(tmp_path / "out", os.O_RDWR | os.O_CREAT)
    yield opened
    os.close(opened)


def test_reads_give_the_bytes_at_the_offset(module: ModuleType, fd: int, content: bytes) -> None:
    for offset, length in ((0, 10), (123_456, 70_000), (299_990, 100), (300_000, 5), (400_000, 5), (17, 0)):
        assert module.pread(fd, length, offset) == content[offset : offset + length]
        buffer = bytearray(b"\xaa" * length)
        count = module.preadv_into(fd, memoryview(buffer), offset)
        assert buffer[:count] == content[offset : offset + length]
        assert buffer[count:] == b"\xaa" * (length - count)


def test_reads_of_many_threads_do_not_disturb_each_other(module: ModuleType, fd: int, content: bytes) -> None:
    wrong = []

    def read(seed: int) -> None:
        at = random.Random(seed)
        for _ in range(300):
            offset = at.randrange(len(content))
            if module.pread(fd, 50, offset) != content[offset : offset + 50]:
                wrong.append((seed, offset))

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_copy_moves_exactly_the_range(module: ModuleType, fd: int, out_fd: int, content: bytes) -> None:
    assert module.copy_range(fd, 1000, out_fd, 50, 200_000) == 200_000
    assert read_all(out_fd) == bytes(50) + content[1000:201_000]


def test_a_copy_stops_where_the_input_ends(module: ModuleType, fd: int, out_fd: int, content: bytes) -> None:
    assert module.copy_range(fd, 299_000, out_fd, 0, 5_000) == 1_000
    assert read_all(out_fd) == content[299_000:]
    assert module.copy_range(fd, 300_000, out_fd, 0, 5_000) == 0


def read_all(fd: int) -> bytes:
    os.lseek(fd, 0, os.SEEK_SET)
    return os.read(fd, 1 << 22)


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_copy_that_the_kernel_declines_half_way_goes_on_plainly(
    monkeypatch: pytest.MonkeyPatch, fd: int, out_fd: int, content: bytes, code: int
) -> None:
    calls = []

    def declines(source: int, target: int, count: int, offset_src: int, offset_dst: int) -> int:
        calls.append(count)
        if len(calls) > 1:
            raise OSError(code, "no")
        os.pwrite(target, os.pread(source, 1000, offset_src), offset_dst)
        return 1000

    monkeypatch.setattr(os, "copy_file_range", declines, raising=False)
    assert fresh_copy().copy_range(fd, 7, out_fd, 3, 100_000) == 100_000
    assert calls == [100_000, 99_000]
    assert read_all(out_fd) == bytes(3) + content[7:100_007]


def test_a_copy_that_the_kernel_answers_with_nothing_goes_on_plainly(
    monkeypatch: pytest.MonkeyPatch, fd: int, out_fd: int, content: bytes
) -> None:
    monkeypatch.setattr(os, "copy_file_range", lambda *_: 0, raising=False)
    assert fresh_copy().copy_range(fd, 0, out_fd, 0, 300_000) == 300_000
    assert read_all(out_fd) == content


def test_a_copy_that_fails_says_so(monkeypatch: pytest.MonkeyPatch, fd: int, out_fd: int) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "copy_file_range", full, raising=False)
    with pytest.raises(OSError, match="full"):
        fresh_copy().copy_range(fd, 0, out_fd, 0, 10)


def test_short_writes_are_carried_on(monkeypatch: pytest.MonkeyPatch, fd: int, out_fd: int, content: bytes) -> None:
    whole = os.pwrite
    monkeypatch.delattr(os, "copy_file_range", raising=False)
    monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: whole(fd, data[:777], offset))
    assert fresh_copy().copy_range(fd, 0, out_fd, 0, 300_000) == 300_000
    assert read_all(out_fd) == content


def data_parts(module: ModuleType, fd: int, offset: int, end: int) -> list[tuple[int, int]]:
    found = []
    while (part := module.next_data(fd, offset, end)) is not None:
        assert offset <= part[0] < part[1] <= end
        found.append(part)
        offset = part[1]
    return found


def test_no_data_is_missed_between_holes(module: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with open(path, "wb") as file:
        file.truncate(16 << 20)
        file.seek(4 << 20)
        file.write(b"\x01" * 100_000)
        file.seek(9 << 20)
        file.write(b"\x02" * 5)
    fd = os.open(path, os.O_RDONLY)
    try:
        for start, end in ((0, 16 << 20), (4 << 20, 5 << 20), ((4 << 20) + 7, (9 << 20) + 3)):
            seen = bytearray(16 << 20)
            for left, right in data_parts(module, fd, start, end):
                seen[left:right] = read_all_at(fd, left, right - left)
            expected = bytearray(16 << 20)
            expected[start:end] = path.read_bytes()[start:end]
            assert seen == expected
        assert module.next_data(fd, 5, 5) is None
    finally:
        os.close(fd)


def read_all_at(fd: int, offset: int, length: int) -> bytes:
    os.lseek(fd, offset, os.SEEK_SET)
    return os.read(fd, length)


def test_a_file_that_is_one_hole_has_no_data_or_counts_as_all_data(module: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "hole"
    with open(path, "wb") as file:
        file.truncate(1 << 20)
    fd = os.open(path, os.O_RDONLY)
    try:
        assert module.next_data(fd, 0, 1 << 20) in (None, (0, 1 << 20))
        assert module.next_data(fd, 0, 1 << 19) in (None, (0, 1 << 19))
    finally:
        os.close(fd)


def test_a_system_that_cannot_find_holes_calls_all_data(monkeypatch: pytest.MonkeyPatch, fd: int) -> None:
    def refuses(*_: int) -> int:
        raise OSError(errno.EINVAL, "no")

    monkeypatch.setattr(os, "lseek", refuses)
    assert portable.next_data(fd, 3, 1000) == (3, 1000)


def test_opening_is_read_only_and_not_inherited(module: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    fd = module.open_read_only(str(path))
    try:
        assert os.read(fd, 10) == b"abc"
        assert not os.get_inheritable(fd)
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.write(fd, b"x")
    finally:
        os.close(fd)
