"""What a file, a file object or a caller can do wrong becomes an error that says so, of a class that can be caught."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import os
import pickle
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.cli.support import SAMPLE, make
from vhdx_runtime.codec.source import open_source


class Raising(io.BytesIO):
    """A file object whose reads fail, once it is told so."""

    error: BaseException | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        if self.error is not None:
            raise self.error
        return super().read(size)


@pytest.fixture
def image(tmp_path: Path) -> bytes:
    return make(tmp_path, SAMPLE).path.read_bytes()


@pytest.mark.parametrize(
    "error",
    [
        zlib.error("Error -3 while decompressing data"),
        lzma.LZMAError("Corrupt input data"),
        zipfile.BadZipFile("Bad CRC-32"),
        gzip.BadGzipFile("CRC check failed"),
        EOFError("Compressed file ended before the end-of-stream marker"),
        ValueError("what a decoder says"),
        RuntimeError("File is encrypted"),
        NotImplementedError("compression type 97"),
        KeyError("block"),
        StopIteration(),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_file_object_raises_is_a_vhdx_error_with_its_cause(image: bytes, error: Exception) -> None:
    file = Raising(image)
    with vhdx.open(file) as disk:
        file.error = error
        with pytest.raises(vhdx.FormatError, match=type(error).__name__) as caught:
            disk.read_at(0, 4 << 20)
        assert caught.value.__cause__ is error
    with pytest.raises(vhdx.VhdxError):
        vhdx.open(file)


def test_a_medium_that_fails_under_a_file_object_keeps_its_number(image: bytes) -> None:
    file = Raising(image)
    source = open_source(file)
    file.error = OSError(errno.EIO, os.strerror(errno.EIO))
    with pytest.raises(vhdx.VhdxError) as caught:
        source.read_at(0x100, 8)
    assert isinstance(caught.value, OSError)
    assert caught.value.errno == errno.EIO
    assert "cannot be read at 0x100" in str(caught.value)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError()], ids=lambda error: type(error).__name__)
def test_an_interruption_and_the_end_of_memory_are_no_fault_of_the_file(image: bytes, error: BaseException) -> None:
    file = Raising(image)
    source = open_source(file)
    file.error = error
    with pytest.raises(type(error)):
        source.read_at(0, 8)


def damaged(packed: bytes) -> bytes:
    middle = len(packed) // 2
    return packed[:middle] + bytes(16 * [0xA5]) + packed[middle + 16 :]


@pytest.mark.parametrize("spoil", [damaged, lambda packed: packed[: len(packed) // 2]], ids=["damaged", "cut off"])
@pytest.mark.parametrize("kind", ["gzip", "bz2", "lzma", "zip"])
def test_an_archive_that_is_broken_is_a_vhdx_error(
    image: bytes, tmp_path: Path, kind: str, spoil: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "packed"
    noise = os.urandom(1 << 18)
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("disk", image + noise)
        raw = path.read_bytes()
        at = raw.rindex(b"PK\x01\x02")
        path.write_bytes(damaged(raw[:at]) + raw[at:])  # the list of members is at its end
        with zipfile.ZipFile(path) as archive:
            opened: Any = archive.open("disk")
    else:
        module = {"gzip": gzip, "bz2": bz2, "lzma": lzma}[kind]
        path.write_bytes(spoil(module.compress(image + noise)))  # type: ignore[attr-defined]
        opened = module.open(path)  # type: ignore[attr-defined]
    with opened, pytest.raises(vhdx.VhdxError) as caught, vhdx.open(opened) as disk:
        disk.read_at(0, disk.size)
    assert caught.value.__cause__ is not None


class Lying(io.BytesIO):
    """A file object that answers a read with something else."""

    answer: Callable[[bytes], object] = staticmethod(lambda data: data)

    def read(self, size: int | None = -1, /) -> Any:
        return self.answer(super().read(size))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda data: data + b"more", "asked for"),
        (lambda _: None, "NoneType"),
        (lambda _: "text", "str"),
        (lambda data: list(data), "list"),
    ],
    ids=["more than was asked for", "nothing yet", "text", "a list"],
)
def test_an_answer_that_no_file_gives_is_no_end_of_the_file(image: bytes, answer: Any, said: str) -> None:
    file = Lying(image)
    source = open_source(file)
    file.answer = answer
    with pytest.raises(vhdx.FormatError, match=said):
        source.read_at(0, 512)
    with pytest.raises(vhdx.FormatError, match=said):
        source.readinto_at(0, memoryview(bytearray(512)))


def test_a_size_that_is_no_number_is_a_misuse() -> None:
    class Sizeless(io.BytesIO):
        def tell(self) -> Any:
            return "many"

    with pytest.raises(ValueError, match="not a seekable binary file object"):
        vhdx.open(Sizeless(b"x"))


def test_a_file_object_that_is_closed_later_is_a_misuse(image: bytes) -> None:
    file = io.BytesIO(image)
    disk = vhdx.open(file)
    file.close()
    with pytest.raises(ValueError, match="read after close"):
        disk.read_at(0, 512)


@pytest.mark.parametrize("kind", [vhdx.VhdxError, OSError, FileNotFoundError, vhdx.FileError])
@pytest.mark.parametrize("opened", [vhdx.open, vhdx.open_image], ids=["open", "open_image"])
def test_a_missing_file_is_caught_as_an_oserror_and_as_a_vhdxerror(
    tmp_path: Path, kind: type[Exception], opened: Callable[[Path], object]
) -> None:
    path = tmp_path / "no such.vhdx"
    with pytest.raises(kind) as caught:
        opened(path)
    error = caught.value
    assert isinstance(error, OSError)
    assert (error.errno, error.filename) == (errno.ENOENT, str(path))
    assert str(error) == f"{path}: cannot be opened: {os.strerror(errno.ENOENT)}"
    assert isinstance(error.__cause__, FileNotFoundError)


@pytest.mark.parametrize("kind", [vhdx.VhdxError, OSError, PermissionError, vhdx.FileError])
def test_a_forbidden_file_is_caught_as_an_oserror_and_as_a_vhdxerror(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    path = tmp_path / "forbidden.vhdx"
    path.write_bytes(b"")

    def refusing(name: str, *_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(kind) as caught:
        vhdx.open(path)
    assert isinstance(caught.value, PermissionError)
    assert caught.value.errno == errno.EACCES


def test_a_name_that_no_file_can_have_is_an_oserror_too() -> None:
    with pytest.raises(vhdx.FileError) as caught:
        vhdx.open("x" * 100_000)
    assert caught.value.errno == errno.ENAMETOOLONG
    with pytest.raises(ValueError, match="null"):
        vhdx.open("a\0b")


def test_the_error_of_a_missing_file_survives_the_way_to_another_process(tmp_path: Path) -> None:
    with pytest.raises(vhdx.FileError) as caught:
        vhdx.open(tmp_path / "nothing")
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value)
    assert (str(again), again.errno, again.filename) == (str(caught.value), errno.ENOENT, caught.value.filename)
    assert again.rule is None


MISUSES: dict[str, tuple[Callable[[vhdx.VirtualDisk], object], str]] = {
    "write": (lambda disk: disk.write(b"x"), "read-only"),
    "truncate": (lambda disk: disk.truncate(0), "read-only"),
    "read into bytes": (lambda disk: disk.readinto_at(0, b"1234"), "not writable"),
    "read much into bytes": (lambda disk: disk.readinto_at(0, bytes(3 << 20)), "not writable"),
    "readinto of bytes": (lambda disk: disk.readinto(b"1234"), "not writable"),
    "read into every second byte": (lambda disk: disk.readinto_at(0, memoryview(bytearray(9))[::2]), "contiguous"),
    "read into a number": (lambda disk: disk.readinto_at(0, 5), "bytes-like"),
    "read at a fraction": (lambda disk: disk.read_at(0.5, 5), "float"),  # type: ignore[arg-type]
    "read at text": (lambda disk: disk.read_at("0", 5), "str"),  # type: ignore[arg-type]
    "read no length": (lambda disk: disk.read_at(0, None), "NoneType"),  # type: ignore[arg-type]
    "read a fraction": (lambda disk: disk.read_at(0, 0.5), "float"),  # type: ignore[arg-type]
    "seek to a fraction": (lambda disk: disk.seek(1.5), "float"),  # type: ignore[arg-type]
    "seek to text": (lambda disk: disk.seek("1"), "str"),  # type: ignore[arg-type]
    "seek from nowhere": (lambda disk: disk.seek(0, []), "whence"),  # type: ignore[arg-type]
    "ranges at text": (lambda disk: list(disk.ranges("0")), "str"),  # type: ignore[arg-type]
    "ranges of a fraction": (lambda disk: list(disk.ranges(0, 0.5)), "float"),  # type: ignore[arg-type]
    "ranges of less than nothing": (lambda disk: list(disk.ranges(0, -1)), "negative"),
    "source into bytes": (lambda disk: disk.image.source.readinto_at(0, memoryview(b"1234")), "not writable"),
}


@pytest.mark.parametrize("name", MISUSES)
@pytest.mark.parametrize("kind", ["path", "bytes", "file object"])
def test_a_misuse_is_a_type_or_value_error_with_a_text(tmp_path: Path, name: str, kind: str) -> None:
    path = make(tmp_path, SAMPLE).path
    misuse, said = MISUSES[name]
    given: Any = {"path": path, "bytes": path.read_bytes(), "file object": io.BytesIO(path.read_bytes())}[kind]
    with vhdx.open(given) as disk, pytest.raises((TypeError, ValueError), match=said):
        misuse(disk)


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 2**64, 10**30])
def test_numbers_past_all_disks_read_nothing(tmp_path: Path, number: int) -> None:
    with vhdx.open(make(tmp_path, SAMPLE).path) as disk:
        assert disk.read_at(number, 5) == b""
        assert disk.readinto_at(number, bytearray(5)) == 0
        assert len(disk.read_at(disk.size - 5, number)) == 5
        assert list(disk.ranges(number, number)) == []
        assert sum(found.length for found in disk.ranges(0, number)) == disk.size
        assert disk.seek(number) == number
        assert disk.read(5) == b""
    with pytest.raises(ValueError, match="header"):
        vhdx.open(b"", header=number)


@pytest.mark.parametrize(
    "wrong",
    [{"parents": 5}, {"parents": None}, {"parent_dirs": [5]}, {"parent_dirs": ["a\0b"]},
     {"log": None}, {"header": []}],
    ids=str,
)  # fmt: skip
def test_an_argument_of_open_that_makes_no_sense_is_a_misuse_with_a_text(tmp_path: Path, wrong: Any) -> None:
    path = make(tmp_path, SAMPLE).path
    with pytest.raises((TypeError, ValueError)) as caught:
        vhdx.open(path, **wrong)
    assert str(caught.value)
