"""A source gives the file's bytes at any offset, and opens nothing that could wait or write."""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import mmap
import os
import random
import socket
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime.codec.source as source_module
from vhdx_runtime.codec.source import Source, open_source
from vhdx_runtime.errors import FileError, FormatError, VhdxError

CONTENT = random.Random(11).randbytes(100_001)


class Stingy(io.RawIOBase):
    """A raw file that reads at most seven bytes at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._inner = io.BytesIO(CONTENT)

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._inner.seek(offset, whence)

    def tell(self) -> int:
        return self._inner.tell()

    def read(self, size: int = -1) -> bytes:
        return self._inner.read(min(size, 7))


def as_mmap(path: Path) -> mmap.mmap:
    with open(path, "rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def as_gzip(path: Path) -> gzip.GzipFile:
    packed = path.with_suffix(".gz")
    packed.write_bytes(gzip.compress(CONTENT))
    return gzip.open(packed)  # type: ignore[return-value]


KINDS: dict[str, Callable[[Path], Any]] = {
    "path": str,
    "os.PathLike": lambda path: path,
    "buffered file": lambda path: path.open("rb"),
    "raw file": lambda path: path.open("rb", buffering=0),
    "BytesIO": lambda _: io.BytesIO(CONTENT),
    "seven bytes at a time": lambda _: Stingy(),
    "gzip": as_gzip,
    "bytes": lambda _: CONTENT,
    "bytearray": lambda _: bytearray(CONTENT),
    "memoryview": lambda _: memoryview(CONTENT),
    "memoryview of pairs": lambda _: memoryview(bytearray(CONTENT + b"\0"))[:-1].cast("B"),
    "mmap": as_mmap,
}


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    given = request.param(path)
    opened = open_source(given)
    yield opened
    opened.close()
    if hasattr(given, "close"):
        given.close()


def test_every_kind_of_source_is_a_source(source: Source) -> None:
    assert isinstance(source, Source)
    assert source.size == len(CONTENT)
    assert source.name
    hash(source.identity)


def test_reads_are_the_slice(source: Source) -> None:
    at = random.Random(3)
    cases = [(0, 0), (0, len(CONTENT)), (len(CONTENT), 1), (len(CONTENT) + 5, 10), (99_999, 500), (5, 1 << 40)]
    cases += [(at.randrange(110_000), at.randrange(5_000)) for _ in range(100)]
    for offset, length in cases:
        found = source.read_at(offset, length)
        assert type(found) is bytes
        assert found == CONTENT[offset : offset + length], (offset, length)


def test_reads_into_a_buffer_fill_it_and_nothing_else(source: Source) -> None:
    for offset, length in ((0, 10), (50_000, 4096), (100_000, 100), (100_001, 3), (200_000, 3), (7, 0)):
        buffer = bytearray(b"\xaa" * length)
        count = source.readinto_at(offset, memoryview(buffer))
        assert buffer[:count] == CONTENT[offset : offset + length]
        assert buffer[count:] == b"\xaa" * (length - count)


def test_a_negative_argument_is_the_callers_mistake(source: Source) -> None:
    for offset, length in ((-1, 4), (0, -1), (-5, -5), (200_000, -1)):
        with pytest.raises(ValueError):
            source.read_at(offset, length)
    with pytest.raises(ValueError):
        source.readinto_at(-1, memoryview(bytearray(4)))


def test_threads_do_not_disturb_each_other(source: Source) -> None:
    wrong = []

    def read(seed: int) -> None:
        at = random.Random(seed)
        for _ in range(50):
            offset = at.randrange(len(CONTENT))
            if source.read_at(offset, 99) != CONTENT[offset : offset + 99]:
                wrong.append((seed, offset))

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_closing_twice_is_harmless(source: Source) -> None:
    source.close()
    source.close()
    assert source.fd is None


def test_closing_closes_only_what_was_opened_here(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    with open(path, "rb") as file:
        open_source(file).close()
        assert not file.closed
        assert file.read(3) == CONTENT[:3]
    by_path = open_source(path)
    fd = by_path.fd
    assert fd is not None
    by_path.close()
    assert by_path.fd is None
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)
    data = bytearray(CONTENT)
    in_memory = open_source(data)
    in_memory.close()
    data.append(1)  # a bytearray that is still looked at could not grow


@pytest.mark.parametrize("given", [b"abc", None], ids=["bytes", "path"])
def test_a_read_after_close_is_the_callers_mistake(tmp_path: Path, given: bytes | None) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    source = open_source(given or path)
    source.close()
    with pytest.raises(ValueError):
        source.read_at(0, 1)
    with pytest.raises(ValueError):
        source.readinto_at(0, memoryview(bytearray(1)))


def test_the_position_of_a_file_object_is_restored_by_opening() -> None:
    file = io.BytesIO(CONTENT)
    file.seek(77)
    open_source(file)
    assert file.tell() == 77


def test_a_file_that_shrank_reads_short(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    source = open_source(path)
    os.truncate(path, 1000)
    assert source.read_at(900, 500) == CONTENT[900:1000]
    buffer = bytearray(500)
    assert source.readinto_at(900, memoryview(buffer)) == 100
    source.close()


def test_a_short_answer_of_the_system_is_asked_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    monkeypatch.setattr(source_module, "pread", lambda fd, length, offset: os.pread(fd, min(length, 100), offset))
    monkeypatch.setattr(source_module, "preadv_into", lambda fd, buffer, offset: os.preadv(fd, [buffer[:100]], offset))
    source = open_source(path)
    assert source.read_at(17, 5_000) == CONTENT[17:5_017]
    source.close()


def test_a_failing_disk_is_a_file_error_with_its_cause(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)

    def fails(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    source = open_source(path)
    monkeypatch.setattr(source_module, "pread", fails)
    monkeypatch.setattr(source_module, "preadv_into", fails)
    with pytest.raises(FileError, match="cannot be read at 0x10: Input/output error") as caught:
        source.read_at(16, 4)
    assert isinstance(caught.value.__cause__, OSError)
    with pytest.raises(FileError, match="0x10"):
        source.readinto_at(16, memoryview(bytearray(4)))
    source.close()


def test_a_missing_file_is_a_file_error_with_its_cause(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="No such file") as caught:
        open_source(tmp_path / "nothing.vhdx")
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


@pytest.mark.parametrize(
    ("kind", "make"), [("a directory", Path.mkdir), ("a FIFO", os.mkfifo), ("a socket", make_socket)]
)
def test_what_is_no_file_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, kind: str, make: Callable[[Path], object]
) -> None:
    with tempfile.TemporaryDirectory() as folder:  # short enough for the name of a socket
        path = Path(folder, "x")
        make(path)
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", lambda *_: pytest.fail("opened"))
            with pytest.raises(VhdxError, match=kind):
                open_source(path)


def test_a_character_device_is_refused() -> None:
    with pytest.raises(FormatError, match="a character device"):
        open_source("/dev/zero")


def test_a_fifo_that_takes_the_place_of_a_file_does_not_hang(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    opened = []
    stat_before, open_before = os.stat(__file__), os.open

    def open_and_remember(*arguments: Any, **options: Any) -> int:
        opened.append(open_before(*arguments, **options))
        return opened[-1]

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", lambda *_, **__: stat_before)
        patch.setattr(os, "open", open_and_remember)
        with pytest.raises(FormatError, match="a FIFO"):
            open_source(str(path))
    assert len(opened) == 1
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])


@pytest.mark.parametrize("given", [3, None, [], io.StringIO("text")], ids=["integer", "None", "list", "text"])
def test_what_is_none_of_the_three_is_the_callers_mistake(given: Any) -> None:
    with pytest.raises(ValueError):
        open_source(given)


def test_a_closed_file_object_is_the_callers_mistake() -> None:
    file = io.BytesIO(CONTENT)
    file.close()
    with pytest.raises(ValueError):
        open_source(file)


def test_a_buffer_with_gaps_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="not contiguous"):
        open_source(memoryview(CONTENT)[::2])
    with pytest.raises(ValueError, match="not contiguous"):
        open_source(CONTENT).readinto_at(0, memoryview(bytearray(10))[::2])


def test_a_pipe_cannot_seek() -> None:
    reader, writer = os.pipe()
    with open(reader, "rb") as file, open(writer, "wb"), pytest.raises(FileError, match="cannot seek"):
        open_source(file)


def test_the_same_file_has_one_identity_whatever_it_is_called(tmp_path: Path) -> None:
    path, link, hard, copy = (tmp_path / name for name in ("file", "link", "hard", "copy"))
    path.write_bytes(CONTENT)
    copy.write_bytes(CONTENT)
    link.symlink_to(path)
    os.link(path, hard)
    with open(path, "rb") as file, open(path, "rb", buffering=0) as raw:
        same = [open_source(given) for given in (path, link, hard, tmp_path / "." / "file", file, raw)]
        other = [open_source(given) for given in (copy, CONTENT, bytearray(CONTENT), io.BytesIO(CONTENT))]
        assert len({source.identity for source in same}) == 1
        assert len({source.identity for source in [same[0], *other]}) == 5
        for source in same + other:
            source.close()


def test_one_object_has_one_identity() -> None:
    file, data = io.BytesIO(CONTENT), bytearray(CONTENT)
    assert open_source(file).identity == open_source(file).identity
    assert open_source(data).identity == open_source(data).identity


def test_members_of_one_archive_are_different_and_lend_no_descriptor(tmp_path: Path) -> None:
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one", CONTENT)
        archive.writestr("two", CONTENT)
    with zipfile.ZipFile(path) as archive, archive.open("one") as one, archive.open("two") as two:
        first, second = open_source(one), open_source(two)  # type: ignore[arg-type]
        assert first.identity != second.identity
        assert first.fd is None
        assert first.read_at(5, 10) == CONTENT[5:15]


def test_a_relative_path_stays_the_file_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    monkeypatch.chdir(tmp_path)
    source = source_module.FileSource("file")
    assert source.name == "file"
    assert source.path == str(tmp_path / "file")
    source.close()


def test_the_file_is_opened_for_reading_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    flags = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda name, how, **_: flags.append(how) or real(name, how))
    open_source(path).close()
    assert len(flags) == 1
    assert flags[0] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC) == 0
    assert flags[0] & os.O_NONBLOCK


@pytest.mark.skipif(not hasattr(os, "O_NOATIME"), reason="O_NOATIME: Linux only")
def test_the_time_of_the_last_reading_stays_where_the_system_allows_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    flags = []
    real = os.open

    def refuse_once(name: str, how: int, **_: Any) -> int:
        flags.append(how)
        if how & os.O_NOATIME:  # as for a file of somebody else
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), name)
        return real(name, how)

    monkeypatch.setattr(os, "open", refuse_once)
    with contextlib.closing(open_source(path)) as source:
        assert source.read_at(0, len(CONTENT)) == CONTENT
    assert [bool(how & os.O_NOATIME) for how in flags] == [True, False]


def test_an_empty_file_and_empty_bytes_are_sources(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    for given in (tmp_path / "empty", b"", io.BytesIO()):
        source = open_source(given)
        assert source.size == 0
        assert source.read_at(0, 10) == b""
        source.close()
