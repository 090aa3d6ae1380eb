"""Reads in several processes and threads at once, and closes beside them: right bytes or a clear error, no hang."""

from __future__ import annotations

import asyncio
import copy
import gzip
import io
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

import vhdx_runtime as vhdx
from tests.benchmarks.images import Sample, scrambled
from tests.support.patience import HANG
from vhdx_runtime.codec import source as source_module
from vhdx_runtime.disk import virtual as virtual_module

MIB = 1 << 20
LARGE = 3 * MIB
HERE = Path(__file__)

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return scrambled(tmp_path_factory.mktemp("processes"), "disk.vhdx", data_blocks=12, empty_blocks=3)


def in_a_fork(work: Callable[[], object]) -> str:
    """Run in a forked process; "right" where it returns something true, what went wrong, or "hangs"."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            said = "right" if work() else "wrong"
        except BaseException as error:  # noqa: BLE001 - the caller says what it was
            said = f"{type(error).__name__}: {error}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    end = time.monotonic() + HANG
    while not (ended := os.waitpid(child, os.WNOHANG)[0]) and time.monotonic() < end:
        time.sleep(0.01)
    if not ended:
        os.kill(child, 9)
        os.waitpid(child, 0)
    with open(reading, "rb") as pipe:
        said = pipe.read().decode()
    return said if ended else "hangs"


def reads_rightly(disk: vhdx.VirtualDisk, sample: Sample) -> bool:
    return all(
        disk.read_at(offset, length) == sample.expected(offset, length)
        for offset, length in ((0, LARGE), (5 * MIB + 512, LARGE), (3 * MIB - 7, 4096))
    )


def test_a_helper_that_begins_late_holds_nothing(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a helper may begin when its read, and many more, have ended."""
    late: list[Callable[[], None]] = []
    monkeypatch.setattr(virtual_module, "start_new_thread", lambda work, _: late.append(work))
    with vhdx.open(sample.path) as disk:
        right = disk.read_at(0, LARGE)
        tracemalloc.start()
        try:
            assert all(disk.read_at(0, LARGE) == right for _ in range(20))
            held = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        assert len(late) == 21
        assert held < 2 * LARGE
        for work in late:
            work()
        assert disk.read_at(0, LARGE) == right


@needs_fork
def test_a_fork_after_a_large_read_reads_on_in_the_child(sample: Sample) -> None:
    with vhdx.open(sample.path) as disk:
        assert reads_rightly(disk, sample)
        assert in_a_fork(lambda: reads_rightly(disk, sample)) == "right"
        assert reads_rightly(disk, sample)


@needs_fork
def test_a_fork_in_the_middle_of_large_reads_of_other_threads_reads_on_in_the_child(sample: Sample) -> None:
    with vhdx.open(sample.path) as disk, ReadingThreads(disk, sample) as wrong:
        found = [in_a_fork(lambda: reads_rightly(disk, sample)) for _ in range(3)]
    assert (found, wrong) == (["right"] * 3, [])


@needs_fork
def test_a_child_that_closes_the_disk_does_not_close_that_of_its_parent(sample: Sample) -> None:
    with vhdx.open(sample.path) as disk:
        assert in_a_fork(lambda: disk.close() or disk.closed) == "right"
        assert reads_rightly(disk, sample)


@needs_fork
def test_a_file_object_is_read_by_both_sides_of_a_fork_although_they_share_its_position(sample: Sample) -> None:
    with sample.path.open("rb") as file, vhdx.open(file) as disk, ReadingThreads(disk, sample) as wrong:
        found = [in_a_fork(lambda: all(reads_rightly(disk, sample) for _ in range(4))) for _ in range(2)]
    assert (found, wrong) == (["right"] * 2, [])


@needs_fork
def test_bytes_in_memory_are_read_by_both_sides_of_a_fork(sample: Sample) -> None:
    file = io.BytesIO(sample.path.read_bytes())
    with vhdx.open(file) as disk, ReadingThreads(disk, sample) as wrong:
        found = [in_a_fork(lambda: reads_rightly(disk, sample)) for _ in range(3)]
    assert (found, wrong) == (["right"] * 3, [])


@needs_fork
def test_an_object_whose_position_two_processes_share_is_refused_in_the_child(sample: Sample, tmp_path: Path) -> None:
    packed = tmp_path / "disk.gz"
    packed.write_bytes(gzip.compress(sample.path.read_bytes(), 1))
    with gzip.open(packed) as file, vhdx.open(file) as disk:  # type: ignore[arg-type]
        said = in_a_fork(lambda: reads_rightly(disk, sample))
    assert said.startswith("ValueError: ")
    assert "another process" in said


class ReadingThreads:
    """Four threads that make large and small reads of a disk until the block ends; yields what was wrong."""

    def __init__(self, disk: vhdx.VirtualDisk, sample: Sample) -> None:
        self.wrong: list[str] = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(disk, sample)) for _ in range(4)]

    def work(self, disk: vhdx.VirtualDisk, sample: Sample) -> None:
        while not self.over.is_set():
            try:
                if not reads_rightly(disk, sample):
                    self.wrong.append("other bytes")
            except BaseException as error:  # noqa: BLE001 - the caller says what it was
                self.wrong.append(f"{type(error).__name__}: {error}")
                return

    def __enter__(self) -> list[str]:
        for thread in self.threads:
            thread.start()
        return self.wrong

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()


def test_threads_that_make_large_reads_get_the_right_bytes(sample: Sample) -> None:
    with vhdx.open(sample.path) as disk, ReadingThreads(disk, sample) as wrong:
        time.sleep(0.2)
    assert wrong == []


def test_asyncio_reads_in_threads_and_gets_the_right_bytes(sample: Sample) -> None:
    async def read_all(disk: vhdx.VirtualDisk) -> list[bytes]:
        reads = (asyncio.to_thread(disk.read_at, offset, LARGE) for offset in range(0, 8 * MIB, MIB))
        return await asyncio.gather(*reads)

    with vhdx.open(sample.path) as disk:
        found = asyncio.run(read_all(disk))
    assert found == [sample.expected(offset, LARGE) for offset in range(0, 8 * MIB, MIB)]


def digest_of(path: Path) -> bytes:
    with vhdx.open(path) as disk:
        return disk.read_at(0, LARGE)


def test_a_spawned_process_opens_the_disk_for_itself(sample: Sample) -> None:
    with vhdx.open(sample.path) as disk, multiprocessing.get_context("spawn").Pool(1) as pool:
        assert disk.read_at(0, LARGE) == sample.expected(0, LARGE)
        assert pool.apply(digest_of, (sample.path,)) == sample.expected(0, LARGE)
        with pytest.raises(TypeError, match="open it again"):
            pool.apply(len, (disk,))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps], ids=["copy", "deepcopy", "pickle"])
@pytest.mark.parametrize("part", ["disk", "image", "source", "memory", "object"])
def test_a_copy_that_would_share_the_open_file_is_refused(
    sample: Sample, copied: Callable[[Any], object], part: str
) -> None:
    raw = sample.path.read_bytes()
    with vhdx.open(sample.path) as disk, vhdx.open(raw) as memory, vhdx.open(io.BytesIO(raw)) as file:
        parts = {"disk": disk, "image": disk.image, "source": disk.image.source}
        parts |= {"memory": memory.image.source, "object": file.image.source}
        with pytest.raises(TypeError, match="cannot be copied or pickled; open"):
            copied(parts[part])
        assert disk.read_at(0, LARGE) == sample.expected(0, LARGE)


def openings(path: Path) -> dict[str, Callable[[], Any]]:
    return {"path": lambda: path, "bytes": path.read_bytes, "file object": lambda: path.open("rb")}


@pytest.mark.parametrize("kind", ["path", "bytes", "file object"])
@pytest.mark.parametrize("mapped", [False, True])
def test_closing_during_reads_is_a_clear_error(sample: Sample, kind: str, mapped: bool) -> None:
    found: set[str] = set()

    def work(disk: vhdx.VirtualDisk, length: int) -> None:
        expected = sample.expected(MIB, length)
        try:
            while True:
                if disk.read_at(MIB, length) != expected:
                    found.add("other bytes")
        except ValueError as error:
            found.add("closed" if "close" in str(error) else f"ValueError: {error}")
        except BaseException as error:  # noqa: BLE001 - the caller says what it was
            found.add(f"{type(error).__name__}: {error}")

    for _ in range(5):
        opened = openings(sample.path)[kind]()
        disk = vhdx.open(opened, mapped=mapped)
        lengths = (512, 4096, LARGE, LARGE)
        threads = [threading.Thread(target=work, args=(disk, length)) for length in lengths]
        for thread in threads:
            thread.start()
        time.sleep(0.01)
        if hasattr(opened, "close"):
            opened.close()
        disk.close()
        for thread in threads:
            thread.join(HANG)
            assert not thread.is_alive()
    assert found == {"closed"}


def test_a_number_that_became_another_file_is_never_read(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is closed, and its descriptor given to another file, in the moment before the system is asked."""
    real = source_module.preadv_into
    others: list[BinaryIO] = []

    def closing(fd: int, buffer: memoryview, offset: int) -> int:
        if not others:
            disk.close()
            others.append(HERE.open("rb"))
        return real(fd, buffer, offset)

    disk = vhdx.open(sample.path)
    number = disk.image.source.fd
    monkeypatch.setattr(source_module, "preadv_into", closing)
    buffer = bytearray(b"\xaa" * LARGE)
    with pytest.raises(ValueError, match="close"):
        disk.readinto_at(MIB, buffer)
    try:
        assert all(other.fileno() != number for other in others), "the number was free while it was being read"
    finally:
        for other in others:  # two, where both halves of the read came at once
            other.close()
    assert HERE.read_bytes()[:64] not in buffer
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number or -1)  # given back by the last reader


def test_small_reads_never_return_bytes_of_the_file_that_took_the_number(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    import vhdx_runtime.disk.virtual as disk_module

    others: list[BinaryIO] = []
    real = disk_module.pread

    def closing(fd: int, length: int, offset: int) -> bytes:
        disk.close()
        others.append(sample.path.open("rb"))
        return real(fd, length, offset)

    disk = vhdx.open(sample.path)
    assert disk.read_at(MIB, 4096) == sample.expected(MIB, 4096)
    monkeypatch.setattr(disk_module, "pread", closing)
    with pytest.raises(ValueError, match="close"):
        disk.read_at(MIB, 4096)
    others[0].close()


def test_a_system_that_gives_no_more_threads_is_read_all_the_same(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(_: object) -> None:
        raise RuntimeError("can't start new thread")

    with vhdx.open(sample.path) as disk:
        monkeypatch.setattr(threading.Thread, "start", refusing)
        assert disk.read_at(0, LARGE) == sample.expected(0, LARGE)


def test_a_large_read_while_the_interpreter_ends_is_right(sample: Sample, tmp_path: Path) -> None:
    program = (
        "import atexit, sys, vhdx_runtime as vhdx\n"
        "disk = vhdx.open(sys.argv[1])\n"
        "atexit.register(lambda: sys.stdout.buffer.write(disk.read_at(0, 3 << 20)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, sample.path], capture_output=True, timeout=HANG)
    assert (done.stdout, done.stderr) == (sample.expected(0, LARGE), b"")


@needs_fork
def test_a_fork_beside_a_thread_that_writes_never_hangs(tmp_path: Path) -> None:
    """The fork's copy of the lock may be held by a thread that it has not got."""
    path = tmp_path / "disk.vhdx"
    vhdx.create(path, size=64 * MIB, block_size=MIB)
    done = threading.Event()
    with vhdx.open(path, mode="r+") as disk:

        def write() -> None:
            for block in range(1 << 20):
                disk.write_at(block % 60 * MIB, bytes([block % 251]) * MIB)
                disk.flush()
                if done.is_set():
                    return

        thread = threading.Thread(target=write)
        thread.start()
        found = [in_a_fork(lambda: len(disk.read_at(5, 5)) == 5) for _ in range(8)]
        found += [in_a_fork(lambda: disk.close() or disk.closed) for _ in range(4)]
        done.set()
        thread.join()
    assert {said.partition(":")[0] for said in found} <= {"right", "ValueError"}, found
    assert all("forked in the middle of a write" in said for said in found if said.startswith("ValueError"))
    assert vhdx.check(path).state == "healthy"
